/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures for people. See stats.h.
 *
 *	1,234 commands, 456 distinct, 78 sessions, 9 folders
 *	2026-01-02 to 2026-11-21: 200 days with commands, 6 a day
 *	123 of 1,200 failed, 10.2 %; 3 h 20 min spent
 *
 *	Commands
 *	   300  ##########       git status
 */

#include <inttypes.h>
#include <string.h>

#include <qt/base/text.h>
#include <qt/base/utf8.h>

#include "stats.h"
#include "when.h"

#define BAR_MAX		24u	/* columns */
#define NUMBER		9u	/* columns of a count */

#define BOLD	"\033[1m"
#define CYAN	"\033[36m"
#define RED	"\033[31m"
#define PLAIN	"\033[m"

static void
color(struct qt_buf *out, const struct stats_page *p, const char *how)
{
	if (p->has_color)
		(void)qt_buf_addf(out, "%s", how);
}

/* 1234567 as 1,234,567. */
static void
add_number(struct qt_buf *out, uint64_t n, unsigned int width)
{
	char	text[32];
	size_t	at = sizeof(text);
	int	digits = 0;

	do {
		if (digits > 0 && digits % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + n % 10);
		digits++;
		n /= 10;
	} while (n > 0);
	(void)qt_buf_addf(out, "%*.*s", (int)width, (int)(sizeof(text) - at),
	    text + at);
}

/* The two largest units. */
static void
add_span(struct qt_buf *out, uint64_t us)
{
	static const struct { const char *name; uint64_t s; } units[] = {
		{ "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 },
	};
	uint64_t	s = us / 1000000;
	unsigned int	i = 0;

	if (us < 60000000) {
		(void)qt_buf_addf(out, "%.1f s", (double)us / 1e6);
		return;
	}
	while (s < units[i].s)
		i++;
	(void)qt_buf_addf(out, "%" PRIu64 " %s", s / units[i].s,
	    units[i].name);
	s %= units[i].s;
	if (s / units[i + 1].s > 0)
		(void)qt_buf_addf(out, " %" PRIu64 " %s",
		    s / units[i + 1].s, units[i + 1].name);
}

static void
add_date(struct qt_buf *out, uint64_t us)
{
	char	text[WHEN_CLOCK];

	when_day(text, us);
	(void)qt_buf_addf(out, "%s", text);
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* --- The head ------------------------------------------------------------- */

static void
add_ends(struct qt_buf *out, const struct stats_page *p)
{
	const struct qt_hist_tally	*n = &p->stats->all;

	if (n->ended > 0) {
		if (n->failed > 0)
			color(out, p, RED);
		add_number(out, n->failed, 0);
		color(out, p, PLAIN);
		(void)qt_buf_addf(out, " of ");
		add_number(out, n->ended, 0);
		(void)qt_buf_addf(out, " failed, %.1f %%",
		    100.0 * (double)n->failed / (double)n->ended);
	}
	if (n->took_us > 0) {
		(void)qt_buf_addf(out, n->ended > 0 ? "; " : "");
		add_span(out, n->took_us);
		(void)qt_buf_addf(out, " spent");
	}
	if (n->ended > 0 || n->took_us > 0)
		(void)qt_buf_add(out, "\n", 1);
}

static void
add_head(struct qt_buf *out, const struct stats_page *p)
{
	const struct qt_hist_stats	*s = p->stats;
	uint32_t			 folders =
	    s->count[QT_HIST_STATS_FOLDERS];

	color(out, p, BOLD);
	add_number(out, s->all.runs, 0);
	color(out, p, PLAIN);
	(void)qt_buf_addf(out, " command%s, ", plural(s->all.runs));
	add_number(out, s->count[QT_HIST_STATS_COMMANDS], 0);
	(void)qt_buf_addf(out, " distinct");
	if (s->sessions > 0)
		(void)qt_buf_addf(out, ", %" PRIu32 " session%s", s->sessions,
		    plural(s->sessions));
	if (folders > 0)
		(void)qt_buf_addf(out, ", %" PRIu32 " folder%s", folders,
		    plural(folders));
	(void)qt_buf_addf(out, "%s\n", s->is_cut ?
	    "; older ones are not counted" : "");
	if (s->days > 0) {
		add_date(out, s->first_us);
		(void)qt_buf_addf(out, " to ");
		add_date(out, s->last_us);
		(void)qt_buf_addf(out, ": %" PRIu32 " day%s with commands, "
		    "%.1f a day\n", s->days, plural(s->days),
		    (double)s->all.runs / s->days);
	}
	add_ends(out, p);
}

/* --- Lists ---------------------------------------------------------------- */

/* A bar of width columns for n of most, then blanks. */
static void
add_bar(struct qt_buf *out, const struct stats_page *p, uint64_t n,
    uint64_t most, unsigned int width)
{
	static const char *const	parts[] = { "", "\u258f", "\u258e",
	    "\u258d", "\u258c", "\u258b", "\u258a", "\u2589" };
	uint64_t			eighths = most == 0 ? 0 :
	    (uint64_t)((double)n / (double)most * width * 8);
	unsigned int			i = 0;

	if (eighths == 0 && n > 0)
		eighths = 1;
	if (!p->is_utf8)
		eighths = (eighths + 7) / 8 * 8;
	color(out, p, CYAN);
	for (; i < eighths / 8; i++)
		(void)qt_buf_addf(out, "%s", p->is_utf8 ? "\u2588" : "#");
	if (eighths % 8 != 0) {
		(void)qt_buf_addf(out, "%s", parts[eighths % 8]);
		i++;
	}
	color(out, p, PLAIN);
	(void)qt_buf_addf(out, "%*s", (int)(width - i), "");
}

/* As much of a text as fits. */
static void
add_cut(struct qt_buf *out, const struct stats_page *p,
    const struct qt_hist_bytes *text, unsigned int width)
{
	struct qt_buf	b = QT_BUF_INIT;
	size_t		at = 0, columns = 0;
	int		is_valid;

	/* No terminal is as wide as this. */
	qt_text_escape(&b, text->data, text->len < 4096 ? text->len : 4096);
	if (qt_text_width(b.data, b.len) <= width) {
		(void)qt_buf_add(out, b.data, b.len);
	} else {
		while (at < b.len) {
			size_t	n = qt_utf8_next(b.data + at, b.len - at,
			    &is_valid);

			columns += qt_text_width(b.data + at, n);
			if (columns >= width)
				break;
			at += n;
		}
		(void)qt_buf_add(out, b.data, at);
		(void)qt_buf_addf(out, "%s", p->is_utf8 ? "\u2026" : ".");
	}
	qt_buf_clear(&b);
}

static void
add_title(struct qt_buf *out, const struct stats_page *p, const char *title)
{
	(void)qt_buf_add(out, "\n", 1);
	color(out, p, BOLD);
	(void)qt_buf_addf(out, "%s", title);
	color(out, p, PLAIN);
	(void)qt_buf_add(out, "\n", 1);
}

static unsigned int
bar_width(const struct stats_page *p)
{
	unsigned int	width = p->width / 4;

	return width > BAR_MAX ? BAR_MAX : width < 4 ? 4 : width;
}

static void
add_list(struct qt_buf *out, const struct stats_page *p, const char *title,
    enum qt_hist_stats_of of)
{
	const struct qt_hist_stats_row	*r = p->stats->list[of];
	uint32_t			 count = p->stats->count[of];
	unsigned int			 bar = bar_width(p);
	unsigned int			 used = NUMBER + 2 + bar + 2;

	if (count > p->limit)
		count = p->limit;
	if (count == 0)
		return;
	add_title(out, p, title);
	for (uint32_t i = 0; i < count; i++) {
		add_number(out, r[i].n.runs, NUMBER);
		(void)qt_buf_add(out, "  ", 2);
		add_bar(out, p, r[i].n.runs, r[0].n.runs, bar);
		(void)qt_buf_add(out, "  ", 2);
		add_cut(out, p, &r[i].name, p->width > used + 8 ?
		    p->width - used : 8);
		(void)qt_buf_add(out, "\n", 1);
	}
}

/* --- Times ---------------------------------------------------------------- */

static uint64_t
most_of(const struct qt_hist_tally *n, int count)
{
	uint64_t	most = 0;

	for (int i = 0; i < count; i++)
		most = n[i].runs > most ? n[i].runs : most;
	return most;
}

static void
add_hours(struct qt_buf *out, const struct stats_page *p)
{
	static const char *const	levels[] = { " ", "\u2581", "\u2582",
	    "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char		plain[] = " .:-=+*#@";
	uint64_t			most = most_of(p->stats->hour, 24);

	if (most == 0)
		return;
	add_title(out, p, "Hours");
	(void)qt_buf_addf(out, "    ");
	color(out, p, CYAN);
	for (int i = 0; i < 24; i++) {
		uint64_t	n = p->stats->hour[i].runs;
		unsigned int	level = n == 0 ? 0 : 1 + (unsigned int)
		    ((double)n / (double)most * 7.0);
		char		c[2] = { plain[level], '\0' };
		const char	*mark = p->is_utf8 ? levels[level] : c;

		(void)qt_buf_addf(out, "%s%s", mark, mark);
	}
	color(out, p, PLAIN);
	(void)qt_buf_addf(out, "\n    0     3     6     9     12    15    "
	    "18    21\n");
}

static void
add_weekdays(struct qt_buf *out, const struct stats_page *p)
{
	static const char *const	names[] = { "Monday", "Tuesday",
	    "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };
	uint64_t			most = most_of(p->stats->weekday, 7);

	if (most == 0)
		return;
	add_title(out, p, "Days of the week");
	for (int i = 0; i < 7; i++) {
		add_number(out, p->stats->weekday[i].runs, NUMBER);
		(void)qt_buf_add(out, "  ", 2);
		add_bar(out, p, p->stats->weekday[i].runs, most,
		    bar_width(p));
		(void)qt_buf_addf(out, "  %s\n", names[i]);
	}
}

void
stats_page(struct qt_buf *out, const struct stats_page *p)
{
	add_head(out, p);
	add_list(out, p, "Commands", QT_HIST_STATS_COMMANDS);
	add_list(out, p, "Programs", QT_HIST_STATS_PROGRAMS);
	add_list(out, p, "Folders", QT_HIST_STATS_FOLDERS);
	if (p->width >= 4 + 48)
		add_hours(out, p);
	add_weekdays(out, p);
}
