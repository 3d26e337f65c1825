/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NPZ_NPZ_H
#define QT_NPZ_NPZ_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/shm/npy.h>

/*
 * NumPy's .npz files: a ZIP archive whose members are .npy files.
 *
 *	+------------+----------+------------+----------+-----------+
 *	| head a.npy | elements | head b.npy | elements | directory |
 *	+------------+----------+------------+----------+-----------+
 *
 * Members are written as they are, as np.savez does; also compressed ones,
 * np.savez_compressed's, are read. More than 4 GiB are fine. A file begins at
 * offset 0 of its descriptor, and is read and written by pread(2) and
 * pwrite(2).
 *
 * What is read may be anybody's bytes: nothing is taken from them as a size
 * for memory, and no more is unpacked than the headers of the members say,
 * which is no more than the caller allows. Not safe for several threads.
 */
#define QT_NPZ_NAME_SIZE	64	/* of a name, with its end */

struct qt_npz_member {
	char		name[QT_NPZ_NAME_SIZE];	/* without ".npy" */
	struct qt_npy	npy;
};

/*
 * 1 when a member may have that name of len bytes: 1 to 63 bytes of UTF-8
 * without '/', '\\' and control characters, and neither "." nor "..".
 */
int	qt_npz_is_name(const char *name, size_t len);

/* --- Reading ------------------------------------------------------------- */

struct qt_npz;

/*
 * Reads the directory and the header of each member; fd is borrowed until
 * qt_npz_close(). At most members_max members, and size_max bytes of elements
 * in all of them together.
 *
 * -QT_EFORMAT (no ZIP archive, also when its end is missing), -QT_ECORRUPT,
 * -EINVAL with what is wrong in err: a name that is none or there twice, a
 * member that is encrypted, packed in another way than DEFLATE, no .npy file,
 * or not as long as its header says; more than is allowed. -errno of read(2).
 */
int	qt_npz_open(struct qt_npz **out, int fd, uint32_t members_max,
	    uint64_t size_max, struct qt_err *err);
void	qt_npz_close(struct qt_npz *npz);	/* NULL is fine */

uint32_t qt_npz_count(const struct qt_npz *npz);
/* As they are in the file; borrowed until qt_npz_close(). */
const struct qt_npz_member *qt_npz_member(const struct qt_npz *npz,
	    uint32_t index);

/*
 * The elements of one member: start, get them all in pieces of any size, end.
 * end looks whether the checksum is right. -QT_ECORRUPT, -errno of read(2).
 */
int	qt_npz_start(struct qt_npz *npz, uint32_t index, struct qt_err *err);
int	qt_npz_get(struct qt_npz *npz, void *out, size_t len,
	    struct qt_err *err);
int	qt_npz_end(struct qt_npz *npz, struct qt_err *err);

/* Reads all of every member, to know that it can be read. The same errors. */
int	qt_npz_check(struct qt_npz *npz, struct qt_err *err);

/* --- Writing ------------------------------------------------------------- */

struct qt_npz_writer;

/*
 * Begins a file; fd is borrowed until qt_npz_free(). The same members make the
 * same bytes: their time is 1980-01-01, as np.savez's is.
 */
int	qt_npz_new(struct qt_npz_writer **out, int fd);
/*
 * Begins the next member; npy as for qt_npy_format(), with count. Names must
 * differ. -EINVAL (no name), -errno of write(2).
 */
int	qt_npz_add(struct qt_npz_writer *w, const char *name,
	    const struct qt_npy *npy);
/* Its elements, in pieces of any size; all of them before the next add. */
int	qt_npz_put(struct qt_npz_writer *w, const void *data, size_t len);
/* The directory: after that the file is whole, if the answer is 0. */
int	qt_npz_finish(struct qt_npz_writer *w);
void	qt_npz_free(struct qt_npz_writer *w);	/* NULL is fine */

#endif /* QT_NPZ_NPZ_H */
