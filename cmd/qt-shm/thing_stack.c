/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks: the newest item first. */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/stack.h>

#include "thing.h"

struct stack {
	struct qt_stack		*stack;
	struct qt_stack_cursor	 cursor;	/* of peek */
};

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_stack_spec	s = { .dtype = spec->dtype,
	    .capacity = spec->capacity, .item_max = (uint32_t)spec->item_max,
	    .flags = spec->is_redelivered ? QT_STACK_REDELIVER : 0 };

	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a stack needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the longest item in bytes");
	return qt_stack_create(seg, name, &s, err);
}

static int
open_stack(struct thing *t, struct qt_err *err)
{
	struct stack	*s = calloc(1, sizeof(*s));
	int		 rc = s == NULL ? -ENOMEM : qt_stack_open(t->seg,
	    t->target.name, NULL, &s->stack, err);

	if (rc < 0) {
		free(s);
		return rc;
	}
	t->handle = s;
	t->item_max = qt_stack_item_max(s->stack);
	return 0;
}

static void
close_stack(struct thing *t)
{
	struct stack	*s = t->handle;

	qt_stack_close(s->stack);
	free(s);
}

static int
push(struct thing *t, const void *item, size_t len, uint64_t deadline)
{
	struct stack	*s = t->handle;

	return qt_stack_push(s->stack, item, len, deadline);
}

/* Popped at once: killed before it is printed, it is gone. */
static int
take(struct thing *t, struct taken *item, uint64_t deadline)
{
	struct stack	*s = t->handle;
	size_t		 size = t->item_max > 0 ? t->item_max : 1;
	ssize_t		 n;

	item->data = malloc(size);
	if (item->data == NULL)
		return -ENOMEM;
	n = qt_stack_pop(s->stack, item->data, size, deadline);
	if (n < 0) {
		free(item->data);
		return (int)n;
	}
	item->len = (size_t)n;
	return 0;
}

static int
release(struct thing *t, struct taken *item)
{
	(void)t;
	free(item->data);
	return 0;
}

static int
requeue(struct thing *t, struct taken *item)
{
	int	rc = push(t, item->data, item->len, QT_WAIT_NEVER);

	free(item->data);
	return rc;
}

static ssize_t
peek(struct thing *t, uint64_t which, void *out, size_t size)
{
	struct stack	*s = t->handle;

	if (which != s->cursor.which)
		s->cursor = (struct qt_stack_cursor){ .which = which };
	return qt_stack_next(s->stack, &s->cursor, out, size);
}

const struct thing_type stack_thing = {
	.type = QT_TYPE_STACK, .options = "tczD", .batch = 1,
	.create = create, .open = open_stack, .close = close_stack,
	.push = push, .take = take, .release = release, .requeue = requeue,
	.peek = peek, .dump = thing_dump_items,
};
