/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of many producers and consumers: items are taken, printed, given back
 * when they could not be. */

#include <errno.h>

#include <qt/shm/queue.h>

#include "thing.h"

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_queue_spec	s = { .dtype = spec->dtype,
	    .capacity = spec->capacity, .item_max = (uint32_t)spec->item_max,
	    .flags = spec->is_redelivered ? QT_QUEUE_REDELIVER : 0 };

	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a queue needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the longest item in bytes");
	return qt_queue_create(seg, name, &s, err);
}

static int
open_queue(struct thing *t, struct qt_err *err)
{
	struct qt_queue	*q;
	int		 rc = qt_queue_open(t->seg, t->target.name, NULL, &q,
	    err);

	t->handle = q;
	if (rc == 0)
		t->item_max = qt_queue_item_max(q);
	return rc;
}

static void
close_queue(struct thing *t)
{
	qt_queue_close(t->handle);
}

static int
push(struct thing *t, const void *item, size_t len, uint64_t deadline)
{
	return qt_queue_push(t->handle, item, len, deadline);
}

static struct qt_queue_item
item_of(const struct thing *t, const struct taken *item)
{
	return (struct qt_queue_item){ .data = item->data,
	    .len = (uint32_t)item->len, .size = (uint32_t)t->item_max,
	    .index = item->index, .generation = item->generation };
}

static int
take(struct thing *t, struct taken *item, uint64_t deadline)
{
	struct qt_queue_item	q;
	int			rc = qt_queue_take(t->handle, &q, deadline);

	if (rc == 0)
		*item = (struct taken){ .data = q.data, .len = q.len,
		    .index = q.index, .generation = q.generation };
	return rc;
}

static int
release(struct thing *t, struct taken *item)
{
	struct qt_queue_item	q = item_of(t, item);

	return qt_queue_release(t->handle, &q);
}

static int
requeue(struct thing *t, struct taken *item)
{
	struct qt_queue_item	q = item_of(t, item);

	return qt_queue_requeue(t->handle, &q);
}

static ssize_t
peek(struct thing *t, uint64_t which, void *out, size_t size)
{
	return qt_queue_peek(t->handle, which, out, size);
}

const struct thing_type queue_thing = {
	.type = QT_TYPE_QUEUE, .options = "tczD", .batch = 16,
	.create = create, .open = open_queue, .close = close_queue,
	.push = push, .take = take, .release = release, .requeue = requeue,
	.peek = peek, .dump = thing_dump_items,
};
