// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_SYNC_HPP
#define QT_SHM_SYNC_HPP

// C++: what processes wait for each other by. Part of <qt/shm.hpp>; the rules
// are in <qt/shm/mutex.h>, rwlock.h, semaphore.h, event.h, latch.h, barrier.h
// and once.h.

#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/barrier.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>
}

namespace qt::shm {

namespace detail {

// What opening is for all of these.
template <class C, int (*Open)(struct qt_seg *, const char *, C **,
    struct qt_err *), void (*Close)(C *), struct qt_obj *(*Obj)(C *)>
class named : public handle<C, Close, Obj> {
protected:
	named(const segment &seg, const std::string &name)
	    : handle<C, Close, Obj>(seg, name, [&](struct qt_seg *s, C **out,
	      struct qt_err *err) { return Open(s, name.c_str(), out, err); })
	{}
	template <class Create, class... Args>
	static void make(Create create, const segment &seg,
	    const std::string &name, Args... args)
	{
		struct qt_err err = QT_ERR_INIT;

		check(create(seg.get(), name.c_str(), args..., &err), err,
		    name);
	}
};

} // namespace detail

// A lock that is held until this goes. Empty when it was not to be had.
// is_stale(): who held it for writing has died; put right what it protects and
// call consistent() of the lock.
template <class L, void (L::*Unlock)()>
class held {
public:
	held() = default;
	held(L *lock, bool is_stale) : lock_(lock), is_stale_(is_stale) {}
	explicit operator bool() const noexcept { return lock_ != nullptr; }
	bool is_stale() const noexcept { return is_stale_; }
	void unlock()
	{
		if (lock_ != nullptr)
			(std::exchange(lock_, nullptr)->*Unlock)();
	}

	held(held &&o) noexcept
	    : lock_(std::exchange(o.lock_, nullptr)), is_stale_(o.is_stale_) {}
	held &operator=(held &&o) noexcept
	{
		std::swap(lock_, o.lock_);
		std::swap(is_stale_, o.is_stale_);
		return *this;
	}
	~held()
	{
		try {
			unlock();
		} catch (const error &) {
			// It was taken from us: unlocked behind our back.
		}
	}

private:
	L *lock_ = nullptr;
	bool is_stale_ = false;
};

// lock(), try_lock() and unlock() are those that std::lock_guard and
// std::unique_lock want; hold() also says whether it is stale.
class mutex : public detail::named<struct qt_mutex, qt_mutex_open,
    qt_mutex_close, qt_mutex_obj> {
	mutex(const segment &s, const std::string &n) : named(s, n) {}

public:
	static mutex create(const segment &seg, const std::string &name)
	{
		make(qt_mutex_create, seg, name);
		return mutex(seg, name);
	}
	static mutex open(const segment &seg, const std::string &name)
	{
		return mutex(seg, name);
	}
	void unlock()
	{
		detail::check(qt_mutex_unlock(c_handle()), "unlock");
	}
	using holder = held<mutex, &mutex::unlock>;
	holder hold(patience p = forever)
	{
		int r = qt_mutex_lock(c_handle(), p.deadline());

		return detail::done(r, "lock") ? holder(this, r == 1) :
		    holder();
	}
	void lock()
	{
		detail::check(qt_mutex_lock(c_handle(), QT_WAIT_FOREVER),
		    "lock");
	}
	bool try_lock()
	{
		return detail::done(qt_mutex_trylock(c_handle()), "lock");
	}
	void consistent()
	{
		detail::check(qt_mutex_consistent(c_handle()), "consistent");
	}
	bool is_stale() const { return qt_mutex_is_stale(c_handle()) == 1; }
	uint32_t owner() const { return qt_mutex_owner(c_handle()); }
};

class rwlock : public detail::named<struct qt_rwlock, qt_rwlock_open,
    qt_rwlock_close, qt_rwlock_obj> {
	rwlock(const segment &s, const std::string &n) : named(s, n) {}

public:
	static rwlock create(const segment &seg, const std::string &name)
	{
		make(qt_rwlock_create, seg, name);
		return rwlock(seg, name);
	}
	static rwlock open(const segment &seg, const std::string &name)
	{
		return rwlock(seg, name);
	}
	void unlock_read()
	{
		detail::check(qt_rwlock_unlock_read(c_handle()), "unlock");
	}
	void unlock_write()
	{
		detail::check(qt_rwlock_unlock_write(c_handle()), "unlock");
	}
	using reader = held<rwlock, &rwlock::unlock_read>;
	using writer = held<rwlock, &rwlock::unlock_write>;
	reader read(patience p = forever)
	{
		int r = qt_rwlock_lock_read(c_handle(), p.deadline());

		return detail::done(r, "read") ? reader(this, r == 1) :
		    reader();
	}
	writer write(patience p = forever)
	{
		int r = qt_rwlock_lock_write(c_handle(), p.deadline());

		return detail::done(r, "write") ? writer(this, r == 1) :
		    writer();
	}
	void consistent()
	{
		detail::check(qt_rwlock_consistent(c_handle()), "consistent");
	}
	bool is_stale() const { return qt_rwlock_is_stale(c_handle()) == 1; }
	// The participant that writes, 0 for nobody; how many holds readers
	// have, or one of them has.
	uint32_t writer_id() const { return qt_rwlock_writer(c_handle()); }
	uint64_t readers(uint32_t id = 0) const
	{
		return qt_rwlock_readers(c_handle(), id);
	}
};

class semaphore : public detail::named<struct qt_semaphore, qt_semaphore_open,
    qt_semaphore_close, qt_semaphore_obj> {
	semaphore(const segment &s, const std::string &n) : named(s, n) {}

public:
	// flags: QT_SEMAPHORE_UNDO
	static semaphore create(const segment &seg, const std::string &name,
	    uint32_t value, uint32_t max = 0, uint32_t flags = 0)
	{
		struct qt_semaphore_spec spec = { value, max, flags };

		make(qt_semaphore_create, seg, name,
		    static_cast<const struct qt_semaphore_spec *>(&spec));
		return semaphore(seg, name);
	}
	static semaphore open(const segment &seg, const std::string &name)
	{
		return semaphore(seg, name);
	}
	bool acquire(patience p = forever)
	{
		return detail::done(qt_semaphore_wait(c_handle(),
		    p.deadline()), "acquire");
	}
	void release()
	{
		detail::check(qt_semaphore_post(c_handle()), "release");
	}
	uint32_t value() const { return qt_semaphore_value(c_handle()); }
};

class event : public detail::named<struct qt_event, qt_event_open,
    qt_event_close, qt_event_obj> {
	event(const segment &s, const std::string &n) : named(s, n) {}

public:
	// flags: QT_EVENT_MANUAL or QT_EVENT_AUTO
	static event create(const segment &seg, const std::string &name,
	    uint32_t flags = QT_EVENT_MANUAL)
	{
		make(qt_event_create, seg, name, flags);
		return event(seg, name);
	}
	static event open(const segment &seg, const std::string &name)
	{
		return event(seg, name);
	}
	void set() { detail::check(qt_event_set(c_handle()), "set"); }
	void reset() { detail::check(qt_event_reset(c_handle()), "reset"); }
	bool wait(patience p = forever)
	{
		return detail::done(qt_event_wait(c_handle(), p.deadline()),
		    "wait");
	}
	bool is_set() const { return qt_event_is_set(c_handle()) == 1; }
};

class latch : public detail::named<struct qt_latch, qt_latch_open,
    qt_latch_close, qt_latch_obj> {
	latch(const segment &s, const std::string &n) : named(s, n) {}

public:
	static latch create(const segment &seg, const std::string &name,
	    uint64_t count)
	{
		make(qt_latch_create, seg, name, count);
		return latch(seg, name);
	}
	static latch open(const segment &seg, const std::string &name)
	{
		return latch(seg, name);
	}
	// Whether that opened it.
	bool count_down(uint64_t n = 1)
	{
		return detail::check(qt_latch_down(c_handle(), n),
		    "count_down") == 1;
	}
	bool wait(patience p = forever)
	{
		return detail::done(qt_latch_wait(c_handle(), p.deadline()),
		    "wait");
	}
	uint64_t count() const { return qt_latch_count(c_handle()); }
};

// A handle is one party. An error of code EOWNERDEAD from wait() says that a
// party died in this phase.
class barrier : public detail::named<struct qt_barrier, qt_barrier_open,
    qt_barrier_close, qt_barrier_obj> {
	barrier(const segment &s, const std::string &n) : named(s, n) {}

public:
	static barrier create(const segment &seg, const std::string &name,
	    uint32_t parties)
	{
		make(qt_barrier_create, seg, name, parties);
		return barrier(seg, name);
	}
	static barrier open(const segment &seg, const std::string &name)
	{
		return barrier(seg, name);
	}
	void join() { detail::check(qt_barrier_join(c_handle()), "join"); }
	// Whether all arrived in that time.
	bool wait(patience p = forever)
	{
		return detail::done(qt_barrier_wait(c_handle(), p.deadline()),
		    "wait");
	}
	void leave() { detail::check(qt_barrier_leave(c_handle()), "leave"); }
	int reset()
	{
		return detail::check(qt_barrier_reset(c_handle()), "reset");
	}
	uint32_t parties() const { return qt_barrier_parties(c_handle()); }
	uint32_t arrived() const { return qt_barrier_arrived(c_handle()); }
	uint32_t lost() const { return qt_barrier_lost(c_handle()); }
};

class once : public detail::named<struct qt_once, qt_once_open, qt_once_close,
    qt_once_obj> {
	once(const segment &s, const std::string &n) : named(s, n) {}

public:
	static once create(const segment &seg, const std::string &name)
	{
		make(qt_once_create, seg, name);
		return once(seg, name);
	}
	static once open(const segment &seg, const std::string &name)
	{
		return once(seg, name);
	}
	// Calls fn if it is to be done by us, else waits until it is done;
	// whether we did it. When fn throws, the next one is told to. An error
	// of code ETIMEDOUT or EBUSY: somebody was still at it.
	template <class Fn>
	bool run(Fn fn, patience p = forever)
	{
		if (detail::check(qt_once_begin(c_handle(), p.deadline()),
		    "run") == 0)
			return false;
		try {
			fn();
		} catch (...) {
			qt_once_fail(c_handle());
			throw;
		}
		detail::check(qt_once_done(c_handle()), "run");
		return true;
	}
	bool is_done() const { return qt_once_is_done(c_handle()) == 1; }
};

} // namespace qt::shm

#endif // QT_SHM_SYNC_HPP
