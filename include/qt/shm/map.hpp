// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_MAP_HPP
#define QT_SHM_MAP_HPP

// C++: maps and sets. Part of <qt/shm.hpp>; the rules are in <qt/shm/map.h> and
// <qt/shm/set.h>.

#include <iterator>

#include <qt/shm/dtype.hpp>
#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/map.h>
#include <qt/shm/set.h>
}

namespace qt::shm {

namespace detail {

// Goes through what next(&value) gives until it answers false. Others may
// change it meanwhile: what is there all the time is seen once.
template <class Value, class Next>
class walk {
public:
	using iterator_category = std::input_iterator_tag;
	using value_type = Value;
	using difference_type = ptrdiff_t;
	using pointer = const Value *;
	using reference = const Value &;

	walk() = default;
	explicit walk(Next next) : next_(std::move(next)) { ++*this; }
	reference operator*() const { return *value_; }
	pointer operator->() const { return &*value_; }
	walk &operator++()
	{
		value_ = (*next_)();
		return *this;
	}
	void operator++(int) { ++*this; }
	friend bool operator==(const walk &a, const walk &b)
	{
		return a.value_.has_value() == b.value_.has_value();
	}
	friend bool operator!=(const walk &a, const walk &b)
	{
		return !(a == b);
	}

private:
	std::optional<Next>	next_;
	std::optional<Value>	value_;
};

inline bool
found(int64_t answer, const char *what)
{
	return answer != -ENOENT && check(answer, what) >= 0;
}

inline bool
is_new(int answer, const char *what)
{
	return answer != -EEXIST && check(answer, what) >= 0;
}

} // namespace detail

struct map_options {
	uint64_t	capacity = 1024;	// entries
	uint32_t	key_max = 64;		// bytes; for std::string
	uint32_t	value_max = 256;
};

// K and V are elements, or std::string for bytes of any length. Keys are equal
// when their bytes are. A full map is an error of code QT_EFULL.
template <class K, class V>
class map : public detail::handle<struct qt_map, qt_map_close, qt_map_obj> {
	using base = detail::handle<struct qt_map, qt_map_close, qt_map_obj>;
	using kcode = detail::codec<K>;
	using vcode = detail::codec<V>;
	using karg = detail::arg<K>;
	using varg = detail::arg<V>;
	static constexpr size_t room = 256;	// tried first

	struct step {
		const struct qt_map *map;
		std::string key, value;
		size_t key_len = 0;

		std::optional<std::pair<K, V>> operator()();
	};

public:
	using key_type = K;
	using mapped_type = V;
	using value_type = std::pair<K, V>;
	using iterator = detail::walk<value_type, step>;
	using const_iterator = iterator;

	static map create(const segment &seg, const std::string &name,
	    const map_options &o = {})
	{
		struct qt_map_spec spec = { kcode::dtype(), vcode::dtype(),
		    kcode::is_fixed ? 0 : o.key_max,
		    vcode::is_fixed ? 0 : o.value_max, o.capacity };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_map_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return map(seg, name);
	}
	static map open(const segment &seg, const std::string &name)
	{
		return map(seg, name);
	}

	uint64_t size() const { return qt_map_count(this->c_handle()); }
	bool empty() const { return size() == 0; }
	uint64_t capacity() const { return qt_map_capacity(this->c_handle()); }

	std::optional<V> get(karg key) const
	{
		ssize_t n = 0;
		V v = detail::read_all<V>(qt_map_value_max(this->c_handle()),
		    [&](void *out, size_t size) {
			return n = qt_map_get(this->c_handle(),
			    kcode::data(key), kcode::len(key), out, size);
		});

		if (!detail::found(n, "get"))
			return std::nullopt;
		return v;
	}
	bool contains(karg key) const
	{
		return detail::check(qt_map_has(this->c_handle(),
		    kcode::data(key), kcode::len(key)), "contains") == 1;
	}
	// Inserts or replaces; whether it is new.
	bool put(karg key, varg v)
	{
		return detail::check(qt_map_put(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v)), "put") == 0;
	}
	// Only if the key is not there, or is there; whether it did.
	bool insert(karg key, varg v)
	{
		return detail::is_new(qt_map_put_new(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v)), "insert");
	}
	bool replace(karg key, varg v)
	{
		return detail::found(qt_map_put_old(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v)), "replace");
	}
	// Whether the value was the one expected, and the key there.
	bool compare_exchange(karg key, varg expected, varg desired)
	{
		int r = qt_map_cas(this->c_handle(), kcode::data(key),
		    kcode::len(key), vcode::data(expected),
		    vcode::len(expected), vcode::data(desired),
		    vcode::len(desired));

		return detail::found(r, "compare_exchange") && r == 1;
	}
	// Adds to a whole number, from 0 if there was none; the sum.
	V add(karg key, V n)
	{
		static_assert(is_counter_v<V>, "only whole numbers add up");
		int64_t sum;

		detail::check(qt_map_add(this->c_handle(), kcode::data(key),
		    kcode::len(key), static_cast<int64_t>(n), &sum), "add");
		return static_cast<V>(sum);
	}
	// Whether it was there.
	bool erase(karg key)
	{
		return detail::found(qt_map_del(this->c_handle(),
		    kcode::data(key), kcode::len(key)), "erase");
	}
	uint64_t clear()
	{
		return static_cast<uint64_t>(detail::check(qt_map_clear(
		    this->c_handle()), "clear"));
	}

	iterator begin() const
	{
		return iterator(step { this->c_handle(), std::string(
		    qt_map_key_max(this->c_handle()), '\0'), std::string(
		    vcode::is_fixed ? sizeof(V) : room, '\0') });
	}
	iterator end() const { return iterator(); }

private:
	map(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_map **out,
	      struct qt_err *err) {
		return qt_map_open(s, name.c_str(), kcode::dtype(),
		    vcode::dtype(), out, err);
	}) {}
};

template <class K, class V>
std::optional<std::pair<K, V>>
map<K, V>::step::operator()()
{
	size_t len;

	while (detail::check(qt_map_next(map, key.data(), &key_len,
	    value.data(), value.size(), &len), "next") == 1) {
		ssize_t n = static_cast<ssize_t>(len);

		// Longer than what we had room for: once more, if it is there.
		while (n > 0 && static_cast<size_t>(n) > value.size()) {
			value.resize(static_cast<size_t>(n));
			n = qt_map_get(map, key.data(), key_len, value.data(),
			    value.size());
		}
		if (!detail::found(n, "next"))
			continue;
		return std::make_pair(kcode::load(key.data(), key_len),
		    vcode::load(value.data(), static_cast<size_t>(n)));
	}
	return std::nullopt;
}

// K is an element, or std::string. A full set is an error of code QT_EFULL.
template <class K>
class set : public detail::handle<struct qt_set, qt_set_close, qt_set_obj> {
	using base = detail::handle<struct qt_set, qt_set_close, qt_set_obj>;
	using code = detail::codec<K>;
	using arg = detail::arg<K>;

	struct step {
		const struct qt_set *set;
		std::string key;
		size_t len = 0;

		std::optional<K> operator()()
		{
			if (detail::check(qt_set_next(set, key.data(), &len),
			    "next") != 1)
				return std::nullopt;
			return code::load(key.data(), len);
		}
	};

public:
	using value_type = K;
	using iterator = detail::walk<K, step>;
	using const_iterator = iterator;

	// key_max is for std::string.
	static set create(const segment &seg, const std::string &name,
	    uint64_t capacity = 1024, uint32_t key_max = 64)
	{
		struct qt_set_spec spec = { code::dtype(),
		    code::is_fixed ? 0 : key_max, capacity };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_set_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return set(seg, name);
	}
	static set open(const segment &seg, const std::string &name)
	{
		return set(seg, name);
	}

	uint64_t size() const { return qt_set_count(this->c_handle()); }
	bool empty() const { return size() == 0; }
	uint64_t capacity() const { return qt_set_capacity(this->c_handle()); }
	bool contains(arg key) const
	{
		return detail::check(qt_set_has(this->c_handle(),
		    code::data(key), code::len(key)), "contains") == 1;
	}
	// Whether it is new.
	bool insert(arg key)
	{
		return detail::is_new(qt_set_add(this->c_handle(),
		    code::data(key), code::len(key)), "insert");
	}
	// Whether it was there.
	bool erase(arg key)
	{
		return detail::found(qt_set_del(this->c_handle(),
		    code::data(key), code::len(key)), "erase");
	}
	uint64_t clear()
	{
		return static_cast<uint64_t>(detail::check(qt_set_clear(
		    this->c_handle()), "clear"));
	}
	iterator begin() const
	{
		return iterator(step { this->c_handle(), std::string(
		    qt_set_key_max(this->c_handle()), '\0') });
	}
	iterator end() const { return iterator(); }

private:
	set(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_set **out,
	      struct qt_err *err) {
		return qt_set_open(s, name.c_str(), code::dtype(), out, err);
	}) {}
};

} // namespace qt::shm

#endif // QT_SHM_MAP_HPP
