/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DTYPE_H
#define QT_SHM_DTYPE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

/*
 * Element types, as NumPy writes them.
 *
 *	"<i4"  "|u1"  ">f8"  "?"	order, kind, bytes; or only "i4", "f8"
 *	"int32"  "float64"  "bool"	names
 *	"|S16"  "<U8"  "|V24"		bytes, text of 8 characters, raw bytes
 *	"[('a','<i4'),('b','<f8',(3,))]"	a structure: what dtype.descr is
 *
 * Kinds: i, u (1, 2, 4, 8 bytes), f (2, 4, 8), b (bool, also "?"), S, U, V, and
 * M and m, times and differences ("<M8[ms]"), which are handled as numbers. A
 * structure is packed; an aligned one has its gaps as fields without a name,
 * ('','|V4'), as dtype.descr says it. A field may be a structure again, whose
 * fields then count as 'outer.inner'.
 *
 * As text, a number is what you would type; S and U are their characters, up to
 * the zeros that they end in; V is two hexadecimal digits a byte; a bool is true
 * or false. A structure is a JSON-like array of its fields, [1, 2.5, "abc"],
 * and so is a field of several elements; round brackets and single quotes, as
 * Python writes them, are read too. Numbers that are not finite are nan, inf and
 * -inf, a time that is none is NaT.
 */
#define QT_DTYPE_TEXT		192	/* bytes of the string, with its end */
#define QT_DTYPE_FIELDS		32
#define QT_DTYPE_NAME		48
#define QT_DTYPE_SIZE_MAX	(1u << 30)	/* bytes of an element */

struct qt_dtype_field {
	char		name[QT_DTYPE_NAME];	/* "" of a type without fields */
	char		kind;		/* 'i' 'u' 'f' 'b' 'S' 'U' 'V' 'M' 'm' */
	int		is_swapped;	/* of the other byte order */
	uint32_t	size;		/* bytes of one */
	uint32_t	count;		/* how many in a row */
	uint32_t	offset;		/* of the first, in the element */
};

struct qt_dtype {
	char		text[QT_DTYPE_TEXT];	/* as NumPy would write it */
	uint32_t	size;		/* bytes of an element */
	int		is_struct;
	uint32_t	field_count;	/* without gaps; 1 when no structure */
	struct qt_dtype_field field[QT_DTYPE_FIELDS];
};

/*
 * Reads a dtype string. Scalars are normalised ("int32" to "<i4"), structures
 * kept as they are. -EINVAL with the reason in err: what is wrong and where.
 */
int	qt_dtype_parse(struct qt_dtype *out, const char *text,
	    struct qt_err *err);

/* 1 when both describe the same bytes in the same way; names included. */
int	qt_dtype_is_same(const struct qt_dtype *a, const struct qt_dtype *b);
/* A whole number of this machine's byte order, 1 to 8 bytes? */
int	qt_dtype_is_int(const struct qt_dtype *dtype);

/*
 * Appends the element at elem, dtype->size bytes of any alignment, as text. The
 * characters of S and U may be any, new-lines too. 0 or -ENOMEM.
 */
int	qt_dtype_format(const struct qt_dtype *dtype, const void *elem,
	    struct qt_buf *out);
/*
 * The reverse: len bytes of text into the dtype->size bytes at elem, which are
 * only changed on success. Spaces around numbers are skipped. -EINVAL (it is
 * no such value), -ERANGE (too large for the type, a text that is too long).
 */
int	qt_dtype_scan(const struct qt_dtype *dtype, const char *text, size_t len,
	    void *elem, struct qt_err *err);

#endif /* QT_SHM_DTYPE_H */
