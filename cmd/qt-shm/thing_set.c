/* SPDX-License-Identifier: Apache-2.0 */
/* Sets: members, which are there or not. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/set.h>

#include "thing.h"

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_set_spec	s = { .dtype = spec->dtype,
	    .key_max = (uint32_t)spec->item_max, .capacity = spec->capacity };

	if (spec->capacity == 0 || !spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a set needs -c COUNT, and -t DTYPE or "
		    "-z SIZE, the longest member in bytes");
	return qt_set_create(seg, name, &s, err);
}

static int
open_set(struct thing *t, struct qt_err *err)
{
	struct qt_set	*s;
	int		 rc = qt_set_open(t->seg, t->target.name, NULL, &s,
	    err);

	t->handle = s;
	if (rc == 0)
		t->item_max = qt_set_key_max(s);
	return rc;
}

static void
close_set(struct thing *t)
{
	qt_set_close(t->handle);
}

static int
scan(const struct thing *t, const char *text, struct qt_buf *out,
    struct qt_err *err)
{
	/* A set's elements are its keys. */
	const struct qt_dtype	*dtype = t->has_key_dtype ? &t->key_dtype :
	    thing_dtype(t);
	int			 rc = item_scan(dtype, text, strlen(text), out,
	    err);

	if (rc == 0 && (out->len == 0 || out->len > t->item_max)) {
		qt_err_set(err, "%zu bytes; it takes 1 to %zu", out->len,
		    t->item_max);
		rc = -EINVAL;
	}
	if (rc < 0)
		qt_err_wrap(err, "member '%.200s'", text);
	return rc;
}

static int
list(struct thing *t, const struct sink *sink)
{
	const struct qt_dtype	*dtype = t->has_key_dtype ? &t->key_dtype :
	    thing_dtype(t);
	unsigned char		*key = malloc(t->item_max);
	size_t			 len = 0;
	int			 rc = key != NULL ? 1 : -ENOMEM;

	while (rc == 1) {
		rc = qt_set_next(t->handle, key, &len);
		if (rc == 1)
			item_print(dtype, key, len, sink);
	}
	free(key);
	return rc;
}

static int
dump(struct thing *t, struct qt_err *err)
{
	struct sink	sink = { .end = '\n', .is_field = 1 };

	(void)err;
	return list(t, &sink);
}

/* All members; or whether this is one, by the exit status. */
static int
get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	struct qt_buf	k = QT_BUF_INIT;
	int		rc;

	if (*key == '\0')
		return list(t, sink);
	rc = scan(t, key, &k, err);
	if (rc == 0) {
		rc = qt_set_has(t->handle, k.data, k.len);
		rc = rc < 0 ? rc : !rc;
	}
	qt_buf_clear(&k);
	return rc;
}

/* Members. One that is there already is no error. */
static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	struct qt_buf	k = QT_BUF_INIT;
	int		rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = scan(t, words[i], &k, err);
		if (rc == 0)
			rc = qt_set_add(t->handle, k.data, k.len);
		if (rc == -EEXIST)
			rc = 0;
		if (rc == -QT_EFULL)
			qt_err_set(err, "member '%.200s': it has %" PRIu64
			    " already", words[i],
			    qt_set_capacity(t->handle));
	}
	qt_buf_clear(&k);
	return rc;
}

static int
del(struct thing *t, const char *key, struct qt_err *err)
{
	struct qt_buf	k = QT_BUF_INIT;
	int		rc = scan(t, key, &k, err);

	if (rc == 0)
		rc = qt_set_del(t->handle, k.data, k.len);
	qt_buf_clear(&k);
	return rc == -ENOENT ? 1 : rc;
}

const struct thing_type set_thing = {
	.type = QT_TYPE_SET, .options = "tcz", .has_members = 1,
	.create = create, .open = open_set,
	.close = close_set, .get = get, .put = put,
	.del = del, .dump = dump,
};
