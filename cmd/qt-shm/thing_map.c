/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and skip lists: values by key, in no order or in that of the keys. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/map.h>
#include <qt/shm/skiplist.h>

#include "thing.h"

#define KEY_DEFAULT	64u	/* bytes of a key, unless said */

/* The same functions of the two; a skip list has no cas and no add. */
static int
is_list(const struct thing *t)
{
	return t->stat.type == QT_TYPE_SKIPLIST;
}

static uint32_t
key_max(const struct thing *t)
{
	return is_list(t) ? qt_skiplist_key_max(t->handle) :
	    qt_map_key_max(t->handle);
}

static uint64_t
capacity(const struct thing *t)
{
	return is_list(t) ? qt_skiplist_capacity(t->handle) :
	    qt_map_capacity(t->handle);
}

static int
next_entry(struct thing *t, void *key, size_t *key_len, void *value,
    size_t *len)
{
	if (is_list(t))
		return qt_skiplist_next(t->handle, key, key_len, value,
		    t->item_max, len);
	return qt_map_next(t->handle, key, key_len, value, t->item_max, len);
}

static void
check_spec(const struct thing_spec *spec, const char *what)
{
	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a %s needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the longest value in bytes", what);
}

static uint32_t
spec_key_max(const struct thing_spec *spec)
{
	return spec->key_dtype == NULL && spec->key_max == 0 ? KEY_DEFAULT :
	    (uint32_t)spec->key_max;
}

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_map_spec	s = { .key_dtype = spec->key_dtype,
	    .dtype = spec->dtype, .key_max = spec_key_max(spec),
	    .value_max = (uint32_t)spec->item_max,
	    .capacity = spec->capacity };

	check_spec(spec, "map");
	return qt_map_create(seg, name, &s, err);
}

static int
create_list(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	struct qt_skiplist_spec	s = { .key_dtype = spec->key_dtype,
	    .dtype = spec->dtype, .key_max = spec_key_max(spec),
	    .value_max = (uint32_t)spec->item_max,
	    .capacity = spec->capacity };

	check_spec(spec, "skiplist");
	return qt_skiplist_create(seg, name, &s, err);
}

static int
open_map(struct thing *t, struct qt_err *err)
{
	struct qt_map	*m;
	int		 rc = qt_map_open(t->seg, t->target.name, NULL, NULL,
	    &m, err);

	t->handle = m;
	if (rc == 0)
		t->item_max = qt_map_value_max(m);
	return rc;
}

static int
open_list(struct thing *t, struct qt_err *err)
{
	struct qt_skiplist	*l;
	int			 rc = qt_skiplist_open(t->seg, t->target.name,
	    NULL, NULL, &l, err);

	t->handle = l;
	if (rc == 0)
		t->item_max = qt_skiplist_value_max(l);
	return rc;
}

static void
close_map(struct thing *t)
{
	qt_map_close(t->handle);
}

static void
close_list(struct thing *t)
{
	qt_skiplist_close(t->handle);
}

static const struct qt_dtype *
key_dtype(const struct thing *t)
{
	return t->has_key_dtype ? &t->key_dtype : NULL;
}

static int
scan_key(const struct thing *t, const char *text, struct qt_buf *out,
    struct qt_err *err)
{
	uint32_t	max = key_max(t);
	int		rc = item_scan(key_dtype(t), text, strlen(text), out,
	    err);

	if (rc == 0 && (out->len == 0 || out->len > max)) {
		qt_err_set(err, "a key of %zu bytes; it takes 1 to %" PRIu32,
		    out->len, max);
		return -EINVAL;
	}
	if (rc < 0)
		qt_err_wrap(err, "key '%s'", text);
	return rc;
}

static int
scan_value(const struct thing *t, const char *text, struct qt_buf *out,
    struct qt_err *err)
{
	int	rc = item_scan(thing_dtype(t), text, strlen(text), out, err);

	if (rc == 0 && out->len > t->item_max) {
		qt_err_set(err, "%zu bytes; it takes %zu", out->len,
		    t->item_max);
		rc = -EINVAL;
	}
	/* A value of no bytes is one too. */
	if (rc == 0)
		rc = qt_buf_reserve(out, 1);
	if (rc < 0)
		qt_err_wrap(err, "value '%.200s'", text);
	return rc;
}

static int
dump_to(struct thing *t, const struct sink *sink)
{
	struct sink	 key_sink = { .end = -1, .is_field = 1 };
	size_t		 key_len = 0, len;
	unsigned char	*key = malloc(key_max(t));
	unsigned char	*value = malloc(t->item_max > 0 ? t->item_max : 1);
	int		 rc = key != NULL && value != NULL ? 1 : -ENOMEM;

	while (rc == 1) {
		rc = next_entry(t, key, &key_len, value, &len);
		if (rc != 1)
			break;
		item_print(key_dtype(t), key, key_len, &key_sink);
		putchar('\t');
		item_print(thing_dtype(t), value, len, sink);
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
	struct qt_buf	 k = QT_BUF_INIT;
	unsigned char	*value;
	ssize_t		 n;

	if (*key == '\0')
		return dump(t, err);
	n = scan_key(t, key, &k, err);
	value = malloc(t->item_max > 0 ? t->item_max : 1);
	if (n == 0 && value == NULL)
		n = -ENOMEM;
	if (n == 0 && is_list(t))
		n = qt_skiplist_get(t->handle, k.data, k.len, value,
		    t->item_max);
	else if (n == 0)
		n = qt_map_get(t->handle, k.data, k.len, value, t->item_max);
	if (n >= 0)
		item_print(thing_dtype(t), value, (size_t)n, sink);
	free(value);
	qt_buf_clear(&k);
	return n == -ENOENT ? 1 : n < 0 ? (int)n : 0;
}

static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	struct qt_buf	k = QT_BUF_INIT, v = QT_BUF_INIT;
	int		rc;

	if (count != 2)
		qt_die(QT_EXIT_USAGE, "%s: KEY VALUE are wanted",
		    t->target.text);
	rc = scan_key(t, words[0], &k, err);
	if (rc == 0)
		rc = scan_value(t, words[1], &v, err);
	if (rc == 0 && is_list(t))
		rc = qt_skiplist_put(t->handle, k.data, k.len, v.data, v.len);
	else if (rc == 0)
		rc = qt_map_put(t->handle, k.data, k.len, v.data, v.len);
	if (rc == -QT_EFULL)
		qt_err_set(err, "key '%s': it has %" PRIu64 " entries already",
		    words[0], capacity(t));
	qt_buf_clear(&k);
	qt_buf_clear(&v);
	return rc < 0 ? rc : 0;
}

static int
del(struct thing *t, const char *key, struct qt_err *err)
{
	struct qt_buf	k = QT_BUF_INIT;
	int		rc = scan_key(t, key, &k, err);

	if (rc == 0 && is_list(t))
		rc = qt_skiplist_del(t->handle, k.data, k.len);
	else if (rc == 0)
		rc = qt_map_del(t->handle, k.data, k.len);
	qt_buf_clear(&k);
	return rc == -ENOENT ? 1 : rc;
}

static int
cas(struct thing *t, const char *key, const char *old, const char *desired,
    struct qt_err *err)
{
	struct sink	sink = { .end = '\n' };
	struct qt_buf	k = QT_BUF_INIT, a = QT_BUF_INIT, b = QT_BUF_INIT;
	int		rc = scan_key(t, key, &k, err);

	if (rc == 0)
		rc = scan_value(t, old, &a, err);
	if (rc == 0)
		rc = scan_value(t, desired, &b, err);
	if (rc < 0)
		goto out;
	rc = qt_map_cas(t->handle, k.data, k.len, a.data, a.len, b.data,
	    b.len);
	if (rc == 1) {
		rc = 0;
	} else if (rc == 0 || rc == -ENOENT) {
		(void)get(t, key, &sink, err);
		rc = 1;
	}
out:
	qt_buf_clear(&k);
	qt_buf_clear(&a);
	qt_buf_clear(&b);
	return rc;
}

static int
add(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	int64_t		n = thing_number(count > 1 ? words[1] : NULL), sum;
	struct qt_buf	k = QT_BUF_INIT;
	int		rc;

	if (count < 1 || count > 2)
		qt_die(QT_EXIT_USAGE, "%s: KEY and N are wanted",
		    t->target.text);
	if (!t->has_dtype || !qt_dtype_is_int(&t->dtype)) {
		qt_err_set(err, "its values are '%s', not whole numbers of "
		    "this machine", t->has_dtype ? t->dtype.text : "bytes");
		return -EINVAL;
	}
	rc = scan_key(t, words[0], &k, err);
	if (rc == 0)
		rc = qt_map_add(t->handle, k.data, k.len, n, &sum);
	if (rc == 0 && t->dtype.field[0].kind == 'u')
		printf("%" PRIu64 "\n", (uint64_t)sum);
	else if (rc == 0)
		printf("%" PRId64 "\n", sum);
	qt_buf_clear(&k);
	return rc;
}

const struct thing_type map_thing = {
	.type = QT_TYPE_MAP, .options = "tczkK", .create = create,
	.open = open_map, .close = close_map, .get = get, .put = put,
	.del = del, .cas = cas, .add = add, .dump = dump,
};

const struct thing_type skiplist_thing = {
	.type = QT_TYPE_SKIPLIST, .options = "tczkK", .create = create_list,
	.open = open_list, .close = close_list, .get = get, .put = put,
	.del = del, .dump = dump,
};
