/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker gives up once it has begun: new privileges, most system calls
 * (seccomp), most of the file system (Landlock). It keeps what it needs to
 * serve: the page, the users file, certificates, sockets of the runtime
 * folder. Best effort: a kernel without one of these is said in the log.
 *
 * Shells are started by the session host, which is no child of a worker, so
 * nothing of this reaches them.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <qt/base/log.h>

#include "worker.h"

/* Everything that a worker calls; tests/cmd/qtd.bats runs all of it. */
static const char *const allowed[] = {
	"accept4", "bind", "brk", "clock_gettime", "clock_nanosleep", "clone",
	"clone3", "close", "connect", "dup", "dup3", "epoll_create1",
	"epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "exit",
	"exit_group", "fadvise64", "fallocate", "fcntl", "fdatasync", "flock",
	"fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcwd",
	"getdents64", "getegid", "geteuid", "getgid", "getpeername", "getpid",
	"getppid", "getrandom", "getrusage", "getsockname", "getsockopt",
	"gettid", "gettimeofday", "getuid", "ioctl", "listen", "lseek",
	"lstat", "madvise", "membarrier", "memfd_create", "mmap", "mprotect",
	"mremap", "munmap", "nanosleep", "newfstatat", "open", "openat",
	"openat2", "pipe2", "poll", "ppoll", "prctl", "pread64", "preadv",
	"prlimit64", "pwrite64", "pwritev", "read", "readlink", "readlinkat",
	"readv", "recvfrom", "recvmmsg", "recvmsg", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"sched_getaffinity", "sched_yield", "select", "pselect6", "sendfile",
	"sendmmsg", "sendmsg", "sendto", "set_robust_list", "setsockopt",
	"shutdown", "sigaltstack", "socket", "socketpair", "splice", "stat",
	"statx", "sysinfo", "tee", "tgkill", "time", "timerfd_create",
	"timerfd_settime", "uname", "unlink", "write", "writev", NULL,
};

static int
filter_calls(void)
{
	scmp_filter_ctx	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int		call, rc = 0;

	if (ctx == NULL)
		return -ENOMEM;
	for (size_t i = 0; allowed[i] != NULL && rc == 0; i++) {
		call = seccomp_syscall_resolve_name(allowed[i]);
		if (call >= 0)	/* else: not on this machine */
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
	}
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

/*
 * Before the event loop is made. libuv 1.45 and later want io_uring for their
 * epoll, and abort when a filter takes it away afterwards; refused from the
 * start they do without. It stays refused because what goes through it passes
 * every filter of system calls by.
 */
static int
refuse_io_uring(void)
{
	scmp_filter_ctx	ctx = seccomp_init(SCMP_ACT_ALLOW);
	int		call = seccomp_syscall_resolve_name("io_uring_setup");
	int		rc = 0;

	if (ctx == NULL)
		return -ENOMEM;
	if (call >= 0)	/* else: libseccomp is older than it */
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), call, 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

/* Folders that stay readable. NULL paths are passed over. */
static void
keep_readable(int ruleset, const char *path, int is_parent)
{
	struct landlock_path_beneath_attr	a = { .allowed_access =
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR };
	char	folder[QT_PATH_SIZE], *slash;

	if (path == NULL || path[0] != '/')
		return;
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (is_parent && slash != NULL)
		slash[slash == folder] = '\0';
	a.parent_fd = open(folder, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;
	(void)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	close(a.parent_fd);
}

static int
filter_files(const struct worker *w)
{
	const struct options	*o = w->opt;
	struct landlock_ruleset_attr a = { .handled_access_fs =
	    (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	char			 root[QT_PATH_SIZE], runtime[QT_PATH_SIZE];
	int			 fd, rc;

	fd = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	if (fd < 0)
		return -errno;
	if (qt_path_data("web", root) == 0)
		keep_readable(fd, root, 0);
	if (qt_path_runtime(runtime, NULL) == 0)
		keep_readable(fd, runtime, 0);
	keep_readable(fd, o->index, 1);
	keep_readable(fd, o->users, 1);
	keep_readable(fd, o->cert, 1);
	keep_readable(fd, o->key, 1);
	keep_readable(fd, o->client_ca, 1);
	keep_readable(fd, "/dev/shm", 0);
	keep_readable(fd, "/etc/ssl", 0);
	rc = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

void
sandbox_prepare(void)
{
	int	rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		qt_log(QT_LOG_WARN, "qtd", "no_new_privs: %s; workers are not "
		    "confined", strerror(errno));
		return;
	}
	rc = refuse_io_uring();
	if (rc < 0)
		qt_log(QT_LOG_WARN, "qtd", "no seccomp here: %s",
		    strerror(-rc));
}

void
sandbox_enter(const struct worker *w)
{
	int	rc;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return;	/* sandbox_prepare() said so */
	rc = filter_files(w);
	if (rc < 0)
		qt_log(QT_LOG_INFO, "qtd", "no Landlock here: %s",
		    strerror(-rc));
	rc = filter_calls();
	if (rc < 0)
		qt_log(QT_LOG_WARN, "qtd", "no seccomp here: %s",
		    strerror(-rc));
}
