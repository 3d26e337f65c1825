/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program on a pty, near (as by vfork) and far (by fork). */

#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/session/pty_priv.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define DEADLINE_MS 20000
#define LIBCS_OWN UINT64_C(0x180000000)	/* 32 and 33, which nobody may set */

static char	*env[] = { TEXT("PATH=/usr/bin:/bin"), NULL };

static void
wait_readable(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

/* Starts it; what its pipe brings: a failure, or step 0. */
static struct qt__spawn_failure
start(const char *path, char *const *argv, const char *cwd,
    struct qt__spawned *out)
{
	struct qt__spawn	 spec = { .path = path, .argv = argv,
	    .env = env, .cwd = cwd, .cols = 80, .rows = 24 };
	struct qt__spawn_failure f = { 0, 0 };
	struct qt_err		 err = QT_ERR_INIT;

	assert_int_equal(qt__pty_spawn(&spec, out, &err), 0);
	wait_readable(out->status_fd);
	(void)qt_sys_read(out->status_fd, &f, sizeof(f));
	return f;
}

/* All that it wrote; its exit status. */
static int
finish(struct qt__spawned *s, char *out, size_t size)
{
	size_t	len = 0;
	ssize_t	n;
	int	status;

	for (;;) {
		wait_readable(s->fd);
		n = read(s->fd, out + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	close(s->fd);
	close(s->status_fd);
	return status;
}

static void
on_signal(int sig)
{
	(void)sig;
}

/* Its own session, its own terminal, and no signal as the host has it. */
static void
check_clean(const char *path)
{
	static const char	script[] = "read -r a b c d e sid f </proc/$$/stat; "
	    "echo pid $$ sid $sid; true </dev/tty && tty; "
	    "grep -E 'Sig(Blk|Ign)' /proc/self/status; "
	    "ls -l /proc/self/fd | grep -c ptmx";
	char			*argv[] = { TEXT("sh"), TEXT("-c"),
	    TEXT(script), NULL };
	struct sigaction	 sa = { .sa_handler = on_signal }, now;
	struct qt__spawned	 s;
	char			 text[4096], want[64], *ignored;

	assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
	assert_ptr_not_equal(signal(SIGHUP, SIG_IGN), SIG_ERR);
	assert_int_equal(start(path, argv, "/", &s).step, 0);
	assert_int_equal(WEXITSTATUS(finish(&s, text, sizeof(text))), 1);
	snprintf(want, sizeof(want), "pid %d sid %d\r", (int)s.pid,
	    (int)s.pid);
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(text, "/dev/pts/"));
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
	ignored = strstr(text, "SigIgn:\t");
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & ~LIBCS_OWN, 0);
	assert_non_null(strstr(text, "\n0\r"));	/* our end is ours */
	/* And ours are as they were. */
	assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, on_signal);
	assert_ptr_equal(signal(SIGHUP, SIG_DFL), SIG_IGN);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), on_signal);
}

QT_TEST(a_program_gets_a_session_and_a_terminal_and_no_signal_of_ours)
{
	struct stat	st;

	(void)state;
	assert_int_equal(stat("/bin/sh", &st), 0);	/* now it is near */
	check_clean("/bin/sh");
	check_clean("sh");
	check_clean("bin/sh");		/* by its folder: never near */
}

/* A folder with a script of no "#!", and one that may not run. */
static void
make_folder(char *dir)
{
	char	path[128];
	int	fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/bare", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, "echo \"ran $1\"\n", 14), 14);
	close(fd);
	snprintf(path, sizeof(path), "%s/plain", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
}

static void
remove_folder(const char *dir)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/bare", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/plain", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

QT_TEST(what_cannot_be_started_says_at_which_step_and_why)
{
	char				 dir[] = "/tmp/qt-pty-XXXXXX";
	char				 path[64], text[64];
	char				*argv[] = { TEXT("x"), NULL };
	const char			*plain[] = { path, "./plain" };
	struct qt__spawn_failure	 f;
	struct qt__spawned		 s;

	(void)state;
	make_folder(dir);
	snprintf(path, sizeof(path), "%s/plain", dir);
	for (int i = 0; i < 2; i++) {
		f = start(plain[i], argv, dir, &s);
		assert_int_equal(f.step, QT__SPAWN_EXEC);
		assert_int_equal(f.error, EACCES);
		assert_int_equal(WEXITSTATUS(finish(&s, text, sizeof(text))),
		    127);
	}
	f = start("no-such-command", argv, dir, &s);
	assert_int_equal(f.step, QT__SPAWN_EXEC);
	assert_int_equal(f.error, ENOENT);
	(void)finish(&s, text, sizeof(text));
	/* Near, and not a folder; nowhere. */
	f = start("/bin/sh", argv, path, &s);
	assert_int_equal(f.step, QT__SPAWN_CHDIR);
	assert_int_equal(f.error, ENOTDIR);
	(void)finish(&s, text, sizeof(text));
	f = start("/bin/sh", argv, "/no/such/folder", &s);
	assert_int_equal(f.step, QT__SPAWN_CHDIR);
	assert_int_equal(f.error, ENOENT);
	(void)finish(&s, text, sizeof(text));
	remove_folder(dir);
}

QT_TEST(a_script_without_an_interpreter_is_the_shells)
{
	char			 dir[] = "/tmp/qt-pty-XXXXXX";
	char			 path[64], text[64];
	char			*argv[] = { TEXT("bare"), TEXT("it"), NULL };
	const char		*bare[] = { path, "./bare" };
	struct qt__spawned	 s;

	(void)state;
	make_folder(dir);
	snprintf(path, sizeof(path), "%s/bare", dir);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(start(bare[i], argv, dir, &s).step, 0);
		assert_int_equal(finish(&s, text, sizeof(text)), 0);
		assert_string_equal(text, "ran it\r\n");
	}
	remove_folder(dir);
}

QT_TEST(a_limit_of_processes_is_named_with_the_way_out)
{
	char			*argv[] = { TEXT("true"), NULL };
	struct qt__spawn	 spec = { .path = "/bin/true", .argv = argv,
	    .env = env, .cwd = "/", .cols = 80, .rows = 24 };
	struct qt__spawned	 s;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	qt_sys_fault(QT_SYS_FORK, 1, EAGAIN);
	assert_int_equal(qt__pty_spawn(&spec, &s, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "limit of processes"));
	qt_sys_fault(QT_SYS_FORK, 0, 0);
}
