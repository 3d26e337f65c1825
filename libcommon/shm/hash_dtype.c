/* SPDX-License-Identifier: Apache-2.0 */
/* The types of keys and values, when they have any. See hash_priv.h. */

#include <errno.h>

#include <qt/shm/dtype.h>

#include "hash_priv.h"

int
qt__hash_size_by(const char **dtype, struct qt_dtype *parsed, uint32_t *size,
    struct qt_err *err)
{
	int	rc;

	if (*dtype == NULL)
		return 0;
	rc = qt_dtype_parse(parsed, *dtype, err);
	if (rc == 0) {
		*dtype = parsed->text;
		*size = parsed->size;
	}
	return rc;
}

static int
check(const char *text, uint32_t size)
{
	struct qt_dtype	dtype;

	return text[0] != '\0' && (qt_dtype_parse(&dtype, text, NULL) < 0 ||
	    dtype.size != size) ? -QT_ECORRUPT : 0;
}

int
qt__hash_check_types(const struct qt__obj_head *h)
{
	int	rc = check(h->key_dtype, h->key_size);

	return rc < 0 ? rc : check(h->dtype, h->elem_size);
}

static int
compare(const char *have, const char *want, const char *what,
    struct qt_err *err)
{
	struct qt_dtype	h, w;
	int		rc;

	if (want == NULL)
		return 0;
	rc = qt_dtype_parse(&w, want, err);
	if (rc < 0)
		return rc;
	if (have[0] == '\0' || qt_dtype_parse(&h, have, NULL) < 0 ||
	    !qt_dtype_is_same(&h, &w)) {
		qt_err_set(err, "its %s are '%s', not '%s'", what,
		    have[0] == '\0' ? "bytes" : have, w.text);
		return -EINVAL;
	}
	return 0;
}

int
qt__hash_compare_types(const struct qt__obj_head *h, const char *key_dtype,
    const char *dtype, struct qt_err *err)
{
	int	rc = compare(h->key_dtype, key_dtype, "keys", err);

	return rc < 0 ? rc : compare(h->dtype, dtype, "values", err);
}
