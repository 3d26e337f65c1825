// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_VALUE_HPP
#define QT_SHM_VALUE_HPP

// C++: a value that is replaced whole, and waited for. Part of <qt/shm.hpp>;
// the rules are in <qt/shm/value.h>.

#include <qt/shm/dtype.hpp>
#include <qt/shm/segment.hpp>
extern "C" {
#include <qt/shm/value.h>
}

namespace qt::shm {

// T is an element, or std::string for bytes up to a size.
template <class T>
class value : public detail::handle<struct qt_value, qt_value_close,
    qt_value_obj> {
	using base = detail::handle<struct qt_value, qt_value_close,
	    qt_value_obj>;
	using code = detail::codec<T>;
	using arg = detail::arg<T>;

public:
	// size is for std::string: the longest. writers: at the same instant.
	static value create(const segment &seg, const std::string &name,
	    uint64_t size = 0, uint32_t writers = 0)
	{
		struct qt_value_spec spec = { code::dtype(), size, writers };
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_value_create(seg.get(), name.c_str(), &spec,
		    &err), err, name);
		return value(seg, name);
	}
	static value open(const segment &seg, const std::string &name)
	{
		return value(seg, name);
	}

	// Nothing until the first put(). *seq is the number of the change.
	std::optional<T> get(uint64_t *seq = nullptr) const
	{
		ssize_t n = 0;
		T v = detail::read_all<T>(qt_value_size(this->c_handle()),
		    [&](void *out, size_t size) {
			return n = qt_value_get(this->c_handle(), out, size, seq);
		});

		if (n == -QT_EEMPTY)
			return std::nullopt;
		detail::check(n, "get");
		return v;
	}
	// Returns the number of the change.
	uint64_t put(arg v)
	{
		uint64_t seq = 0;

		detail::check(qt_value_put(this->c_handle(), code::data(v),
		    code::len(v), &seq), "put");
		return seq;
	}
	// Only if nobody changed it since seq, which becomes what it is now.
	bool put_if(arg v, uint64_t &seq)
	{
		return detail::check(qt_value_put_if(this->c_handle(),
		    code::data(v), code::len(v), &seq), "put_if") == 1;
	}
	// Waits until its number is another than seq, which becomes that one.
	bool wait(uint64_t &seq, patience p = forever)
	{
		return detail::done(qt_value_wait(this->c_handle(), &seq,
		    p.deadline()), "wait");
	}

private:
	value(const segment &seg, const std::string &name)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_value **out,
	      struct qt_err *err) {
		return qt_value_open(s, name.c_str(), code::dtype(), out, err);
	}) {}
};

} // namespace qt::shm

#endif // QT_SHM_VALUE_HPP
