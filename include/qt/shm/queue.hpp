// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_QUEUE_HPP
#define QT_SHM_QUEUE_HPP

// C++: queues, for many producers and consumers, and for one of each. Part of
// <qt/shm.hpp>; the rules are in <qt/shm/queue.h> and <qt/shm/spsc.h>.

#include <qt/shm/dtype.hpp>
#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/queue.h>
#include <qt/shm/spsc.h>
}

namespace qt::shm {

struct queue_options {
	uint64_t	capacity = 1024;	// items
	uint32_t	item_max = 0;		// bytes; for std::string
	uint32_t	flags = 0;		// QT_QUEUE_REDELIVER
	uint32_t	loans = 0;		// 0: the default
};

namespace detail {

// An item in place; what is not finished with is given back by the destructor.
// One thread at a time; it must not outlive its queue.
template <int (*Back)(struct qt_queue *, struct qt_queue_item *)>
class item {
public:
	void *data() noexcept { return item_.data; }
	const void *data() const noexcept { return item_.data; }
	uint32_t size() const noexcept { return item_.len; }
	uint32_t capacity() const noexcept { return item_.size; }
	std::string_view view() const
	{
		return { static_cast<const char *>(item_.data), item_.len };
	}
	// An element in place.
	template <class T>
	T &as()
	{
		static_assert(is_element_v<T> && alignof(T) <= 32);
		if (item_.size < sizeof(T))
			throw range_error(EMSGSIZE, "an item as another type");
		return *static_cast<T *>(item_.data);
	}

	item(item &&o) noexcept
	    : queue_(std::exchange(o.queue_, nullptr)), item_(o.item_) {}
	item &operator=(item &&o) noexcept
	{
		std::swap(queue_, o.queue_);
		std::swap(item_, o.item_);
		return *this;
	}
	~item()
	{
		if (queue_ != nullptr)
			Back(queue_, &item_);
	}

protected:
	item(struct qt_queue *queue, const struct qt_queue_item &i)
	    : queue_(queue), item_(i) {}
	// After an answer of 0 the item is no longer ours.
	void finish(int answer, const char *what)
	{
		check(answer, what);
		queue_ = nullptr;
	}
	struct qt_queue *queue_;
	struct qt_queue_item item_;
};

} // namespace detail

// Room for an item: fill it and publish it, or let it go.
class loan : public detail::item<qt_queue_cancel> {
public:
	loan(struct qt_queue *q, const struct qt_queue_item &i) : item(q, i) {}
	void publish(size_t len)
	{
		finish(qt_queue_publish(queue_, &item_, len), "publish");
	}
	// All of the room: the element, in a queue of elements.
	void publish() { publish(item_.size); }
};

// The oldest item, taken out without a copy. It goes when this does.
class taken : public detail::item<qt_queue_release> {
public:
	taken(struct qt_queue *q, const struct qt_queue_item &i) : item(q, i) {}
	void release() { finish(qt_queue_release(queue_, &item_), "release"); }
	// Puts it in again at the tail.
	void requeue() { finish(qt_queue_requeue(queue_, &item_), "requeue"); }
};

// T is an element, or std::string for items of any length up to item_max.
template <class T>
class queue : public detail::handle<struct qt_queue, qt_queue_close,
    qt_queue_obj> {
	using base = detail::handle<struct qt_queue, qt_queue_close,
	    qt_queue_obj>;
	using code = detail::codec<T>;
	using arg = detail::arg<T>;

public:
	using value_type = T;

	static queue create(const segment &seg, const std::string &name,
	    const queue_options &o = {})
	{
		struct qt_queue_spec spec = { code::dtype(), o.capacity,
		    o.item_max, o.flags, o.loans };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_queue_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return queue(seg, name);
	}
	static queue open(const segment &seg, const std::string &name)
	{
		return queue(seg, name);
	}

	uint64_t size() const { return qt_queue_count(this->c_handle()); }
	bool empty() const { return size() == 0; }
	uint64_t capacity() const
	{
		return qt_queue_capacity(this->c_handle());
	}
	uint32_t item_max() const
	{
		return qt_queue_item_max(this->c_handle());
	}

	// False when it is full for as long as we wait; an item that is too
	// long is a range_error.
	bool push(arg v, patience p = now)
	{
		return detail::done(qt_queue_push(this->c_handle(),
		    code::data(v), code::len(v), p.deadline()), "push");
	}
	// Nothing when it is empty for as long as we wait.
	std::optional<T> pop(patience p = now)
	{
		if constexpr (code::is_fixed) {
			T v;

			if (!detail::done(qt_queue_pop(this->c_handle(), &v,
			    sizeof(v), p.deadline()), "pop"))
				return std::nullopt;
			return v;
		} else {
			auto t = take(p);

			if (!t)
				return std::nullopt;
			return T(t->view());
		}
	}

	// Without a copy.
	std::optional<shm::loan> loan(patience p = now)
	{
		struct qt_queue_item i;

		if (!detail::done(qt_queue_loan(this->c_handle(), &i,
		    p.deadline()), "loan"))
			return std::nullopt;
		return shm::loan(this->c_handle(), i);
	}
	std::optional<taken> take(patience p = now)
	{
		struct qt_queue_item i;

		if (!detail::done(qt_queue_take(this->c_handle(), &i,
		    p.deadline()), "take"))
			return std::nullopt;
		return taken(this->c_handle(), i);
	}

	// The item that is so many places behind the oldest; it stays.
	std::optional<T> peek(uint64_t which = 0) const
	{
		ssize_t n = 0;
		T v = detail::read_all<T>(item_max(),
		    [&](void *out, size_t size) {
			return n = qt_queue_peek(this->c_handle(), which, out,
			    size);
		});

		if (!detail::done(n, "peek"))
			return std::nullopt;
		return v;
	}

private:
	queue(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_queue **out,
	      struct qt_err *err) {
		return qt_queue_open(s, name.c_str(), code::dtype(), out, err);
	}) {}
};

enum class role : unsigned int {
	look = QT_SPSC_LOOK,
	producer = QT_SPSC_PRODUCER,
	consumer = QT_SPSC_CONSUMER,
	both = QT_SPSC_PRODUCER | QT_SPSC_CONSUMER,
};

// A queue for one producer and one consumer. A role that somebody alive has is
// an error of code EBUSY.
template <class T>
class spsc : public detail::handle<struct qt_spsc, qt_spsc_close,
    qt_spsc_obj> {
	using base = detail::handle<struct qt_spsc, qt_spsc_close, qt_spsc_obj>;
	using code = detail::codec<T>;
	using arg = detail::arg<T>;

public:
	using value_type = T;

	static spsc create(const segment &seg, const std::string &name,
	    role r, uint64_t capacity = 1024, uint32_t item_max = 0)
	{
		struct qt_spsc_spec spec = { code::dtype(), capacity,
		    item_max };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_spsc_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return spsc(seg, name, r);
	}
	static spsc open(const segment &seg, const std::string &name, role r)
	{
		return spsc(seg, name, r);
	}

	uint64_t size() const { return qt_spsc_count(this->c_handle()); }
	uint64_t capacity() const { return qt_spsc_capacity(this->c_handle()); }
	uint32_t item_max() const { return qt_spsc_item_max(this->c_handle()); }

	bool push(arg v, patience p = now)
	{
		return detail::done(qt_spsc_push(this->c_handle(),
		    code::data(v), code::len(v), p.deadline()), "push");
	}
	std::optional<T> pop(patience p = now)
	{
		const void *data;
		size_t len;
		ssize_t n = qt_spsc_take(this->c_handle(), &data, &len, 1,
		    p.deadline());

		if (!detail::done(n, "pop"))
			return std::nullopt;
		T v = code::load(data, len);
		detail::check(qt_spsc_release(this->c_handle(), 1), "pop");
		return v;
	}
	// As many of count elements as there is room for, or are there.
	size_t push(const T *items, size_t count, patience p = now)
	{
		return many(qt_spsc_push_n(this->c_handle(), items, count,
		    p.deadline()), "push");
	}
	size_t pop(T *items, size_t count, patience p = now)
	{
		return many(qt_spsc_pop_n(this->c_handle(), items, count,
		    p.deadline()), "pop");
	}

	// Room for up to count elements in a row, or what is there of them:
	// pointer and how many, 0 when there are none. Then publish(n) or
	// release(n).
	std::pair<T *, size_t> loan(size_t count, patience p = now)
	{
		void *data = nullptr;
		size_t n = many(qt_spsc_loan(this->c_handle(), &data, count,
		    p.deadline()), "loan");

		return { static_cast<T *>(data), n };
	}
	void publish(size_t n)
	{
		detail::check(qt_spsc_publish(this->c_handle(), n), "publish");
	}
	std::pair<const T *, size_t> take(size_t count, patience p = now)
	{
		const void *data = nullptr;
		size_t n = many(qt_spsc_take(this->c_handle(), &data, nullptr,
		    count, p.deadline()), "take");

		return { static_cast<const T *>(data), n };
	}
	void release(size_t n)
	{
		detail::check(qt_spsc_release(this->c_handle(), n), "release");
	}
	// As queue::peek(); in any role.
	std::optional<T> peek(uint64_t which = 0) const
	{
		ssize_t n = 0;
		T v = detail::read_all<T>(item_max(),
		    [&](void *out, size_t size) {
			return n = qt_spsc_peek(this->c_handle(), which, out,
			    size);
		});

		if (!detail::done(n, "peek"))
			return std::nullopt;
		return v;
	}

private:
	spsc(const segment &seg, const std::string &name, role r)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_spsc **out,
	      struct qt_err *err) {
		return qt_spsc_open(s, name.c_str(), code::dtype(),
		    static_cast<unsigned int>(r), out, err);
	}) {}
	static size_t many(ssize_t n, const char *what)
	{
		static_assert(code::is_fixed, "only elements lie in a row");
		return detail::done(n, what) ? static_cast<size_t>(n) : 0;
	}
};

} // namespace qt::shm

#endif // QT_SHM_QUEUE_HPP
