// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_CACHE_HPP
#define QT_SHM_CACHE_HPP

// C++: caches. Part of <qt/shm.hpp>; the rules are in <qt/shm/cache.h>.

#include <qt/shm/map.hpp>
// A struct and a function of one name are two things in C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include <qt/shm/cache.h>
}
#pragma GCC diagnostic pop

namespace qt::shm {

struct cache_options {
	uint64_t	bytes = 1u << 20;	// of all of it
	uint32_t	key_max = 64;		// bytes; for std::string
	uint32_t	value_max = 4096;
	uint32_t	unit = 0;		// 0: as it suits the others
};
using cache_counts = struct qt_cache_counts;

// K and V are elements, or std::string for bytes of any length. A cache itself
// knows bytes only: all who use it must agree on the types. Time is that of
// CLOCK_MONOTONIC in milliseconds, the same for all processes.
template <class K, class V>
class cache : public detail::handle<struct qt_cache, qt_cache_close,
    qt_cache_obj> {
	using base = detail::handle<struct qt_cache, qt_cache_close,
	    qt_cache_obj>;
	using kcode = detail::codec<K>;
	using vcode = detail::codec<V>;
	using karg = detail::arg<K>;
	using varg = detail::arg<V>;
	using ms = std::chrono::milliseconds;

	struct step {
		const struct qt_cache *cache;
		std::string key, value;
		size_t key_len = 0;

		std::optional<std::pair<K, V>> operator()()
		{
			size_t len = 0;

			while (detail::check(qt_cache_next(cache, key.data(),
			    &key_len, value.data(), value.size(), &len,
			    time_now()), "next") == 1)
				if (len <= value.size())
					return std::make_pair(kcode::load(
					    key.data(), key_len),
					    loaded(value.data(), len));
			return std::nullopt;
		}
	};

public:
	using key_type = K;
	using mapped_type = V;
	using value_type = std::pair<K, V>;
	using iterator = detail::walk<value_type, step>;
	using const_iterator = iterator;
	static constexpr ms endless { 0 };	// to live

	static cache create(const segment &seg, const std::string &name,
	    const cache_options &o = {})
	{
		struct qt_cache_spec spec = { o.bytes,
		    kcode::is_fixed ? fixed<K>() : o.key_max,
		    vcode::is_fixed ? fixed<V>() : o.value_max, o.unit };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_cache_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return cache(seg, name);
	}
	// EINVAL when the elements are longer than what it takes.
	static cache open(const segment &seg, const std::string &name)
	{
		return cache(seg, name);
	}

	// Entries, those included whose time has passed and nobody noticed.
	uint64_t size() const { return qt_cache_count(this->c_handle()); }
	uint32_t key_max() const { return qt_cache_key_max(this->c_handle()); }
	uint32_t value_max() const
	{
		return qt_cache_value_max(this->c_handle());
	}
	cache_counts counts() const
	{
		cache_counts c;

		qt_cache_counts(this->c_handle(), &c);
		return c;
	}

	std::optional<V> get(karg key) const
	{
		ssize_t n = 0;
		std::string buf(vcode::is_fixed ? sizeof(V) : 256, '\0');

		while ((n = qt_cache_get(this->c_handle(), kcode::data(key),
		    kcode::len(key), buf.data(), buf.size(), time_now())) >
		    static_cast<ssize_t>(buf.size()))
			buf.resize(static_cast<size_t>(n));
		if (!detail::found(n, "get"))
			return std::nullopt;
		return loaded(buf.data(), static_cast<size_t>(n));
	}
	// Inserts or replaces, evicting others; whether it is new. An error of
	// code QT_EFULL: processes that are stopped hold all of the room.
	bool put(karg key, varg v, ms ttl = endless)
	{
		return detail::check(qt_cache_put(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v), time_now(), ttl_ms(ttl)), "put") == 0;
	}
	// A new time to live from now on; whether it is there.
	bool touch(karg key, ms ttl = endless)
	{
		return detail::found(qt_cache_touch(this->c_handle(),
		    kcode::data(key), kcode::len(key), time_now(),
		    ttl_ms(ttl)), "touch");
	}
	// Whether it was there.
	bool erase(karg key)
	{
		return detail::found(qt_cache_del(this->c_handle(),
		    kcode::data(key), kcode::len(key)), "erase");
	}
	uint64_t clear()
	{
		return static_cast<uint64_t>(detail::check(qt_cache_clear(
		    this->c_handle()), "clear"));
	}

	// Entries whose time has not passed, in no order.
	iterator begin() const
	{
		return iterator(step { this->c_handle(), std::string(key_max(),
		    '\0'), std::string(value_max(), '\0') });
	}
	iterator end() const { return iterator(); }

private:
	cache(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_cache **out,
	      struct qt_err *err) {
		return qt_cache_open(s, name.c_str(), out, err);
	})
	{
		if ((kcode::is_fixed && key_max() < fixed<K>()) ||
		    (vcode::is_fixed && value_max() < fixed<V>()))
			throw error(EINVAL, "open cache '" + name + "': it "
			    "takes keys of " + std::to_string(key_max()) +
			    " and values of " + std::to_string(value_max()) +
			    " bytes");
	}
	// std::string has no bytes of its own here.
	template <class T>
	static constexpr uint32_t fixed()
	{
		return static_cast<uint32_t>(sizeof(T));
	}
	static uint64_t time_now()
	{
		return qt_wait_deadline(0);
	}
	static uint64_t ttl_ms(ms ttl)
	{
		if (ttl.count() < 0)
			throw range_error(ERANGE, "a time to live of " +
			    std::to_string(ttl.count()) + " ms");
		return static_cast<uint64_t>(ttl.count());
	}
	// What is there may be of somebody who thinks of another type.
	static V loaded(const void *data, size_t len)
	{
		if (vcode::is_fixed && len != sizeof(V))
			throw range_error(ERANGE, "a value of " +
			    std::to_string(len) + " bytes");
		return vcode::load(data, len);
	}
};

} // namespace qt::shm

#endif // QT_SHM_CACHE_HPP
