// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_DTYPE_HPP
#define QT_SHM_DTYPE_HPP

// C++: which types may lie in shared memory, and what NumPy calls them. Part of
// <qt/shm.hpp>.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <qt/shm/error.hpp>
extern "C" {
#include <qt/shm/dtype.h>
}

namespace qt::shm {

// The dtype string of a type. Numbers and enumerations have one. A structure
// gets one by a specialisation, from which C, Python and the shell then know
// its fields (gaps are found by themselves):
//
//	struct trade { int64_t at; double price; char who[8]; };
//
//	template <> struct qt::shm::dtype_of<trade> {
//		static std::string text()
//		{
//			return qt::shm::record<trade>("at", &trade::at,
//			    "price", &trade::price, "who", &trade::who);
//		}
//	};
//
// or, when nobody else needs to look inside,
//
//	template <> struct qt::shm::dtype_of<trade> : qt::shm::opaque<trade> {};
//
// Pointers and references have none, and neither has a structure that was not
// given one: what it points at would be somewhere else in each process.
template <class T, class = void>
struct dtype_of {};

template <class T>
struct opaque {
	static std::string text() { return "|V" + std::to_string(sizeof(T)); }
};

template <class T>
struct dtype_of<T, std::enable_if_t<std::is_arithmetic_v<T> &&
    !std::is_same_v<T, long double>>> {
	static std::string text()
	{
		char kind = std::is_same_v<T, bool> ? 'b' :
		    std::is_floating_point_v<T> ? 'f' :
		    std::is_signed_v<T> ? 'i' : 'u';

		return std::string(1, sizeof(T) == 1 ? '|' : order()) + kind +
		    std::to_string(sizeof(T));
	}
	static char order()
	{
		return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
	}
};
template <class T>
struct dtype_of<T, std::enable_if_t<std::is_enum_v<T>>>
    : dtype_of<std::underlying_type_t<T>> {};

namespace detail {

template <class T, class = void>
struct has_dtype : std::false_type {};
template <class T>
struct has_dtype<T, std::void_t<decltype(dtype_of<T>::text())>>
    : std::true_type {};

} // namespace detail

// What an element may be.
template <class T>
inline constexpr bool is_element_v = std::is_trivially_copyable_v<T> &&
    std::is_object_v<T> && !std::is_pointer_v<T> &&
    !std::is_member_pointer_v<T> && !std::is_const_v<T> &&
    !std::is_volatile_v<T> && detail::has_dtype<T>::value;
// What qt_array_add() and its like count with.
template <class T>
inline constexpr bool is_counter_v =
    std::is_integral_v<T> && !std::is_same_v<T, bool>;

namespace detail {

// How a member is written in a structure: its type, and its shape if it is an
// array. An array of char is text, S.
template <class M>
struct member {
	static_assert(is_element_v<M>, "a field must be a number, an "
	    "enumeration, an array of them, or a structure with a dtype_of");
	static std::string text()
	{
		std::string t = dtype_of<M>::text();

		return t[0] == '[' ? t : "'" + t + "'";
	}
	static std::string shape() { return ""; }
};
template <size_t N>
struct member<char[N]> {
	static std::string text() { return "'|S" + std::to_string(N) + "'"; }
	static std::string shape() { return ""; }
};
template <class M, size_t N>
struct member<M[N]> {
	static std::string text() { return member<M>::text(); }
	static std::string shape() { return std::to_string(N) + "," +
	    member<M>::shape(); }
};
template <class M, size_t N>
struct member<std::array<M, N>> : member<M[N]> {};

struct field {
	size_t		offset, size;
	std::string	text;
};

template <class T, class M>
field
field_of(const char *name, M T::*at)
{
	alignas(T) unsigned char room[sizeof(T)] = {};
	const T *whole = reinterpret_cast<const T *>(room);
	std::string shape = member<M>::shape();

	return { static_cast<size_t>(reinterpret_cast<const unsigned char *>(
	    &(whole->*at)) - room), sizeof(M), "('" + std::string(name) +
	    "'," + member<M>::text() +
	    (shape.empty() ? ")" : ",(" + shape + "))") };
}

template <class T>
void
fields_of(std::vector<field> &) {}
template <class T, class M, class... Rest>
void
fields_of(std::vector<field> &out, const char *name, M T::*at, Rest... rest)
{
	out.push_back(field_of<T>(name, at));
	fields_of<T>(out, rest...);
}

} // namespace detail

// The dtype string of a structure from names and members, in any order. What no
// field names is written as a gap.
template <class T, class... Fields>
std::string
record(Fields... named)
{
	static_assert(std::is_trivially_copyable_v<T> &&
	    std::is_standard_layout_v<T>, "only plain structures");
	std::vector<detail::field> all;
	std::string text = "[";
	size_t end = 0;
	auto gap = [&](size_t to) {
		if (to > end)
			text += "('','|V" + std::to_string(to - end) + "'),";
	};

	detail::fields_of<T>(all, named...);
	std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
		return a.offset < b.offset;
	});
	for (const auto &f : all) {
		gap(f.offset);
		text += f.text + ",";
		end = f.offset + f.size;
	}
	gap(sizeof(T));
	text.back() = ']';
	return text;
}

namespace detail {

// How a type is put into bytes: elements as they are, std::string as its bytes,
// of any length.
template <class T>
struct codec {
	static_assert(std::is_default_constructible_v<T> ||
	    !is_element_v<T>, "T must have a default constructor");
	static_assert(is_element_v<T>, "T must be trivially copyable, no "
	    "pointer, and have a dtype: see qt::shm::dtype_of. Or std::string");
	static constexpr bool is_fixed = true;
	static const char *dtype()
	{
		static const std::string text = checked(dtype_of<T>::text());

		return text.c_str();
	}
	static std::string checked(std::string text)
	{
		struct qt_dtype d;
		struct qt_err err = QT_ERR_INIT;

		check(qt_dtype_parse(&d, text.c_str(), &err), err, text);
		if (d.size != sizeof(T))
			throw error(EINVAL, "dtype_of says " + text + ", of " +
			    std::to_string(d.size) + " bytes, for a type of " +
			    std::to_string(sizeof(T)));
		return text;
	}
	static const void *data(const T &v) { return &v; }
	static size_t len(const T &) { return sizeof(T); }
	static T load(const void *from, size_t)
	{
		T v;

		std::memcpy(&v, from, sizeof(v));
		return v;
	}
};
template <>
struct codec<std::string> {
	static constexpr bool is_fixed = false;
	static const char *dtype() { return nullptr; }
	static const void *data(std::string_view v) { return v.data(); }
	static size_t len(std::string_view v) { return v.size(); }
	static std::string load(const void *from, size_t len)
	{
		return std::string(static_cast<const char *>(from), len);
	}
};

// How it is passed.
template <class T>
using arg = std::conditional_t<codec<T>::is_fixed, const T &, std::string_view>;

// Reads what get(out, size) copies: get answers the whole length, or a negative
// code, for want of room too. Zeros when the answer means "no".
template <class T, class Get>
T
read_all(size_t max, Get get)
{
	if constexpr (codec<T>::is_fixed) {
		unsigned char raw[sizeof(T)] = {};

		get(raw, sizeof(raw));
		return codec<T>::load(raw, sizeof(raw));
	} else {
		std::string buf(std::min<size_t>(max, 4096), '\0');
		ssize_t n;

		while ((n = get(buf.data(), buf.size())) >
		    static_cast<ssize_t>(buf.size()) ||
		    ((n == -ERANGE || n == -EMSGSIZE) && buf.size() < max))
			buf.resize(n > 0 ? static_cast<size_t>(n) : max);
		buf.resize(n > 0 ? static_cast<size_t>(n) : 0);
		return buf;
	}
}

} // namespace detail
} // namespace qt::shm

#endif // QT_SHM_DTYPE_HPP
