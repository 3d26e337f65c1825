// SPDX-License-Identifier: Apache-2.0
// <qt/shm.hpp>: what C++ makes, C finds, and the other way round.

#include <cstdlib>
#include <numeric>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm.hpp>

#include "../test.h"

namespace shm = qt::shm;
using namespace std::chrono_literals;

enum class side : uint8_t { buy, sell };

struct trade {
	int64_t	at;
	side	which;
	double	price;
	float	sizes[2][2];
	char	who[5];
};

struct hidden {
	int	a, b;
};

struct mistaken {
	int	a, b;
};

struct unnamed {
	int	a;
};

template <>
struct qt::shm::dtype_of<trade> {
	static std::string text()
	{
		return qt::shm::record<trade>("price", &trade::price,
		    "at", &trade::at, "which", &trade::which,
		    "sizes", &trade::sizes, "who", &trade::who);
	}
};
template <>
struct qt::shm::dtype_of<hidden> : qt::shm::opaque<hidden> {};
template <>
struct qt::shm::dtype_of<mistaken> {
	static std::string text() { return "<i4"; }
};

static_assert(shm::is_element_v<int> && shm::is_element_v<bool> &&
    shm::is_element_v<side> && shm::is_element_v<trade> &&
    shm::is_element_v<hidden>);
static_assert(!shm::is_element_v<int *> && !shm::is_element_v<int &> &&
    !shm::is_element_v<int trade::*> && !shm::is_element_v<const int> &&
    !shm::is_element_v<void> && !shm::is_element_v<unnamed> &&
    !shm::is_element_v<std::string> && !shm::is_element_v<long double>);
static_assert(shm::is_counter_v<int> && !shm::is_counter_v<bool> &&
    !shm::is_counter_v<float>);
static_assert(!std::is_copy_constructible_v<shm::queue<int>> &&
    std::is_nothrow_move_constructible_v<shm::queue<int>> &&
    std::is_nothrow_move_assignable_v<shm::queue<int>> &&
    !std::is_copy_constructible_v<shm::segment> &&
    !std::is_copy_constructible_v<shm::loan>);

// The code that fn throws; 0 when it does not.
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

template <class Fn>
static bool
out_of_range(Fn fn)
{
	try {
		fn();
	} catch (const shm::range_error &) {
		return true;
	} catch (const shm::error &) {
	}
	return false;
}

static std::string
name()
{
	static int count;
	const char *group = std::getenv("QT_CHECK_GROUP");

	return std::string("/qt-test-") + (group != nullptr ? group : "") +
	    "-cxx-" + std::to_string(getpid()) + "-" +
	    std::to_string(count++);
}

QT_TEST(dtypes_are_those_that_the_library_reads)
{
	struct qt_dtype d;
	struct qt_err err = QT_ERR_INIT;

	(void)state;
	assert_string_equal(shm::dtype_of<int64_t>::text().c_str(), "<i8");
	assert_string_equal(shm::dtype_of<uint8_t>::text().c_str(), "|u1");
	assert_string_equal(shm::dtype_of<bool>::text().c_str(), "|b1");
	assert_string_equal(shm::dtype_of<side>::text().c_str(), "|u1");
	assert_string_equal(shm::dtype_of<float>::text().c_str(), "<f4");
	assert_int_equal(qt_dtype_parse(&d,
	    shm::dtype_of<trade>::text().c_str(), &err), 0);
	assert_int_equal(d.size, sizeof(trade));
	assert_int_equal(d.field_count, 5);
	assert_string_equal(d.field[0].name, "at");
	assert_string_equal(d.field[2].name, "price");
	assert_int_equal(d.field[2].offset, offsetof(trade, price));
	assert_int_equal(d.field[3].count, 4);
	assert_int_equal(d.field[3].offset, offsetof(trade, sizes));
	assert_int_equal(d.field[4].kind, 'S');
	assert_int_equal(d.field[4].size, 5);
	assert_int_equal(qt_dtype_parse(&d,
	    shm::dtype_of<hidden>::text().c_str(), &err), 0);
	assert_int_equal(d.size, sizeof(hidden));
}

QT_TEST(a_name_is_made_found_and_taken_away)
{
	std::string n = name();
	auto seg = shm::segment::create(n, { 1u << 20 });

	(void)state;
	assert_int_equal(thrown([&] { shm::segment::create(n); }), EEXIST);
	{
		auto q = shm::queue<int>::create(seg, "q");

		q.push(7);
	}
	auto other = shm::segment::open(n);
	auto looks = shm::segment::open_read_only(n);

	assert_true(other.self() != seg.self());
	assert_int_equal(looks.self(), 0);
	assert_true(looks.has("q"));
	assert_false(looks.has("p"));
	assert_int_equal(looks.entries().size(), 1);
	assert_int_equal(looks.participants().size(), 2);
	assert_string_equal(looks.stat("q").type_name, "queue");
	assert_int_equal(looks.stat("q").count, 1);
	auto q = shm::queue<int>::open(looks, "q");
	assert_int_equal(q.peek().value(), 7);
	assert_int_equal(thrown([&] { q.push(1); }), EACCES);
	other.erase("q");
	assert_true(q.is_erased());
	assert_int_equal(thrown([&] { other.stat("q"); }), ENOENT);
	shm::segment::unlink(n);
	assert_int_equal(thrown([&] { shm::segment::open(n); }), ENOENT);
	assert_int_equal(thrown([&] { shm::segment::unlink(n); }), ENOENT);
}

QT_TEST(an_error_says_what_and_why)
{
	auto seg = shm::segment::create();

	(void)state;
	try {
		shm::queue<int>::open(seg, "nothing");
		fail();
	} catch (const shm::error &e) {
		assert_int_equal(e.code(), ENOENT);
		assert_non_null(strstr(e.what(), "nothing"));
		assert_non_null(strstr(e.what(), "No such file"));
	}
	shm::segment_options o;
	o.kind = "too long a kind";
	assert_true(out_of_range([&] { shm::segment::create(o); }));
}

QT_TEST(another_type_or_dtype_is_refused)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int64_t>::create(seg, "q");

	(void)state;
	assert_int_equal(thrown([&] { shm::queue<double>::open(seg, "q"); }),
	    EINVAL);
	assert_int_equal(thrown([&] { shm::array<int64_t>::open(seg, "q"); }),
	    EINVAL);
	assert_int_equal(thrown([&] { shm::queue<trade>::open(seg, "q"); }),
	    EINVAL);
	assert_int_equal(thrown([&] { shm::queue<mistaken>::create(seg, "m"); }),
	    EINVAL);
	shm::queue<int64_t>::open(seg, "q");
}

QT_TEST(an_array_is_the_same_from_c)
{
	auto seg = shm::segment::create();
	auto a = shm::array<int32_t>::create(seg, "a", { 10, 3 });
	struct qt_array *c;
	int32_t v = 0;

	(void)state;
	assert_int_equal(a.size(), 30);
	assert_true((a.shape() == std::vector<uint64_t>{ 10, 3 }));
	std::iota(a.begin(), a.end(), 100);
	assert_int_equal(qt_array_open(seg.get(), "a", "<i4", &c, nullptr), 0);
	assert_int_equal(qt_array_get(c, a.index({ 4, 2 }), 1, &v), 0);
	assert_int_equal(v, 114);
	v = -5;
	assert_int_equal(qt_array_put(c, 29, 1, &v), 0);
	qt_array_close(c);
	assert_int_equal(a[29], -5);
	assert_int_equal(a.get(29), -5);
	a.fill(2, 3, 4);
	assert_int_equal(a.at(6) + a.at(3), 4);
	assert_int_equal(a.at(7), 107);
}

QT_TEST(an_array_checks_every_index)
{
	auto seg = shm::segment::create();
	auto a = shm::array<int32_t>::create(seg, "a", { 10, 3 });
	int32_t two[2];

	(void)state;
	assert_true(out_of_range([&] { a.at(30); }));
	assert_true(out_of_range([&] { a.get(30); }));
	assert_true(out_of_range([&] { a.put(UINT64_MAX, 1); }));
	assert_true(out_of_range([&] { a.get(29, two, 2); }));
	assert_true(out_of_range([&] { a.index({ 0, 3 }); }));
	assert_true(out_of_range([&] { a.index({ 0 }); }));
	assert_true(out_of_range([&] { a.add(30, 1); }));
	assert_true(out_of_range([&] {
		shm::array<int>::create(seg, "b", { 1, 1, 1, 1, 1 });
	}));
}

QT_TEST(an_array_counts_and_compares)
{
	auto seg = shm::segment::create();
	auto a = shm::array<uint8_t>::create(seg, "a", 2);
	uint8_t expected = 3;

	(void)state;
	a.put(0, 250);
	assert_int_equal(a.add(0, 10), 250);
	assert_int_equal(a.get(0), 4);
	assert_false(a.compare_exchange(0, expected, 9));
	assert_int_equal(expected, 4);
	assert_true(a.compare_exchange(0, expected, 9));
	assert_int_equal(a.get(0), 9);
}

QT_TEST(a_handle_keeps_its_segment)
{
	auto make = [] {
		auto seg = shm::segment::create();

		return shm::array<int>::create(seg, "a", 4);
	};
	auto a = make();
	auto b = make();

	(void)state;
	a[3] = 1;
	b[3] = 2;
	a = std::move(b);
	assert_int_equal(a[3], 2);
	assert_false(static_cast<bool>(b));
	a.close();
	a.close();
}

QT_TEST(a_structure_goes_through_a_queue_to_c)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<trade>::create(seg, "q");
	trade t = { 1, side::sell, 2.5, { { 1, 2 }, { 3, 4 } }, "anna" };
	struct qt_queue *c;
	struct qt_dtype d;
	struct qt_buf text = QT_BUF_INIT;
	trade got;

	(void)state;
	assert_true(q.push(t));
	assert_int_equal(qt_queue_open(seg.get(), "q", nullptr, &c, nullptr),
	    0);
	assert_int_equal(qt_queue_pop(c, &got, sizeof(got), QT_WAIT_NEVER),
	    sizeof(got));
	assert_int_equal(qt_dtype_parse(&d, qt_queue_dtype(c), nullptr), 0);
	assert_int_equal(qt_dtype_format(&d, &got, &text), 0);
	assert_int_equal(qt_buf_add(&text, "", 1), 0);
	assert_string_equal(reinterpret_cast<char *>(text.data),
	    "[1, 1, 2.5, [1, 2, 3, 4], \"anna\"]");
	qt_buf_clear(&text);
	got.at = 9;
	assert_int_equal(qt_queue_push(c, &got, sizeof(got), QT_WAIT_NEVER), 0);
	qt_queue_close(c);
	assert_int_equal(q.pop().value().at, 9);
	assert_false(q.pop().has_value());
}

QT_TEST(a_queue_says_full_and_empty)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int>::create(seg, "q", { 2 });

	(void)state;
	assert_false(q.pop().has_value());
	assert_false(q.pop(1ms).has_value());
	assert_true(q.push(1) && q.push(2));
	assert_false(q.push(3));
	assert_false(q.push(3, 1ms));
	assert_int_equal(q.size(), 2);
	assert_int_equal(q.peek(1).value(), 2);
	assert_false(q.peek(2).has_value());
	assert_int_equal(q.pop().value(), 1);
}

QT_TEST(bytes_of_any_length_go_through_a_queue)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<std::string>::create(seg, "q", { 4, 1000 });
	std::string nul("a\0b", 3);

	(void)state;
	assert_true(q.push("") && q.push(nul) && q.push(std::string(1000, 'x')));
	assert_true(out_of_range([&] { q.push(std::string(1001, 'x')); }));
	assert_int_equal(q.peek(2).value().size(), 1000);
	assert_true(q.pop().value().empty());
	assert_true(q.pop().value() == nul);
	assert_int_equal(q.pop().value().size(), 1000);
}

QT_TEST(a_loan_is_published_or_goes_back)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<trade>::create(seg, "q", { 2, 0, 0, 1 });

	(void)state;
	for (int i = 0; i < 10; i++) {
		auto l = q.loan();

		assert_true(l.has_value());
		l->as<trade>().at = i;
		assert_int_equal(q.size(), 0);
	}
	auto l = q.loan();
	l->as<trade>().at = 77;
	l->publish();
	{
		auto t = q.take();

		assert_int_equal(t->as<trade>().at, 77);
		t->requeue();
	}
	assert_int_equal(q.size(), 1);
	{
		auto t = q.take();
	}
	assert_int_equal(q.size(), 0);
	assert_false(q.take().has_value());
}

QT_TEST(a_producer_wakes_a_consumer)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int>::create(seg, "q", { 4 });
	long sum = 0;
	std::thread other([&] {
		for (int i = 1; i <= 1000; i++)
			q.push(i, shm::forever);
	});

	(void)state;
	for (int i = 1; i <= 1000; i++)
		sum += q.pop(shm::forever).value();
	other.join();
	assert_int_equal(sum, 500500);
}

QT_TEST(an_erased_queue_ends_the_wait_with_gone)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int>::create(seg, "q");

	(void)state;
	seg.erase("q");
	assert_int_equal(thrown([&] { q.pop(shm::forever); }), QT_EGONE);
}

QT_TEST(a_queue_of_one_and_one_has_roles)
{
	auto seg = shm::segment::create();
	auto p = shm::spsc<int>::create(seg, "s", shm::role::producer, 8);
	auto c = shm::spsc<int>::open(seg, "s", shm::role::consumer);
	int in[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, out[10];

	(void)state;
	assert_int_equal(thrown([&] {
		shm::spsc<int>::open(seg, "s", shm::role::producer);
	}), EBUSY);
	assert_int_equal(p.push(in, 10), 8);
	assert_false(p.push(1));
	auto looks = shm::spsc<int>::open(seg, "s", shm::role::look);
	assert_int_equal(looks.peek(7).value(), 7);
	assert_false(looks.peek(8).has_value());
	assert_int_equal(c.pop().value(), 0);
	assert_int_equal(c.pop(out, 10), 7);
	assert_int_equal(out[6], 7);
	assert_int_equal(c.pop(out, 10), 0);
	auto [room, n] = p.loan(2);
	assert_int_equal(n, 2);
	room[0] = 5;
	room[1] = 6;
	p.publish(2);
	auto [item, m] = c.take(10);
	assert_int_equal(m, 2);
	assert_int_equal(item[1], 6);
	c.release(m);
	p.close();
	shm::spsc<int>::open(seg, "s", shm::role::producer);
}

QT_TEST(a_value_is_whole_numbered_and_waited_for)
{
	auto seg = shm::segment::create();
	auto v = shm::value<trade>::create(seg, "v");
	auto s = shm::value<std::string>::create(seg, "s", 100);
	trade t = {};
	uint64_t seq = 0;

	(void)state;
	assert_false(v.get().has_value());
	t.price = 1.5;
	assert_true(v.put_if(t, seq));
	assert_int_equal(seq, 1);
	seq = 0;
	assert_false(v.put_if(t, seq));
	assert_int_equal(seq, 1);
	assert_false(v.wait(seq, shm::now));
	assert_false(v.wait(seq, 1ms));
	t.price = 2.5;
	assert_int_equal(v.put(t), 2);
	assert_true(v.wait(seq));
	assert_true(v.get(&seq).value().price > 2);
	assert_int_equal(seq, 2);
	s.put("");
	assert_true(s.get().value().empty());
	s.put("some text");
	assert_true(s.get().value() == "some text");
	assert_true(out_of_range([&] { s.put(std::string(101, 'x')); }));
}

QT_TEST(a_fork_child_joins_for_itself)
{
	auto seg = shm::segment::create();
	auto q = shm::queue<int>::create(seg, "q");
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (thrown([&] { q.push(1); }) != EACCES)
			_exit(1);
		seg.after_fork();
		_exit(q.push(2) ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(q.pop().value(), 2);
	assert_int_equal(seg.sweep(), 1);
}
