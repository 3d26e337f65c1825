/* SPDX-License-Identifier: Apache-2.0 */
/* Name, verbs, options, usage and exit. See <qt/base/prog.h>. */

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/prog.h>

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

#define OPT_MAX 64	/* options in one table, checked */

const char *qt_prog = "qt";

static void
vsay(const char *fmt, va_list ap)
{
	fprintf(stderr, "%s: ", qt_prog);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
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

/* "usage: prog verb [options] operands", without a verb's name twice. */
static void
print_usage(FILE *out, const struct qt_verb *verb)
{
	int	named = strcmp(verb->name, qt_prog) != 0;

	fprintf(out, "usage: %s%s%s%s%s%s\n", qt_prog, named ? " " : "",
	    named ? verb->name : "", verb->opts != NULL ? " [option ...]" : "",
	    verb->args[0] != '\0' ? " " : "", verb->args);
}

_Noreturn void
qt_usage(const struct qt_verb *verb)
{
	print_usage(stderr, verb);
	fprintf(stderr, "Try '%s %s--help'.\n", qt_prog,
	    strcmp(verb->name, qt_prog) != 0 ? "VERB " : "");
	exit(QT_EXIT_USAGE);
}

void
qt_help(const struct qt_verb *verb)
{
	const struct qt_opt	*o;
	char			 left[80];

	print_usage(stdout, verb);
	printf("\n%s\n", verb->help);
	if (verb->opts == NULL)
		return;
	putchar('\n');
	for (o = verb->opts; o->id != 0; o++) {
		snprintf(left, sizeof(left), "%s%c%s%s%s%s%s",
		    o->id < 256 ? "-" : "  ", o->id < 256 ? o->id : ' ',
		    o->name != NULL && o->id < 256 ? ", " : " ",
		    o->name != NULL ? "--" : "",
		    o->name != NULL ? o->name : "",
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
		printf("  %-28s %s\n", left, o->help);
	}
}

/* Fills getopt's two forms of the table; short_out holds 2 * OPT_MAX + 2. */
static void
opt_tables(const struct qt_opt *opts, char *short_out, struct option *long_out)
{
	size_t	count = 0, len = 0;

	short_out[len++] = '+';
	for (; opts != NULL && opts->id != 0; opts++) {
		if (count + 2 >= OPT_MAX)
			abort();
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
	long_out[count++] = (struct option){ "help", no_argument, NULL, 1 };
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

int
qt_opts_next(struct qt_opts *opts)
{
	char		shorts[2 * OPT_MAX + 3];
	struct option	longs[OPT_MAX];
	int		id;

	opt_tables(opts->verb->opts, shorts, longs);
	if (!opts->started) {
		optind = 0;
		opts->started = 1;
	}
	id = getopt_long(opts->argc, opts->argv, shorts, longs, NULL);
	opts->index = optind;
	opts->value = optarg;
	if (id == -1)
		return 0;
	if (id == 1 || (id == 'h' && !has_letter(opts->verb->opts, 'h'))) {
		qt_help(opts->verb);
		exit(QT_EXIT_OK);
	}
	if (id == '?')
		qt_usage(opts->verb);
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
	unsigned long	 n, unit = 1;
	char		*end;

	errno = 0;
	n = strtoul(text, &end, 10);
	switch (*end) {
	case 'G': case 'g':
		unit *= 1024;
		/* FALLTHROUGH */
	case 'M': case 'm':
		unit *= 1024;
		/* FALLTHROUGH */
	case 'K': case 'k':
		unit *= 1024;
		end++;
		break;
	default:
		break;
	}
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    n > max / unit || n * unit < min)
		qt_die(QT_EXIT_USAGE, "%s '%s' is not a size from %lu to %lu",
		    opt, text, min, max);
	return n * unit;
}

/* A full disk shows up only here, when stdout is flushed for the last time. */
static void
flush_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (errno != EPIPE)
		qt_warn("write error on stdout: %s", strerror(errno));
	_exit(QT_EXIT_SYS);
}

void
qt_prog_init(const char *name)
{
	qt_prog = name;
	atexit(flush_stdout);
}

static void
print_verbs(FILE *out, const struct qt_verb *verbs)
{
	const struct qt_verb	*v;

	fprintf(out, "usage: %s command [argument ...]\n\n", qt_prog);
	for (v = verbs; v->name != NULL; v++)
		fprintf(out, "  %-9s %-28s %s\n", v->name, v->args, v->help);
	fprintf(out, "\n'%s command --help' lists a command's options; "
	    "see also %s(1).\n", qt_prog, qt_prog);
}

int
qt_prog_run(const char *name, const struct qt_verb *verbs,
    int (*no_verb)(void), int argc, char **argv)
{
	const struct qt_verb	*v;

	qt_prog_init(name);
	if (argc < 2) {
		if (no_verb != NULL)
			return no_verb();
		print_verbs(stderr, verbs);
		return QT_EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		print_verbs(stdout, verbs);
		return QT_EXIT_OK;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, QT_VERSION);
		return QT_EXIT_OK;
	}
	for (v = verbs; v->name != NULL; v++) {
		if (strcmp(argv[1], v->name) == 0)
			return v->main(argc - 1, argv + 1);
	}
	qt_die(QT_EXIT_USAGE, "no command '%s' (try --help)", argv[1]);
}
