/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/path.h>: where programs find each other and their data. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/path.h>

#include "../test.h"

/*
 * The functions look around the running executable, so this one copies itself
 * into trees of every shape and runs there with the question in
 * PATH_TEST_ASK: "program NAME", "data NAME" or "lib NAME".
 */
__attribute__((constructor)) static void
answer(void)
{
	const char	*ask = getenv("PATH_TEST_ASK");
	char		 path[QT_PATH_SIZE];
	int		 rc = 0;

	if (ask == NULL)
		return;
	if (strncmp(ask, "program ", 8) == 0)
		qt_path_program(ask + 8, path);
	else if (strncmp(ask, "lib ", 4) == 0)
		rc = qt_path_lib(ask + 4, path);
	else
		rc = qt_path_data(ask + 5, path);
	dprintf(STDOUT_FILENO, "%d %s", rc, path);
	_exit(0);
}

static char	top[64];

/* Runs shell text in the test's own folder. */
static void __attribute__((format(printf, 1, 2)))
sh(const char *fmt, ...)
{
	char	command[1024];
	va_list	ap;
	int	len = snprintf(command, sizeof(command), "set -e; cd %s; ",
	    top);

	va_start(ap, fmt);
	vsnprintf(command + len, sizeof(command) - (size_t)len, fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static void
enter(void)
{
	unsetenv("QT_DATA_DIR");
	snprintf(top, sizeof(top), "/tmp/qt-path-test.XXXXXX");
	assert_non_null(mkdtemp(top));
}

static void
leave(void)
{
	sh("rm -r -- '%s'", top);
}

/* Puts a copy of this program at bin (in top). */
static void
install(const char *bin)
{
	char	exe[QT_PATH_SIZE];
	ssize_t	len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	sh("mkdir -p \"$(dirname %s)\"; cp '%s' %s", bin, exe, bin);
}

/* What the copy at bin answers; "TOP" stands for top in want. */
static void
expect(const char *bin, const char *ask, const char *want)
{
	char	command[256], got[QT_PATH_SIZE], text[QT_PATH_SIZE];
	char	*at;
	size_t	 len;
	FILE	*pipe;

	snprintf(command, sizeof(command), "PATH_TEST_ASK='%s' %s/%s", ask,
	    top, bin);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	len = fread(got, 1, sizeof(got) - 1, pipe);
	got[len] = '\0';
	assert_int_equal(pclose(pipe), 0);
	at = strstr(got, top);
	if (at != NULL)
		snprintf(text, sizeof(text), "%.*sTOP%s", (int)(at - got),
		    got, at + strlen(top));
	else
		snprintf(text, sizeof(text), "%s", got);
	assert_string_equal(text, want);
}

QT_TEST(a_sibling_program_is_found_beside_the_running_one)
{
	(void)state;
	enter();
	install("p/bin/x");
	expect("p/bin/x", "program qt-session", "0 qt-session");
	sh("touch p/bin/qt-session");
	expect("p/bin/x", "program qt-session", "0 qt-session");
	sh("chmod +x p/bin/qt-session");
	expect("p/bin/x", "program qt-session", "0 TOP/p/bin/qt-session");
	/* By way of a link, it is the program's folder that counts. */
	sh("mkdir l; ln -s ../p/bin/x l/x");
	expect("l/x", "program qt-session", "0 TOP/p/bin/qt-session");
	leave();
}

QT_TEST(a_program_that_was_replaced_still_finds_its_siblings)
{
	(void)state;
	enter();
	install("p/bin/x");
	sh("touch p/bin/qtd; chmod +x p/bin/qtd");
	/* The shell's redirection opens the name of a file that is gone. */
	sh("cp p/bin/x p/bin/y; exec 9<p/bin/y; rm p/bin/y; "
	    "test \"$(PATH_TEST_ASK='program qtd' /proc/self/fd/9)\" = "
	    "\"0 %s/p/bin/qtd\"", top);
	leave();
}

QT_TEST(installed_data_is_beside_the_programs)
{
	(void)state;
	enter();
	install("p/bin/x");
	sh("mkdir -p p/share/qt/web p/web");
	expect("p/bin/x", "data web", "0 TOP/p/bin/../share/qt/web");
	leave();
}

QT_TEST(what_is_for_one_kind_of_machine_is_in_lib)
{
	(void)state;
	enter();
	install("p/bin/x");
	sh("mkdir -p p/share/qt p/lib/qt d; touch p/share/qt/y p/lib/qt/x.so d/y");
	setenv("QT_DATA_DIR", top, 1);
	expect("p/bin/x", "lib x.so", "0 TOP/p/bin/../lib/qt/x.so");
	expect("p/bin/x", "lib y", "-2 " QT_PREFIX "/lib/qt/y");
	unsetenv("QT_DATA_DIR");
	leave();
}

QT_TEST(the_build_tree_has_what_was_made_then_what_was_written)
{
	(void)state;
	enter();
	install("build/bin/x");
	sh("mkdir -p cmd/qtd/web cmd/qt-hist; touch cmd/qt-hist/hook.bash");
	expect("build/bin/x", "data web",
	    "0 TOP/build/bin/../../cmd/qtd/web");
	expect("build/bin/x", "data hook.bash",
	    "0 TOP/build/bin/../../cmd/qt-hist/hook.bash");
	sh("mkdir build/web");
	expect("build/bin/x", "data web", "0 TOP/build/bin/../web");
	leave();
}

QT_TEST(a_folder_beside_bin_is_no_data_without_a_source_tree)
{
	(void)state;
	enter();
	install("p/bin/x");
	sh("mkdir p/no-such-data");
	expect("p/bin/x", "data no-such-data",
	    "-2 " QT_PREFIX "/share/qt/no-such-data");
	leave();
}

QT_TEST(the_variable_comes_first_and_alone)
{
	(void)state;
	enter();
	install("p/bin/x");
	sh("mkdir -p p/share/qt/web d/web");
	setenv("QT_DATA_DIR", top, 1);
	expect("p/bin/x", "data d", "0 TOP/d");
	expect("p/bin/x", "data web", "-2 TOP/web");
	unsetenv("QT_DATA_DIR");
	leave();
}
