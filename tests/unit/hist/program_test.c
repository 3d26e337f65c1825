/* SPDX-License-Identifier: Apache-2.0 */
/* What a command runs, told from its text. */

#include "../test.h"

#include <stdlib.h>
#include <string.h>

#include <qt/hist/stats.h>

static const char *
program(const char *text)
{
	static char	out[QT_HIST_PROGRAM_MAX + 1];
	/* So that a byte too far is seen. */
	size_t		len = strlen(text);
	char		*copy = malloc(len + (len == 0));

	assert_non_null(copy);
	memcpy(copy, text, len);
	out[qt_hist_program(out, copy, len)] = '\0';
	free(copy);
	return out;
}

QT_TEST(the_first_word_is_the_program)
{
	(void)state;
	assert_string_equal(program("ls -l"), "ls");
	assert_string_equal(program("  make; ls"), "make");
	assert_string_equal(program("a|b"), "a");
	assert_string_equal(program("(cd x && y)"), "cd");
	assert_string_equal(program("/usr/bin/vim x"), "vim");
	assert_string_equal(program("./run x"), "./run");
	assert_string_equal(program("/"), "/");
	assert_string_equal(program("two\nlines"), "two");
	assert_string_equal(program(""), "");
	assert_string_equal(program("  "), "");
	assert_string_equal(program("; x"), "");
	assert_string_equal(program("'my prog' x"), "'my prog'");
	assert_string_equal(program("'never"), "'never");
}

QT_TEST(what_stands_before_it_is_passed_over)
{
	(void)state;
	assert_string_equal(program("sudo -u me -- apt install x"),
	    "apt install");
	assert_string_equal(program("A=1 B='x y' make"), "make");
	assert_string_equal(program("env -u X A=1 time -f %e git push"),
	    "git push");
	assert_string_equal(program("timeout -k 5 10 make all"), "make");
	assert_string_equal(program("nice -n 19 cargo +nightly build"),
	    "cargo build");
	assert_string_equal(program("sudo"), "sudo");
	assert_string_equal(program("A=1"), "");
	assert_string_equal(program("=x"), "=x");
}

QT_TEST(subcommands_belong_to_it)
{
	(void)state;
	assert_string_equal(program("git push origin"), "git push");
	assert_string_equal(program("git -C /x -c a=b --no-pager log"),
	    "git log");
	assert_string_equal(program("git --version"), "git");
	assert_string_equal(program("git ./x"), "git");
	assert_string_equal(program("git | cat"), "git");
	assert_string_equal(program("docker compose up"), "docker compose");
	assert_string_equal(program("gh pr list"), "gh pr list");
	assert_string_equal(program("gh pr 12"), "gh pr");
	assert_string_equal(program("kubectl -n x get pods"), "kubectl get");
	assert_string_equal(program("go run ./x"), "go run");
	assert_string_equal(program("ls get"), "ls");
}

QT_TEST(what_is_long_is_cut)
{
	char	text[400];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(program(text)), QT_HIST_PROGRAM_MAX);
	memcpy(text, "git ", 4);
	assert_int_equal(strlen(program(text)), QT_HIST_PROGRAM_MAX);
}
