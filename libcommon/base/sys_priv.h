/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_SYS_PRIV_H
#define QT_BASE_SYS_PRIV_H

#include <stdatomic.h>
#include <stddef.h>

#include <qt/base/sys.h>

/* 0 once it is known that no fault was ever set and nothing is recorded. */
extern _Atomic int qt__sys_is_armed;
#define QT__SYS_FAULTS		1
#define QT__SYS_RECORDED	2

void	qt__sys_arm(int what, int on);

int	qt__sys_fault_slow(enum qt_sys_call call);

/*
 * To be asked right before the call itself: 0 go on, -errno fail with it,
 * 1 move at most half.
 */
static inline int
qt__sys_fault(enum qt_sys_call call)
{
	if (__builtin_expect(atomic_load_explicit(&qt__sys_is_armed,
	    memory_order_relaxed) == 0, 1))
		return 0;
	return qt__sys_fault_slow(call);
}

/* sys_record.c; at -1: up to where the descriptor now is. */
void	qt__sys_note_open(int fd, int dirfd, const char *path, int flags);
void	qt__sys_note_write(int fd, const void *buf, size_t len, off_t at);
void	qt__sys_note_file(enum qt_sys_call call, int fd, unsigned int flags,
	    off_t at, off_t len);
void	qt__sys_note_name(enum qt_sys_call call, int fd, int dirfd,
	    const char *from, const char *to);

/* Is what was just done, with this result, to be written down? */
static inline int
qt__sys_is_noted(ssize_t rc)
{
	return __builtin_expect((atomic_load_explicit(&qt__sys_is_armed,
	    memory_order_relaxed) & QT__SYS_RECORDED) != 0, 0) && rc >= 0;
}

/* At most half of len, but never nothing: that would mean the end. */
static inline size_t
qt__sys_half(size_t len)
{
	return len > 1 ? len / 2 : len;
}

#endif /* QT_BASE_SYS_PRIV_H */
