/* SPDX-License-Identifier: Apache-2.0 */
/* Name, verbs, options, usage and exit. See <qt/base/prog.h>. */

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/text.h>

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

#define OPT_MAX 64	/* options in one table, checked */
#define ID_HELP 1	/* --help, when the table has no such option */

const char *qt_prog = "qt";

/*
 * One write(2) a message, so that those of several processes do not mix. The
 * arguments may come from outside: nothing in them may drive the terminal.
 */
static void
vsay(const char *fmt, va_list ap)
{
	char	 text[4096];
	char	*p;

	vsnprintf(text, sizeof(text), fmt, ap);
	for (p = text; *p != '\0'; p++) {
		if (((unsigned char)*p < ' ' && *p != '\n' && *p != '\t') ||
		    *p == 0x7f)
			*p = '?';
		else if (p[0] == '\xc2' && (unsigned char)p[1] < 0xa0)
			p[0] = p[1] = '?';	/* C1 in UTF-8 */
	}
	fprintf(stderr, "%s: %s\n", qt_prog, text);
}

void
qt_warn(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
}

_Noreturn void
qt_die(enum qt_exit code, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
	exit(code);
}

/* A program without verbs has one that is named as itself. */
static int
is_named(const struct qt_verb *verb)
{
	return strcmp(verb->name, qt_prog) != 0;
}

/* "usage: prog verb [option ...] operands" */
static void
print_usage(FILE *out, const struct qt_verb *verb)
{
	int		 named = is_named(verb);
	const char	*args = verb->args != NULL ? verb->args : "";

	fprintf(out, "usage: %s%s%s%s%s%s\n", qt_prog, named ? " " : "",
	    named ? verb->name : "", verb->opts != NULL ? " [option ...]" : "",
	    *args != '\0' ? " " : "", args);
}

_Noreturn void
qt_usage(const struct qt_verb *verb)
{
	print_usage(stderr, verb);
	fprintf(stderr, "Try '%s %s%s--help'.\n", qt_prog,
	    is_named(verb) ? verb->name : "", is_named(verb) ? " " : "");
	exit(QT_EXIT_USAGE);
}

static void
print_options(FILE *out, const struct qt_opt *opts)
{
	const struct qt_opt	*o;
	char			 left[80], letter[8];

	fputc('\n', out);
	for (o = opts; o->id != 0; o++) {
		/* "-n, --name ARG", with the long names in one column. */
		snprintf(letter, sizeof(letter), o->id >= 256 ? "    " :
		    o->name != NULL ? "-%c, " : "-%c", o->id);
		snprintf(left, sizeof(left), "%s%s%s%s%s", letter,
		    o->name != NULL ? "--" : "",
		    o->name != NULL ? o->name : "",
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
		fprintf(out, "  %-28s %s\n", left, o->help);
	}
}

void
qt_help(const struct qt_verb *verb)
{
	print_usage(stdout, verb);
	printf("\n%s\n", verb->help);
	if (verb->opts != NULL)
		print_options(stdout, verb->opts);
}

/*
 * Fills getopt's two forms of the table, of 2 * OPT_MAX + 4 and OPT_MAX + 2
 * entries. "+:" stops it at the first operand and keeps it from speaking.
 */
static void
opt_tables(const struct qt_opt *opts, char *short_out, struct option *long_out)
{
	size_t	total = 0, count = 0, len = 0;

	short_out[len++] = '+';
	short_out[len++] = ':';
	for (; opts != NULL && opts->id != 0; opts++) {
		total++;
		assert(total <= OPT_MAX);
		if (opts->id < 256) {
			short_out[len++] = (char)opts->id;
			if (opts->arg != NULL)
				short_out[len++] = ':';
		}
		if (opts->name != NULL)
			long_out[count++] = (struct option){ opts->name,
			    opts->arg != NULL ? required_argument : no_argument,
			    NULL, opts->id };
	}
	long_out[count++] = (struct option){ "help", no_argument, NULL,
	    ID_HELP };
	long_out[count] = (struct option){ NULL, 0, NULL, 0 };
	if (memchr(short_out, 'h', len) == NULL)
		short_out[len++] = 'h';
	short_out[len] = '\0';
}

static int
has_letter(const struct qt_opt *opts, int letter)
{
	for (; opts != NULL && opts->id != 0; opts++) {
		if (opts->id == letter)
			return 1;
	}
	return 0;
}

/* Says what is wrong with arg, the word that getopt stopped at, and exits. */
static _Noreturn void
bad_option(const struct qt_opts *opts, const char *arg, int id)
{
	char	letter[3] = { '-', (char)optopt, '\0' };
	int	is_long = strncmp(arg, "--", 2) == 0;

	if (id == ':')
		qt_warn("option '%s' needs a value", is_long ? arg : letter);
	else if (is_long && optopt != 0)
		qt_warn("option '%s' takes no value", arg);
	else if (is_long)
		qt_warn("no option '%s', or several that begin so", arg);
	else
		qt_warn("no option '%s'", letter);
	qt_usage(opts->verb);
}

int
qt_opts_next(struct qt_opts *opts)
{
	char		 shorts[2 * OPT_MAX + 4];
	struct option	 longs[OPT_MAX + 2];
	const char	*arg;
	int		 id;

	opt_tables(opts->verb->opts, shorts, longs);
	if (!opts->started) {
		optind = 0;
		opts->started = 1;
	}
	opterr = 0;
	arg = opts->index < opts->argc ? opts->argv[opts->index] : "";
	id = getopt_long(opts->argc, opts->argv, shorts, longs, NULL);
	opts->index = optind;
	opts->value = optarg;
	if (id == -1)
		return 0;
	if (id == ID_HELP ||
	    (id == 'h' && !has_letter(opts->verb->opts, 'h'))) {
		qt_help(opts->verb);
		exit(QT_EXIT_OK);
	}
	if (id == '?' || id == ':')
		bad_option(opts, arg, id);
	return id;
}

unsigned long
qt_opt_ulong(const char *opt, const char *text, unsigned long min,
    unsigned long max)
{
	unsigned long	 n;
	char		*end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    n < min || n > max)
		qt_die(QT_EXIT_USAGE, "%s '%s' is not a number from %lu to %lu",
		    opt, text, min, max);
	return n;
}

unsigned long
qt_opt_size(const char *opt, const char *text, unsigned long min,
    unsigned long max)
{
	uint64_t	n;

	if (qt_text_parse_bytes(text, &n) < 0 || n < min || n > max)
		qt_die(QT_EXIT_USAGE, "%s '%s' is not a size from %lu to %lu",
		    opt, text, min, max);
	return (unsigned long)n;
}

/* In the largest unit that it is whole in. */
static _Noreturn void
bad_time(const char *opt, const char *text, unsigned long max)
{
	static const struct {
		unsigned long	ms;
		char		name[4];
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" },
		{ 1000, "s" }, { 1, "ms" },
	};
	size_t	i = 0;

	while (max % units[i].ms != 0)
		i++;
	qt_die(QT_EXIT_USAGE, "%s '%s' is no time: 500ms, 90s, 10m, 2h, 3d, up "
	    "to %lu%s", opt, text, max / units[i].ms, units[i].name);
}

unsigned long
qt_opt_ms(const char *opt, const char *text, unsigned long max)
{
	uint64_t	ms;

	if (qt_text_parse_ms(text, &ms) < 0 || ms == 0 || ms > max)
		bad_time(opt, text, max);
	return ms;
}

static _Noreturn void
fail_stdout(int why)
{
	if (why == 0)		/* an earlier write failed, long forgotten */
		qt_warn("write error on stdout");
	else if (why != EPIPE)
		qt_warn("write error on stdout: %s", strerror(why));
	_exit(QT_EXIT_SYS);
}

void
qt_prog_write(const void *data, size_t len)
{
	errno = 0;
	if (fwrite(data, 1, len, stdout) < len)
		fail_stdout(errno);
}

void
qt_prog_flush(void)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		fail_stdout(errno);
}

void
qt_prog_init(const char *name)
{
	qt_prog = name;
	atexit(qt_prog_flush);	/* a full disk shows up only then */
}

/* Options before the verb, and who takes them. */
static const struct qt_opt	*first_opts;
static void			(*first_take)(int id, char *value);

void
qt_prog_options(const struct qt_opt *opts, void (*take)(int id, char *value))
{
	first_opts = opts;
	first_take = take;
}

static void
print_verbs(FILE *out, const struct qt_verb *verbs)
{
	const struct qt_verb	*v;

	fprintf(out, "usage: %s %scommand [argument ...]\n\n", qt_prog,
	    first_opts != NULL ? "[option ...] " : "");
	for (v = verbs; v->name != NULL; v++) {
		int	len = fprintf(out, "  %-9s ", v->name);

		fprintf(out, "%-*s %s\n", 40 - len, v->args, v->help);
	}
	if (first_opts != NULL)
		print_options(out, first_opts);
	fprintf(out, "\n'%s command --help' lists a command's options; "
	    "see also 'man %s'.\n", qt_prog, qt_prog);
}

/*
 * The verb that text names, or that alone begins with it. Exits 2 otherwise,
 * naming those that it may mean.
 */
static const struct qt_verb *
find_verb(const struct qt_verb *verbs, const char *text)
{
	const struct qt_verb	*v, *found = NULL;
	char			 several[512] = "";
	size_t			 used = 0, len = strlen(text);

	for (v = verbs; v->name != NULL; v++) {
		if (strcmp(text, v->name) == 0)
			return v;
		if (len == 0 || strncmp(text, v->name, len) != 0)
			continue;
		found = v;
		snprintf(several + used, sizeof(several) - used, " %s",
		    v->name);
		used = strlen(several);
	}
	if (found == NULL)
		qt_die(QT_EXIT_USAGE, "no command '%s' (try '%s --help')",
		    text, qt_prog);
	if (strcmp(several + 1, found->name) != 0)
		qt_die(QT_EXIT_USAGE, "'%s' may be each of:%s", text, several);
	return found;
}

/* "help", and "help VERB" for "VERB --help". */
static int
help_main(const struct qt_verb *verbs, int argc, char **argv)
{
	if (argc > 1)
		qt_help(find_verb(verbs, argv[1]));
	else
		print_verbs(stdout, verbs);
	return QT_EXIT_OK;
}

/* -h, --help, -V and --version, wherever the verb may stand. */
static int
is_answered(const char *word, const struct qt_verb *verbs)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		print_verbs(stdout, verbs);
	else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		printf("%s %s\n", qt_prog, QT_VERSION);
	else
		return 0;
	return 1;
}

/* Takes the options before the verb; the index of what follows them. */
static int
take_first(const char *name, const struct qt_verb *verbs, int argc,
    char **argv)
{
	const struct qt_verb	self = { name, NULL, "command [argument ...]",
	    "", first_opts };
	struct qt_opts		o = QT_OPTS_INIT(&self, argc, argv);
	int			id;

	if (first_opts == NULL)
		return 1;
	while (o.index < argc && argv[o.index][0] == '-') {
		if (is_answered(argv[o.index], verbs))
			exit(QT_EXIT_OK);
		id = qt_opts_next(&o);
		if (id == 0)
			break;
		first_take(id, o.value);
	}
	return o.index;
}

int
qt_prog_run(const char *name, const struct qt_verb *verbs,
    int (*no_verb)(void), int argc, char **argv)
{
	int	at;

	qt_prog_init(name);
	at = take_first(name, verbs, argc, argv);
	argc -= at;
	argv += at;
	if (argc < 1) {
		if (no_verb != NULL)
			return no_verb();
		print_verbs(stderr, verbs);
		return QT_EXIT_USAGE;
	}
	if (is_answered(argv[0], verbs))
		return QT_EXIT_OK;
	if (strcmp(argv[0], "help") == 0)
		return help_main(verbs, argc, argv);
	return find_verb(verbs, argv[0])->main(argc, argv);
}
