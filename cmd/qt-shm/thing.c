/* SPDX-License-Identifier: Apache-2.0 */
/* The types that the commands work on, and what is the same for all. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/text.h>

#include "thing.h"

static const struct thing_type *const types[] = {
	&array_thing, &barrier_thing, &cache_thing, &event_thing, &latch_thing,
	&map_thing, &mutex_thing, &once_thing, &pool_thing, &queue_thing,
	&ring_thing, &rwlock_thing, &semaphore_thing, &set_thing,
	&skiplist_thing, &spsc_thing, &stack_thing, &value_thing,
};
#define TYPES (sizeof(types) / sizeof(types[0]))

const struct thing_type *
thing_type(uint32_t type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i]->type == type)
			return types[i];
	return NULL;
}

void
thing_names(struct qt_buf *out)
{
	for (size_t i = 0; i < TYPES; i++)
		qt_buf_addf(out, "%s%s", i > 0 ? ", " : "",
		    qt_obj_type_name(types[i]->type));
}

_Noreturn void
thing_cannot(const struct thing *t, const char *verb)
{
	const struct thing_type	*type = t->type;
	const struct { const char *verb; int can; } all[] = {
		{ "add", type->add != NULL }, { "cas", type->cas != NULL },
		{ "del", type->del != NULL }, { "dump", type->dump != NULL },
		{ "get", type->get != NULL }, { "lock", type->lock != NULL },
		{ "peek", type->peek != NULL },
		{ "pop", type->take != NULL },
		{ "pop -f", type->take == NULL && type->follow != NULL },
		{ "push", type->push != NULL }, { "put", type->put != NULL },
		{ "wait", type->wait != NULL },
	};
	struct qt_buf	 can = QT_BUF_INIT;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].can)
			qt_buf_addf(&can, "%s%s", can.len > 0 ? ", " : "",
			    all[i].verb);
	qt_die(QT_EXIT_SYS, "%s: %s does not work on a structure of type %s "
	    "(what does: %s)", t->target.text, verb, t->stat.type_name,
	    can.data);
}

void
thing_open(struct thing *t, const char *operand, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	memset(t, 0, sizeof(*t));
	target_parse(&t->target, operand, TARGET_NAME);
	t->flags = flags;
	t->end = '\n';
	t->seg = target_open(&t->target, flags & 3);
	rc = qt_obj_stat(t->seg, t->target.name, &t->stat, &err);
	if (rc == 0)
		t->type = thing_type(t->stat.type);
	if (rc == 0 && t->type == NULL) {
		qt_err_set(&err, "it is a %s, which this program only lists",
		    t->stat.type_name);
		rc = -EINVAL;
	}
	if (rc == 0) {
		t->has_dtype = t->stat.dtype[0] != '\0' &&
		    qt_dtype_parse(&t->dtype, t->stat.dtype, NULL) == 0;
		t->has_key_dtype = t->stat.key_dtype[0] != '\0' &&
		    qt_dtype_parse(&t->key_dtype, t->stat.key_dtype, NULL) == 0;
		t->item_max = t->has_dtype ? t->dtype.size : t->stat.elem_size;
		rc = t->type->open(t, &err);
	}
	if (rc < 0)
		target_die(&t->target, rc, &err);
}

void
thing_close(struct thing *t)
{
	t->type->close(t);
	target_close(t->seg);
}

const struct qt_dtype *
thing_dtype(const struct thing *t)
{
	return t->has_dtype ? &t->dtype : NULL;
}

int64_t
thing_number(const char *text)
{
	char	*end;
	int64_t	 n;

	if (text == NULL)
		return 1;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		qt_die(QT_EXIT_USAGE, "'%s' is no number to add", text);
	return n;
}

int
thing_dump_items(struct thing *t, struct qt_err *err)
{
	struct sink	 sink = { .end = '\n', .is_field = 1 };
	size_t		 size = t->item_max > 0 ? t->item_max : 1;
	void		*item = malloc(size);
	ssize_t		 n = item != NULL ? 0 : -ENOMEM;

	(void)err;
	/* Bounded: while others push, it may go on and on. */
	for (uint64_t i = 0; n >= 0 && i <= t->stat.capacity; i++) {
		n = t->type->peek(t, i, item, size);
		if (n >= 0)
			item_print(thing_dtype(t), item, (size_t)n, &sink);
	}
	free(item);
	return n == -QT_EEMPTY || n >= 0 ? 0 : (int)n;
}

/* --- Items --------------------------------------------------------------- */

void
item_format(const struct qt_dtype *dtype, const void *data, size_t len,
    const struct sink *sink, struct qt_buf *out)
{
	struct qt_buf	text = QT_BUF_INIT;
	int		rc;

	if (sink->is_raw)
		rc = qt_buf_add(out, data, len);
	else if (dtype != NULL && len == dtype->size)
		rc = qt_dtype_format(dtype, data, &text);
	else
		rc = qt_buf_add(&text, data, len);
	if (rc == 0 && text.len > 0) {
		if (sink->is_field || isatty(STDOUT_FILENO))
			qt_text_escape(out, text.data, text.len);
		else
			rc = qt_buf_add(out, text.data, text.len);
	}
	qt_buf_clear(&text);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "no memory for an item of %zu bytes", len);
}

void
item_print(const struct qt_dtype *dtype, const void *data, size_t len,
    const struct sink *sink)
{
	struct qt_buf	out = QT_BUF_INIT;

	item_format(dtype, data, len, sink, &out);
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	if (sink->end >= 0)
		putchar(sink->end);
	qt_buf_clear(&out);
}

int
item_scan(const struct qt_dtype *dtype, const char *text, size_t len,
    struct qt_buf *out, struct qt_err *err)
{
	int	rc;

	qt_buf_reset(out);
	if (dtype == NULL)
		return qt_buf_add(out, text, len);
	rc = qt_buf_reserve(out, dtype->size);
	if (rc < 0)
		return rc;
	rc = qt_dtype_scan(dtype, text, len, out->data, err);
	if (rc == 0)
		out->len = dtype->size;
	return rc;
}
