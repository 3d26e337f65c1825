/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of batch. See answers.h. */

#include <errno.h>
#include <string.h>

#include <qt/base/text.h>

#include "answers.h"
#include "map.h"

#define ENOUGH	65536u

static void
must(int rc)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "no memory for the answers");
}

static void
add(struct answers *a, struct qt_buf *buf, const char *text)
{
	must(qt_buf_add(buf, text, strlen(text)));
	must(qt_buf_add(buf, &a->end, 1));
}

void
answer(struct answers *a, const char *text)
{
	add(a, &a->good, text);
	add(a, &a->bad, text);
}

void
answer_put(struct answers *a, uint64_t version)
{
	if (!a->is_grouped) {
		answer(a, "ok");
		return;
	}
	a->unsynced = version;
	add(a, &a->good, "ok");
	add(a, &a->bad, "error others see it, but it is not durable");
}

void
answer_error(struct answers *a, int rc, const struct qt_err *err)
{
	struct qt_buf	text = QT_BUF_INIT;
	int		status;

	if (rc == -ENOENT || rc == -EEXIST || rc == -ESTALE) {
		answer(a, "no");
		return;
	}
	must(qt_buf_addf(&text, "error "));
	qt_text_escape(&text, err->text, strlen(err->text));
	if (rc != -EINVAL && rc != -EMSGSIZE)
		must(qt_buf_addf(&text, "%s%s", *err->text != '\0' ? ": " : "",
		    qt_strerror(rc)));
	answer(a, text.data);
	qt_buf_clear(&text);
	status = rc == -EINVAL || rc == -EMSGSIZE ? QT_EXIT_USAGE :
	    map_status(rc);
	a->status = status > a->status ? status : a->status;
}

/* What is large goes out by pieces, behind what is kept. */
static void
write_value(struct answers *a, const char *value, size_t len, int is_escaped)
{
	size_t	n;

	qt_prog_write(is_escaped && a->end == '\0' ? "\\ " : "= ", 2);
	for (; len > 0; value += n, len -= n) {
		n = len < ENOUGH ? len : ENOUGH;
		if (is_escaped) {
			qt_text_escape(&a->good, value, n);
			qt_prog_write(a->good.data, a->good.len);
			qt_buf_reset(&a->good);
		} else
			qt_prog_write(value, n);
	}
	qt_prog_write(&a->end, 1);
}

void
answer_value(struct answers *a, struct qt_store *store, const void *value,
    size_t len)
{
	struct qt_buf	*const	both[] = { &a->good, &a->bad };
	int			is_escaped = a->end != '\0' ||
	    (len > 0 && memchr(value, '\0', len) != NULL);

	if (len > ENOUGH) {
		answers_flush(a, store);
		write_value(a, value, len, is_escaped);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		must(qt_buf_add(both[i], is_escaped && a->end == '\0' ?
		    "\\ " : "= ", 2));
		if (is_escaped)
			qt_text_escape(both[i], value, len);
		else
			must(qt_buf_add(both[i], value, len));
		must(qt_buf_add(both[i], &a->end, 1));
	}
}

void
answers_flush(struct answers *a, struct qt_store *store)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_buf	*out = &a->good;
	int		 rc, status;

	if (a->unsynced > 0) {
		rc = qt_store_sync(store, a->unsynced, &err);
		if (rc < 0) {
			status = map_warn(NULL, rc, &err);
			a->status = status > a->status ? status : a->status;
			out = &a->bad;
		}
	}
	a->unsynced = 0;
	if (out->len > 0)
		qt_prog_write(out->data, out->len);
	qt_prog_flush();
	qt_buf_reset(&a->good);
	qt_buf_reset(&a->bad);
}

int
answers_are_many(const struct answers *a)
{
	return a->good.len >= ENOUGH;
}

void
answers_clear(struct answers *a)
{
	qt_buf_clear(&a->good);
	qt_buf_clear(&a->bad);
}
