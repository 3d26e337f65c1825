/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the header of a .npy file: no crash; and one that is taken is
 * written again as a header that says the same.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/npy.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_npy	npy, again;
	struct qt_buf	head = QT_BUF_INIT;
	unsigned char	*copy = malloc(size > 0 ? size : 1);
	int		rc;

	if (copy == NULL)
		return 0;
	/* Where it ends, the memory ends. */
	memcpy(copy, data, size);
	rc = qt_npy_parse(&npy, copy, size, NULL);
	free(copy);
	if (rc < 0)
		return 0;
	if (npy.dims > QT_NPY_DIMS || npy.dtype.size == 0 ||
	    npy.size != npy.count * npy.dtype.size)
		abort();
	if (qt_npy_format(&npy, &head) < 0 || head.len % 64 != 0 ||
	    qt_npy_parse(&again, head.data, head.len, NULL) < 0)
		abort();
	if (again.count != npy.count || again.dims != npy.dims ||
	    again.is_fortran != npy.is_fortran ||
	    memcmp(again.shape, npy.shape, sizeof(npy.shape)) != 0 ||
	    !qt_dtype_is_same(&again.dtype, &npy.dtype))
		abort();
	qt_buf_clear(&head);
	return 0;
}
