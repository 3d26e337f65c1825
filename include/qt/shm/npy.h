/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_NPY_H
#define QT_SHM_NPY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/shm/dtype.h>

/*
 * The header of NumPy's .npy files, format 1.0 and 2.0:
 *
 *	"\x93NUMPY" major minor length "{'descr': '<i8', ...}   \n" elements
 *
 * The elements follow in C order (the last index is the fastest), or, when
 * is_fortran, with the first index as the fastest.
 */
#define QT_NPY_DIMS	4
#define QT_NPY_FIRST	12u		/* bytes that say how long it is */
#define QT_NPY_HEAD_MAX	(1u << 20)

struct qt_npy {
	struct qt_dtype	dtype;
	unsigned int	dims;		/* 0: one element */
	uint64_t	shape[QT_NPY_DIMS];	/* unused: 0; may be 0 */
	uint64_t	count;		/* elements */
	uint64_t	size;		/* bytes of all elements */
	int		is_fortran;
};

/*
 * How long the header is, all of it, from the first QT_NPY_FIRST bytes of the
 * file. -QT_EFORMAT (no .npy), -QT_EVERSION (neither 1.0 nor 2.0), -EINVAL
 * (longer than QT_NPY_HEAD_MAX).
 */
ssize_t	qt_npy_head_size(const void *first, struct qt_err *err);

/*
 * Reads a whole header of that size. Strict: exactly the three keys, a dtype
 * that <qt/shm/dtype.h> knows, whole numbers, blanks and a new-line behind.
 * -QT_EFORMAT, -QT_EVERSION, -EINVAL with what is wrong in err; also for more
 * dimensions than QT_NPY_DIMS, and more than 2^48 bytes of elements.
 */
int	qt_npy_parse(struct qt_npy *out, const void *head, size_t size,
	    struct qt_err *err);

/*
 * Appends the header, format 1.0, padded as NumPy does. dtype, dims, shape and
 * is_fortran are looked at. 0 or -ENOMEM.
 */
int	qt_npy_format(const struct qt_npy *npy, struct qt_buf *out);

#endif /* QT_SHM_NPY_H */
