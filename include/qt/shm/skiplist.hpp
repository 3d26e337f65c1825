// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_SKIPLIST_HPP
#define QT_SHM_SKIPLIST_HPP

// C++: ordered maps. Part of <qt/shm.hpp>; the rules are in
// <qt/shm/skiplist.h>.

#include <qt/shm/map.hpp>
extern "C" {
#include <qt/shm/skiplist.h>
}

namespace qt::shm {

// K and V are elements, or std::string for bytes of any length. Keys that are
// whole numbers have the order of numbers, others that of their bytes.
//
//	for (const auto &[key, value] : list)			// in order
//	for (const auto &[key, value] : list.range(10, 20))	// 10 to 19
//	for (const auto &[key, value] : list.range().reversed())
//	if (auto e = list.floor(15))				// the last <= 15
//		std::cout << e->first;
template <class K, class V>
class skiplist : public detail::handle<struct qt_skiplist, qt_skiplist_close,
    qt_skiplist_obj> {
	using base = detail::handle<struct qt_skiplist, qt_skiplist_close,
	    qt_skiplist_obj>;
	using kcode = detail::codec<K>;
	using vcode = detail::codec<V>;
	using karg = detail::arg<K>;
	using varg = detail::arg<V>;

	// Where a walk is: how the next is found from key, and its last key.
	struct step {
		const struct qt_skiplist *list;
		enum qt_seek how;
		std::string key;
		std::optional<std::string> stop;
		bool is_back = false;

		std::optional<std::pair<K, V>> operator()();
	};

public:
	using key_type = K;
	using mapped_type = V;
	using value_type = std::pair<K, V>;
	using iterator = detail::walk<value_type, step>;
	using const_iterator = iterator;

	// A part of the list, to be gone through; it must not outlive it.
	class span {
	public:
		iterator begin() const { return iterator(step_); }
		iterator end() const { return iterator(); }
		// The same entries, the last of them first.
		span reversed() const { return span(back_, step_); }

	private:
		friend class skiplist;
		span(step s, step back)
		    : step_(std::move(s)), back_(std::move(back)) {}
		step step_, back_;
	};

	static skiplist create(const segment &seg, const std::string &name,
	    const map_options &o = {})
	{
		struct qt_skiplist_spec spec = { kcode::dtype(),
		    vcode::dtype(), kcode::is_fixed ? 0 : o.key_max,
		    vcode::is_fixed ? 0 : o.value_max, o.capacity };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_skiplist_create(seg.get(), name.c_str(),
		    &spec, &err), err, name);
		return skiplist(seg, name);
	}
	static skiplist open(const segment &seg, const std::string &name)
	{
		return skiplist(seg, name);
	}

	uint64_t size() const { return qt_skiplist_count(this->c_handle()); }
	bool empty() const { return size() == 0; }
	uint64_t capacity() const
	{
		return qt_skiplist_capacity(this->c_handle());
	}

	std::optional<V> get(karg key) const
	{
		ssize_t n = 0;
		V v = detail::read_all<V>(qt_skiplist_value_max(
		    this->c_handle()), [&](void *out, size_t size) {
			return n = qt_skiplist_get(this->c_handle(),
			    kcode::data(key), kcode::len(key), out, size);
		});

		if (!detail::found(n, "get"))
			return std::nullopt;
		return v;
	}
	bool contains(karg key) const
	{
		return detail::check(qt_skiplist_has(this->c_handle(),
		    kcode::data(key), kcode::len(key)), "contains") == 1;
	}
	// Inserts or replaces; whether it is new.
	bool put(karg key, varg v)
	{
		return detail::check(qt_skiplist_put(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v)), "put") == 0;
	}
	// Only if the key is not there; whether it did.
	bool insert(karg key, varg v)
	{
		return detail::is_new(qt_skiplist_put_new(this->c_handle(),
		    kcode::data(key), kcode::len(key), vcode::data(v),
		    vcode::len(v)), "insert");
	}
	// Whether it was there.
	bool erase(karg key)
	{
		return detail::found(qt_skiplist_del(this->c_handle(),
		    kcode::data(key), kcode::len(key)), "erase");
	}
	uint64_t clear()
	{
		return static_cast<uint64_t>(detail::check(qt_skiplist_clear(
		    this->c_handle()), "clear"));
	}

	// The entry with the least, the greatest key; nothing when empty.
	std::optional<value_type> first() const { return at(QT_SEEK_FIRST); }
	std::optional<value_type> last() const { return at(QT_SEEK_LAST); }
	// The nearest key >=, >, <= and < this one.
	std::optional<value_type> ceiling(karg key) const
	{
		return at(QT_SEEK_FROM, bytes(key));
	}
	std::optional<value_type> higher(karg key) const
	{
		return at(QT_SEEK_AFTER, bytes(key));
	}
	std::optional<value_type> floor(karg key) const
	{
		return at(QT_SEEK_TO, bytes(key));
	}
	std::optional<value_type> lower(karg key) const
	{
		return at(QT_SEEK_BEFORE, bytes(key));
	}

	iterator begin() const { return range().begin(); }
	iterator end() const { return iterator(); }
	// From the first key >= key, or > key, to the end.
	iterator lower_bound(karg key) const
	{
		return iterator(from(QT_SEEK_FROM, bytes(key)));
	}
	iterator upper_bound(karg key) const
	{
		return iterator(from(QT_SEEK_AFTER, bytes(key)));
	}
	span range() const
	{
		return span(from(QT_SEEK_FIRST), back(QT_SEEK_LAST));
	}
	// Keys >= start and < stop.
	span range(karg start, karg stop) const
	{
		step a = from(QT_SEEK_FROM, bytes(start));
		step b = back(QT_SEEK_BEFORE, bytes(stop));

		a.stop = bytes(stop);
		b.stop = bytes(start);
		return span(std::move(a), std::move(b));
	}

private:
	skiplist(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_skiplist **out,
	      struct qt_err *err) {
		return qt_skiplist_open(s, name.c_str(), kcode::dtype(),
		    vcode::dtype(), out, err);
	}) {}
	static std::string bytes(karg key)
	{
		return std::string(static_cast<const char *>(kcode::data(key)),
		    kcode::len(key));
	}
	step from(enum qt_seek how, std::string key = {}) const
	{
		return step { this->c_handle(), how, std::move(key),
		    std::nullopt, false };
	}
	step back(enum qt_seek how, std::string key = {}) const
	{
		return step { this->c_handle(), how, std::move(key),
		    std::nullopt, true };
	}
	std::optional<value_type> at(enum qt_seek how,
	    std::string key = {}) const
	{
		return from(how, std::move(key))();
	}
};

template <class K, class V>
std::optional<std::pair<K, V>>
skiplist<K, V>::step::operator()()
{
	std::string found(qt_skiplist_key_max(list), '\0');
	std::string value(vcode::is_fixed ? sizeof(V) : 256, '\0');
	size_t key_len = 0, len = 0;

	for (;;) {
		if (detail::check(qt_skiplist_seek(list, how, key.data(),
		    key.size(), found.data(), &key_len, value.data(),
		    value.size(), &len), "seek") != 1)
			return std::nullopt;
		if (len <= value.size())
			break;
		value.resize(len);	// once more, with room
	}
	if (stop) {
		int order = qt_skiplist_compare(list, found.data(), key_len,
		    stop->data(), stop->size());

		if (is_back ? order < 0 : order >= 0)
			return std::nullopt;
	}
	how = is_back ? QT_SEEK_BEFORE : QT_SEEK_AFTER;
	key.assign(found.data(), key_len);
	return std::make_pair(kcode::load(key.data(), key_len),
	    vcode::load(value.data(), len));
}

} // namespace qt::shm

#endif // QT_SHM_SKIPLIST_HPP
