// SPDX-License-Identifier: Apache-2.0
// <qt/shm.hpp>: stacks, pools, maps, sets, and what processes wait by.

#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm.hpp>

#include "../test.h"

namespace shm = qt::shm;
using namespace std::chrono_literals;

struct point {
	int32_t	x, y;
};
template <>
struct qt::shm::dtype_of<point> {
	static std::string text()
	{
		return qt::shm::record<point>("x", &point::x, "y", &point::y);
	}
};

template <class Fn>
static int
thrown(Fn fn)
{
	try {
		fn();
	} catch (const shm::error &e) {
		return e.code();
	}
	return 0;
}

// fn in a process of its own, which is killed when it returns.
template <class Fn>
static void
dies(Fn fn)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

QT_TEST(a_stack_gives_the_newest)
{
	auto seg = shm::segment::create();
	auto s = shm::stack<std::string>::create(seg, "s", { 3, 10000 });
	auto p = shm::stack<point>::create(seg, "p");
	point got = {};
	struct qt_stack *c;

	(void)state;
	assert_false(s.pop().has_value());
	assert_true(s.push("a") && s.push(std::string(10000, 'b')) &&
	    s.push(""));
	assert_false(s.push("d", 1ms));
	assert_int_equal(s.peek(1).value().size(), 10000);
	assert_int_equal(s.pop().value().size(), 0);
	assert_int_equal(s.pop(1ms).value().size(), 10000);
	assert_true(s.pop().value() == "a");
	p.push({ 1, 2 });
	assert_int_equal(qt_stack_open(seg.get(), "p", nullptr, &c, nullptr),
	    0);
	assert_int_equal(qt_stack_pop(c, &got, sizeof(got), QT_WAIT_NEVER),
	    sizeof(got));
	qt_stack_close(c);
	assert_int_equal(got.y, 2);
}

QT_TEST(a_block_that_was_freed_is_not_found)
{
	auto seg = shm::segment::create();
	auto pool = shm::pool<point>::create(seg, "p", 2);
	auto a = pool.alloc().value(), b = pool.alloc().value();

	(void)state;
	assert_false(pool.alloc().has_value());
	pool[a] = { 3, 4 };
	assert_int_equal(shm::pool<point>::open(seg, "p")[a].y, 4);
	assert_int_equal(pool.owner(b), seg.self());
	pool.give(a);
	assert_int_equal(pool.owner(a), 0);
	pool.free(a);
	assert_null(pool.find(a));
	assert_int_equal(thrown([&] { pool[a].x = 1; }), QT_EGONE);
	assert_int_equal(thrown([&] { pool.free(a); }), QT_EGONE);
	assert_int_equal(pool.size(), 1);
}

QT_TEST(a_block_stays_for_who_guards_it)
{
	auto seg = shm::segment::create();
	auto pool = shm::pool<point>::create(seg, "p", 1, QT_POOL_EPOCHS);
	auto plain = shm::pool<point>::create(seg, "q", 1);
	auto a = pool.alloc().value();

	(void)state;
	pool[a] = { 3, 4 };
	{
		auto first = pool.enter();
		auto guard = std::move(first);
		point *at = pool.find(a);

		pool.retire(a);
		assert_null(pool.find(a));
		assert_false(pool.alloc().has_value());
		assert_int_equal(at->y, 4);
	}
	assert_true(pool.alloc().has_value());
	assert_int_equal(thrown([&] { pool.retire(a); }), QT_EGONE);
	assert_int_equal(thrown([&] { (void)plain.enter(); }), EINVAL);
}

QT_TEST(a_map_is_the_same_from_c)
{
	auto seg = shm::segment::create();
	auto m = shm::map<std::string, int64_t>::create(seg, "m", { 2 });
	struct qt_map *c;
	int64_t v;

	(void)state;
	assert_true(m.put("one", 1));
	assert_false(m.put("one", 10));
	assert_int_equal(qt_map_open(seg.get(), "m", nullptr, "<i8", &c,
	    nullptr), 0);
	assert_int_equal(qt_map_get(c, "one", 3, &v, sizeof(v)), sizeof(v));
	assert_int_equal(v, 10);
	v = 2;
	assert_int_equal(qt_map_put(c, "two", 3, &v, sizeof(v)), 0);
	qt_map_close(c);
	assert_int_equal(m.get("two").value(), 2);
	assert_false(m.get("three").has_value());
	assert_int_equal(thrown([&] { m.put("three", 3); }), QT_EFULL);
	assert_int_equal(thrown([&] { m.put(std::string(65, 'x'), 3); }),
	    EINVAL);
	assert_true(m.contains("one") && !m.contains("three"));
	assert_int_equal(m.size(), 2);
}

QT_TEST(a_map_changes_in_one_step)
{
	auto seg = shm::segment::create();
	auto m = shm::map<uint16_t, std::string>::create(seg, "m");
	auto n = shm::map<std::string, int32_t>::create(seg, "n");

	(void)state;
	assert_true(m.insert(1, "a"));
	assert_false(m.insert(1, "b"));
	assert_true(m.replace(1, "c"));
	assert_false(m.replace(2, "c"));
	assert_true(m.compare_exchange(1, "c", "d"));
	assert_false(m.compare_exchange(1, "c", "e"));
	assert_false(m.compare_exchange(2, "c", "e"));
	assert_true(m.get(1).value() == "d");
	assert_true(m.erase(1));
	assert_false(m.erase(1));
	assert_int_equal(n.add("k", 5), 5);
	assert_int_equal(n.add("k", -7), -2);
	assert_int_equal(n.get("k").value(), -2);
}

QT_TEST(a_map_and_a_set_are_gone_through)
{
	auto seg = shm::segment::create();
	auto m = shm::map<int, std::string>::create(seg, "m",
	    { 100, 0, 5000 });
	auto s = shm::set<std::string>::create(seg, "s");
	std::map<int, std::string> want, got;
	std::set<std::string> names, seen;

	(void)state;
	assert_true(m.begin() == m.end());
	for (int i = 0; i < 50; i++) {
		want[i] = std::string(static_cast<size_t>(i) * 100, 'v');
		m.put(i, want[i]);
		names.insert(std::to_string(i));
		assert_true(s.insert(std::to_string(i)));
	}
	for (const auto &[key, value] : m)
		assert_true(got.emplace(key, value).second);
	assert_true(got == want);
	for (const auto &name : s)
		assert_true(seen.insert(name).second);
	assert_true(seen == names);
	assert_false(s.insert("5"));
	assert_true(s.erase("5") && !s.erase("5") && !s.contains("5"));
	assert_int_equal(s.clear(), 49);
	assert_int_equal(m.clear(), 50);
	assert_true(m.empty() && s.empty());
}

QT_TEST(a_mutex_excludes_and_tells_of_a_death)
{
	auto seg = shm::segment::create();
	auto m = shm::mutex::create(seg, "m");
	long n = 0;
	auto count = [&] {
		for (int i = 0; i < 1000; i++) {
			std::lock_guard<shm::mutex> guard(m);

			n++;
		}
	};
	std::thread other(count);

	(void)state;
	count();
	other.join();
	assert_int_equal(n, 2000);
	{
		auto lock = m.hold();

		assert_true(lock && !lock.is_stale());
		assert_int_equal(m.owner(), seg.self());
		assert_false(static_cast<bool>(m.hold(shm::now)));
		assert_false(static_cast<bool>(m.hold(1ms)));
		assert_false(m.try_lock());
	}
	assert_int_equal(m.owner(), 0);
	assert_int_equal(thrown([&] { m.unlock(); }), EPERM);
	dies([&] {
		seg.after_fork();
		m.lock();
	});
	auto lock = m.hold();
	assert_true(lock.is_stale());
	m.consistent();
	lock.unlock();
	assert_false(m.hold().is_stale());
}

QT_TEST(readers_share_and_a_writer_does_not)
{
	auto seg = shm::segment::create();
	auto l = shm::rwlock::create(seg, "l");

	(void)state;
	{
		auto a = l.read(), b = l.read();

		assert_true(a && b);
		assert_false(static_cast<bool>(l.write(shm::now)));
	}
	auto w = l.write();
	assert_true(static_cast<bool>(w));
	assert_false(static_cast<bool>(l.read(shm::now)));
}

QT_TEST(what_is_counted_set_and_done_once)
{
	auto seg = shm::segment::create();
	auto sem = shm::semaphore::create(seg, "s", 1, 1);
	auto ev = shm::event::create(seg, "e", QT_EVENT_AUTO);
	auto latch = shm::latch::create(seg, "l", 2);
	auto once = shm::once::create(seg, "o");
	int done = 0;

	(void)state;
	assert_true(sem.acquire());
	assert_false(sem.acquire(1ms));
	sem.release();
	assert_int_equal(thrown([&] { sem.release(); }), EOVERFLOW);
	assert_false(ev.wait(shm::now));
	ev.set();
	assert_true(ev.wait());
	assert_false(ev.wait(1ms));
	assert_false(latch.count_down());
	assert_false(latch.wait(1ms));
	assert_true(latch.count_down());
	assert_true(latch.wait());
	try {
		once.run([] { throw 1; });
		fail();
	} catch (int) {
	}
	assert_true(once.run([&] { done++; }));
	assert_false(once.run([&] { done++; }));
	assert_int_equal(done, 1);
}

QT_TEST(a_segment_asks_of_its_memory_what_it_was_made_with)
{
	shm::segment_options o;
	struct qt_seg_memory m;

	(void)state;
	o.huge = true;
	auto seg = shm::segment::create(o);
	assert_int_equal(qt_seg_pages(seg.get(), &m), 0);
	assert_int_equal(m.flags, QT_SEG_HUGE);
	o.node = 1 << 20;
	assert_true(thrown([&] { shm::segment::create(o); }) != 0);
}

QT_TEST(a_barrier_tells_of_a_death)
{
	auto seg = shm::segment::create();
	auto b = shm::barrier::create(seg, "b", 2);

	(void)state;
	b.join();
	assert_false(b.wait(1ms));
	dies([&] {
		seg.after_fork();
		static auto mine = shm::barrier::open(seg, "b");

		mine.join();
	});
	assert_int_equal(thrown([&] { b.wait(); }), EOWNERDEAD);
	assert_true(b.wait());
	assert_int_equal(b.lost(), 1);
}
