/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/prog.h>: what a user sees, with its exit code. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/prog.h>

#include "../child.h"
#include "../test.h"

#define COUNT(argv) ((int)(sizeof(argv) / sizeof((argv)[0])) - 1)

static const struct qt_opt	new_opts[] = {
	{ 'd', NULL, NULL, "do not attach" },
	{ 'n', "name", "NAME", "its name" },
	{ 256, "resize", "POLICY", "who decides the size" },
	{ 257, "read-only", NULL, "no input" },
	{ 's', NULL, "SIZE", "columns and rows" },
	{ 0, NULL, NULL, NULL },
};
static int			new_main(int argc, char **argv);
static const struct qt_verb	verbs[] = {
	{ "new", new_main, "[-- CMD]", "makes one", new_opts },
	{ "ls", NULL, "", "lists them", NULL },
	{ "rename", NULL, "", "names one anew", NULL },
	{ "resize", NULL, "", "gives one a size", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

/* When all is well, prints what it got as "id=value", and the operands. */
static int
new_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&verbs[0], argc, argv);
	struct qt_buf	text = QT_BUF_INIT;
	int		id;

	while ((id = qt_opts_next(&o)) != 0)
		qt_buf_addf(&text, "%d=%s ", id,
		    o.value != NULL ? o.value : "");
	printf("%s", text.data != NULL ? text.data : "");
	qt_buf_clear(&text);
	for (; o.index < argc; o.index++)
		printf("[%s]", argv[o.index]);
	return QT_EXIT_NO;
}

struct line {
	int		  argc;
	const char	**argv;
};

static int
run(void *arg)
{
	struct line	*line = arg;

	exit(qt_prog_run("qt-test", verbs, NULL, line->argc,
	    (char **)(uintptr_t)line->argv));
}

#define RUN(child, ...) do {						\
	const char	*argv_[] = { __VA_ARGS__, NULL };		\
	struct line	 line_ = { COUNT(argv_), argv_ };		\
	child_run(child, run, &line_);					\
} while (0)

QT_TEST(options_in_every_spelling_reach_the_verb)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "new", "-dn", "a", "--name=b", "--name", "c", "--read-only",
	    "-s80x24", "op", "-d");
	assert_int_equal(c.status, QT_EXIT_NO);
	assert_string_equal(c.out, "100= 110=a 110=b 110=c 257= 115=80x24 "
	    "[op][-d]");
	assert_string_equal(c.err, "");
}

QT_TEST(two_dashes_end_the_options)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "new", "-d", "--", "-n", "--help");
	assert_string_equal(c.out, "100= [-n][--help]");
}

QT_TEST(a_unique_prefix_of_a_long_option_will_do)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "new", "--na=a");
	assert_string_equal(c.out, "110=a ");
	RUN(&c, "x", "new", "--re");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_non_null(strstr(c.err, "'--re'"));
}

static void
expect_usage(struct child *c, const char *text)
{
	assert_int_equal(c->status, QT_EXIT_USAGE);
	assert_string_equal(c->out, "");
	assert_memory_equal(c->err, "qt-test: ", 9);
	assert_non_null(strstr(c->err, text));
	assert_non_null(strstr(c->err,
	    "usage: qt-test new [option ...] [-- CMD]\n"));
	assert_non_null(strstr(c->err, "Try 'qt-test new --help'.\n"));
}

QT_TEST(a_wrong_option_is_named_and_exits_2)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "new", "--bogus");
	expect_usage(&c, "no option '--bogus'");
	RUN(&c, "x", "new", "--read-only", "-dz");
	expect_usage(&c, "no option '-z'");
	RUN(&c, "x", "new", "--read-only=yes");
	expect_usage(&c, "option '--read-only=yes' takes no value");
	RUN(&c, "x", "new", "--name");
	expect_usage(&c, "option '--name' needs a value");
	RUN(&c, "x", "new", "-d", "-n");
	expect_usage(&c, "option '-n' needs a value");
}

QT_TEST(help_lists_every_option_on_stdout)
{
	struct child	c, d;

	(void)state;
	RUN(&c, "x", "new", "--help");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_string_equal(c.out,
	    "usage: qt-test new [option ...] [-- CMD]\n"
	    "\n"
	    "makes one\n"
	    "\n"
	    "  -d                           do not attach\n"
	    "  -n, --name NAME              its name\n"
	    "      --resize POLICY          who decides the size\n"
	    "      --read-only              no input\n"
	    "  -s SIZE                      columns and rows\n");
	RUN(&d, "x", "new", "-d", "-h");
	assert_string_equal(d.out, c.out);
	assert_int_equal(d.status, QT_EXIT_OK);
}

QT_TEST(the_programs_help_lists_every_verb)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "--help");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_non_null(strstr(c.out, "  new       [-- CMD]"));
	assert_non_null(strstr(c.out, "  ls "));
	RUN(&c, "x");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_string_equal(c.out, "");
	assert_non_null(strstr(c.err, "  new       [-- CMD]"));
}

static const struct qt_opt	first_opts[] = {
	{ 'm', "map", "MAP", "of these" },
	{ 'q', NULL, NULL, "without a word" },
	{ 0, NULL, NULL, NULL },
};

static void
print_first(int id, char *value)
{
	printf("%d=%s ", id, value != NULL ? value : "");
}

static int
run_first(void *arg)
{
	qt_prog_options(first_opts, print_first);
	return run(arg);
}

#define RUN_FIRST(child, ...) do {					\
	const char	*argv_[] = { __VA_ARGS__, NULL };		\
	struct line	 line_ = { COUNT(argv_), argv_ };		\
	child_run(child, run_first, &line_);				\
} while (0)

QT_TEST(options_may_stand_before_the_verb_where_a_program_has_such)
{
	struct child	c;

	(void)state;
	RUN_FIRST(&c, "x", "-qm", "a", "--map=b", "new", "-d", "op");
	assert_int_equal(c.status, QT_EXIT_NO);
	assert_string_equal(c.out, "113= 109=a 109=b 100= [op]");
	RUN_FIRST(&c, "x", "-q", "--", "new", "-d");
	assert_string_equal(c.out, "113= 100= ");
	RUN_FIRST(&c, "x", "-q", "--help");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_non_null(strstr(c.out,
	    "usage: qt-test [option ...] command [argument ...]\n"));
	assert_non_null(strstr(c.out, "  ls "));
	assert_non_null(strstr(c.out, "  -m, --map MAP                of"));
	RUN_FIRST(&c, "x", "-q", "-V");
	assert_non_null(strstr(c.out, "qt-test " QT_VERSION "\n"));
	RUN_FIRST(&c, "x", "-m");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_non_null(strstr(c.err, "'-m' needs a value"));
	RUN_FIRST(&c, "x", "-q");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	RUN(&c, "x", "-q", "new");
	assert_string_equal(c.err,
	    "qt-test: no command '-q' (try 'qt-test --help')\n");
}

QT_TEST(version_is_the_name_and_a_number)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "--version");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_string_equal(c.out, "qt-test " QT_VERSION "\n");
}

QT_TEST(an_unknown_verb_is_named_and_exits_2)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "nwe");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_string_equal(c.err,
	    "qt-test: no command 'nwe' (try 'qt-test --help')\n");
}

QT_TEST(a_verb_may_be_cut_while_it_is_clear)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "n", "-d");
	assert_int_equal(c.status, QT_EXIT_NO);
	assert_string_equal(c.out, "100= ");
	RUN(&c, "x", "re");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_string_equal(c.err,
	    "qt-test: 're' may be each of: rename resize\n");
	RUN(&c, "x", "newer");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_non_null(strstr(c.err, "no command 'newer'"));
	RUN(&c, "x", "");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_non_null(strstr(c.err, "no command ''"));
}

QT_TEST(help_is_a_command_too)
{
	struct child	c, option;

	(void)state;
	RUN(&c, "x", "help");
	RUN(&option, "x", "--help");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_string_equal(c.out, option.out);
	RUN(&c, "x", "help", "new");
	RUN(&option, "x", "new", "--help");
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_string_equal(c.out, option.out);
	RUN(&c, "x", "help", "nwe");
	assert_int_equal(c.status, QT_EXIT_USAGE);
	assert_non_null(strstr(c.err, "no command 'nwe'"));
}

QT_TEST(names_from_outside_cannot_drive_the_terminal)
{
	struct child	c;

	(void)state;
	RUN(&c, "x", "a\033]0;b\007\177\xc2\x9b" "c\xc3\xa9");
	assert_string_equal(c.err, "qt-test: no command 'a?]0;b????c\xc3\xa9' "
	    "(try 'qt-test --help')\n");
}

/* /dev/full takes the bytes into no place: the flush at exit finds out. */
static int
print_to_full_disk(void *arg)
{
	int	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)arg;
	qt_prog_init("qt-full");
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return 99;
	printf("lost");
	exit(QT_EXIT_OK);
}

QT_TEST(a_full_disk_under_stdout_is_exit_3)
{
	struct child	c;

	(void)state;
	child_run(&c, print_to_full_disk, NULL);
	assert_int_equal(c.status, QT_EXIT_SYS);
	assert_string_equal(c.err, "qt-full: write error on stdout: "
	    "No space left on device\n");
}

struct number {
	unsigned long	(*parse)(const char *, const char *, unsigned long,
			    unsigned long);
	const char	*text;
};

static int
parse_number(void *arg)
{
	struct number	*number = arg;

	qt_prog = "qt-n";
	printf("%lu", number->parse("-p", number->text, 1, 65535));
	return 0;
}

QT_TEST(numbers_are_whole_and_in_range_or_named)
{
	static const char *const	bad[] = { "", "-1", "+1", " 1", "0",
	    "65536", "1x", "0x10", "1.5", "99999999999999999999999", "k",
	    "18446744073709551616", "1KK" };
	struct child			c;
	struct number			n = { qt_opt_ulong, "65535" };
	size_t				i, pass;
	char				want[128];

	(void)state;
	for (pass = 0; pass < 2; pass++) {
		n.text = "65535";
		child_run(&c, parse_number, &n);
		assert_int_equal(c.status, 0);
		assert_string_equal(c.out, "65535");
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			n.text = bad[i];
			child_run(&c, parse_number, &n);
			snprintf(want, sizeof(want), "qt-n: -p '%s' is not a "
			    "%s from 1 to 65535\n", bad[i],
			    pass == 0 ? "number" : "size");
			assert_int_equal(c.status, QT_EXIT_USAGE);
			assert_string_equal(c.err, want);
		}
		n.parse = qt_opt_size;
	}
}

QT_TEST(sizes_take_k_m_and_g)
{
	(void)state;
	assert_int_equal(qt_opt_size("-m", "3", 0, 1UL << 40), 3);
	assert_int_equal(qt_opt_size("-m", "3k", 0, 1UL << 40), 3072);
	assert_int_equal(qt_opt_size("-m", "2M", 0, 1UL << 40), 2UL << 20);
	assert_int_equal(qt_opt_size("-m", "5G", 0, 1UL << 40), 5UL << 30);
}

static int
die(void *arg)
{
	(void)arg;
	qt_prog = "qt-dead";
	qt_warn("first '%s'", "x");
	qt_die(QT_EXIT_SYS, "then %d", 7);
}

static int
read_ms(void *arg)
{
	printf("%lu", qt_opt_ms("--ttl", arg, 86400000));
	return QT_EXIT_OK;
}

QT_TEST(times_have_a_unit_and_are_not_0)
{
	static const char *const	bad[] = { "", "0", "0s", "5", "-1s",
	    "25h", "1w", "1s " };
	struct child			c;
	char				text[] = "24h";

	(void)state;
	child_run(&c, read_ms, text);
	assert_int_equal(c.status, QT_EXIT_OK);
	assert_string_equal(c.out, "86400000");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		child_run(&c, read_ms, (void *)(uintptr_t)bad[i]);
		assert_int_equal(c.status, QT_EXIT_USAGE);
		assert_non_null(strstr(c.err, "is no time: 500ms, 90s, 10m, "
		    "2h, 3d, up to 1d\n"));
	}
}

QT_TEST(die_says_why_and_exits_with_the_code)
{
	struct child	c;

	(void)state;
	child_run(&c, die, NULL);
	assert_int_equal(c.status, QT_EXIT_SYS);
	assert_string_equal(c.err, "qt-dead: first 'x'\nqt-dead: then 7\n");
}
