/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DTYPE_H
#define QT_SHM_DTYPE_H

#include <stddef.h>
#include <stdint.h>

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

#endif /* QT_SHM_DTYPE_H */
