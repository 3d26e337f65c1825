/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/path.h>: whose folder it is, and what is said when it is not. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/path.h>

#include "../child.h"
#include "../test.h"

#define WAY_OUT "set QT_RUNTIME_DIR to a folder of your own"

static char	top[64];

/* A folder of the test's own, and an environment without any of ours. */
static void
enter(void)
{
	static const char *const	vars[] = { "QT_RUNTIME_DIR",
	    "XDG_RUNTIME_DIR", "QT_CONFIG", "XDG_CONFIG_HOME",
	    "QT_STATE_DIR", "XDG_STATE_HOME" };

	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		unsetenv(vars[i]);
	snprintf(top, sizeof(top), "/tmp/qt-path-test.XXXXXX");
	assert_non_null(mkdtemp(top));
}

static void
leave(void)
{
	unsetenv("QT_RUNTIME_DIR");
	assert_int_equal(rmdir(top), 0);
}

/* "<top>/<name>", in one of a few buffers. */
static const char *
in_top(const char *name)
{
	static char	paths[4][128];
	static int	next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", top, name);
	return paths[next];
}

static void
expect_refused(const char *dir, int code, const char *text)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];

	setenv("QT_RUNTIME_DIR", dir, 1);
	assert_int_equal(qt_path_runtime(path, &err), code);
	assert_string_equal(err.text, text);
	assert_int_equal(qt_path_runtime(path, NULL), code);
}

static void
expect_runtime(const char *want)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];
	int		rc = qt_path_runtime(path, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	assert_string_equal(path, want);
}

QT_TEST(the_runtime_folder_is_made_private_and_found_again)
{
	struct stat	st;
	mode_t		old = umask(0);

	(void)state;
	enter();
	setenv("QT_RUNTIME_DIR", in_top("run"), 1);
	expect_runtime(in_top("run"));
	assert_int_equal(lstat(in_top("run"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	expect_runtime(in_top("run"));
	/* Others may look into it when its owner wants so. */
	assert_int_equal(chmod(in_top("run"), 0755), 0);
	expect_runtime(in_top("run"));
	rmdir(in_top("run"));
	umask(old);
	leave();
}

QT_TEST(slashes_and_dots_at_the_end_mean_nothing)
{
	(void)state;
	enter();
	setenv("QT_RUNTIME_DIR", in_top("run//./"), 1);
	expect_runtime(in_top("run"));
	rmdir(in_top("run"));
	leave();
}

QT_TEST(a_folder_of_somebody_else_is_refused)
{
	char	text[256];

	(void)state;
	enter();
	if (geteuid() == 0) {
		mkdir(in_top("run"), 0700);
		assert_int_equal(chown(in_top("run"), 5, 5), 0);
		snprintf(text, sizeof(text), "runtime folder '%s' is owned by "
		    "uid 5, not by us: " WAY_OUT, in_top("run"));
		expect_refused(in_top("run"), -QT_EOWNER, text);
		rmdir(in_top("run"));
	} else {
		expect_refused("/usr", -QT_EOWNER, "runtime folder '/usr' is "
		    "owned by uid 0, not by us: " WAY_OUT);
	}
	leave();
}

QT_TEST(a_link_is_refused_wherever_it_leads)
{
	char	text[256];

	(void)state;
	enter();
	mkdir(in_top("real"), 0700);
	assert_int_equal(symlink(in_top("real"), in_top("run")), 0);
	snprintf(text, sizeof(text), "runtime folder '%s' is a link, not a "
	    "folder: remove it or " WAY_OUT, in_top("run"));
	expect_refused(in_top("run"), -QT_EOWNER, text);
	expect_refused(in_top("run/"), -QT_EOWNER, text);
	expect_refused(in_top("run/."), -QT_EOWNER, text);
	rmdir(in_top("real"));
	expect_refused(in_top("run"), -QT_EOWNER, text);
	unlink(in_top("run"));
	leave();
}

QT_TEST(a_file_in_its_place_is_refused)
{
	char	text[256];
	int	fd;

	(void)state;
	enter();
	fd = open(in_top("run"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	snprintf(text, sizeof(text), "runtime folder '%s' is not a folder: "
	    "remove it or " WAY_OUT, in_top("run"));
	expect_refused(in_top("run"), -QT_EOWNER, text);
	unlink(in_top("run"));
	leave();
}

QT_TEST(a_folder_that_others_may_write_is_refused)
{
	static const mode_t	modes[] = { 0777, 0720, 0702, 01777 };
	char			text[256];

	(void)state;
	enter();
	mkdir(in_top("run"), 0700);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(in_top("run"), modes[i]), 0);
		snprintf(text, sizeof(text), "runtime folder '%s' may be "
		    "written by others (mode %04o): 'chmod go-w' it or "
		    WAY_OUT, in_top("run"), (unsigned int)modes[i]);
		expect_refused(in_top("run"), -QT_EOWNER, text);
	}
	rmdir(in_top("run"));
	leave();
}

QT_TEST(parents_are_not_made)
{
	char	text[256];

	(void)state;
	enter();
	snprintf(text, sizeof(text), "make runtime folder '%s' (or " WAY_OUT
	    ")", in_top("no/run"));
	expect_refused(in_top("no/run"), -ENOENT, text);
	assert_int_equal(access(in_top("no"), F_OK), -1);
	leave();
}

QT_TEST(a_relative_or_endless_folder_is_refused)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE], longer[QT_PATH_SIZE + 2];

	(void)state;
	enter();
	expect_refused("run", -EINVAL, "QT_RUNTIME_DIR='run' does not begin "
	    "with '/': " WAY_OUT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	setenv("QT_RUNTIME_DIR", longer, 1);
	assert_int_equal(qt_path_runtime(path, &err), -ENAMETOOLONG);
	assert_memory_equal(err.text, "path '/aaa", 10);
	setenv("QT_RUNTIME_DIR", "/tmp", 1);
	assert_int_equal(qt_path_in_runtime(longer, path, &err),
	    -ENAMETOOLONG);
	leave();
}

static void
expect_in_runtime(const char *want)
{
	char	path[QT_PATH_SIZE];

	assert_int_equal(qt_path_in_runtime("sock", path, NULL), 0);
	assert_string_equal(path, want);
}

QT_TEST(the_folder_comes_from_the_first_variable_that_is_good)
{
	char	fallback[64];

	(void)state;
	enter();
	snprintf(fallback, sizeof(fallback), "/tmp/qt-%u/sock",
	    (unsigned int)geteuid());
	expect_in_runtime(fallback);
	setenv("XDG_RUNTIME_DIR", top, 1);
	expect_in_runtime(in_top("qt/sock"));
	setenv("QT_RUNTIME_DIR", "/some/where/", 1);
	expect_in_runtime("/some/where/sock");
	setenv("QT_RUNTIME_DIR", "", 1);
	expect_in_runtime(in_top("qt/sock"));

	setenv("XDG_RUNTIME_DIR", in_top("gone"), 1);
	expect_in_runtime(fallback);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	expect_in_runtime(fallback);
	setenv("XDG_RUNTIME_DIR", "/etc/passwd", 1);
	expect_in_runtime(fallback);
	/* Not ours: after su or sudo that kept the environment. */
	if (geteuid() == 0) {
		mkdir(in_top("other"), 0700);
		assert_int_equal(chown(in_top("other"), 5, 5), 0);
		setenv("XDG_RUNTIME_DIR", in_top("other"), 1);
	} else {
		setenv("XDG_RUNTIME_DIR", "/usr", 1);
	}
	expect_in_runtime(fallback);
	rmdir(in_top("other"));
	/* Nothing was made on the way. */
	leave();
}

/* As a plain user, whom modes do stop. */
static int
use_unwritable(void *arg)
{
	char	path[QT_PATH_SIZE], want[64];

	if (geteuid() == 0 && (chown(arg, 5, 5) < 0 || setuid(5) < 0))
		return 1;
	if (chmod(arg, 0500) < 0)
		return 2;
	setenv("XDG_RUNTIME_DIR", arg, 1);
	snprintf(want, sizeof(want), "/tmp/qt-%u/s", (unsigned int)geteuid());
	if (qt_path_in_runtime("s", path, NULL) < 0)
		return 3;
	return strcmp(path, want) == 0 ? 0 : 4;
}

QT_TEST(an_unwritable_xdg_folder_is_passed_over)
{
	struct child	c;
	char		dir[128];

	(void)state;
	enter();
	strcpy(dir, in_top("xdg"));
	mkdir(dir, 0700);
	assert_int_equal(chmod(top, 0755), 0);
	child_run(&c, use_unwritable, dir);
	assert_int_equal(c.status, 0);
	rmdir(dir);
	leave();
}

QT_TEST(config_and_state_are_where_users_look_for_them)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];

	(void)state;
	enter();
	setenv("HOME", "/home/me", 1);
	assert_int_equal(qt_path_config(path, &err), 0);
	assert_string_equal(path, "/home/me/.config/qt/qt.conf");
	assert_int_equal(qt_path_state(path, &err), 0);
	assert_string_equal(path, "/home/me/.local/state/qt");
	setenv("XDG_CONFIG_HOME", "not/absolute", 1);
	assert_int_equal(qt_path_config(path, &err), 0);
	assert_string_equal(path, "/home/me/.config/qt/qt.conf");
	setenv("XDG_CONFIG_HOME", "/c", 1);
	setenv("XDG_STATE_HOME", "/s", 1);
	assert_int_equal(qt_path_config(path, &err), 0);
	assert_string_equal(path, "/c/qt/qt.conf");
	assert_int_equal(qt_path_state(path, &err), 0);
	assert_string_equal(path, "/s/qt");
	setenv("QT_CONFIG", "my.conf", 1);
	setenv("QT_STATE_DIR", "/st", 1);
	assert_int_equal(qt_path_config(path, &err), 0);
	assert_string_equal(path, "my.conf");
	assert_int_equal(qt_path_state(path, &err), 0);
	assert_string_equal(path, "/st");
	leave();
}

static int
look_without_home(void *arg)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];

	(void)arg;
	unsetenv("HOME");
	if (geteuid() == 0 && setuid(4000123) < 0)
		return 1;
	if (qt_path_config(path, &err) == 0)	/* the user database knew */
		return geteuid() == 4000123 ? 2 : path[0] != '/';
	return strcmp(err.text, "no home folder: set HOME or QT_CONFIG") != 0;
}

QT_TEST(without_a_home_the_message_says_what_to_set)
{
	struct child	c;

	(void)state;
	enter();
	child_run(&c, look_without_home, NULL);
	assert_int_equal(c.status, 0);
	leave();
}

QT_TEST(segment_names_follow_the_folder_not_its_spelling)
{
	struct qt_err	err = QT_ERR_INIT;
	char		a[128], b[128], want[64];

	(void)state;
	enter();
	setenv("QT_RUNTIME_DIR", in_top("a"), 1);
	assert_int_equal(qt_path_segment("sessions", a, &err), 0);
	snprintf(want, sizeof(want), "/qt-%u-sessions-",
	    (unsigned int)geteuid());
	assert_memory_equal(a, want, strlen(want));
	assert_int_equal(strlen(a), strlen(want) + 16);
	assert_int_equal(strspn(a + strlen(want), "0123456789abcdef"), 16);

	setenv("QT_RUNTIME_DIR", in_top("a/../a//"), 1);
	assert_int_equal(qt_path_segment("sessions", b, &err), 0);
	assert_string_equal(a, b);
	assert_int_equal(qt_path_segment("ring", b, &err), 0);
	assert_string_not_equal(a, b);
	setenv("QT_RUNTIME_DIR", in_top("b"), 1);
	assert_int_equal(qt_path_segment("sessions", b, &err), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), strlen(b));

	assert_int_equal(qt_path_segment("a/b", b, &err), -EINVAL);
	setenv("QT_RUNTIME_DIR", in_top("no/b"), 1);
	assert_int_equal(qt_path_segment("sessions", b, &err), -ENOENT);
	rmdir(in_top("a"));
	rmdir(in_top("b"));
	leave();
}

QT_TEST(a_runtime_folder_made_anew_has_segments_of_its_own)
{
	struct qt_err	err = QT_ERR_INIT;
	struct statx	st;
	char		a[128], b[128];
	int		rc;

	(void)state;
	enter();
	setenv("QT_RUNTIME_DIR", in_top("a"), 1);
	assert_int_equal(qt_path_segment("sessions", a, &err), 0);
	rc = statx(AT_FDCWD, in_top("a"), 0, STATX_BTIME, &st);
	/* An inode that is used again at once, as most file systems do. */
	for (int i = 0; rc == 0 && (st.stx_mask & STATX_BTIME) != 0 &&
	    i < 8; i++) {
		rmdir(in_top("a"));
		assert_int_equal(qt_path_segment("sessions", b, &err), 0);
		assert_string_not_equal(a, b);
	}
	rmdir(in_top("a"));
	leave();
}

QT_TEST(a_segment_kind_that_is_too_long_is_refused)
{
	struct qt_err	err = QT_ERR_INIT;
	char		kind[200], name[128];

	(void)state;
	enter();
	setenv("QT_RUNTIME_DIR", in_top("a"), 1);
	memset(kind, 'k', sizeof(kind) - 1);
	kind[sizeof(kind) - 1] = '\0';
	assert_int_equal(qt_path_segment(kind, name, &err), -ENAMETOOLONG);
	rmdir(in_top("a"));
	leave();
}
