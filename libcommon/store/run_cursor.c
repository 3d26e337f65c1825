/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a run in order, both ways.
 *
 * A place is a block and the number of a record in it.
 */

#include <errno.h>
#include <stdlib.h>

#include "run_file_priv.h"

struct run_cursor {
	struct qt__cursor cursor;	/* first */
	struct qt__run	*run;
	struct qt__loaded loaded;
	uint32_t	 block, record;	/* where it is */
	bool		 is_loaded;	/* block, that is */
	bool		 is_on;
	struct qt__block_reader reader;
};

static int
nowhere(struct run_cursor *c)
{
	c->is_on = false;
	return 0;
}

static int
load(struct run_cursor *c, uint32_t block)
{
	int	rc;

	if (c->is_loaded && c->block == block)
		return 0;
	if (c->is_loaded)
		qt__run_unload(&c->loaded);
	c->is_on = false;
	rc = qt__run_load(c->run, block, false, &c->loaded, NULL);
	c->is_loaded = rc == 0;
	c->block = block;
	qt__block_reader_set(&c->reader, &c->loaded.view);
	return rc;
}

/* Shows record i of the block that is loaded. */
static int
show(struct run_cursor *c, uint32_t i)
{
	int	rc = qt__block_reader_get(&c->reader, i, &c->cursor.entry);

	c->record = i;
	c->is_on = rc > 0;
	return rc;
}

static int
first_of(struct run_cursor *c, uint32_t block)
{
	int	rc;

	if (block >= c->run->index.count)
		return nowhere(c);
	rc = load(c, block);
	return rc < 0 ? rc : show(c, 0);
}

static int
last_of(struct run_cursor *c, uint32_t block)
{
	int	rc = load(c, block);

	return rc < 0 ? rc : show(c, c->loaded.view.count - 1);
}

/*
 * The first record that is not less than key: block and *record, which may be
 * the number of records there are in it. Block may be the number of blocks.
 */
static int
place(struct run_cursor *c, uint32_t *block, uint32_t *record,
    const void *key, size_t len)
{
	bool	is_equal;
	int	rc;

	c->is_on = false;
	*block = *record = 0;
	if (len == 0)
		return 0;
	rc = qt__run_index_find(&c->run->index, block, &is_equal, key, len);
	if (rc < 0 || *block == c->run->index.count)
		return rc;
	rc = load(c, *block);
	return rc < 0 ? rc : qt__block_seek(&c->loaded.view, record, key, len);
}

static int
run_seek(struct qt__cursor *cursor, const void *key, size_t len)
{
	struct run_cursor	*c = (struct run_cursor *)cursor;
	uint32_t		 block, record;
	int			 rc = place(c, &block, &record, key, len);

	if (rc < 0)
		return rc;
	if (block == c->run->index.count)
		return nowhere(c);
	rc = load(c, block);
	if (rc < 0)
		return rc;
	return record < c->loaded.view.count ? show(c, record) :
	    first_of(c, block + 1);
}

static int
run_seek_before(struct qt__cursor *cursor, const void *key, size_t len)
{
	struct run_cursor	*c = (struct run_cursor *)cursor;
	uint32_t		 block = c->run->index.count, record = 0;
	int			 rc = 0;

	c->is_on = false;
	if (key != NULL)
		rc = place(c, &block, &record, key, len);
	if (rc < 0)
		return rc;
	if (record > 0)
		return show(c, record - 1);
	return block > 0 ? last_of(c, block - 1) : nowhere(c);
}

static int
run_next(struct qt__cursor *cursor)
{
	struct run_cursor	*c = (struct run_cursor *)cursor;

	if (!c->is_on)
		return 0;
	if (c->record + 1 < c->loaded.view.count)
		return show(c, c->record + 1);
	return first_of(c, c->block + 1);
}

static int
run_prev(struct qt__cursor *cursor)
{
	struct run_cursor	*c = (struct run_cursor *)cursor;

	if (!c->is_on)
		return 0;
	if (c->record > 0)
		return show(c, c->record - 1);
	return c->block > 0 ? last_of(c, c->block - 1) : nowhere(c);
}

static void
run_close(struct qt__cursor *cursor)
{
	struct run_cursor	*c = (struct run_cursor *)cursor;

	if (c->is_loaded)
		qt__run_unload(&c->loaded);
	qt__block_reader_clear(&c->reader);
	free(c);
}

static const struct qt__cursor_ops ops = {
	.seek = run_seek, .seek_before = run_seek_before,
	.next = run_next, .prev = run_prev, .close = run_close,
};

int
qt__run_cursor(struct qt__run *r, struct qt__cursor **out, struct qt_err *err)
{
	struct run_cursor	*c = calloc(1, sizeof(*c));

	(void)err;
	*out = NULL;
	if (c == NULL)
		return -ENOMEM;
	c->cursor.ops = &ops;
	c->run = r;
	*out = &c->cursor;
	return 0;
}
