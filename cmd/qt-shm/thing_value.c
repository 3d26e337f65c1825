/* SPDX-License-Identifier: Apache-2.0 */
/* Values: replaced as a whole, and waited for. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/value.h>

#include "thing.h"

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_value_spec	s = { .dtype = spec->dtype,
	    .size = spec->item_max };

	if (!spec->dtype == !spec->item_max)
		qt_die(QT_EXIT_USAGE, "a value needs -t DTYPE or -z SIZE, the "
		    "longest in bytes");
	return qt_value_create(seg, name, &s, err);
}

static int
open_value(struct thing *t, struct qt_err *err)
{
	struct qt_value	*v;
	int		 rc = qt_value_open(t->seg, t->target.name, NULL, &v,
	    err);

	t->handle = v;
	if (rc == 0)
		t->item_max = qt_value_size(v);
	return rc;
}

static void
close_value(struct thing *t)
{
	qt_value_close(t->handle);
}

static void
no_key(const struct thing *t, const char *key)
{
	if (*key != '\0')
		qt_die(QT_EXIT_USAGE, "%s: a value has no keys: '%s'",
		    t->target.text, key);
}

/* What is there, which the caller frees; *seq 0 when nothing is. */
static ssize_t
load(const struct thing *t, void **data, uint64_t *seq)
{
	ssize_t	n = -ENOMEM;

	*seq = 0;
	*data = malloc(t->item_max > 0 ? t->item_max : 1);
	if (*data != NULL)
		n = qt_value_get(t->handle, *data, t->item_max, seq);
	return n;
}

static int
get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	uint64_t	 seq;
	void		*data;
	ssize_t		 n;

	(void)err;
	no_key(t, key);
	n = load(t, &data, &seq);
	if (n >= 0)
		item_print(thing_dtype(t), data, (size_t)n, sink);
	free(data);
	return n == -QT_EEMPTY ? 1 : n < 0 ? (int)n : 0;
}

static int
dump(struct thing *t, struct qt_err *err)
{
	struct sink	sink = { .end = '\n', .is_field = 1 };
	int		rc = get(t, "", &sink, err);

	return rc < 0 ? rc : 0;
}

static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	struct qt_buf	data = QT_BUF_INIT;
	int		rc;

	if (count != 1)
		qt_die(QT_EXIT_USAGE, "%s: one VALUE is wanted",
		    t->target.text);
	rc = item_scan(thing_dtype(t), words[0], strlen(words[0]), &data, err);
	if (rc == 0) {
		rc = qt_value_put(t->handle, data.len > 0 ? data.data : "",
		    data.len, NULL);
		if (rc == -ERANGE)
			qt_err_set(err, "%zu bytes, and it holds %zu", data.len,
			    t->item_max);
	}
	qt_buf_clear(&data);
	return rc;
}

static int
cas(struct thing *t, const char *key, const char *old, const char *desired,
    struct qt_err *err)
{
	struct sink	 sink = { .end = '\n' };
	struct qt_buf	 a = QT_BUF_INIT, b = QT_BUF_INIT;
	uint64_t	 seq;
	void		*data = NULL;
	ssize_t		 n = 0;
	int		 rc;

	no_key(t, key);
	rc = item_scan(thing_dtype(t), old, strlen(old), &a, err);
	if (rc == 0)
		rc = item_scan(thing_dtype(t), desired, strlen(desired), &b,
		    err);
	while (rc == 0) {
		free(data);
		n = load(t, &data, &seq);
		if (n < 0 || (size_t)n != a.len ||
		    memcmp(data, a.data != NULL ? a.data : "", a.len) != 0)
			break;
		rc = qt_value_put_if(t->handle, b.data != NULL ? b.data : "",
		    b.len, &seq);
	}
	if (rc == 1) {
		rc = 0;
	} else if (rc == 0) {
		if (n >= 0)
			item_print(thing_dtype(t), data, (size_t)n, &sink);
		rc = n < 0 && n != -QT_EEMPTY ? (int)n : 1;
	}
	free(data);
	qt_buf_clear(&a);
	qt_buf_clear(&b);
	return rc;
}

/* Until it is another than when the command began. */
static int
wait_change(struct thing *t, uint64_t deadline)
{
	uint64_t	 seq;
	void		*data;
	ssize_t		 n = load(t, &data, &seq);

	free(data);
	if (n < 0 && n != -QT_EEMPTY)
		return (int)n;
	return qt_value_wait(t->handle, &seq, deadline);
}

const struct thing_type value_thing = {
	.type = QT_TYPE_VALUE, .options = "tz", .create = create,
	.open = open_value, .close = close_value, .get = get, .put = put,
	.cas = cas, .dump = dump, .wait = wait_change,
};
