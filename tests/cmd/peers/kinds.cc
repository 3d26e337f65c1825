// SPDX-License-Identifier: Apache-2.0
// The other half of peer.cc, and a translation unit of its own: one of each
// structure is written, and is read.

#include <cstdio>
#include <set>

#include <signal.h>

#include <qt/shm.hpp>

namespace shm = qt::shm;

void	write_all(shm::segment &seg);
void	read_all(shm::segment &seg);
void	die(shm::segment &seg);

struct pair {
	int32_t	x;
	double	y;
};

template <>
struct qt::shm::dtype_of<pair> {
	static std::string text()
	{
		return qt::shm::record<::pair>("x", &::pair::x,
		    "y", &::pair::y);
	}
};

using words = shm::map<std::string, int64_t>;
using names = shm::set<std::string>;
using order = shm::skiplist<int32_t, std::string>;
using texts = shm::cache<std::string, std::string>;

void
write_all(shm::segment &seg)
{
	auto array = shm::array<int32_t>::create(seg, "array", 4);
	int32_t four[] = { 1, -2, 3, 4 };
	auto queue = shm::queue<int64_t>::create(seg, "queue", { 8 });
	auto spsc = shm::spsc<double>::create(seg, "spsc",
	    shm::role::producer, 8);
	auto stack = shm::stack<std::string>::create(seg, "stack", { 8, 16 });
	auto map = words::create(seg, "map", { 8, 16 });
	auto set = names::create(seg, "set", 8, 16);
	auto pool = shm::pool<int64_t>::create(seg, "pool", 4);
	auto value = shm::value<pair>::create(seg, "value");
	auto list = order::create(seg, "skiplist", { 8, 0, 16 });
	auto cache = texts::create(seg, "cache", { 256u << 10, 16, 16 });

	array.put(0, four, 4);
	for (int64_t i : { 10, 20, 30 })
		queue.push(i);
	spsc.push(0.5);
	spsc.push(1.5);
	stack.push("one");
	stack.push("two");
	map.put("a", 1);
	map.put("b", 2);
	set.insert("x");
	set.insert("y");
	auto block = pool.alloc().value();
	pool[block] = 99;
	pool.give(block);
	value.put({ 7, 0.25 });
	list.put(3, "three");
	list.put(-1, "minus");
	cache.put("k", "v");
	shm::ring_writer::create(seg, "ring").write("hello\n");
	shm::mutex::create(seg, "mutex");
	shm::rwlock::create(seg, "rwlock");
	shm::semaphore::create(seg, "semaphore", 3);
	shm::latch::create(seg, "latch", 3).count_down();
	shm::barrier::create(seg, "barrier", 2);
	shm::event::create(seg, "event").set();
	shm::once::create(seg, "once").run([] {});
}

using line = std::string;

template <class Items, class Text>
static line
peeked(const Items &items, Text text)
{
	line out;

	for (uint64_t i = 0; auto v = items.peek(i); i++)
		out += " " + text(*v);
	return out;
}

static line
number(double n)
{
	char text[32];

	std::snprintf(text, sizeof(text), "%g", n);
	return text;
}

static line
read_items(shm::segment &seg, const line &name)
{
	line out;

	if (name == "queue")
		return peeked(shm::queue<int64_t>::open(seg, name),
		    [](auto v) { return std::to_string(v); });
	if (name == "spsc")
		return peeked(shm::spsc<double>::open(seg, name,
		    shm::role::look), number);
	if (name == "stack")
		return peeked(shm::stack<std::string>::open(seg, name),
		    [](auto v) { return v; });
	if (name == "ring") {
		out = " " + shm::ring_reader::open(seg, name).read();
		out.pop_back();
	} else if (name == "array") {
		for (int32_t v : shm::array<int32_t>::open(seg, name))
			out += " " + std::to_string(v);
	} else if (name == "pool") {
		const auto pool = shm::pool<int64_t>::open(seg, name);

		pool.for_each([&](auto b) {
			out += " " + std::to_string(*pool.find(b));
		});
	}
	return out;
}

static line
read_keys(shm::segment &seg, const line &name)
{
	std::set<line> sorted;
	line out;

	if (name == "map")
		for (const auto &[key, value] : words::open(seg, name))
			sorted.insert(" " + key + "=" + std::to_string(value));
	if (name == "set")
		for (const auto &key : names::open(seg, name))
			sorted.insert(" " + key);
	if (name == "cache")
		for (const auto &[key, value] : texts::open(seg, name))
			sorted.insert(" " + key + "=" + value);
	for (const auto &one : sorted)
		out += one;
	if (name == "skiplist")
		for (const auto &[key, value] : order::open(seg, name))
			out += " " + std::to_string(key) + "=" + value;
	if (name == "value") {
		pair v = shm::value<pair>::open(seg, name).get().value();

		out = " [" + std::to_string(v.x) + ", " + number(v.y) + "]";
	}
	return out;
}

static line
read_sync(shm::segment &seg, const line &name)
{
	using std::to_string;

	if (name == "mutex")
		return shm::mutex::open(seg, name).hold().is_stale() ?
		    " stale" : " free";
	if (name == "rwlock")
		return shm::rwlock::open(seg, name).write() ? " free" : "";
	if (name == "semaphore")
		return " " + to_string(shm::semaphore::open(seg, name).value());
	if (name == "latch")
		return " " + to_string(shm::latch::open(seg, name).count());
	if (name == "barrier")
		return " " + to_string(shm::barrier::open(seg, name).parties());
	if (name == "event")
		return " " + to_string(shm::event::open(seg, name).is_set());
	if (name == "once")
		return " " + to_string(shm::once::open(seg, name).is_done());
	return "";
}

void
read_all(shm::segment &seg)
{
	std::set<line> all;

	for (const auto &e : seg.entries())
		all.insert(e.name);
	for (const auto &name : all)
		std::printf("%s%s\n", name.c_str(), (read_items(seg, name) +
		    read_keys(seg, name) + read_sync(seg, name)).c_str());
}

// Takes the mutex, and dies.
void
die(shm::segment &seg)
{
	auto mutex = shm::mutex::open(seg, "mutex");
	auto held = mutex.hold();

	raise(SIGKILL);
}
