/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools: blocks by handle. What a command allocated would be freed when it
 * ends, so it is given to nobody at once, and freed by del.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/pool.h>

#include "thing.h"

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_shm_pool_spec	s = { .dtype = spec->dtype,
	    .capacity = spec->capacity, .size = (uint32_t)spec->item_max,
	    .flags = spec->has_epochs ? QT_POOL_EPOCHS : 0 };

	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a pool needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the bytes of a block");
	return qt_shm_pool_create(seg, name, &s, err);
}

static int
open_pool(struct thing *t, struct qt_err *err)
{
	struct qt_shm_pool	*p;
	int			 rc = qt_shm_pool_open(t->seg, t->target.name,
	    NULL, &p, err);

	t->handle = p;
	if (rc == 0)
		t->item_max = qt_shm_pool_size(p);
	return rc;
}

static void
close_pool(struct thing *t)
{
	qt_shm_pool_close(t->handle);
}

static uint64_t
read_handle(const char *text)
{
	char		*end;
	uint64_t	 handle;

	errno = 0;
	handle = strtoull(text, &end, 16);
	if (end == text || *end != '\0' || errno != 0 || *text == '-')
		qt_die(QT_EXIT_USAGE, "'%s' is no handle of a pool: "
		    "hexadecimal digits, as put and dump print them", text);
	return handle;
}

static int
dump_to(struct thing *t, const struct sink *sink)
{
	uint64_t	 handle;
	uint32_t	 cursor = 0;
	const void	*block;

	while (qt_shm_pool_next(t->handle, &cursor, &handle) == 1) {
		block = qt_shm_pool_get(t->handle, handle);
		if (block == NULL)
			continue;	/* freed meanwhile */
		printf("%016" PRIx64 "\t", handle);
		item_print(thing_dtype(t), block, t->item_max, sink);
	}
	return 0;
}

static int
dump(struct thing *t, struct qt_err *err)
{
	struct sink	sink = { .end = '\n', .is_field = 1 };

	(void)err;
	return dump_to(t, &sink);
}

static int
get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	const void	*block;

	if (*key == '\0')
		return dump(t, err);
	block = qt_shm_pool_get(t->handle, read_handle(key));
	if (block == NULL)
		return 1;
	item_print(thing_dtype(t), block, t->item_max, sink);
	return 0;
}

/* "put VALUE": a new block, whose handle is printed. "put HANDLE VALUE". */
static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	struct qt_buf	data = QT_BUF_INIT;
	uint64_t	handle = count == 2 ? read_handle(words[0]) : 0;
	unsigned char	*block;
	int		rc;

	if (count < 1 || count > 2)
		qt_die(QT_EXIT_USAGE, "%s: [HANDLE] VALUE are wanted",
		    t->target.text);
	rc = item_scan(thing_dtype(t), words[count - 1],
	    strlen(words[count - 1]), &data, err);
	if (rc == 0 && data.len > t->item_max) {
		qt_err_set(err, "%zu bytes; a block has %zu", data.len,
		    t->item_max);
		rc = -EINVAL;
	}
	if (rc == 0 && count == 1)
		rc = qt_shm_pool_alloc(t->handle, &handle, QT_WAIT_NEVER);
	block = rc == 0 ? qt_shm_pool_get(t->handle, handle) : NULL;
	if (rc == 0 && block == NULL) {
		qt_err_set(err, "handle '%s'", words[0]);
		rc = -QT_EGONE;
	}
	if (rc == 0) {
		if (data.len > 0)
			memcpy(block, data.data, data.len);
		memset(block + data.len, 0, t->item_max - data.len);
		if (count == 1)
			rc = qt_shm_pool_give(t->handle, handle);
		if (rc == 0 && count == 1)
			printf("%016" PRIx64 "\n", handle);
	}
	qt_buf_clear(&data);
	return rc;
}

/* Retired, where it may be: somebody may be reading it. */
static int
del(struct thing *t, const char *key, struct qt_err *err)
{
	uint64_t	handle = read_handle(key);
	int		rc = qt_shm_pool_retire(t->handle, handle);

	if (rc == -EINVAL)
		rc = qt_shm_pool_free(t->handle, handle);
	if (rc == -EPERM)
		qt_err_set(err, "block '%s' is another participant's", key);
	return rc == -QT_EGONE ? 1 : rc;
}

const struct thing_type pool_thing = {
	.type = QT_TYPE_POOL, .options = "tczE", .create = create,
	.open = open_pool, .close = close_pool, .get = get, .put = put,
	.del = del, .dump = dump,
};
