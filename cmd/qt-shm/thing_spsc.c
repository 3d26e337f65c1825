/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of one producer and one consumer. */

#include <errno.h>
#include <stdint.h>

#include <qt/shm/spsc.h>

#include "thing.h"

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_spsc_spec	s = { .dtype = spec->dtype,
	    .capacity = spec->capacity, .item_max = (uint32_t)spec->item_max };

	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "an spsc needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the longest item in bytes");
	return qt_spsc_create(seg, name, &s, err);
}

static int
open_spsc(struct thing *t, struct qt_err *err)
{
	unsigned int	 roles = (t->flags & THING_PUSH ? QT_SPSC_PRODUCER : 0) |
	    (t->flags & THING_POP ? QT_SPSC_CONSUMER : 0);
	struct qt_spsc	*q;
	int		 rc = qt_spsc_open(t->seg, t->target.name, NULL, roles,
	    &q, err);

	t->handle = q;
	if (rc == 0)
		t->item_max = qt_spsc_item_max(q);
	return rc;
}

static void
close_spsc(struct thing *t)
{
	qt_spsc_close(t->handle);
}

static int
push(struct thing *t, const void *item, size_t len, uint64_t deadline)
{
	return qt_spsc_push(t->handle, item, len, deadline);
}

static int
take(struct thing *t, struct taken *item, uint64_t deadline)
{
	const void	*data;
	ssize_t		 n = qt_spsc_take(t->handle, &data, &item->len, 1,
	    deadline);

	if (n < 0)
		return (int)n;
	item->data = (void *)(uintptr_t)data;
	return 0;
}

static int
release(struct thing *t, struct taken *item)
{
	(void)item;
	return qt_spsc_release(t->handle, 1);
}

/* What is not released is seen again. */
static int
requeue(struct thing *t, struct taken *item)
{
	(void)t;
	(void)item;
	return 0;
}

static ssize_t
peek(struct thing *t, uint64_t which, void *out, size_t size)
{
	return qt_spsc_peek(t->handle, which, out, size);
}

const struct thing_type spsc_thing = {
	.type = QT_TYPE_SPSC, .options = "tcz", .batch = 1,
	.create = create, .open = open_spsc, .close = close_spsc,
	.push = push, .take = take, .release = release, .requeue = requeue,
	.peek = peek, .dump = thing_dump_items,
};
