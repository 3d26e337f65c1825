// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_STACK_HPP
#define QT_SHM_STACK_HPP

// C++: stacks, and pools of blocks. Part of <qt/shm.hpp>; the rules are in
// <qt/shm/stack.h> and <qt/shm/pool.h>.

#include <qt/shm/dtype.hpp>
#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/pool.h>
#include <qt/shm/stack.h>
}

namespace qt::shm {

struct stack_options {
	uint64_t	capacity = 1024;	// items
	uint32_t	item_max = 0;		// bytes; for std::string
	uint32_t	flags = 0;		// QT_STACK_REDELIVER
};

// T is an element, or std::string for items of any length up to item_max.
template <class T>
class stack : public detail::handle<struct qt_stack, qt_stack_close,
    qt_stack_obj> {
	using base = detail::handle<struct qt_stack, qt_stack_close,
	    qt_stack_obj>;
	using code = detail::codec<T>;
	using arg = detail::arg<T>;

public:
	using value_type = T;

	static stack create(const segment &seg, const std::string &name,
	    const stack_options &o = {})
	{
		struct qt_stack_spec spec = { code::dtype(), o.capacity,
		    o.item_max, o.flags };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_stack_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return stack(seg, name);
	}
	static stack open(const segment &seg, const std::string &name)
	{
		return stack(seg, name);
	}

	uint64_t size() const { return qt_stack_count(this->c_handle()); }
	bool empty() const { return size() == 0; }
	uint64_t capacity() const
	{
		return qt_stack_capacity(this->c_handle());
	}
	uint32_t item_max() const
	{
		return qt_stack_item_max(this->c_handle());
	}

	// As those of a queue.
	bool push(arg v, patience p = now)
	{
		return detail::done(qt_stack_push(this->c_handle(),
		    code::data(v), code::len(v), p.deadline()), "push");
	}
	std::optional<T> pop(patience p = now)
	{
		ssize_t n = 0;
		T v = detail::read_all<T>(item_max(),
		    [&](void *out, size_t size) {
			return n = qt_stack_pop(this->c_handle(), out, size,
			    p.deadline());
		});

		if (!detail::done(n, "pop"))
			return std::nullopt;
		return v;
	}
	// The item that is so many places below the newest; it stays.
	std::optional<T> peek(uint64_t which = 0) const
	{
		ssize_t n = 0;
		T v = detail::read_all<T>(item_max(),
		    [&](void *out, size_t size) {
			return n = qt_stack_peek(this->c_handle(), which, out,
			    size);
		});

		if (!detail::done(n, "peek"))
			return std::nullopt;
		return v;
	}

private:
	stack(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_stack **out,
	      struct qt_err *err) {
		return qt_stack_open(s, name.c_str(), code::dtype(), out, err);
	}) {}
};

// The name of a block, which can be stored anywhere; 0 is none.
template <class T>
struct block {
	uint64_t handle = QT_POOL_NONE;

	explicit operator bool() const { return handle != QT_POOL_NONE; }
};

// T is an element. Blocks are freed by free(), or with this process unless they
// were given away; a stale name is an error of code QT_EGONE.
template <class T>
class pool : public detail::handle<struct qt_shm_pool, qt_shm_pool_close,
    qt_shm_pool_obj> {
	using base = detail::handle<struct qt_shm_pool, qt_shm_pool_close,
	    qt_shm_pool_obj>;
	using code = detail::codec<T>;
	static_assert(code::is_fixed, "blocks of a pool have one size");
	static_assert(alignof(T) <= 32, "blocks are aligned to 32 bytes");

public:
	static pool create(const segment &seg, const std::string &name,
	    uint64_t capacity, uint32_t flags = 0)
	{
		struct qt_shm_pool_spec spec = { code::dtype(), capacity, 0,
		    flags };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_shm_pool_create(seg.get(), name.c_str(),
		    &spec, &err), err, name);
		return pool(seg, name);
	}
	static pool open(const segment &seg, const std::string &name)
	{
		return pool(seg, name);
	}

	uint64_t size() const { return qt_shm_pool_count(this->c_handle()); }
	uint64_t capacity() const
	{
		return qt_shm_pool_capacity(this->c_handle());
	}

	// Nothing when all are in use for as long as we wait.
	std::optional<block<T>> alloc(patience p = now)
	{
		block<T> b;

		if (!detail::done(qt_shm_pool_alloc(this->c_handle(),
		    &b.handle, p.deadline()), "alloc"))
			return std::nullopt;
		return b;
	}
	void free(block<T> b)
	{
		detail::check(qt_shm_pool_free(this->c_handle(), b.handle),
		    "free");
	}
	// With QT_POOL_EPOCHS: what is found while one of these lives stays
	// as it is, though others retire it. It has to go before the pool.
	class guard {
	public:
		explicit guard(pool &p)
		{
			detail::check(qt_shm_pool_enter(p.c_handle(), &g_),
			    "enter");
		}
		guard(guard &&from) noexcept : g_(from.g_)
		{
			from.g_.pool = nullptr;
		}
		guard(const guard &) = delete;
		guard &operator=(const guard &) = delete;
		guard &operator=(guard &&) = delete;
		~guard() { qt_shm_pool_leave(&g_); }

	private:
		struct qt_shm_pool_guard g_ = {};
	};
	guard enter() { return guard(*this); }
	// Stale for who comes later; free when all who had entered left.
	void retire(block<T> b)
	{
		detail::check(qt_shm_pool_retire(this->c_handle(), b.handle),
		    "retire");
	}
	// Ours becomes nobody's; nobody's becomes ours.
	void give(block<T> b)
	{
		detail::check(qt_shm_pool_give(this->c_handle(), b.handle),
		    "give");
	}
	void own(block<T> b)
	{
		detail::check(qt_shm_pool_own(this->c_handle(), b.handle),
		    "own");
	}
	uint32_t owner(block<T> b) const
	{
		return static_cast<uint32_t>(detail::check(qt_shm_pool_owner(
		    this->c_handle(), b.handle), "owner"));
	}
	// What is in it; nullptr when the name is stale.
	T *find(block<T> b)
	{
		return static_cast<T *>(qt_shm_pool_get(this->c_handle(),
		    b.handle));
	}
	T &operator[](block<T> b)
	{
		T *at = find(b);

		if (at == nullptr)
			detail::raise(QT_EGONE, "block");
		return *at;
	}
	const T *find(block<T> b) const
	{
		return static_cast<const T *>(qt_shm_pool_get(
		    this->c_handle(), b.handle));
	}
	// fn(block) for each that is in use, anybody's.
	template <class Fn>
	void for_each(Fn fn) const
	{
		uint32_t cursor = 0;
		block<T> b;

		while (qt_shm_pool_next(this->c_handle(), &cursor,
		    &b.handle) == 1)
			fn(b);
	}

private:
	pool(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_shm_pool **out,
	      struct qt_err *err) {
		return qt_shm_pool_open(s, name.c_str(), code::dtype(), out,
		    err);
	}) {}
};

} // namespace qt::shm

#endif // QT_SHM_STACK_HPP
