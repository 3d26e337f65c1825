// SPDX-License-Identifier: Apache-2.0
// A C++ program among others of other languages: see ../languages.bats.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <qt/shm.hpp>

namespace shm = qt::shm;
constexpr auto deadline = std::chrono::seconds(60);

struct record {
	int64_t	i;
	double	x;
	char	s[8];
};

template <>
struct qt::shm::dtype_of<record> {
	static std::string text()
	{
		return qt::shm::record<::record>("i", &::record::i,
		    "x", &::record::x, "s", &::record::s);
	}
};

static void
push(const shm::segment &seg, int count)
{
	auto q = shm::queue<record>::open(seg, "q");

	for (int i = 0; i < count; i++) {
		record r = { i, i * 0.5, {} };

		auto text = "n" + std::to_string(i);

		text.copy(r.s, sizeof(r.s));
		if (!q.push(r, deadline))
			std::exit(1);
	}
}

static void
pop(const shm::segment &seg, int count)
{
	auto q = shm::queue<record>::open(seg, "q");

	for (int i = 0; i < count; i++) {
		auto r = q.pop(deadline);

		if (!r)
			std::exit(1);
		std::printf("[%lld, %g, \"%.8s\"]\n",
		    static_cast<long long>(r->i), r->x, r->s);
	}
}

static void
count_up(const shm::segment &seg, int count)
{
	auto m = shm::map<std::string, int64_t>::open(seg, "m");
	auto a = shm::array<int32_t>::open(seg, "a");

	for (int i = 0; i < count; i++) {
		m.add("hits", 1);
		a.add(1, 2);
	}
}

// In kinds.cc.
void	write_all(shm::segment &seg);
void	read_all(shm::segment &seg);
void	die(shm::segment &seg);

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	try {
		auto seg = shm::segment::open(argv[2]);
		int count = argc > 3 ? std::atoi(argv[3]) : 0;

		if (std::strcmp(argv[1], "write") == 0)
			write_all(seg);
		else if (std::strcmp(argv[1], "read") == 0)
			read_all(seg);
		else if (std::strcmp(argv[1], "die") == 0)
			die(seg);
		else if (std::strcmp(argv[1], "push") == 0)
			push(seg, count);
		else if (std::strcmp(argv[1], "pop") == 0)
			pop(seg, count);
		else
			count_up(seg, count);
	} catch (const shm::error &e) {
		std::fprintf(stderr, "peer: %s\n", e.what());
		return 3;
	}
	return 0;
}
