/* SPDX-License-Identifier: Apache-2.0 */
/* A history's commands and events: see hist_rows.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>
#include <qt/base/hash.h>
#include <qt/base/prog.h>

#include "hist_rows.h"

#define SEED		42u
#define LINES		12600u		/* that are made up, as many as nl2bash's */
#define LINE_MAX	4096u
#define TRIES		100000u		/* in a row, to make another one */
#define SHELLS		4u		/* are open at once */
#define SHELL_EVENTS	2048u		/* of as many shells */
#define FOLDERS		500u
#define START_US	UINT64_C(1700000000000000)
#define EVERY_US	30000000u

uint64_t
hist_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * UINT64_C(2685821657736338717) >> 16) % below;
}

static void *
some(void *p)
{
	if (p == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	return p;
}

/* --- Commands, each once -------------------------------------------------- */

struct set {
	const char	**slots;
	size_t		  size;		/* a power of 2, more than twice as many */
};

/* Whether it is a new one. */
static int
set_add(struct set *s, const char *text)
{
	static const struct qt_hash_key	key;
	size_t	i = qt_hash_quick(&key, text, strlen(text)) & (s->size - 1);

	for (; s->slots[i] != NULL; i = (i + 1) & (s->size - 1))
		if (strcmp(s->slots[i], text) == 0)
			return 0;
	s->slots[i] = text;
	return 1;
}

static size_t
start_of_word(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != ' ')
		at--;
	return at;
}

/* A line with one word replaced by another line's. */
static char *
vary(struct hist_data *d, size_t lines)
{
	struct qt_buf	 b = QT_BUF_INIT;
	const char	*a = d->commands[hist_draw(&d->state, lines)];
	const char	*other = d->commands[hist_draw(&d->state, lines)];
	size_t		 la = strlen(a), lo = strlen(other);
	size_t		 at = start_of_word(a, hist_draw(&d->state, la));
	size_t		 from = start_of_word(other,
	    hist_draw(&d->state, lo));
	size_t		 end = at + strcspn(a + at, " ");

	if (qt_buf_add(&b, a, at) < 0 || qt_buf_add(&b, other + from,
	    strcspn(other + from, " ")) < 0 ||
	    qt_buf_add(&b, a + end, la - end) < 0)
		some(NULL);
	return b.data == NULL ? some(strdup("")) : qt_buf_detach(&b);
}

/* Adds it, unless it is there, or nothing; it is the callee's. */
static void
add(struct hist_data *d, struct set *s, char *text, size_t *count)
{
	if (*text != '\0' && set_add(s, text))
		d->commands[(*count)++] = text;
	else
		free(text);
}

static size_t
read_lines(struct hist_data *d, struct set *s, const char *file)
{
	char	text[LINE_MAX];
	size_t	count = 0;
	FILE	*f = fopen(file, "re");

	if (f == NULL)
		qt_die(QT_EXIT_SYS, "'%s': %s", file, strerror(errno));
	while (count < d->distinct && fgets(text, sizeof(text), f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		add(d, s, some(strdup(text)), &count);
	}
	fclose(f);
	if (count == 0)
		qt_die(QT_EXIT_SYS, "'%s': no command is in it", file);
	return count;
}

static size_t
make_lines(struct hist_data *d, struct set *s)
{
	char	text[HIST_LINE_SIZE];
	size_t	count = 0;

	for (uint32_t i = 0; i < LINES && count < d->distinct; i++) {
		hist_line(text, &d->state);
		add(d, s, some(strdup(text)), &count);
	}
	return count;
}

/* Which come often is chance, not the order of a file. */
static void
shuffle(struct hist_data *d, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t	j = hist_draw(&d->state, i);
		char	*c = d->commands[j];

		d->commands[j] = d->commands[i - 1];
		d->commands[i - 1] = c;
	}
}

void
hist_data_start(struct hist_data *d, const char *file, uint64_t events)
{
	struct set	s = { .size = 64 };
	size_t		lines, count, tries = 0;
	double		sum = 0;

	*d = (struct hist_data){ .state = SEED, .events = events,
	    .distinct = events * 19 / 100 };
	while (s.size < d->distinct * 2)
		s.size *= 2;
	s.slots = some(calloc(s.size, sizeof(*s.slots)));
	d->commands = some(calloc(d->distinct, sizeof(*d->commands)));
	d->sums = some(calloc(d->distinct, sizeof(*d->sums)));
	lines = file != NULL ? read_lines(d, &s, file) : make_lines(d, &s);
	shuffle(d, lines);
	for (count = lines; count < d->distinct; tries++) {
		size_t	before = count;

		add(d, &s, vary(d, lines), &count);
		if (count > before)
			tries = 0;
		if (tries > TRIES)
			qt_die(QT_EXIT_SYS, "'%s': %zu commands cannot be made "
			    "of its %zu", file, d->distinct, lines);
	}
	for (size_t i = 0; i < d->distinct; i++)
		d->sums[i] = sum += 1.0 / (double)(i + 1);
	free(s.slots);
}

void
hist_data_clear(struct hist_data *d)
{
	for (size_t i = 0; i < d->distinct; i++)
		free(d->commands[i]);
	free(d->commands);
	free(d->sums);
	*d = (struct hist_data){ 0 };
}

/* --- Events --------------------------------------------------------------- */

const char *
hist_data_command(struct hist_data *d, uint64_t i)
{
	uint64_t	every = d->events / d->distinct;
	size_t		low = 0, high = d->distinct - 1;
	double		x;

	/* Each once: those that come often, and the others, in any order. */
	if (i % every == 0 && i / every < d->distinct)
		return d->commands[i / every * 1000003 % d->distinct];
	x = (double)hist_draw(&d->state, UINT64_C(1) << 40) /
	    (double)(UINT64_C(1) << 40) * d->sums[d->distinct - 1];
	while (low < high) {
		size_t	mid = (low + high) / 2;

		if (d->sums[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return d->commands[low];
}

static struct qt_hist_bytes
bytes(const char *s)
{
	return (struct qt_hist_bytes){ s, strlen(s) };
}

/* One in ten fails. */
static int32_t
status(struct hist_data *d)
{
	static const int32_t	failures[] = { 1, 1, 1, 2, 127, 130 };

	return hist_draw(&d->state, 10) > 0 ? 0 : failures[hist_draw(
	    &d->state, sizeof(failures) / sizeof(failures[0]))];
}

/* Most take some milliseconds, some minutes. */
static uint64_t
took_us(struct hist_data *d)
{
	return hist_draw(&d->state, UINT64_C(1) << (8 +
	    hist_draw(&d->state, 20)));
}

void
hist_data_event(struct hist_data *d, uint64_t i, struct qt_hist_event *e)
{
	static char	sessions[HIST_DATA_BATCH][24];
	static char	folders[HIST_DATA_BATCH][40];
	char		*session = sessions[i % HIST_DATA_BATCH];
	char		*folder = folders[i % HIST_DATA_BATCH];
	uint64_t	 shell = i / SHELL_EVENTS * SHELLS +
	    hist_draw(&d->state, SHELLS), where;

	/* A shell stays in its folder, mostly. */
	where = hist_draw(&d->state, 4) > 0 ? shell * 7 % FOLDERS :
	    hist_draw(&d->state, FOLDERS);
	snprintf(session, sizeof(sessions[0]), "%u-%08x",
	    (unsigned int)(1000 + shell % 30000), (unsigned int)shell);
	snprintf(folder, sizeof(folders[0]), "/home/user/project-%u",
	    (unsigned int)where);
	*e = (struct qt_hist_event){
		.id = i + 1, .took_us = took_us(d),
		.start_us = START_US + i * EVERY_US,
		.status = status(d), .text = bytes(hist_data_command(d, i)),
		.cwd = bytes(folder), .root = bytes(folder),
		.host = bytes(shell % 4 == 0 ? "server" : "laptop"),
		.user = bytes("user"), .tty = bytes("/dev/pts/1"),
		.shell = bytes("bash"), .session = bytes(session),
		.qt_session = bytes(""),
	};
	if (i + 1 == d->events)
		e->text = bytes(HIST_LAST);
}
