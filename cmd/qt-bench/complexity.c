/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench complexity - how the cost of operations grows with the entries */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/json.h>

#include "growth.h"
#include "plot.h"
#include "rows.h"
#include "verbs.h"

#define LEAST		1e3
#define TO_LEAST	1e4
#define TO_DEFAULT	1e6
#define TO_MOST		1e7
#define NAME_SIZE	32
#define SUBJECTS	9u
#define COLUMNS		80

static int complexity_main(int argc, char **argv);

enum { OPT_TO = 256 };

static const struct qt_opt complexity_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'o', "output", "FILE", "draw it as SVG, too" },
	{ OPT_TO, "to", "N", "entries at the end (default 1e6)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb complexity_verb = {
	"complexity", complexity_main, "[SUBJECT ...]",
	"subjects: map skiplist queue stack store runs flush compaction",
	complexity_opts
};

static const struct growth_subject *const subjects[] = {
	&growth_map, &growth_skiplist, &growth_queue, &growth_stack,
	&growth_store, &growth_runs, &growth_flush, &growth_compaction, NULL
};

/* One operation of one subject, over all sizes. */
struct curve {
	char		 name[NAME_SIZE];
	enum fit_class	 promise;
	double		 n[GROWTH_POINTS], ns[GROWTH_POINTS];
	double		 steps[GROWTH_POINTS], read_ns[GROWTH_POINTS];
	size_t		 count;
	struct fit	 time, step;
	int		 has_steps, is_met;
	char		 note[NAME_SIZE];	/* for the plot */
};

static struct curve	curves[PLOT_LINES];
static size_t		curve_count;

/* --- Measuring ------------------------------------------------------------ */

/*
 * Each number is half of the next one. A hash table doubles, so it is equally
 * full at each of them; at numbers of another ratio it would now be half full
 * and now nearly full, which would be measured, too. A table that is not larger
 * for fewer entries is left out, unless too few points would be left to fit.
 */
static size_t
series(const struct growth_subject *s, double to, double n[GROWTH_POINTS])
{
	double	least = s->least > 0 ? (double)s->least : LEAST;
	size_t	count = 0;

	while (count + 1 < GROWTH_POINTS && (count + 1 < FIT_POINTS_MIN ||
	    floor(ldexp(to, -(int)count - 1)) >= least))
		count++;
	for (size_t i = 0; i <= count; i++)
		n[i] = floor(ldexp(to, -(int)(count - i)));
	return count + 1;
}

static void
measure(const struct growth_subject *s, double to)
{
	struct growth_point	 p;
	struct curve		*first = &curves[curve_count];
	double			 n[GROWTH_POINTS];
	size_t			 ops = 0, count = series(s, to, n);

	while (s->ops[ops].name != NULL)
		ops++;
	if (curve_count + ops > PLOT_LINES)
		qt_die(QT_EXIT_USAGE, "too many subjects at once");
	curve_count += ops;
	for (size_t k = 0; k < count; k++) {
		double	read_ns = growth_read_ns((uint64_t)n[k] *
		    s->entry_bytes);

		report_progress("%s: %.0f entries", s->name, n[k]);
		growth_measure(s, (uint64_t)n[k], &p);
		for (size_t i = 0; i < ops; i++) {
			struct curve	*c = &first[i];

			c->n[c->count] = n[k];
			c->ns[c->count] = p.ns[i];
			c->steps[c->count] = p.steps[i];
			c->read_ns[c->count++] = read_ns;
		}
	}
	for (size_t i = 0; i < ops; i++) {
		snprintf(first[i].name, NAME_SIZE, "%s %s", s->name,
		    s->ops[i].name);
		first[i].promise = s->ops[i].promise;
	}
	report_progress("%s", "");
}

static void
fit(struct curve *c)
{
	const struct fit	*f;

	if (fit_growth(&c->time, c->n, c->ns, c->read_ns, c->count) < 0)
		qt_die(QT_EXIT_SYS, "%s: no growth in these numbers", c->name);
	c->has_steps = fit_growth(&c->step, c->n, c->steps, NULL,
	    c->count) == 0;
	f = c->has_steps ? &c->step : &c->time;
	c->is_met = f->class <= c->promise;
	snprintf(c->note, NAME_SIZE, "%s", fit_name(f->class));
}

/* --- Saying --------------------------------------------------------------- */

/* A class with its error, as "O(log n) 3.1%". */
static const char *
said(const struct fit *f, char text[NAME_SIZE])
{
	snprintf(text, NAME_SIZE, "%s %.1f%%", fit_name(f->class),
	    f->error[f->class] * 100);
	return text;
}

static void
print_table(void)
{
	char	step[NAME_SIZE], time[NAME_SIZE];

	printf("%-22s %-12s %-18s %-18s %10s %10s\n", "operation", "promised",
	    "steps", "time", "ns, first", "ns, last");
	for (size_t i = 0; i < curve_count; i++) {
		const struct curve	*c = &curves[i];

		printf("%-22s %-12s %-18s %-18s %10.0f %10.0f  %s\n", c->name,
		    fit_name(c->promise), c->has_steps ?
		    said(&c->step, step) : "-", said(&c->time, time),
		    c->ns[0], c->ns[c->count - 1], c->is_met ? "ok" :
		    "MISSED");
	}
}

static void
add_fit(struct qt_json *j, const char *name, const struct fit *f)
{
	qt_json_object(j, name);
	qt_json_str(j, "class", fit_name(f->class));
	qt_json_double(j, "error", f->error[f->class]);
	qt_json_object(j, "errors");
	for (int k = 0; k < FIT_COUNT_; k++)
		qt_json_double(j, fit_name((enum fit_class)k), f->error[k]);
	qt_json_end(j);
	qt_json_end(j);
}

static void
print_json(void)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	qt_json_array(&j, NULL);
	for (size_t i = 0; i < curve_count; i++) {
		const struct curve	*c = &curves[i];

		qt_json_object(&j, NULL);
		qt_json_str(&j, "what", c->name);
		qt_json_str(&j, "promised", fit_name(c->promise));
		if (c->has_steps)
			add_fit(&j, "steps", &c->step);
		add_fit(&j, "time", &c->time);
		qt_json_array(&j, "points");
		for (size_t k = 0; k < c->count; k++) {
			qt_json_object(&j, NULL);
			qt_json_double(&j, "n", c->n[k]);
			qt_json_double(&j, "ns", c->ns[k]);
			qt_json_double(&j, "steps", c->steps[k]);
			qt_json_double(&j, "read_ns", c->read_ns[k]);
			qt_json_end(&j);
		}
		qt_json_end(&j);
		qt_json_bool(&j, "met", c->is_met);
		qt_json_end(&j);
	}
	qt_json_end(&j);
	if (qt_json_status(&j) < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	printf("%s\n", buf.data);
	qt_buf_clear(&buf);
}

static void
plot_of_curves(struct plot *p, double to)
{
	static char	title[64];

	snprintf(title, sizeof(title), "Time of one operation, up to %.0f "
	    "entries", to);
	p->title = title;
	p->x_name = "entries";
	p->y_name = "ns";
	p->count = curve_count;
	for (size_t i = 0; i < curve_count; i++) {
		struct plot_line	*l = &p->lines[i];

		l->name = curves[i].name;
		l->note = curves[i].note;
		l->count = curves[i].count;
		memcpy(l->x, curves[i].n, sizeof(curves[i].n));
		memcpy(l->y, curves[i].ns, sizeof(curves[i].ns));
	}
}

static void
write_svg(const struct plot *p, const char *path)
{
	FILE	*f = fopen(path, "we");

	if (f == NULL)
		qt_die(QT_EXIT_SYS, "make '%s': %s", path, strerror(errno));
	if (plot_svg(p, f) < 0 || fclose(f) != 0)
		qt_die(QT_EXIT_SYS, "write '%s': %s", path, strerror(errno));
}

static void
draw(const char *path, double to, int is_json)
{
	static struct plot	p;
	struct winsize		w = { .ws_col = 0 };
	int			is_tty = isatty(STDOUT_FILENO);
	const char		*plain = getenv("NO_COLOR");

	plot_of_curves(&p, to);
	if (path != NULL)
		write_svg(&p, path);
	if (is_json)
		return;
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	plot_term(&p, stdout, w.ws_col > 0 ? w.ws_col : COLUMNS,
	    is_tty && (plain == NULL || *plain == '\0'));
}

/* --- The command ---------------------------------------------------------- */

static const struct growth_subject *
subject_named(const char *name)
{
	for (size_t i = 0; subjects[i] != NULL; i++)
		if (strcmp(subjects[i]->name, name) == 0)
			return subjects[i];
	qt_die(QT_EXIT_USAGE, "no subject '%s': %s", name,
	    complexity_verb.help + strlen("subjects: "));
}

static double
size_to(const char *text)
{
	char	*end;
	double	 n = strtod(text, &end);

	if (*end != '\0' || !(n >= TO_LEAST) || !(n <= TO_MOST))
		qt_die(QT_EXIT_USAGE, "--to: '%s' is not a number from %.0f "
		    "to %.0f", text, TO_LEAST, TO_MOST);
	return n;
}

static int
complexity_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&complexity_verb, argc, argv);
	const struct growth_subject *chosen[SUBJECTS];
	const char	*path = NULL;
	double		 to = TO_DEFAULT;
	size_t		 count = 0;
	int		 id, is_json = 0, is_met = 1;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'J')
			is_json = 1;
		else if (id == 'o')
			path = o.value;
		else
			to = size_to(o.value);
	}
	for (int i = o.index; i < argc && count < SUBJECTS; i++)
		chosen[count++] = subject_named(argv[i]);
	for (; o.index == argc && subjects[count] != NULL; count++)
		chosen[count] = subjects[count];
	for (size_t i = 0; i < count; i++)
		measure(chosen[i], to);
	for (size_t i = 0; i < curve_count; i++) {
		fit(&curves[i]);
		is_met &= curves[i].is_met;
	}
	if (is_json)
		print_json();
	else
		print_table();
	draw(path, to, is_json);
	return is_met ? QT_EXIT_OK : QT_EXIT_NO;
}
