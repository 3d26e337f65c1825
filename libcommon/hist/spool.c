/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading spools. See <qt/hist/spool.h>.
 *
 *	bytes | find a mark | fields up to the end's mark | kind | record
 */

#include <string.h>

#include <qt/base/err.h>
#include <qt/hist/spool.h>

#define MAGIC		"qt-hist-spool 1 "
#define MAGIC_LEN	(sizeof(MAGIC) - 1)
#define RS		'\x1e'
#define MARK		(1 + QT_HIST_TOKEN + 2)	/* RS TOKEN kind NUL */
#define FIELDS_MAX	16u

_Static_assert(MAGIC_LEN + QT_HIST_TOKEN + 1 == QT_HIST_SPOOL_HEAD, "head");

bool
qt_hist_spool_is_name(const char *name)
{
	static const char	suffix[] = ".spool";
	size_t			len = strlen(name), its = sizeof(suffix) - 1;

	return name[0] != '.' && len > its &&
	    strcmp(name + len - its, suffix) == 0;
}

void
qt_hist_spool_head(char out[QT_HIST_SPOOL_HEAD],
    const char token[QT_HIST_TOKEN])
{
	memcpy(out, MAGIC, MAGIC_LEN);
	memcpy(out + MAGIC_LEN, token, QT_HIST_TOKEN);
	out[QT_HIST_SPOOL_HEAD - 1] = '\n';
}

int
qt_hist_spool_token(char token[QT_HIST_TOKEN], const void *data, size_t len)
{
	const char	*p = data;

	if (len < QT_HIST_SPOOL_HEAD || memcmp(p, MAGIC, MAGIC_LEN) != 0 ||
	    p[QT_HIST_SPOOL_HEAD - 1] != '\n')
		return -QT_EFORMAT;
	memcpy(token, p + MAGIC_LEN, QT_HIST_TOKEN);
	for (size_t i = 0; i < QT_HIST_TOKEN; i++)
		if (strchr("0123456789abcdef", token[i]) == NULL ||
		    token[i] == '\0')
			return -QT_EFORMAT;
	return 0;
}

/* --- Fields --------------------------------------------------------------- */

/* Decimal digits; anything else is 0. */
static uint64_t
number_of(const struct qt_hist_bytes *b)
{
	uint64_t	n = 0;

	for (size_t i = 0; i < b->len; i++) {
		unsigned int	digit = (unsigned char)b->data[i] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	return n;
}

/* Microseconds; or as EPOCHREALTIME has it: seconds, what the locale has for a
   point, six digits. */
static uint64_t
time_of(const struct qt_hist_bytes *b)
{
	char	digits[24];
	size_t	len = 0, point = 0;

	while (point < b->len && b->data[point] >= '0' && b->data[point] <= '9')
		point++;
	if (point == b->len || b->len < point + 7 || point > 16)
		return number_of(b);
	memcpy(digits, b->data, point);
	len = point + 6;
	memcpy(digits + point, b->data + b->len - 6, 6);
	return number_of(&(struct qt_hist_bytes){ digits, len });
}

/* An exit status; -1 where there is none. */
static int32_t
status_of(const struct qt_hist_bytes *b)
{
	uint64_t	n = number_of(b);

	return b->len == 0 || n > 65535 || (n == 0 && b->data[0] != '0') ? -1 :
	    (int32_t)n;
}

static void
statuses_of(struct qt_hist_spool_record *r, const struct qt_hist_bytes *b)
{
	size_t	at = 0;

	while (at < b->len && r->pipe_count < QT_HIST_PIPE_MAX) {
		const char	*space = memchr(b->data + at, ' ',
		    b->len - at);
		size_t		 len = space == NULL ? b->len - at :
		    (size_t)(space - b->data) - at;

		r->pipe[r->pipe_count++] = status_of(&(struct qt_hist_bytes){
			b->data + at, len });
		at += len + 1;
	}
}

/* "\t *text\n" or "\t  text\n", as fc -ln prints it. */
static void
take_fc(struct qt_hist_bytes *text)
{
	if (text->len < 3 || text->data[0] != '\t') {
		text->len = 0;
		return;
	}
	text->data += 2;
	text->len -= 2;
	if (text->data[text->len - 1] == '\n')
		text->len--;
}

/* "  17* text\n" or "  17  text\n", as history prints it. */
static void
take_history(struct qt_hist_bytes *text)
{
	const char	*p = text->data, *end = p + text->len;

	while (p < end && *p == ' ')
		p++;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	p = end - p < 2 ? end : p + 2;
	text->data = p;
	text->len = (size_t)(end - p);
	if (text->len > 0 && end[-1] == '\n')
		text->len--;
}

/*
 * "BEFORE   17  1795300735 text\n": of bash with erasedups, whose list is not
 * longer by a command that it has already. The entry is that command's if it is
 * of a later second than the prompt before; else nobody knows.
 */
static void
take_timed(struct qt_hist_spool_record *r)
{
	struct qt_hist_bytes	*text = &r->text, piece = r->text;
	const char		*space = memchr(text->data, ' ', text->len);
	uint64_t		 before;

	r->is_unsure = true;
	if (space == NULL) {
		text->len = 0;
		return;
	}
	piece.len = (size_t)(space - text->data);
	before = time_of(&piece) / 1000000;
	text->data = space;
	text->len -= piece.len;
	take_history(text);
	piece = (struct qt_hist_bytes){ text->data, 0 };
	while (piece.len < text->len && piece.data[piece.len] >= '0' &&
	    piece.data[piece.len] <= '9')
		piece.len++;
	if (piece.len == 0 || piece.len == text->len ||
	    piece.data[piece.len] != ' ') {
		text->len = 0;
		return;
	}
	r->is_unsure = before == 0 || number_of(&piece) <= before;
	text->data += piece.len + 1;
	text->len -= piece.len + 1;
}

/* Of the last entry; or, if that is a comment, of the one that is in the field
   behind it. */
static void
take_command(struct qt_hist_bytes *text, const struct qt_hist_bytes *before)
{
	size_t	blank = 0;

	take_fc(text);
	while (blank < text->len && (text->data[blank] == ' ' ||
	    text->data[blank] == '\t'))
		blank++;
	if (blank < text->len && text->data[blank] != '#')
		return;
	*text = *before;
	take_fc(text);
}

static bool
is_one(const struct qt_hist_bytes *b, char c)
{
	return b->len == 1 && b->data[0] == c;
}

/* --- Records -------------------------------------------------------------- */

static bool
read_session(struct qt_hist_spool_record *r, const struct qt_hist_bytes *f)
{
	r->host = f[0];
	r->user = f[1];
	r->tty = f[2];
	r->shell = f[3];
	r->version = f[4];
	r->pid = number_of(&f[5]);
	r->start_us = number_of(&f[6]);
	r->qt_session = f[7];
	r->boot = f[8];
	r->pid_ns = number_of(&f[9]);
	return r->pid != 0;
}

static bool
read_begin(struct qt_hist_spool_record *r, const struct qt_hist_bytes *f)
{
	r->number = number_of(&f[0]);
	r->start_us = time_of(&f[1]);
	r->cwd = f[2];
	r->text = f[3];
	r->has_text = true;
	return r->number != 0 && r->text.len != 0;
}

static bool
read_end(struct qt_hist_spool_record *r, const struct qt_hist_bytes *f)
{
	r->number = number_of(&f[0]);
	r->start_us = time_of(&f[1]);
	r->end_us = time_of(&f[2]);
	r->status = status_of(&f[3]);
	statuses_of(r, &f[4]);
	r->cwd = f[5];
	r->text = f[7];
	if (is_one(&f[6], 'f'))
		take_fc(&r->text);
	else if (is_one(&f[6], 'c'))
		take_command(&r->text, &f[8]);
	else if (is_one(&f[6], 'h'))
		take_history(&r->text);
	else if (is_one(&f[6], 'e'))
		take_timed(r);
	r->has_text = !is_one(&f[6], 'b');
	return r->number != 0 && (!r->has_text || r->text.len != 0);
}

static bool
read_record(struct qt_hist_spool_record *r, char kind,
    const struct qt_hist_bytes *f, size_t count)
{
	static const struct {
		char	kind;
		size_t	count;
		bool	(*read)(struct qt_hist_spool_record *r,
			    const struct qt_hist_bytes *f);
	} kinds[] = { { 'S', 10, read_session }, { 'B', 4, read_begin },
	    { 'E', 8, read_end } };

	memset(r, 0, sizeof(*r));
	r->status = -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind && count >= kinds[i].count) {
			r->kind = (enum qt_hist_spool_kind)kind;
			return kinds[i].read(r, f);
		}
	return false;
}

/* A mark of this spool at p? Its kind, or 0. */
static char
mark_at(const char *p, const char *end, const char token[QT_HIST_TOKEN])
{
	if (end - p < (ptrdiff_t)MARK || p[0] != RS || p[MARK - 1] != '\0' ||
	    memcmp(p + 1, token, QT_HIST_TOKEN) != 0)
		return 0;
	return p[MARK - 2];
}

/*
 * The next mark, *kind its kind; or, with 0, the first byte that may begin one
 * of which not all is there yet, which is end where there is none.
 */
static const char *
find_mark(char *kind, const char *p, const char *end,
    const char token[QT_HIST_TOKEN])
{
	*kind = 0;
	while (p < end && (p = memchr(p, RS, (size_t)(end - p))) != NULL) {
		*kind = mark_at(p, end, token);
		if (*kind != 0 || end - p < (ptrdiff_t)MARK)
			return p;
		p++;
	}
	return end;
}

/* All fields between a mark and the next, others are empty; false: too many, or
   one too long. */
static bool
split(struct qt_hist_bytes *f, size_t *count, const char *p, const char *end)
{
	const char	*nul;

	for (*count = 0; p < end; p = nul + 1, ++*count) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (nul == NULL || (size_t)(nul - p) > QT_HIST_TEXT_MAX ||
		    *count == FIELDS_MAX)
			return false;
		f[*count] = (struct qt_hist_bytes){ p, (size_t)(nul - p) };
	}
	memset(f + *count, 0, (FIELDS_MAX - *count) * sizeof(*f));
	return true;
}

int
qt_hist_spool_next(struct qt_hist_spool_record *out,
    const char token[QT_HIST_TOKEN], const void *data, size_t len,
    size_t *used, uint64_t *lost)
{
	const char		*begin = data, *end = begin + len, *next;
	const char		*start, *kept = begin;
	struct qt_hist_bytes	 f[FIELDS_MAX];
	size_t			 count;
	char			 kind, last;
	int			 rc = 0;

	start = find_mark(&kind, begin, end, token);
	for (; rc == 0 && kind != 0; start = next, kind = last) {
		next = find_mark(&last, start + MARK, end, token);
		/* Not all of it is there yet. */
		if (last == 0 && kind != '.')
			break;
		/* One without an end is torn. */
		if (kind != '.' && last == '.' && split(f, &count,
		    start + MARK, next) && read_record(out, kind, f, count)) {
			*lost += (uint64_t)(start - kept);
			kept = next + MARK;
			rc = 1;
		}
	}
	if (rc == 0) {
		*lost += (uint64_t)(start - kept);
		kept = start;
	}
	*used = (size_t)(kept - begin);
	return rc;
}
