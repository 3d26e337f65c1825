// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_ARRAY_HPP
#define QT_SHM_ARRAY_HPP

// C++: arrays of numbers and structures. Part of <qt/shm.hpp>; the rules are in
// <qt/shm/array.h>.

#include <initializer_list>

#include <qt/shm/dtype.hpp>
#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/array.h>
}

namespace qt::shm {

// at(), get(), put() and the atomic operations check each index and throw
// range_error; [], data() and the iterators do not. What the elements are used
// for by several at once is the caller's business, but that elements of up to 8
// bytes that get() and put() move are never seen half written.
template <class T>
class array : public detail::handle<struct qt_array, qt_array_close,
    qt_array_obj> {
	using base = detail::handle<struct qt_array, qt_array_close,
	    qt_array_obj>;
	using code = detail::codec<T>;

public:
	static_assert(code::is_fixed, "elements of an array have one size");
	using value_type = T;
	using iterator = T *;
	using const_iterator = const T *;

	// Up to four dimensions; of zeros.
	static array create(const segment &seg, const std::string &name,
	    std::initializer_list<uint64_t> shape)
	{
		struct qt_array_spec spec = { code::dtype(), {} };
		struct qt_err err = QT_ERR_INIT;

		if (shape.size() > 4)
			throw range_error(ERANGE, "an array's dimensions");
		std::copy(shape.begin(), shape.end(), spec.shape);
		detail::check(qt_array_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return array(seg, name);
	}
	static array create(const segment &seg, const std::string &name,
	    uint64_t count)
	{
		return create(seg, name, { count });
	}
	static array open(const segment &seg, const std::string &name)
	{
		return array(seg, name);
	}

	uint64_t size() const { return qt_array_count(this->c_handle()); }
	std::vector<uint64_t> shape() const
	{
		const uint64_t *s = qt_array_shape(this->c_handle());
		std::vector<uint64_t> v;

		for (int i = 0; i < 4 && s[i] != 0; i++)
			v.push_back(s[i]);
		return v;
	}
	// The number of the element at a place in all dimensions.
	uint64_t index(std::initializer_list<uint64_t> at) const
	{
		uint64_t where[4] = {}, i = 0;

		if (at.size() != shape().size())
			throw range_error(ERANGE, "an index's dimensions");
		std::copy(at.begin(), at.end(), where);
		detail::check(qt_array_index(this->c_handle(), where, &i),
		    "index");
		return i;
	}

	// One element, whole.
	T get(uint64_t i) const
	{
		T v;

		get(i, &v, 1);
		return v;
	}
	void put(uint64_t i, const T &v) { put(i, &v, 1); }
	// Several, all or none.
	void get(uint64_t from, T *out, uint64_t count) const
	{
		detail::check(qt_array_get(this->c_handle(), from, count, out),
		    "get");
	}
	void put(uint64_t to, const T *in, uint64_t count)
	{
		detail::check(qt_array_put(this->c_handle(), to, count, in),
		    "put");
	}
	void fill(const T &v) { fill(v, 0, size()); }
	void fill(const T &v, uint64_t from, uint64_t count)
	{
		detail::check(qt_array_fill(this->c_handle(), from, count, &v),
		    "fill");
	}

	// Of whole numbers: returns what was there before.
	T add(uint64_t i, T n)
	{
		static_assert(is_counter_v<T>, "only whole numbers add up");
		int64_t old;

		detail::check(qt_array_add(this->c_handle(), i,
		    static_cast<int64_t>(n), &old), "add");
		return static_cast<T>(old);
	}
	// Stores desired if expected is there; else expected is what is there.
	bool compare_exchange(uint64_t i, T &expected, T desired)
	{
		static_assert(is_counter_v<T>, "only whole numbers compare");
		int64_t e = static_cast<int64_t>(expected);
		int r = detail::check(qt_array_cas(this->c_handle(), i, &e,
		    static_cast<int64_t>(desired)), "compare_exchange");

		expected = static_cast<T>(e);
		return r == 1;
	}

	// The elements themselves, in C order, until the handle is closed. On a
	// read-only segment they must not be written to.
	T *data() { return static_cast<T *>(qt_array_data(this->c_handle())); }
	const T *data() const
	{
		return static_cast<const T *>(qt_array_data(this->c_handle()));
	}
	T &operator[](uint64_t i) { return data()[i]; }
	const T &operator[](uint64_t i) const { return data()[i]; }
	T &at(uint64_t i) { return data()[inside(i)]; }
	const T &at(uint64_t i) const { return data()[inside(i)]; }
	T *begin() { return data(); }
	T *end() { return data() + size(); }
	const T *begin() const { return data(); }
	const T *end() const { return data() + size(); }

private:
	array(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_array **out,
	      struct qt_err *err) {
		return qt_array_open(s, name.c_str(), code::dtype(), out, err);
	}) {}
	uint64_t inside(uint64_t i) const
	{
		if (i >= size())
			throw range_error(ERANGE, "element " +
			    std::to_string(i) + " of " +
			    std::to_string(size()));
		return i;
	}
};

} // namespace qt::shm

#endif // QT_SHM_ARRAY_HPP
