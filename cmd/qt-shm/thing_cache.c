/* SPDX-License-Identifier: Apache-2.0 */
/* Caches: values by key in a fixed number of bytes, for a time or until room is
 * needed. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/shm/cache.h>

#include "thing.h"

#define KEY_DEFAULT	64u	/* bytes of a key, unless said */

/* The clock of all who use a cache by this program: it cannot be set back. */
static uint64_t
now(void)
{
	return qt_clock_mono_ms();
}

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_cache_spec	s = { .bytes = spec->capacity,
	    .key_max = spec->key_max != 0 ? (uint32_t)spec->key_max :
	    KEY_DEFAULT, .value_max = (uint32_t)spec->item_max };

	if (spec->capacity == 0 || spec->item_max == 0)
		qt_die(QT_EXIT_USAGE, "a cache needs -c BYTES, all that it may "
		    "take, and -z SIZE, the longest value in bytes");
	return qt_cache_create(seg, name, &s, err);
}

static int
open_cache(struct thing *t, struct qt_err *err)
{
	struct qt_cache	*c;
	int		 rc = qt_cache_open(t->seg, t->target.name, &c, err);

	t->handle = c;
	if (rc == 0)
		t->item_max = qt_cache_value_max(c);
	return rc;
}

static void
close_cache(struct thing *t)
{
	qt_cache_close(t->handle);
}

static int
check_key(const struct thing *t, const char *key, struct qt_err *err)
{
	uint32_t	max = qt_cache_key_max(t->handle);

	if (*key != '\0' && strlen(key) <= max)
		return 0;
	qt_err_set(err, "key '%.100s': a key of %zu bytes; it takes 1 to %"
	    PRIu32, key, strlen(key), max);
	return -EINVAL;
}

static int
dump_to(struct thing *t, const struct sink *sink)
{
	struct sink	 key_sink = { .end = -1, .is_field = 1 };
	size_t		 key_len = 0, len;
	unsigned char	*key = malloc(qt_cache_key_max(t->handle));
	unsigned char	*value = malloc(t->item_max + 1);
	int		 rc = key != NULL && value != NULL ? 1 : -ENOMEM;

	while (rc == 1) {
		rc = qt_cache_next(t->handle, key, &key_len, value,
		    t->item_max, &len, now());
		if (rc != 1)
			break;
		item_print(NULL, key, key_len, &key_sink);
		putchar('\t');
		item_print(NULL, value, len, sink);
	}
	free(key);
	free(value);
	return rc;
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
	unsigned char	*value;
	ssize_t		 n;

	if (*key == '\0')
		return dump_to(t, sink);
	n = check_key(t, key, err);
	value = malloc(t->item_max + 1);
	if (n == 0)
		n = value == NULL ? -ENOMEM : qt_cache_get(t->handle, key,
		    strlen(key), value, t->item_max, now());
	if (n >= 0)
		item_print(NULL, value, (size_t)n, sink);
	free(value);
	return n == -ENOENT ? 1 : n < 0 ? (int)n : 0;
}

static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	int	rc;

	if (count != 2)
		qt_die(QT_EXIT_USAGE, "%s: KEY VALUE are wanted",
		    t->target.text);
	rc = check_key(t, words[0], err);
	if (rc == 0 && strlen(words[1]) > t->item_max) {
		qt_err_set(err, "value '%.200s': %zu bytes; it takes %zu",
		    words[1], strlen(words[1]), t->item_max);
		return -EINVAL;
	}
	if (rc == 0)
		rc = qt_cache_put(t->handle, words[0], strlen(words[0]),
		    words[1], strlen(words[1]), now(), t->ttl_ms);
	if (rc == -QT_EFULL)
		qt_err_set(err, "key '%.100s': stopped processes hold what is "
		    "not in use ('qt-shm who %s' lists them)", words[0],
		    t->target.seg);
	return rc < 0 ? rc : 0;
}

static int
del(struct thing *t, const char *key, struct qt_err *err)
{
	int	rc = check_key(t, key, err);

	if (rc == 0)
		rc = qt_cache_del(t->handle, key, strlen(key));
	return rc == -ENOENT ? 1 : rc;
}

const struct thing_type cache_thing = {
	.type = QT_TYPE_CACHE, .options = "czK", .has_ttl = 1,
	.is_counting = 1, .create = create, .open = open_cache,
	.close = close_cache, .get = get, .put = put, .del = del, .dump = dump,
};
