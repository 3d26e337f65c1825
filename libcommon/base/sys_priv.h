/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_SYS_PRIV_H
#define QT_BASE_SYS_PRIV_H

#include <stdatomic.h>
#include <stddef.h>

#include <qt/base/sys.h>

/* 0 once it is known that no fault was ever set. */
extern _Atomic int qt__sys_is_armed;

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

/* At most half of len, but never nothing: that would mean the end. */
static inline size_t
qt__sys_half(size_t len)
{
	return len > 1 ? len / 2 : len;
}

#endif /* QT_BASE_SYS_PRIV_H */
