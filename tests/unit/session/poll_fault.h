/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_POLL_FAULT_H
#define QT_SESSION_POLL_FAULT_H

/*
 * libuv's uv_poll_init() for this test program and the hosts that it starts:
 * the n-th call of a process fails, n from the environment.
 */

#include <dlfcn.h>
#include <stdlib.h>
#include <uv.h>

#define POLL_FAULT "QT_TEST_POLL_FAULT"

int
uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
	static int	  count;
	int		(*real)(uv_loop_t *, uv_poll_t *, int);
	const char	 *nth = getenv(POLL_FAULT);

	count++;
	if (nth != NULL && strtol(nth, NULL, 10) == count)
		return UV_ENOMEM;
	*(void **)&real = dlsym(RTLD_NEXT, "uv_poll_init");
	return real(loop, poll, fd);
}

#endif /* QT_SESSION_POLL_FAULT_H */
