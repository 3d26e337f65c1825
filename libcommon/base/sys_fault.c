/* SPDX-License-Identifier: Apache-2.0 */
/* Which system call fails, and when. See <qt/base/sys.h>. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys_priv.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct fault {
	_Atomic unsigned int	calls;	/* since the fault was set */
	_Atomic unsigned int	nth;	/* 0: none */
	_Atomic int		error;	/* 0: short */
};

static struct fault	faults[QT_SYS_COUNT_];
static pthread_once_t	env_once = PTHREAD_ONCE_INIT;
/* At first: nobody has looked yet. */
_Atomic int		qt__sys_is_armed = QT__SYS_FAULTS;

void
qt__sys_arm(int what, int on)
{
	if (on)
		atomic_fetch_or_explicit(&qt__sys_is_armed, what,
		    memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&qt__sys_is_armed, ~what,
		    memory_order_relaxed);
}

static const char *const call_names[QT_SYS_COUNT_] = {
	[QT_SYS_OPEN] = "open", [QT_SYS_READ] = "read",
	[QT_SYS_WRITE] = "write", [QT_SYS_PREAD] = "pread",
	[QT_SYS_PWRITE] = "pwrite", [QT_SYS_FSYNC] = "fsync",
	[QT_SYS_FTRUNCATE] = "ftruncate", [QT_SYS_FALLOCATE] = "fallocate",
	[QT_SYS_MMAP] = "mmap", [QT_SYS_LINK] = "link",
	[QT_SYS_RENAME] = "rename", [QT_SYS_UNLINK] = "unlink",
	[QT_SYS_MKDIR] = "mkdir", [QT_SYS_FORK] = "fork",
	[QT_SYS_SEND] = "send", [QT_SYS_RECV] = "recv",
	[QT_SYS_ACCEPT] = "accept", [QT_SYS_MEMFD] = "memfd",
	[QT_SYS_EVENTFD] = "eventfd", [QT_SYS_PTY] = "pty",
	[QT_SYS_LOCK] = "lock",
};

static const struct {
	const char	*name;
	int		 error;
} error_names[] = {
#define E(name) { #name, name }
	E(EACCES), E(EAGAIN), E(EBADF), E(EBUSY), E(ECONNABORTED),
	E(ECONNRESET), E(EDQUOT), E(EEXIST), E(EFBIG), E(EINTR), E(EINVAL),
	E(EIO), E(EISDIR), E(ELOOP), E(EMFILE), E(EMSGSIZE), E(ENFILE),
	E(ENODEV), E(ENOENT), E(ENOLCK), E(ENOMEM), E(ENOSPC), E(ENOSYS),
	E(ENOTDIR), E(ENXIO), E(EOPNOTSUPP), E(EPERM), E(EPIPE), E(EROFS),
	E(ETXTBSY), E(EXDEV),
	{ "short", 0 }, { "kill", QT_SYS_KILL }, { "stop", QT_SYS_STOP },
#undef E
};

static int
can_be_short(enum qt_sys_call call)
{
	switch (call) {
	case QT_SYS_READ: case QT_SYS_WRITE: case QT_SYS_PREAD:
	case QT_SYS_PWRITE: case QT_SYS_SEND: case QT_SYS_RECV:
		return 1;
	default:
		return 0;
	}
}

static void
fault_set(enum qt_sys_call call, unsigned int nth, int error)
{
	struct fault	*f = &faults[call];

	atomic_store_explicit(&f->nth, nth, memory_order_relaxed);
	atomic_store_explicit(&f->error, error, memory_order_relaxed);
	atomic_store_explicit(&f->calls, 0, memory_order_relaxed);
}

/* One "call:nth:error" of len bytes. 0 or -EINVAL. */
static int
parse_one(const char *text, size_t len)
{
	char	one[64], name[16], digits[10], error[16];
	size_t	i, call;
	int	used = -1, nth;

	if (len >= sizeof(one))
		return -EINVAL;
	memcpy(one, text, len);
	one[len] = '\0';
	if (sscanf(one, "%15[a-z]:%9[0-9]:%15[A-Za-z0-9]%n", name, digits,
	    error, &used) != 3 || used < 0 || one[used] != '\0')
		return -EINVAL;
	nth = atoi(digits);
	for (call = 0; call < QT_SYS_COUNT_; call++) {
		if (strcmp(call_names[call], name) == 0)
			break;
	}
	for (i = 0; i < ARRAY_LEN(error_names); i++) {
		if (strcmp(error_names[i].name, error) == 0)
			break;
	}
	if (nth == 0 || call == QT_SYS_COUNT_ || i == ARRAY_LEN(error_names) ||
	    (error_names[i].error == 0 && !can_be_short(call)))
		return -EINVAL;
	fault_set(call, (unsigned int)nth, error_names[i].error);
	return 0;
}

/*
 * A test that misspells its fault must not pass because nothing failed, so
 * this one place of the library speaks and ends the program.
 */
static void
read_env(void)
{
	const char	*p = getenv("QT_FAULT");
	size_t		 len;

	if (p == NULL || *p == '\0') {
		qt__sys_arm(QT__SYS_FAULTS, 0);
		return;
	}
	for (;;) {
		len = strcspn(p, ",");
		if (parse_one(p, len) < 0) {
			fprintf(stderr, "QT_FAULT: '%.*s' is not CALL:NTH:ERROR"
			    " like fallocate:3:ENOSPC or write:1:short\n",
			    (int)len, p);
			_exit(2);
		}
		if (p[len] == '\0')
			return;
		p += len + 1;
	}
}

int
qt__sys_fault_slow(enum qt_sys_call call)
{
	struct fault	*f = &faults[call];
	unsigned int	 number, nth;
	int		 error;

	pthread_once(&env_once, read_env);
	number = 1 + atomic_fetch_add_explicit(&f->calls, 1,
	    memory_order_relaxed);
	nth = atomic_load_explicit(&f->nth, memory_order_relaxed);
	error = atomic_load_explicit(&f->error, memory_order_relaxed);
	if (nth == 0 || number < nth ||
	    (number > nth && (error & QT_SYS_STAYS) == 0))
		return 0;
	error &= ~QT_SYS_STAYS;
	if (error == QT_SYS_KILL || error == QT_SYS_STOP) {
		kill(getpid(), error == QT_SYS_KILL ? SIGKILL : SIGSTOP);
		return 0;
	}
	return error != 0 ? -error : can_be_short(call);
}

void
qt_sys_fault(enum qt_sys_call call, unsigned int nth, int error)
{
	pthread_once(&env_once, read_env);
	fault_set(call, nth, error < 0 ? -error : error);
	qt__sys_arm(QT__SYS_FAULTS, 1);
}

unsigned int
qt_sys_calls(enum qt_sys_call call)
{
	return atomic_load_explicit(&faults[call].calls, memory_order_relaxed);
}
