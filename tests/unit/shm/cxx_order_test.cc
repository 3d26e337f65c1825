// SPDX-License-Identifier: Apache-2.0
// <qt/shm.hpp>: skip lists, caches, rings, and what a segment knows of itself.

#include <map>
#include <vector>

#include <qt/shm.hpp>

#include "../test.h"

namespace shm = qt::shm;
using namespace std::chrono_literals;

using numbers = shm::skiplist<int32_t, std::string>;
using words = shm::skiplist<std::string, int64_t>;
using texts = shm::cache<std::string, std::string>;

static_assert(!std::is_copy_constructible_v<numbers> &&
    std::is_nothrow_move_constructible_v<numbers> &&
    std::is_nothrow_move_assignable_v<texts> &&
    !std::is_copy_constructible_v<shm::ring_reader> &&
    std::is_nothrow_move_constructible_v<shm::ring_writer>);

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

template <class Range>
static std::vector<int>
keys(const Range &range)
{
	std::vector<int> all;

	for (const auto &[key, value] : range) {
		assert_true(value == std::to_string(key));
		all.push_back(key);
	}
	return all;
}

QT_TEST(an_ordered_map_is_gone_through_in_order)
{
	auto seg = shm::segment::create();
	auto list = numbers::create(seg, "l", { 100 });
	const auto &seen = list;

	(void)state;
	assert_true(list.begin() == list.end());
	assert_false(list.first() || list.last() || list.floor(1));
	for (int i : { 30, -10, 20, 0, 10 })
		assert_true(list.put(i, std::to_string(i)));
	assert_true((keys(seen) == std::vector<int>{ -10, 0, 10, 20, 30 }));
	assert_true((keys(seen.range().reversed()) ==
	    std::vector<int>{ 30, 20, 10, 0, -10 }));
	assert_true((keys(seen.range(0, 20)) == std::vector<int>{ 0, 10 }));
	assert_true((keys(seen.range(0, 20).reversed()) ==
	    std::vector<int>{ 10, 0 }));
	assert_true(keys(seen.range(20, 0)).empty());
	assert_true(keys(seen.range(20, 0).reversed()).empty());
	assert_int_equal(seen.lower_bound(10)->first, 10);
	assert_int_equal(seen.upper_bound(10)->first, 20);
	assert_true(seen.upper_bound(30) == seen.end());
	assert_int_equal(seen.first()->first, -10);
	assert_int_equal(seen.last()->first, 30);
	assert_int_equal(seen.ceiling(11)->first, 20);
	assert_int_equal(seen.higher(20)->first, 30);
	assert_int_equal(seen.floor(19)->first, 10);
	assert_int_equal(seen.lower(10)->first, 0);
	assert_false(seen.lower(-10).has_value());
}

QT_TEST(an_ordered_map_is_the_same_from_c)
{
	auto seg = shm::segment::create();
	auto list = words::create(seg, "l", { 2, 8 });
	struct qt_skiplist *c;
	int64_t v = 0;

	(void)state;
	assert_true(list.put("b", 2));
	assert_true(list.insert("a", 1));
	assert_false(list.insert("a", 3));
	assert_false(list.put("a", 1));
	assert_int_equal(thrown([&] { list.put("c", 3); }), QT_EFULL);
	assert_int_equal(thrown([&] { list.put("123456789", 3); }), EINVAL);
	assert_int_equal(qt_skiplist_open(seg.get(), "l", nullptr, "<i8", &c,
	    nullptr), 0);
	assert_int_equal(qt_skiplist_get(c, "b", 1, &v, sizeof(v)), sizeof(v));
	assert_int_equal(v, 2);
	assert_int_equal(qt_skiplist_del(c, "b", 1), 0);
	qt_skiplist_close(c);
	assert_false(list.get("b").has_value());
	assert_int_equal(list.get("a").value(), 1);
	assert_true(list.contains("a") && !list.contains("b"));
	assert_false(list.erase("b"));
	assert_int_equal(list.size(), 1);
	assert_int_equal(list.clear(), 1);
	assert_true(list.empty());
	assert_int_equal(thrown([&] { numbers::open(seg, "l"); }), EINVAL);
	for (const auto &pin : seg.epochs("l"))
		assert_int_equal(pin.behind, 0);
	assert_int_equal(thrown([&] { seg.epochs("none"); }), ENOENT);
}

QT_TEST(long_values_are_whole_in_every_walk)
{
	auto seg = shm::segment::create();
	auto list = numbers::create(seg, "l", { 10, 0, 5000 });
	auto cache = texts::create(seg, "c", { 1u << 20, 8, 5000 });
	std::string big(5000, 'x');

	(void)state;
	list.put(1, big);
	list.put(2, "");
	cache.put("k", big);
	assert_true(list.get(1).value() == big);
	assert_true(list.begin()->second == big);
	assert_true(list.last()->second.empty());
	assert_true(cache.get("k").value() == big);
	assert_true(cache.begin()->second == big);
}

QT_TEST(a_cache_keeps_what_is_used_for_its_time)
{
	auto seg = shm::segment::create();
	auto c = shm::cache<int32_t, std::string>::create(seg, "c",
	    { 200u << 10, 0, 4000 });
	std::map<int, std::string> seen;

	(void)state;
	assert_true(c.put(1, "one"));
	assert_false(c.put(1, "uno"));
	assert_true(c.put(2, "two", 1h));
	assert_true(c.get(1).value() == "uno");
	assert_false(c.get(3).has_value());
	for (const auto &[key, value] : c)
		seen[key] = value;
	assert_true((seen == std::map<int, std::string>{ { 1, "uno" },
	    { 2, "two" } }));
	assert_true(c.touch(2, 1ms));
	assert_false(c.touch(3));
	while (c.get(2))
		continue;
	assert_true(c.erase(1) && !c.erase(1));
	for (int i = 0; i < 1000; i++)
		c.put(i, std::string(1000, 'x'));
	assert_true(c.size() < 200);
	assert_true(c.get(999) && !c.get(0));
	assert_true(c.counts().evictions > 800);
	assert_int_equal(c.counts().puts, 1003);
	assert_int_equal(thrown([&] { c.put(1, "x", -1ms); }), ERANGE);
	assert_int_equal(thrown([&] { c.put(1, std::string(4001, 'x')); }),
	    EINVAL);
	assert_true(c.clear() > 0);
}

QT_TEST(a_cache_of_other_elements_is_refused)
{
	auto seg = shm::segment::create();
	auto narrow = shm::cache<int32_t, int32_t>::create(seg, "narrow");
	auto wide = shm::cache<int32_t, int64_t>::create(seg, "wide");

	(void)state;
	assert_int_equal(thrown([&] {
		shm::cache<int32_t, int64_t>::open(seg, "narrow");
	}), EINVAL);
	wide.put(1, 2);
	auto other = shm::cache<int32_t, int32_t>::open(seg, "wide");
	assert_int_equal(thrown([&] { other.get(1); }), ERANGE);
	assert_int_equal(thrown([&] { *other.begin(); }), ERANGE);
	assert_int_equal(wide.get(1).value(), 2);
}

QT_TEST(a_ring_is_written_by_one_and_read_by_all)
{
	auto seg = shm::segment::create();
	auto w = shm::ring_writer::create(seg, "r", QT_RING_LIMIT_MIN);
	auto a = shm::ring_reader::open(seg, "r");
	auto b = shm::ring_reader::open(seg, "r");

	(void)state;
	assert_true(a.read().empty());
	w.write("hello ");
	auto [room, n] = w.reserve(5);
	assert_true(n == 5);
	std::memcpy(room, "world", n);
	assert_true(a.read(100) == "hello ");
	w.publish(n);
	assert_true(a.read(2) + a.read() == "world");
	assert_int_equal(a.position(), 11);
	assert_int_equal(w.position(), 11);
	assert_int_equal(thrown([&] { shm::ring_writer::open(seg, "r"); }),
	    EBUSY);
	for (int i = 0; i < 100; i++)
		w.write(std::string(1000, 'x'));
	size_t got = 0;
	for (std::string s; !(s = b.read()).empty(); )
		got += s.size();
	assert_true(b.skipped() > 0);
	assert_int_equal(b.skipped() + got, 100011);
	b.seek(200000);
	assert_int_equal(thrown([&] { b.read(); }), EINVAL);
	w.close();
	shm::ring_writer::open(seg, "r").write("on");
	a.seek(100011);
	assert_true(a.read() == "on");
	assert_false(a.wait(shm::now) || a.wait(1ms));
	seg.erase("r");
	assert_true(a.is_erased());
	assert_int_equal(thrown([&] { a.wait(); }), QT_EGONE);
	assert_int_equal(thrown([&] { shm::ring_reader::open(seg, "r"); }),
	    ENOENT);
}

QT_TEST(a_ring_has_a_name_of_its_own)
{
	auto seg = shm::segment::create();
	auto m = shm::mutex::create(seg, "m");
	auto w = shm::ring_writer::create(seg, "r");

	(void)state;
	assert_int_equal(thrown([&] { shm::ring_writer::create(seg, "r"); }),
	    EEXIST);
	assert_int_equal(thrown([&] { shm::ring_reader::open(seg, "m"); }),
	    EINVAL);
	assert_int_equal(thrown([&] {
		shm::ring_writer::create(seg, "s", 1);
	}), EINVAL);
	assert_int_equal(seg.entries().size(), 2);
	auto r = shm::ring_reader::open(seg, "r");
	w.write("x");
	w = shm::ring_writer::create(seg, "t");
	shm::ring_writer::open(seg, "r").write("y");
	r = shm::ring_reader::open(seg, "r");
	assert_true(r.wait() && r.read() == "xy");
	assert_int_equal(w.limit(), QT_RING_LIMIT_DEFAULT);
}

QT_TEST(a_segment_finds_its_own_faults)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int>::create(seg, "q", { 4 });

	(void)state;
	q.push(1);
	assert_true(seg.fsck().empty());
	assert_true(seg.fsck(true).empty());
	std::memset(qt_seg_at(seg.get(), seg.stat("q").offset, 8), 0xff, 8);
	auto faults = seg.fsck();
	assert_int_equal(faults.size(), 1);
	assert_string_equal(faults[0].name.c_str(), "q");
}

QT_TEST(blocks_in_use_are_gone_through)
{
	auto seg = shm::segment::create();
	auto pool = shm::pool<int>::create(seg, "p", 4);
	auto a = pool.alloc().value(), b = pool.alloc().value();
	int sum = 0;

	(void)state;
	pool[a] = 3;
	pool[b] = 4;
	const auto &looks = pool;
	looks.for_each([&](auto at) { sum += *looks.find(at); });
	assert_int_equal(sum, 7);
}
