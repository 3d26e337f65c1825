/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_PROG_H
#define QT_BASE_PROG_H

#include <stddef.h>

/*
 * What every command shares: its name, its verbs and options as tables, its
 * exit codes, its last words. Only code under cmd/ includes this header.
 *
 * The tables are the one source of --help; tests/lint compares them with the
 * man page and the completions.
 */
enum qt_exit {
	QT_EXIT_OK	= 0,
	QT_EXIT_NO	= 1,	/* asked a question, the answer is no */
	QT_EXIT_USAGE	= 2,	/* the command line is wrong */
	QT_EXIT_SYS	= 3,	/* the system refused, or the data is bad */
};

/* One option. The table ends with an entry whose id is 0. */
struct qt_opt {
	int		 id;	/* its letter, or a number >= 256 without one */
	const char	*name;	/* long name without dashes, or NULL */
	const char	*arg;	/* metavariable, or NULL when it takes none */
	const char	*help;
};

struct qt_verb {
	const char		*name;
	int			(*main)(int argc, char **argv);
	const char		*args;	/* operands, as the SYNOPSIS says them */
	const char		*help;
	const struct qt_opt	*opts;	/* NULL when it takes none */
};

extern const char *qt_prog;

/*
 * Runs the verb named by argv[1], which may be cut as long as one verb alone
 * begins so; the table ends with a NULL name. Answers -h, --help, help, help
 * VERB, -V and --version. Without a verb it runs no_verb, or prints usage and
 * returns QT_EXIT_USAGE when that is NULL. stdout is flushed and checked
 * at exit: a full disk is exit 3.
 */
int	qt_prog_run(const char *name, const struct qt_verb *verbs,
	    int (*no_verb)(void), int argc, char **argv);

/*
 * Before qt_prog_run(): the options that may stand before the verb, and the
 * function that is told each, in order.
 */
void	qt_prog_options(const struct qt_opt *opts,
	    void (*take)(int id, char *value));

/*
 * For a program without verbs, or with options before them: sets the name and
 * the flush at exit, nothing else.
 */
void	qt_prog_init(const char *name);

/*
 * Results to stdout; and on their way now, for whoever follows them. Both end
 * the program (exit 3) when that fails, saying why; without a word when the
 * reader went away. The flush at exit is the second one.
 */
void	qt_prog_write(const void *data, size_t len);
void	qt_prog_flush(void);

/*
 * Iterates over the options of argv (argv[0] is the verb or program) by
 * getopt_long(3), stopping at the first operand or "--":
 *
 *	struct qt_opts o = QT_OPTS_INIT(&verb, argc, argv);
 *	while ((id = qt_opts_next(&o)) != 0)
 *		switch (id) { case 'n': name = o.value; break; ... }
 *	argc -= o.index; argv += o.index;
 *
 * -h and --help print the verb's help to stdout and exit 0; an unknown option
 * or a missing value prints usage and exits 2. One iteration at a time.
 */
struct qt_opts {
	const struct qt_verb	*verb;
	int			 argc;
	char			**argv;
	char			*value;	/* borrowed from argv */
	int			 index;	/* first operand, after the end */
	int			 started;
};

#define QT_OPTS_INIT(verb, argc, argv) { verb, argc, argv, NULL, 1, 0 }

int	qt_opts_next(struct qt_opts *opts);

/* Prints "usage: ..." for the verb to stderr and exits 2. */
_Noreturn void qt_usage(const struct qt_verb *verb);

/* The verb's help, options included, to stdout. */
void	qt_help(const struct qt_verb *verb);

/* "prog: message" on stderr. qt_die exits with code. */
void	qt_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void qt_die(enum qt_exit code, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* The number in text, or exit 2 naming the option when outside [min, max]. */
unsigned long qt_opt_ulong(const char *opt, const char *text,
	    unsigned long min, unsigned long max);
/* A size, as qt_text_parse_bytes() takes it. */
unsigned long qt_opt_size(const char *opt, const char *text,
	    unsigned long min, unsigned long max);
/* A time in milliseconds, as qt_text_parse_ms() takes it; not 0. */
unsigned long qt_opt_ms(const char *opt, const char *text, unsigned long max);

#endif /* QT_BASE_PROG_H */
