/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings: bytes that one process writes and any number reads, each from where it
 * is. What is pushed are lines; nothing is ever taken out.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/text.h>
#include <qt/shm/ring.h>

#include "thing.h"
#include "waiting.h"

#define PIECE	(64u << 10)	/* bytes read at once */

struct ring {
	struct qt_ring		*ring;
	struct qt_ring_writer	*writer;	/* when we push */
	struct qt_ring_reader	*reader;
	uint64_t		 pos;		/* of the next line to peek */
	struct qt_buf		 ahead;		/* what was read from there on */
	size_t			 at;		/* of the next line, in it */
	struct qt_buf		 line;		/* to push */
};

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	uint64_t	limit = spec->capacity;

	return qt_ring_make(seg, name, limit > 0 ? limit :
	    QT_RING_LIMIT_DEFAULT, err);
}

static void
close_ring(struct thing *t)
{
	struct ring	*r = t->handle;

	if (r->writer != NULL)
		qt_ring_writer_close(r->writer);
	qt_ring_reader_close(r->reader);
	qt_ring_close(r->ring);
	qt_buf_clear(&r->ahead);
	qt_buf_clear(&r->line);
	free(r);
}

static int
open_ring(struct thing *t, struct qt_err *err)
{
	struct ring	*r = calloc(1, sizeof(*r));
	int		 rc = r == NULL ? -ENOMEM : qt_ring_open(t->seg,
	    t->target.name, &r->ring, err);

	if (rc < 0) {
		free(r);
		return rc;
	}
	t->handle = r;
	/* A line that does not fit well below the limit is none to keep. */
	t->item_max = qt_ring_limit(r->ring) / 2;
	rc = qt_ring_reader(r->ring, &r->reader, err);
	if (rc == 0 && t->flags & THING_PUSH)
		rc = qt_ring_writer(r->ring, &r->writer, err);
	if (rc < 0)
		close_ring(t);
	return rc;
}

static int
push(struct thing *t, const void *item, size_t len, uint64_t deadline)
{
	struct ring	*r = t->handle;
	char		 end = (char)t->end;
	int		 rc;

	(void)deadline;
	if (len > t->item_max)
		return -EMSGSIZE;
	qt_buf_reset(&r->line);
	rc = qt_buf_add(&r->line, item, len);
	if (rc == 0 && t->end >= 0)
		rc = qt_buf_add(&r->line, &end, 1);
	return rc < 0 ? rc : qt_ring_write(r->writer, r->line.data,
	    r->line.len);
}

/*
 * The next bytes at *pos, into buf: how many, or 0 at the head. What was
 * overwritten before it was read is passed over, and said.
 */
static ssize_t
read_on(struct thing *t, uint64_t *pos, void *buf, size_t size)
{
	struct ring	*r = t->handle;
	uint64_t	 tail;
	ssize_t		 n;

	while ((n = qt_ring_read(r->reader, *pos, buf, size)) ==
	    -QT_ELAPPED) {
		qt_ring_range(r->reader, &tail, NULL);
		qt_warn("%s: %" PRIu64 " bytes were overwritten before they "
		    "were read", t->target.text, tail - *pos);
		*pos = tail;
	}
	return n;
}

/* Reads again from the next line on, more than there was: 1, 0, negative. */
static int
read_ahead(struct thing *t, size_t most)
{
	struct ring	*r = t->handle;
	uint64_t	 pos = r->pos;
	size_t		 had = r->ahead.len - r->at;
	size_t		 size = had < PIECE / 2 ? PIECE : 2 * had;
	ssize_t		 n;

	qt_buf_reset(&r->ahead);
	r->at = 0;
	n = qt_buf_reserve(&r->ahead, size);
	if (n == 0)
		n = read_on(t, &r->pos, r->ahead.data, size < most ? size :
		    most);
	if (n < 0)
		return (int)n;
	r->ahead.len = (size_t)n;
	return r->ahead.len > had || r->pos != pos;
}

/* Lines, as they follow each other from the tail on. */
static ssize_t
peek(struct thing *t, uint64_t which, void *out, size_t size)
{
	struct ring	*r = t->handle;
	const char	*end;
	size_t		 len;
	int		 rc = 1;

	if (which == 0) {
		qt_ring_range(r->reader, &r->pos, NULL);
		qt_buf_reset(&r->ahead);
		r->at = 0;
	}
	for (;;) {
		len = r->ahead.len - r->at;
		end = len == 0 ? NULL : memchr(r->ahead.data + r->at, '\n',
		    len);
		if (end != NULL || len >= size || rc <= 0)
			break;
		rc = read_ahead(t, size);
	}
	if (rc < 0 || len == 0)
		return rc < 0 ? rc : -QT_EEMPTY;
	if (end != NULL)
		len = (size_t)(end - r->ahead.data) - r->at;
	memcpy(out, r->ahead.data + r->at, len < size ? len : size);
	r->at += len + (end != NULL);
	r->pos += len + (end != NULL);
	return (ssize_t)len;
}

/* Bytes as they are; a terminal gets nothing that would drive it. */
static int
print(const char *data, size_t len, int is_raw)
{
	struct qt_buf	text = QT_BUF_INIT;
	size_t		at = 0, end;
	int		rc = 0;

	if (is_raw || !isatty(STDOUT_FILENO))
		return waiting_write(data, len);
	while (at < len && rc == 0) {
		for (end = at; end < len && data[end] != '\n'; end++)
			;
		qt_text_escape(&text, data + at, end - at);
		if (end < len)
			rc = qt_buf_add(&text, "\n", 1);
		at = end + 1;
	}
	if (rc == 0 && text.len > 0)
		rc = waiting_write(text.data, text.len);
	qt_buf_clear(&text);
	return rc;
}

static int
follow(struct thing *t, const struct sink *sink, int is_waiting)
{
	struct ring	*r = t->handle;
	char		*buf = malloc(PIECE);
	uint64_t	 pos;
	ssize_t		 n = buf == NULL ? -ENOMEM : 0;

	qt_ring_range(r->reader, &pos, NULL);
	while (n >= 0 && stop_signal == 0) {
		n = read_on(t, &pos, buf, PIECE);
		if (n > 0) {
			pos += (uint64_t)n;
			n = print(buf, (size_t)n, sink->is_raw);
			continue;
		}
		if (n < 0 || !is_waiting)
			break;
		n = qt_ring_wait(r->ring, pos,
		    waiting_piece(QT_WAIT_FOREVER));
		if (n == -ETIMEDOUT)
			n = 0;
	}
	free(buf);
	return n == -QT_EGONE || stop_signal != 0 ? 0 : (int)n;
}

static int
get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	(void)err;
	if (*key != '\0')
		qt_die(QT_EXIT_USAGE, "%s: a ring has no keys: '%s'",
		    t->target.text, key);
	return follow(t, sink, 0);
}

/* Until there is more than when the command began. */
static int
wait_more(struct thing *t, uint64_t deadline)
{
	struct ring	*r = t->handle;
	uint64_t	 head;

	qt_ring_range(r->reader, NULL, &head);
	return qt_ring_wait(r->ring, head, deadline);
}

const struct thing_type ring_thing = {
	.type = QT_TYPE_RING, .options = "c", .create = create,
	.open = open_ring, .close = close_ring, .push = push, .peek = peek,
	.get = get, .follow = follow, .dump = thing_dump_items,
	.wait = wait_more,
};
