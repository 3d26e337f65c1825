/* SPDX-License-Identifier: Apache-2.0 */
/* What the picker shows, as bytes for a terminal. See pick_draw.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pick_draw.h"
#include "pick_glyph.h"
#include "when.h"

#define LEAD		10u	/* pointer, mark, age, state, blanks */
#define LEAD_NARROW	4u	/* without the age */
#define WIDE		32u	/* columns from which it is there */
#define BEFORE_HIT	4u	/* columns that stay in sight before one */
#define ELLIPSIS	"\xe2\x80\xa6"
#define RULE		"\xe2\x94\x80"

enum look {
	PLAIN = 0, HIT = 1, FAINT = 2, WRONG = 4, STRONG = 8,
	SELECTED = 16, BAD = 32, GOOD = 64
};

struct pen {
	const struct pick_screen *s;
	struct qt_buf		 *out;
	unsigned int		  look, left;	/* columns of the line */
	unsigned int		  row;
};

/* All looks do without colour; with it they are easier on the eye. */
static void
look(struct pen *p, unsigned int want)
{
	bool	has_color = p->s->has_color;

	if (p->look == want)
		return;
	p->look = want;
	qt_buf_addf(p->out, "\033[0%s%s%s%s%s%sm",
	    want & SELECTED ? ";7" : "",
	    want & HIT ? has_color && !(want & SELECTED) ? ";1;32" : ";1;4" :
	    "", want & FAINT ? ";2" : "",
	    want & WRONG ? has_color ? ";4;31" : ";4" : "",
	    want & STRONG ? ";1" : "",
	    !has_color || want & SELECTED ? "" : want & BAD ? ";31" :
	    want & GOOD ? ";36" : "");
}

/* One glyph; false: it does not fit. */
static bool
put_glyph(struct pen *p, const char *text, const struct pick_glyph *g,
    unsigned int how)
{
	if (g->columns > p->left)
		return false;
	look(p, g->mark[0] != '\0' ? how | FAINT : how);
	if (g->mark[0] != '\0')
		qt_buf_add(p->out, g->mark, strlen(g->mark));
	else
		qt_buf_add(p->out, text, g->len);
	p->left -= g->columns;
	return true;
}

/* As much as fits; how many bytes. */
static size_t
put_bytes(struct pen *p, const char *text, size_t len, unsigned int how)
{
	struct pick_glyph	g;
	size_t			at = 0;

	for (; at < len; at += g.len) {
		pick_glyph_next(text + at, len - at, &g);
		if (!put_glyph(p, text + at, &g, how))
			break;
	}
	return at;
}

static void
put(struct pen *p, const char *text, unsigned int how)
{
	put_bytes(p, text, strlen(text), how);
}

static void
fill(struct pen *p, unsigned int how)
{
	if (p->left > 0)
		look(p, how);
	for (; p->left > 0; p->left--)
		qt_buf_add(p->out, " ", 1);
}

/* --- A command, matches in sight ------------------------------------------ */

/* Where to begin so that what matched is seen: bytes. */
static size_t
choose_start(const struct pick_row *r, unsigned int room)
{
	size_t			first, last, from, at = 0;
	struct pick_glyph	g;
	unsigned int		columns = 0, before = 0, hit = 0;

	if (r->at_count == 0)
		return 0;
	first = r->at[0];
	last = r->at[r->at_count - 1];
	for (; at < r->len && at <= last; at += g.len) {
		if (at <= first)
			hit = columns;
		pick_glyph_next(r->text + at, r->len - at, &g);
		columns += g.columns;
	}
	/* One column is that of "there is more". */
	if (columns + (at < r->len) <= room)
		return 0;
	hit = hit > BEFORE_HIT ? hit - BEFORE_HIT : 0;
	/* The last one is in sight when both can be. */
	for (from = 0; from < r->len; from += g.len) {
		if (before >= hit || columns - before + 2 <= room)
			break;
		pick_glyph_next(r->text + from, r->len - from, &g);
		before += g.columns;
	}
	return from;
}

static bool
is_hit(const struct pick_row *r, size_t at, size_t len, size_t *next)
{
	while (*next < r->at_count && r->at[*next] < at)
		(*next)++;
	return *next < r->at_count && r->at[*next] < at + len;
}

static void
put_command(struct pen *p, const struct pick_row *r, unsigned int how)
{
	size_t			at = choose_start(r, p->left), next = 0;
	struct pick_glyph	g;
	bool			is_more;

	if (at > 0)
		put(p, ELLIPSIS, how | FAINT);
	for (; at < r->len && p->left > 0; at += g.len) {
		pick_glyph_next(r->text + at, r->len - at, &g);
		is_more = at + g.len < r->len;
		if (g.columns + is_more > p->left &&
		    (is_more || g.columns > p->left)) {
			put(p, ELLIPSIS, how | FAINT);
			break;
		}
		put_glyph(p, r->text + at, &g, is_hit(r, at, g.len, &next) ?
		    how | HIT : how);
	}
}

static void
put_row(struct pen *p, const struct pick_row *r, bool is_selected)
{
	unsigned int	how = is_selected ? SELECTED : PLAIN;
	char		age[WHEN_AGE], text[16];
	bool		is_bad = !r->is_running && r->status > 0;

	put(p, is_selected ? ">" : " ", how | STRONG);
	put(p, r->is_marked ? "+" : " ", how | STRONG | GOOD);
	if (p->s->cols >= WIDE) {
		when_age(age, p->s->now_us, r->when_us);
		snprintf(text, sizeof(text), "%5s ", age);
		put(p, text, how | FAINT);
	}
	put(p, is_bad ? "!" : r->is_running ? "*" : " ",
	    how | STRONG | (is_bad ? BAD : GOOD));
	put(p, " ", how);
	put_command(p, r, how);
	if (is_selected)
		fill(p, how);
}

/* --- The preview ---------------------------------------------------------- */

static void
put_rule(struct pen *p)
{
	const struct pick_preview	*v = &p->s->preview;
	char				 text[80];

	put(p, RULE RULE, FAINT);
	snprintf(text, sizeof(text), " %" PRIu32 " run%s, %" PRIu32
	    " without error ", v->count, v->count == 1 ? "" : "s", v->good);
	put(p, text, PLAIN);
	while (p->left > 0)
		put(p, RULE, FAINT);
}

static void
put_folder(struct pen *p, const struct pick_run *r)
{
	const char	*home = p->s->home;
	size_t		 n = home != NULL ? strlen(home) : 0, skip = 0;

	if (n > 1 && r->folder_len >= n && memcmp(r->folder, home, n) == 0 &&
	    (r->folder_len == n || r->folder[n] == '/')) {
		put(p, "~", PLAIN);
		skip = n;
	}
	put_bytes(p, r->folder + skip, r->folder_len - skip, PLAIN);
}

static void
put_run(struct pen *p, const struct pick_run *r)
{
	char	age[WHEN_AGE], clock[WHEN_CLOCK], took[WHEN_TOOK], text[96];

	when_age(age, p->s->now_us, r->when_us);
	when_clock(clock, r->when_us);
	snprintf(text, sizeof(text), "%5s  %-19s  ", age, clock);
	put(p, text, FAINT);
	if (r->is_running)
		snprintf(text, sizeof(text), "%-9s", "running");
	else if (r->status < 0)
		snprintf(text, sizeof(text), "%-9s", "exit -");
	else
		snprintf(text, sizeof(text), "exit %-4" PRId32, r->status);
	put(p, text, !r->is_running && r->status > 0 ? BAD : GOOD);
	when_took(took, r->took_us);
	snprintf(text, sizeof(text), "%7s  ", r->is_running ? "" : took);
	put(p, text, PLAIN);
	put_folder(p, r);
	put(p, "  ", PLAIN);
	put_bytes(p, r->host, r->host_len, FAINT);
}

/* The next line of the command, and how much of it there is. */
static size_t
put_piece(struct pen *p, const char *text, size_t len)
{
	const char	*end = memchr(text, '\n', len);
	size_t		 n = end != NULL ? (size_t)(end - text) : len;
	size_t		 done = put_bytes(p, text, n, PLAIN);

	/* No glyph is so wide; but nothing shall come of it. */
	if (done == 0 && n > 0)
		return len;
	return done == n && end != NULL ? n + 1 : done;
}

/* --- Lines ---------------------------------------------------------------- */

static void
line_begin(struct pen *p)
{
	p->left = p->s->cols;
	p->look = PLAIN;
}

/* What is below the last line goes before it comes: behind it the cursor may be
   on its last character. */
static void
line_end(struct pen *p)
{
	look(p, PLAIN);
	if (p->left > 0)
		qt_buf_add(p->out, "\033[K", 3);
	if (++p->row < p->s->rows)
		qt_buf_add(p->out, "\r\n", 2);
	if (p->row + 1 == p->s->rows)
		qt_buf_add(p->out, "\033[J", 3);
}

/* The first byte of the query that is shown: the cursor is in sight. */
static size_t
query_start(const struct pick_screen *s, unsigned int room)
{
	unsigned int		columns = pick_glyph_columns(s->query, s->at);
	size_t			from = 0;
	struct pick_glyph	g;

	while (from < s->at && columns > room) {
		pick_glyph_next(s->query + from, s->at - from, &g);
		columns -= g.columns;
		from += g.len;
	}
	return from;
}

/* All of it, or up to end. */
static void
put_query(struct pen *p, size_t end)
{
	const struct pick_screen *s = p->s;
	struct pick_glyph	 g;
	size_t			 at;
	bool			 is_wrong;

	line_begin(p);
	put(p, s->is_normal ? ": " : "> ", STRONG | GOOD);
	at = query_start(s, p->left - 1);
	for (; at < end; at += g.len) {
		pick_glyph_next(s->query + at, end - at, &g);
		is_wrong = s->wrong != UINT32_MAX && at + g.len > s->wrong &&
		    (at < s->wrong + s->wrong_len || at <= s->wrong);
		if (!put_glyph(p, s->query + at, &g, is_wrong ? WRONG : PLAIN))
			break;
	}
}

static void
put_status(struct pen *p)
{
	const struct pick_screen *s = p->s;
	unsigned int		 need, hint;

	need = pick_glyph_columns(s->status, strlen(s->status)) + 2;
	hint = s->hint != NULL ? pick_glyph_columns(s->hint,
	    strlen(s->hint)) : 0;
	put(p, "  ", PLAIN);
	put(p, s->status, s->is_alarm ? STRONG | BAD : FAINT);
	if (hint == 0 || need + hint + 2 > s->cols)
		return;
	while (p->left > hint)
		put(p, " ", PLAIN);
	put(p, s->hint, FAINT);
}

struct pick_layout
pick_layout(unsigned int rows, bool has_preview)
{
	struct pick_layout	l = { .list_row = 2, .list_rows = rows - 2 };

	if (has_preview && rows >= PICK_PREVIEW_ROWS) {
		l.preview_rows = rows * 2 / 5;
		l.list_rows -= l.preview_rows;
	}
	return l;
}

static void
draw_list(struct pen *p, unsigned int rows)
{
	const struct pick_screen *s = p->s;

	for (unsigned int i = 0; i < rows; i++) {
		line_begin(p);
		if (s->help != NULL && i < s->help_count)
			put(p, s->help[i], PLAIN);
		else if (s->help == NULL && i < s->list_count)
			put_row(p, &s->list[i], i == s->cursor);
		line_end(p);
	}
}

static void
draw_preview(struct pen *p, unsigned int rows)
{
	const struct pick_preview	*v = &p->s->preview;
	const char			*text = v->text;
	size_t				 left = v->len, n;
	uint32_t			 run = 0;
	unsigned int			 runs = v->run_count;

	/* Two runs have room whatever the command needs. */
	runs = runs > 2 ? 2 : runs;
	for (unsigned int i = 0; i < rows; i++) {
		line_begin(p);
		if (i == 0) {
			put_rule(p);
		} else if (v->text != NULL && left > 0 && rows - i > runs) {
			n = put_piece(p, text, left);
			text += n;
			left -= n;
		} else if (v->text != NULL && run < v->run_count) {
			put_run(p, &v->runs[run++]);
		}
		line_end(p);
	}
}

void
pick_draw(const struct pick_screen *s, struct qt_buf *out)
{
	struct pen		p = { .s = s, .out = out };
	struct pick_layout	l = pick_layout(s->rows, s->help == NULL &&
	    s->preview.text != NULL);

	qt_buf_addf(out, "\033[?2026h\033[?25l\033[?7l\r\033[m");
	put_query(&p, s->len);
	if (s->wrong != UINT32_MAX && s->wrong >= s->len)
		put(&p, " ", WRONG);
	line_end(&p);
	line_begin(&p);
	put_status(&p);
	line_end(&p);
	draw_list(&p, l.list_rows);
	if (l.preview_rows > 0)
		draw_preview(&p, l.preview_rows);
	/* The same bytes up to the cursor: it is where the terminal thinks. */
	qt_buf_addf(out, "\033[%uA\r", s->rows - 1);
	put_query(&p, s->at);
	look(&p, PLAIN);
	qt_buf_addf(out, "\033[?7h\033[?25h\033[?2026l");
}
