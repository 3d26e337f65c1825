/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: elements by index, INDEX:END slices, I,J of several dimensions. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/array.h>

#include "thing.h"

struct range {
	uint64_t	from, to;	/* to is not part of it */
};

static int
create(struct qt_seg *seg, const char *name, const struct thing_spec *spec,
    struct qt_err *err)
{
	struct qt_array_spec	s = { .dtype = spec->dtype };

	if (spec->dtype == NULL || spec->shape[0] == 0)
		qt_die(QT_EXIT_USAGE, "an array needs -t DTYPE and -c COUNT, "
		    "such as -t i8 -c 1000 or -t f4 -c 100x3");
	memcpy(s.shape, spec->shape, sizeof(s.shape));
	return qt_array_create(seg, name, &s, err);
}

static int
open_array(struct thing *t, struct qt_err *err)
{
	struct qt_array	*a;
	int		 rc = qt_array_open(t->seg, t->target.name, NULL, &a,
	    err);

	t->handle = a;
	return rc;
}

static void
close_array(struct thing *t)
{
	qt_array_close(t->handle);
}

/* Digits only; exits 2. */
static uint64_t
read_index(const char *text, const char *p, char **end)
{
	uint64_t	n;

	errno = 0;
	n = strtoull(p, end, 10);
	if (*p < '0' || *p > '9' || errno != 0)
		qt_die(QT_EXIT_USAGE, "'%s' is no index: INDEX, INDEX:END or, "
		    "of several dimensions, I,J", text);
	return n;
}

static int
out_of_range(const struct thing *t, const char *key, struct qt_err *err)
{
	const uint64_t	*shape = qt_array_shape(t->handle);
	char		 text[100];
	int		 len;

	len = snprintf(text, sizeof(text), "%" PRIu64, shape[0]);
	for (int i = 1; i < 4 && shape[i] != 0; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
		    "x%" PRIu64, shape[i]);
	qt_err_set(err, "index '%s': it has %s elements, the first is 0", key,
	    text);
	return -ERANGE;
}

static int
read_range(const struct thing *t, const char *key, struct range *r,
    struct qt_err *err)
{
	uint64_t	at[4] = { 0 }, count = qt_array_count(t->handle);
	const uint64_t	*shape = qt_array_shape(t->handle);
	const char	*p = key;
	char		*end = (char *)(uintptr_t)key;
	int		 n = 0, dims = 0;

	while (dims < 4 && shape[dims] != 0)
		dims++;
	*r = (struct range){ 0, count };
	if (*key == '\0')
		return 0;
	if (*p != ':')
		r->from = read_index(key, p, &end);
	if (*end == ':') {
		if (end[1] != '\0')
			r->to = read_index(key, end + 1, &end);
		else
			end++;
		if (*end != '\0')
			(void)read_index(key, "", &end);
		return r->from > r->to || r->to > count ?
		    out_of_range(t, key, err) : 0;
	}
	at[n++] = r->from;
	while (*end == ',' && n < 4)
		at[n++] = read_index(key, end + 1, &end);
	if (*end != '\0' || (n > 1 && n != dims))
		qt_die(QT_EXIT_USAGE, "'%s' is no index of %s: it has %d "
		    "dimensions", key, t->target.text, dims);
	if (n > 1 && qt_array_index(t->handle, at, &r->from) < 0)
		return out_of_range(t, key, err);
	r->to = r->from + 1;
	return r->from >= count ? out_of_range(t, key, err) : 0;
}

/* Calls fn for each element, a piece of the array at a time. */
static int
each(struct thing *t, const struct range *r,
    void (*fn)(struct thing *, uint64_t, const void *, const void *),
    const void *arg)
{
	size_t		 size = t->dtype.size, room;
	uint64_t	 i = r->from, n;
	unsigned char	*buf;
	int		 rc = 0;

	room = size > 65536 ? 1 : 65536 / size;
	buf = malloc(room * size);
	if (buf == NULL)
		return -ENOMEM;
	for (; i < r->to && rc == 0; i += n) {
		n = r->to - i < room ? r->to - i : room;
		rc = qt_array_get(t->handle, i, n, buf);
		for (uint64_t k = 0; k < n && rc == 0; k++)
			fn(t, i + k, buf + k * size, arg);
	}
	free(buf);
	return rc;
}

static void
print_element(struct thing *t, uint64_t index, const void *data,
    const void *sink)
{
	(void)index;
	item_print(&t->dtype, data, t->dtype.size, sink);
}

static int
get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	struct range	r;
	int		rc = read_range(t, key, &r, err);

	return rc < 0 ? rc : each(t, &r, print_element, sink);
}

static void
dump_element(struct thing *t, uint64_t index, const void *data,
    const void *sink)
{
	printf("%" PRIu64 "\t", index);
	item_print(&t->dtype, data, t->dtype.size, sink);
}

static int
dump(struct thing *t, struct qt_err *err)
{
	struct sink	sink = { .end = '\n', .is_field = 1 };
	struct range	r = { 0, qt_array_count(t->handle) };

	(void)err;
	return each(t, &r, dump_element, &sink);
}

/* One value for all of the slice, or one for each. Nothing is stored when one
 * of them is no value. */
static int
put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	struct qt_buf	all = QT_BUF_INIT, one = QT_BUF_INIT;
	char		**values = words + 1;
	struct range	r;
	int		rc;

	if (count-- < 2)
		qt_die(QT_EXIT_USAGE, "%s: INDEX VALUE ... are wanted",
		    t->target.text);
	rc = read_range(t, words[0], &r, err);
	if (rc == 0 && count != 1 && count != r.to - r.from) {
		qt_err_set(err, "%zu values for %" PRIu64 " elements", count,
		    r.to - r.from);
		rc = -EINVAL;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = item_scan(&t->dtype, values[i], strlen(values[i]), &one,
		    err);
		if (rc == 0)
			rc = qt_buf_add(&all, one.data, one.len);
		if (rc < 0)
			qt_err_wrap(err, "value '%s'", values[i]);
	}
	if (rc == 0 && count == 1)
		rc = qt_array_fill(t->handle, r.from, r.to - r.from, all.data);
	else if (rc == 0)
		rc = qt_array_put(t->handle, r.from, count, all.data);
	qt_buf_clear(&all);
	qt_buf_clear(&one);
	return rc;
}

/* --- Whole numbers ------------------------------------------------------- */

static int
one_int(const struct thing *t, const char *key, uint64_t *index,
    struct qt_err *err)
{
	struct range	r;
	int		rc;

	if (!qt_dtype_is_int(&t->dtype)) {
		qt_err_set(err, "its elements are '%s', not whole numbers of "
		    "this machine", t->dtype.text);
		return -EINVAL;
	}
	rc = read_range(t, key, &r, err);
	if (rc == 0 && (*key == '\0' || strchr(key, ':') != NULL))
		qt_die(QT_EXIT_USAGE, "'%s' is no index of one element", key);
	*index = r.from;
	return rc;
}

/* The element that text says, widened to 64 bits. */
static int
read_int(const struct thing *t, const char *text, int64_t *out,
    struct qt_err *err)
{
	union {
		int8_t	i1;
		int16_t	i2;
		int32_t	i4;
		int64_t	i8;
	}	v = { .i8 = 0 };
	int	rc = qt_dtype_scan(&t->dtype, text, strlen(text), &v, err);

	if (rc < 0) {
		qt_err_wrap(err, "value '%s'", text);
		return rc;
	}
	switch (t->dtype.field[0].kind == 'i' ? t->dtype.size : 0) {
	case 1:
		*out = v.i1;
		break;
	case 2:
		*out = v.i2;
		break;
	case 4:
		*out = v.i4;
		break;
	default:
		*out = v.i8;	/* an unsigned one: zeros above it */
	}
	return 0;
}

static void
print_int(const struct thing *t, int64_t n)
{
	struct sink	sink = { .end = '\n' };

	/* Little end first: the low bytes are the element. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	n = (int64_t)((uint64_t)n << (64 - 8 * t->dtype.size));
#endif
	item_print(&t->dtype, &n, t->dtype.size, &sink);
}

static int
cas(struct thing *t, const char *key, const char *old, const char *desired,
    struct qt_err *err)
{
	int64_t		a, b;
	uint64_t	index;
	int		rc = one_int(t, key, &index, err);

	if (rc == 0)
		rc = read_int(t, old, &a, err);
	if (rc == 0)
		rc = read_int(t, desired, &b, err);
	if (rc < 0)
		return rc;
	rc = qt_array_cas(t->handle, index, &a, b);
	if (rc == 0)
		print_int(t, a);
	return rc < 0 ? rc : !rc;
}

static int
add(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	int64_t		by = thing_number(count > 1 ? words[1] : NULL), old;
	uint64_t	index;
	int		rc;

	if (count < 1 || count > 2)
		qt_die(QT_EXIT_USAGE, "%s: INDEX and N are wanted",
		    t->target.text);
	rc = one_int(t, words[0], &index, err);
	if (rc == 0)
		rc = qt_array_add(t->handle, index, by, &old);
	if (rc == 0)
		print_int(t, (int64_t)((uint64_t)old + (uint64_t)by));
	return rc;
}

const struct thing_type array_thing = {
	.type = QT_TYPE_ARRAY, .options = "tc", .create = create,
	.open = open_array, .close = close_array, .get = get, .put = put,
	.cas = cas, .add = add, .dump = dump,
};
