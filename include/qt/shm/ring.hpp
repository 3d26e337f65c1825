// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_RING_HPP
#define QT_SHM_RING_HPP

// C++: broadcast rings of bytes. Part of <qt/shm.hpp>; the rules are in
// <qt/shm/ring.h>.

#include <qt/shm/segment.hpp>

namespace qt::shm {

namespace detail {

// A ring is older than the objects: an entry says where it is.
inline uint64_t
ring_at(const segment &seg, const std::string &name)
{
	struct qt_seg_entry e;

	check(qt_seg_entry_get(seg.get(), name.c_str(), &e),
	    ("open ring '" + name + "'").c_str());
	if (e.type != QT_TYPE_RING)
		throw error(EINVAL, "'" + name + "' is not a ring");
	return e.offset;
}

// The same handle as an object's, without what only objects have.
template <class C, void (*Close)(C *)>
class ring_handle : protected handle<C, Close, nullptr> {
	using base = handle<C, Close, nullptr>;

public:
	using base::c_handle;
	using base::close;
	using base::operator bool;

protected:
	using base::base;
};

} // namespace detail

// The one that writes. segment::erase() erases a ring that nobody writes.
class ring_writer : public detail::ring_handle<struct qt_ring_writer,
    qt_ring_writer_close> {
public:
	// limit: bytes that are kept. Killed in the middle of this, what it
	// took, 4 KiB, stays taken.
	static ring_writer create(const segment &seg, const std::string &name,
	    uint64_t limit = QT_RING_LIMIT_DEFAULT)
	{
		struct qt_seg_entry e = {};
		int rc;

		if (name.size() >= sizeof(e.name))
			throw range_error(ERANGE, "ring '" + name + "'");
		name.copy(e.name, sizeof(e.name) - 1);
		e.type = QT_TYPE_RING;
		detail::check(qt_ring_create(seg.get(), limit, &e.offset),
		    ("make ring '" + name + "'").c_str());
		e.size = qt_seg_extent(seg.get(), e.offset);
		rc = qt_seg_entry_add(seg.get(), &e);
		if (rc < 0)
			qt_ring_destroy(seg.get(), e.offset);
		detail::check(rc, ("make ring '" + name + "'").c_str());
		return ring_writer(seg, name);
	}
	// An error of code EBUSY while another is alive; one that died is
	// followed, at the byte where it ended.
	static ring_writer open(const segment &seg, const std::string &name)
	{
		return ring_writer(seg, name);
	}

	// The number of the next byte.
	uint64_t position() const { return qt_ring_writer_head(c_handle()); }
	void write(const void *data, size_t len)
	{
		detail::check(qt_ring_write(c_handle(), data, len), "write");
	}
	void write(std::string_view data) { write(data.data(), data.size()); }
	// Room in place for 1 to want bytes, of which publish() makes the first
	// so many readable.
	std::pair<void *, size_t> reserve(size_t want)
	{
		void *p = nullptr;
		ssize_t n = qt_ring_reserve(c_handle(), want, &p);

		return { p, static_cast<size_t>(detail::check(n, "reserve")) };
	}
	void publish(size_t len) { qt_ring_publish(c_handle(), len); }

private:
	ring_writer(const segment &seg, const std::string &name)
	    : ring_handle(seg, name, [&](struct qt_seg *s,
	      struct qt_ring_writer **out, struct qt_err *err) {
		return qt_ring_writer_open(s, detail::ring_at(seg, name), out,
		    err);
	}) {}
};

// Reads on from a position, at first that of the oldest byte. Nobody waits for
// a reader: what went before it was read is counted by skipped().
class ring_reader : public detail::ring_handle<struct qt_ring_reader,
    qt_ring_reader_close> {
public:
	static ring_reader open(const segment &seg, const std::string &name)
	{
		return ring_reader(seg, name);
	}

	// The oldest byte's number, and the next one's.
	std::pair<uint64_t, uint64_t> range() const
	{
		uint64_t tail, head;

		qt_ring_range(c_handle(), &tail, &head);
		return { tail, head };
	}
	uint64_t position() const noexcept { return position_; }
	void seek(uint64_t position) noexcept { position_ = position; }
	uint64_t skipped() const noexcept { return skipped_; }
	// The next bytes, up to max of them; empty when there are none yet.
	std::string read(size_t max = 65536)
	{
		std::string out(max, '\0');

		out.resize(read(out.data(), max));
		return out;
	}
	size_t read(void *out, size_t size)
	{
		ssize_t n;

		while ((n = qt_ring_read(c_handle(), position_, out, size)) ==
		    -QT_ELAPPED) {
			uint64_t tail = range().first;

			skipped_ += tail - position_;
			position_ = tail;
		}
		detail::check(n, "read");
		position_ += static_cast<uint64_t>(n);
		return static_cast<size_t>(n);
	}

private:
	ring_reader(const segment &seg, const std::string &name)
	    : ring_handle(seg, name, [&](struct qt_seg *s,
	      struct qt_ring_reader **out, struct qt_err *err) {
		return qt_ring_reader_open(s, detail::ring_at(seg, name), out,
		    err);
	}) { position_ = range().first; }

	uint64_t position_ = 0, skipped_ = 0;
};

} // namespace qt::shm

#endif // QT_SHM_RING_HPP
