// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_ERROR_HPP
#define QT_SHM_ERROR_HPP

// C++: what goes wrong, and for how long to wait. Part of <qt/shm.hpp>.

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

// The headers of libqt are C; what they include must not be inside.
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
extern "C" {
#include <qt/base/err.h>
#include <qt/shm/segment.h>
#include <qt/shm/wait.h>
}

namespace qt::shm {

// What could not be done and why: "open 'x': it no longer exists". code() is
// positive: an errno, or QT_EGONE and its like of <qt/base/err.h>.
class error : public std::runtime_error {
public:
	error(int code, const std::string &what)
	    : std::runtime_error(what + ": " + qt_strerror(code)),
	      code_(code < 0 ? -code : code) {}
	int code() const noexcept { return code_; }

private:
	int code_;
};

// An index, a length or a number that the object has no place for.
class range_error : public error {
public:
	using error::error;
};

// For how long a call may wait. now: the answer is given at once. Otherwise
// until it happens (forever), or for a std::chrono duration from here.
class patience {
public:
	template <class Rep, class Period>
	patience(std::chrono::duration<Rep, Period> d)
	    : deadline_(d.count() <= 0 ? QT_WAIT_NEVER :
	      qt_wait_deadline(std::chrono::ceil<std::chrono::milliseconds>(
	      d).count())) {}
	static constexpr patience none() { return patience(QT_WAIT_NEVER); }
	static constexpr patience endless()
	{
		return patience(QT_WAIT_FOREVER);
	}
	uint64_t deadline() const noexcept { return deadline_; }

private:
	explicit constexpr patience(uint64_t d) : deadline_(d) {}
	uint64_t deadline_;
};
inline constexpr patience now = patience::none();
inline constexpr patience forever = patience::endless();

namespace detail {

[[noreturn]] inline void
raise(int64_t code, const std::string &what)
{
	int c = static_cast<int>(code < 0 ? -code : code);

	if (c == ERANGE || c == EMSGSIZE)
		throw range_error(c, what);
	throw error(c, what);
}

// What a call answered; negative is thrown.
template <class N>
inline N
check(N answer, const char *what)
{
	if (answer < 0)
		raise(answer, what);
	return answer;
}

// The same for calls that fill in a struct qt_err.
inline int
check(int answer, const struct qt_err &err, const std::string &what)
{
	if (answer < 0)
		raise(answer, err.text[0] != '\0' ? err.text : what);
	return answer;
}

// Whether it was done; false for the answers that mean "not now".
template <class N>
inline bool
done(N answer, const char *what)
{
	if (answer >= 0)
		return true;
	switch (-answer) {
	case QT_EFULL:
	case QT_EEMPTY:
	case EBUSY:
	case EAGAIN:
	case ETIMEDOUT:
		return false;
	}
	raise(answer, what);
}

} // namespace detail
} // namespace qt::shm

#endif // QT_SHM_ERROR_HPP
