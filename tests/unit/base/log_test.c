/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/log.h>: each test logs in a process of its own. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/log.h>

#include "../child.h"
#include "../test.h"

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}" \
    "\\.[0-9]{3}Z "

static void
expect_match(const char *text, const char *pattern)
{
	regex_t	re;
	int	rc;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	rc = regexec(&re, text, 0, NULL, 0);
	if (rc != 0)
		print_message("# '%s' is not\n# '%s'\n", text, pattern);
	regfree(&re);
	assert_int_equal(rc, 0);
}

static int
log_levels(void *arg)
{
	(void)arg;
	unsetenv("QT_DEBUG");
	unsetenv("JOURNAL_STREAM");
	qt_log(QT_LOG_ERROR, "m", "e %d", 1);
	qt_log(QT_LOG_DEBUG, "m", "hidden");
	qt_log(QT_LOG_WARN, "m", "w");
	qt_log(QT_LOG_INFO, "m", "i");
	qt_log_level(QT_LOG_WARN);
	qt_log(QT_LOG_INFO, "m", "hidden");
	qt_debug("m", "hidden");
	qt_log_level(QT_LOG_DEBUG);
	qt_log(QT_LOG_DEBUG, "m", "d");
	qt_debug("m", "too");
	return 0;
}

QT_TEST(a_line_has_time_level_module_and_text)
{
	struct child	c;

	(void)state;
	child_run(&c, log_levels, NULL);
	assert_int_equal(c.status, 0);
	assert_string_equal(c.out, "");
	expect_match(c.err, "^" TIME "error m: e 1\n" TIME "warn m: w\n"
	    TIME "info m: i\n" TIME "debug m: d\n" TIME "debug m: too\n$");
}

static int
log_debug(void *arg)
{
	setenv("QT_DEBUG", arg, 1);
	qt_debug("shm", "1");
	qt_debug("session", "2");
	qt_debug("ses", "3");
	qt_debug("sessions", "4");
	qt_log(QT_LOG_DEBUG, "shm", "5");
	return qt_log_is_debug("shm") | qt_log_is_debug("store") << 1;
}

QT_TEST(debug_lines_are_chosen_by_module)
{
	static const struct {
		const char	*set;
		int		 status;
		const char	*pattern;
	} cases[] = {
		{ "", 0, "^$" },
		{ "shm", 1, "^[^\n]*debug shm: 1\n[^\n]*debug shm: 5\n$" },
		{ "session,store", 2, "^[^\n]*debug session: 2\n$" },
		{ "all", 3, "^[^\n]*1\n[^\n]*2\n[^\n]*3\n[^\n]*4\n[^\n]*5\n$" },
		{ "x,,all", 3, "^[^\n]*1\n[^\n]*2\n[^\n]*3\n" },
		{ "sh", 0, "^$" },
	};
	struct child	c;
	char		set[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(set, cases[i].set);
		child_run(&c, log_debug, set);
		assert_int_equal(c.status, cases[i].status);
		expect_match(c.err, cases[i].pattern);
	}
}

static int
log_text(void *arg)
{
	qt_log(QT_LOG_INFO, "m", "%s", (const char *)arg);
	return 0;
}

QT_TEST(bytes_that_could_drive_a_terminal_are_escaped)
{
	struct child	c;
	char		text[] = "a\033]0;x\007\nb\tc\r\177\\ \x9b\xc2\x9b"
	    "\xc3\xa9\xe2\x82 \xff";

	(void)state;
	child_run(&c, log_text, text);
	assert_string_equal(strstr(c.err, " m: "),
	    " m: a\\x1b]0;x\\x07\\nb\\tc\\x0d\\x7f\\\\ \\x9b\\xc2\\x9b"
	    "\xc3\xa9\\xe2\\x82 \\xff\n");
}

QT_TEST(a_long_line_is_cut_to_what_a_pipe_takes_at_once)
{
	static char	text[70000];
	struct child	c;
	size_t		len;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	child_run(&c, log_text, text);
	len = strlen(c.err);
	assert_true(len > 2000 && len <= 4096);
	assert_string_equal(c.err + len - 5, "a...\n");
	memset(text, '\033', sizeof(text) - 1);
	child_run(&c, log_text, text);
	len = strlen(c.err);
	assert_true(len > 4000 && len <= 4096);
	assert_string_equal(c.err + len - 8, "\\x1b...\n");
	assert_ptr_equal(strchr(c.err, '\n'), c.err + len - 1);
}

static int
log_to_journal(void *arg)
{
	char		text[64];
	struct stat	st;

	if (fstat(STDERR_FILENO, &st) < 0)
		return 1;
	snprintf(text, sizeof(text), "%llu:%llu",
	    (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + (arg != NULL));
	setenv("JOURNAL_STREAM", text, 1);
	qt_log_level(QT_LOG_DEBUG);
	qt_log(QT_LOG_ERROR, "m", "e");
	qt_log(QT_LOG_WARN, "m", "w");
	qt_log(QT_LOG_INFO, "m", "i");
	qt_log(QT_LOG_DEBUG, "m", "d");
	return 0;
}

QT_TEST(the_journal_gets_priorities_instead_of_times)
{
	struct child	c;

	(void)state;
	child_run(&c, log_to_journal, NULL);
	assert_string_equal(c.err, "<3>m: e\n<4>m: w\n<6>m: i\n<7>m: d\n");
	/* Inherited by something whose stderr went elsewhere. */
	child_run(&c, log_to_journal, &c);
	expect_match(c.err, "^" TIME "error m: e\n");
}

static int
log_to_files(void *arg)
{
	const char	*dir = arg;
	char		 a[80], b[80], no[80];

	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	snprintf(no, sizeof(no), "%s/no/such", dir);
	umask(0);
	if (qt_log_open(a) != 0)
		return 1;
	qt_log(QT_LOG_INFO, "m", "in a");
	if (qt_log_open(no) != -ENOENT)
		return 2;
	qt_log(QT_LOG_INFO, "m", "still a");
	if (qt_log_open(b) != 0)
		return 3;
	qt_log(QT_LOG_INFO, "m", "in b");
	if (qt_log_open(NULL) != 0)
		return 4;
	qt_log(QT_LOG_INFO, "m", "in stderr");
	if (qt_log_open(a) != 0)
		return 5;
	qt_log(QT_LOG_INFO, "m", "appended");
	return 0;
}

static void
expect_file(const char *dir, const char *name, const char *pattern)
{
	char		path[80], text[4096];
	struct stat	st;
	size_t		len;
	FILE		*file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	file = fopen(path, "re");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	unlink(path);
	expect_match(text, pattern);
}

QT_TEST(a_file_is_appended_to_and_can_be_changed_at_any_time)
{
	struct child	c;
	char		dir[] = "/tmp/qt-log-test.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	child_run(&c, log_to_files, dir);
	assert_int_equal(c.status, 0);
	expect_match(c.err, "^" TIME "info m: in stderr\n$");
	expect_file(dir, "a", "^" TIME "info m: in a\n" TIME
	    "info m: still a\n" TIME "info m: appended\n$");
	expect_file(dir, "b", "^" TIME "info m: in b\n$");
	assert_int_equal(rmdir(dir), 0);
}

/* Fills a pipe, logs into it, empties it, logs again: prints what came. */
static int
log_to_full_pipe(void *arg)
{
	static char	text[65536];
	int		fds[2], saved = dup(STDERR_FILENO);
	ssize_t		n;

	(void)arg;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0 || saved < 0 ||
	    dup2(fds[1], STDERR_FILENO) < 0)
		return 1;
	while (write(fds[1], text, sizeof(text)) > 0)
		;
	while (write(fds[1], text, 1) > 0)
		;
	for (int i = 0; i < 2; i++)
		qt_log(QT_LOG_INFO, "m", "lost");
	errno = 4711;
	qt_log(QT_LOG_INFO, "m", "lost");
	if (errno != 4711)
		return 3;
	while (read(fds[0], text, sizeof(text)) > 0)
		;
	qt_log(QT_LOG_INFO, "m", "after");
	qt_log(QT_LOG_INFO, "m", "more");
	n = read(fds[0], text, sizeof(text));
	dup2(saved, STDERR_FILENO);
	return n > 0 && write(STDOUT_FILENO, text, (size_t)n) == n ? 0 : 2;
}

QT_TEST(a_full_pipe_drops_lines_and_tells_how_many)
{
	struct child	c;

	(void)state;
	child_run(&c, log_to_full_pipe, NULL);
	assert_int_equal(c.status, 0);
	expect_match(c.out, "^" TIME "warn log: 3 lines were dropped\n"
	    TIME "info m: after\n" TIME "info m: more\n$");
}

#define THREADS 4
#define LINES 40

static void *
log_many(void *arg)
{
	for (int i = 0; i < LINES; i++)
		qt_log(QT_LOG_INFO, "m", "%s:%02d", (const char *)arg, i);
	return NULL;
}

static int
log_from_threads(void *arg)
{
	static char	names[THREADS][2] = { "a", "b", "c", "d" };
	pthread_t	threads[THREADS];
	char		path[80];

	snprintf(path, sizeof(path), "%s/log", (const char *)arg);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, log_many, names[i]) != 0)
			return 1;
	}
	for (int i = 0; i < 20; i++) {
		if (qt_log_open(i % 2 == 0 ? path : NULL) != 0)
			return 2;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

QT_TEST(lines_of_threads_do_not_mix_while_the_file_changes)
{
	struct child	 c;
	char		 dir[] = "/tmp/qt-log-test.XXXXXX";
	char		 path[80], text[65536], *line, *end;
	size_t		 len;
	int		 count = 0;
	FILE		*file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	child_run(&c, log_from_threads, dir);
	assert_int_equal(c.status, 0);
	snprintf(path, sizeof(path), "%s/log", dir);
	file = fopen(path, "re");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	strcat(text, c.err);
	for (line = text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		expect_match(line, "^" TIME "info m: [a-d]:[0-9]{2}$");
		count++;
	}
	assert_int_equal(count, THREADS * LINES);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}
