/* SPDX-License-Identifier: Apache-2.0 */
/* The dtypes in the head of an object. See object_priv.h. */

#include <errno.h>

#include <qt/shm/dtype.h>

#include "object_priv.h"

int
qt__obj_dtype(const char *have, const char *want, const char *what,
    struct qt_err *err)
{
	struct qt_dtype	h, w;
	int		rc;

	if (want == NULL)
		return 0;
	rc = qt_dtype_parse(&w, want, err);
	if (rc < 0)
		return rc;
	if (have[0] != '\0' && qt_dtype_parse(&h, have, NULL) == 0 &&
	    qt_dtype_is_same(&h, &w))
		return 0;
	qt_err_set(err, "%s '%s', not '%s'", what,
	    have[0] == '\0' ? "bytes" : have, w.text);
	return -EINVAL;
}

bool
qt__obj_dtype_is_sound(const char *text, uint32_t size)
{
	struct qt_dtype	dtype;

	return text[0] == '\0' || (qt_dtype_parse(&dtype, text, NULL) == 0 &&
	    dtype.size == size);
}
