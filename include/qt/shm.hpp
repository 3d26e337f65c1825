// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_HPP
#define QT_SHM_HPP

// libqt's shared-memory structures for C++17. Header-only; link with libqt
// (pkg-config --cflags --libs qt).
//
//	#include <qt/shm.hpp>
//	namespace shm = qt::shm;
//
//	auto seg = shm::segment::create("/demo");
//	auto q = shm::queue<int64_t>::create(seg, "q", { 1024 });
//	q.push(42);					// false: full
//	if (auto item = q.pop(std::chrono::seconds(1)))	// nothing: timed out
//		std::cout << *item;
//
//	auto a = shm::array<double>::create(seg, "a", { 100, 3 });
//	a.at(7) = 0.5;					// range_error
//	for (double &x : a)
//		x *= 2;
//
//	auto m = shm::map<std::string, int64_t>::create(seg, "m");
//	m.add("hits", 1);
//	for (auto &[key, hits] : m)
//		std::cout << key << " " << hits << "\n";
//
//	auto l = shm::skiplist<int64_t, std::string>::create(seg, "l");
//	for (auto &[at, event] : l.range(since, until))	// in order
//		std::cout << at << " " << event << "\n";
//
//	auto mutex = shm::mutex::create(seg, "mutex");
//	if (auto lock = mutex.hold(); lock.is_stale())	// its holder has died
//		mutex.consistent();
//
// Every class is one structure of the C header of the same name, which says what
// is promised about processes, threads and deaths; the same segment is used from
// C, Python and the shell at once. What is the same everywhere:
//
// - Handles are objects that can be moved and not copied. Each is closed by its
//   destructor, and keeps its segment mapped, so they may go in any order. A
//   handle that was closed or moved from may only be destroyed or assigned to.
// - create() makes the object and opens it; open() finds it by its name and
//   refuses another type or dtype.
// - Elements are trivially copyable types that have a dtype, see
//   qt::shm::dtype_of in <qt/shm/dtype.hpp>; the compiler refuses others,
//   pointers among them. std::string stands for bytes of any length.
// - "No" is a false or an empty std::optional: full, empty, held, timed out.
//   All else is thrown: qt::shm::error with its code and text, range_error for
//   what is out of bounds.
// - Calls that may wait take qt::shm::now (the default, unless it says
//   otherwise), qt::shm::forever, or a duration of std::chrono.
// - It is safe to use one handle in several threads where C says so.

#include <qt/shm/array.hpp>
#include <qt/shm/cache.hpp>
#include <qt/shm/dtype.hpp>
#include <qt/shm/error.hpp>
#include <qt/shm/map.hpp>
#include <qt/shm/queue.hpp>
#include <qt/shm/ring.hpp>
#include <qt/shm/segment.hpp>
#include <qt/shm/skiplist.hpp>
#include <qt/shm/stack.hpp>
#include <qt/shm/sync.hpp>
#include <qt/shm/value.hpp>

#endif // QT_SHM_HPP
