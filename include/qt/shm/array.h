/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_ARRAY_H
#define QT_SHM_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include <qt/shm/object.h>

/*
 * An array in shared memory: up to four dimensions of elements of one type, in
 * C order (the last index is the fastest), as NumPy lays it out.
 *
 * Elements of 1, 2, 4 and 8 bytes are read and written whole: a reader sees the
 * old or the new one, never a mixture, also when the writer is killed. Larger
 * ones, and several elements together, may be seen half written; keep them in
 * a value (<qt/shm/value.h>) or behind a mutex when that matters. No order
 * between writes to different elements is promised to others.
 *
 * Everything here is bounded, waits for nobody, and leaves nothing behind when
 * it is killed. Any number of threads may use one handle.
 */
struct qt_array;

struct qt_array_spec {
	const char	*dtype;		/* NumPy's, "<i8"; <qt/shm/dtype.h> */
	uint64_t	 shape[4];	/* dimensions that are not used: 0 */
};

/*
 * Makes an array of zeros. -EEXIST, -EINVAL (a dtype that is none, a first
 * dimension of 0), -ENOMEM (more than the segment has), -ENOSPC, -QT_EFULL,
 * -EACCES.
 */
int	qt_array_create(struct qt_seg *seg, const char *name,
	    const struct qt_array_spec *spec, struct qt_err *err);
/*
 * -ENOENT, -EINVAL (it is of another type, or of another dtype than the one
 * given; NULL takes any), -QT_ECORRUPT.
 */
int	qt_array_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_array **out, struct qt_err *err);
void	qt_array_close(struct qt_array *array);	/* NULL is fine */
struct qt_obj *qt_array_obj(struct qt_array *array);

uint64_t qt_array_count(const struct qt_array *array);	/* of elements */
uint32_t qt_array_elem_size(const struct qt_array *array);
const uint64_t *qt_array_shape(const struct qt_array *array);
const char *qt_array_dtype(const struct qt_array *array);

/*
 * The number of the element at[0], at[1] ... in C order. -ERANGE when an index
 * is outside its dimension.
 */
int	qt_array_index(const struct qt_array *array, const uint64_t *at,
	    uint64_t *index);

/*
 * Copies count elements from index on, out of the array or into it. -ERANGE
 * when they are not all inside, and then nothing is copied; -EACCES.
 */
int	qt_array_get(const struct qt_array *array, uint64_t index,
	    uint64_t count, void *out);
int	qt_array_put(struct qt_array *array, uint64_t index, uint64_t count,
	    const void *from);
/* Makes count elements from index on equal to the one given. -ERANGE. */
int	qt_array_fill(struct qt_array *array, uint64_t index, uint64_t count,
	    const void *element);

/*
 * Atomic operations on whole numbers of 1, 2, 4 and 8 bytes in the machine's
 * byte order; sequentially consistent. Values are passed in 64 bits: sign or
 * zero extended as the dtype says on the way out, cut to its size on the way
 * in. Sums wrap as the type does. -EINVAL (the dtype is no such number),
 * -ERANGE (no such index), -EACCES.
 *
 * add: *old, which may be NULL, is what was there before.
 * cas: stores desired if *expected is there and returns 1; otherwise returns 0
 * and says in *expected what is there.
 */
int	qt_array_add(struct qt_array *array, uint64_t index, int64_t n,
	    int64_t *old);
int	qt_array_cas(struct qt_array *array, uint64_t index,
	    int64_t *expected, int64_t desired);

/*
 * The elements themselves, qt_array_count() of them, until the handle is
 * closed; not to be written to on a read-only segment. What is said above of
 * whole elements is then the caller's business.
 */
void	*qt_array_data(const struct qt_array *array);

#endif /* QT_SHM_ARRAY_H */
