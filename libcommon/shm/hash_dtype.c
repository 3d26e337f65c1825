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

int
qt__hash_check_types(const struct qt__obj_head *h)
{
	return qt__obj_dtype_is_sound(h->key_dtype, h->key_size) &&
	    qt__obj_dtype_is_sound(h->dtype, h->elem_size) ? 0 : -QT_ECORRUPT;
}

int
qt__hash_compare_types(const struct qt__obj_head *h, const char *key_dtype,
    const char *dtype, struct qt_err *err)
{
	int	rc = qt__obj_dtype(h->key_dtype, key_dtype,
	    "its keys are", err);

	return rc < 0 ? rc : qt__obj_dtype(h->dtype, dtype,
	    "its values are", err);
}
