// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_SEGMENT_HPP
#define QT_SHM_SEGMENT_HPP

// C++: segments, and what every object in one has. Part of <qt/shm.hpp>; the
// rules are in <qt/shm/segment.h> and <qt/shm/object.h>.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qt/shm/error.hpp>
// A struct and a function of one name are two things in C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include <qt/shm/epoch.h>
#include <qt/shm/object.h>
}
#pragma GCC diagnostic pop

namespace qt::shm {

using stat = struct qt_obj_stat;
using entry = struct qt_seg_entry;
using participant = struct qt_seg_participant;
using epoch_pin = struct qt_epoch_pin;
struct fault {
	std::string	name, what;	// name "": the segment's own tables
};

struct segment_options {
	uint64_t	size = 64u << 20;	// bytes; only what is used costs
	uint32_t	entries = 0;		// 0: the default
	uint32_t	participants = 0;
	uint32_t	extents = 0;
	mode_t		mode = 0600;		// or 0660 with a group
	gid_t		group = static_cast<gid_t>(-1);
	std::string	kind = "";		// at most 7 bytes
	bool		huge = false;		// huge pages where they fit
	int		node = -1;		// memory of this NUMA node first
};

// A handle of a segment. Objects that were opened by it keep it mapped, so it
// may go before them; the segment is left when the last of them is gone.
class segment {
public:
	// A name as "/x"; somebody's name is never taken over (EEXIST).
	static segment create(const std::string &name,
	    const segment_options &o = {})
	{
		return make(name.c_str(), o);
	}
	// Without a name: to be passed on by dup_fd().
	static segment create(const segment_options &o = {})
	{
		return make(nullptr, o);
	}
	static segment open(const std::string &name)
	{
		return take(name.c_str(), -1, QT_SEG_JOIN);
	}
	// Looks only: changes nothing, and is no participant.
	static segment open_read_only(const std::string &name)
	{
		return take(name.c_str(), -1, QT_SEG_RDONLY);
	}
	// fd stays the caller's.
	static segment open(int fd) { return take(nullptr, fd, QT_SEG_JOIN); }
	static segment open_read_only(int fd)
	{
		return take(nullptr, fd, QT_SEG_RDONLY);
	}
	// Takes the name away; who uses the segment keeps it.
	static void unlink(const std::string &name)
	{
		detail::check(qt_seg_unlink(name.c_str()), name.c_str());
	}

	// Closes it by this handle; twice is harmless.
	void close() noexcept { seg_.reset(); }
	explicit operator bool() const noexcept { return seg_ != nullptr; }
	struct qt_seg *get() const noexcept { return seg_.get(); }
	// What objects keep.
	const std::shared_ptr<struct qt_seg> &shared() const { return seg_; }

	uint64_t size() const { return qt_seg_size(get()); }
	uint64_t used() const { return qt_seg_used(get()); }
	uint64_t id() const { return qt_seg_id(get()); }
	uint32_t self() const { return qt_seg_self(get()); }
	bool is_alive(uint32_t id) const
	{
		return qt_seg_is_alive(get(), id) == 1;
	}
	// A descriptor to be passed on, which is the caller's to close.
	int dup_fd() const
	{
		return detail::check(qt_seg_dup_rdwr(get()), "segment");
	}
	int dup_fd_read_only() const
	{
		return detail::check(qt_seg_dup_rdonly(get()), "segment");
	}

	// In a fork child, before it changes anything.
	void after_fork()
	{
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_seg_after_fork(get(), &err), err, "fork");
	}
	// Finishes or undoes what the dead left; how many they were.
	int sweep() { return detail::check(qt_seg_sweep(get()), "sweep"); }
	// And frees erased objects that nobody uses any more.
	int gc() { return detail::check(qt_obj_gc(get()), "gc"); }

	// The names in it, and what is known of one.
	std::vector<entry> entries() const
	{
		return all<entry>(qt_seg_entry_next);
	}
	std::vector<participant> participants() const
	{
		return all<participant>(qt_seg_participant_next);
	}
	bool has(const std::string &name) const
	{
		entry e;

		return qt_seg_entry_get(get(), name.c_str(), &e) == 0;
	}
	shm::stat stat(const std::string &name) const
	{
		shm::stat s;
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_obj_stat(get(), name.c_str(), &s, &err), err,
		    name);
		return s;
	}
	// Compares all that is in it with itself: the faults that are left.
	// While others work, what they are just changing may be called one.
	std::vector<fault> fsck(bool is_repaired = false)
	{
		std::vector<fault> all;
		struct qt_err err = QT_ERR_INIT;

		if (qt_seg_fsck(get(), &err) < 0)
			all.push_back({ "", err.text });
		detail::check(qt_obj_fsck(get(),
		    is_repaired ? QT_OBJ_FSCK_REPAIR : 0,
		    [](void *arg, const char *name, const char *what) {
			static_cast<std::vector<fault> *>(arg)->push_back(
			    { name, what });
		}, &all), "fsck");
		return all;
	}
	// Who is at work in an object that has epochs: a skip list.
	std::vector<epoch_pin> epochs(const std::string &name) const
	{
		std::vector<epoch_pin> all;
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_epoch_each(get(), name.c_str(),
		    [](void *arg, const struct qt_epoch_pin *pin) {
			static_cast<std::vector<epoch_pin> *>(arg)->push_back(
			    *pin);
		}, &all, &err), err, name);
		return all;
	}
	// The name is free at once, the memory when nobody uses it any more.
	void erase(const std::string &name)
	{
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_obj_erase(get(), name.c_str(), &err), err,
		    name);
	}

	segment(segment &&) noexcept = default;
	segment &operator=(segment &&) noexcept = default;
	segment(const segment &) = delete;
	segment &operator=(const segment &) = delete;

private:
	explicit segment(struct qt_seg *s) : seg_(s, qt_seg_close) {}

	static segment make(const char *name, const segment_options &o)
	{
		struct qt_seg *seg = nullptr;
		struct qt_err err = QT_ERR_INIT;
		struct qt_seg_spec spec = {};

		if (o.kind.size() >= sizeof(spec.kind))
			throw range_error(ERANGE, "kind '" + o.kind + "'");
		spec.size = o.size;
		spec.entries = o.entries;
		spec.participants = o.participants;
		spec.extents = o.extents;
		spec.mode = o.mode;
		spec.group = o.group;
		spec.flags = (o.huge ? QT_SEG_HUGE : 0) |
		    (o.node >= 0 ? QT_SEG_ON_NODE : 0);
		spec.node = o.node >= 0 ? static_cast<uint32_t>(o.node) : 0;
		o.kind.copy(spec.kind, sizeof(spec.kind) - 1);
		detail::check(qt_seg_create(name, &spec, &seg, &err), err,
		    "create a segment");
		return segment(seg);
	}
	static segment take(const char *name, int fd, unsigned int flags)
	{
		struct qt_seg *seg = nullptr;
		struct qt_err err = QT_ERR_INIT;

		detail::check(name != nullptr ?
		    qt_seg_open(name, nullptr, flags, &seg, &err) :
		    qt_seg_open_fd(fd, nullptr, flags, &seg, &err), err,
		    "open a segment");
		return segment(seg);
	}
	template <class T>
	std::vector<T> all(int (*next)(const struct qt_seg *, uint32_t *,
	    T *)) const
	{
		std::vector<T> list;
		uint32_t cursor = 0;
		T one;

		while (next(get(), &cursor, &one) == 1)
			list.push_back(one);
		return list;
	}

	std::shared_ptr<struct qt_seg> seg_;
};

namespace detail {

// A handle of an object: closed before its segment may be.
template <class C, void (*Close)(C *), struct qt_obj *(*Obj)(C *)>
class handle {
public:
	// The handle of C, for what this header does not wrap.
	C *c_handle() const noexcept { return c_.get(); }
	explicit operator bool() const noexcept { return c_ != nullptr; }
	void close() noexcept { c_.reset(), seg_.reset(); }
	uint64_t id() const { return qt_obj_id(Obj(c_handle())); }
	// Erased by somebody; it can be used until it is closed.
	bool is_erased() const { return qt_obj_is_erased(Obj(c_handle())) != 0; }

	handle(handle &&o) noexcept = default;
	handle &operator=(handle &&o) noexcept
	{
		c_ = std::move(o.c_);	// its old object before its old segment
		seg_ = std::move(o.seg_);
		return *this;
	}
	handle(const handle &) = delete;
	handle &operator=(const handle &) = delete;

protected:
	// open(seg, &c, &err) answers as the functions of C do.
	template <class Open>
	handle(const segment &seg, const std::string &name, Open open)
	    : seg_(seg.shared())
	{
		C *c = nullptr;
		struct qt_err err = QT_ERR_INIT;

		check(open(seg.get(), &c, &err), err, name);
		c_.reset(c);
	}
	~handle() = default;

private:
	struct closer {
		void operator()(C *c) const noexcept { Close(c); }
	};
	std::shared_ptr<struct qt_seg> seg_;
	std::unique_ptr<C, closer> c_;
};

} // namespace detail
} // namespace qt::shm

#endif // QT_SHM_SEGMENT_HPP
