/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_ZIPM_H
#define QT_SHM_ZIPM_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

/*
 * Segments of zeroipc ("ZIPM"), for looking into. There are two layouts, of
 * little-endian numbers:
 *
 *	narrow	OFFSET	SIZE			wide	OFFSET	SIZE
 *		0	4	0x5a49504d		0	4
 *		4	4	version, 1		4	4	1 or 2
 *		8	4	entries		8	4
 *		12	4	next offset		12	4	(unused)
 *						16	8	size of all
 *						24	8	next offset
 *	each	0	32	name, with a NUL	0	32
 *	entry	32	4	offset			32	8
 *		36	4	size			40	8
 *
 * Version 2 is wide; version 1 is wide when the size of all is the file's. An
 * array is a count of 8 bytes and then its elements; what type they are, and
 * whether an entry is an array at all, nothing says.
 *
 * Nothing is mapped: whoever makes the file shorter cannot harm the reader.
 */
#define QT_ZIPM_ENTRIES_MAX	65536u
#define QT_ZIPM_NAME_SIZE	33

struct qt_zipm_entry {
	char		name[QT_ZIPM_NAME_SIZE];
	uint64_t	offset, size;	/* inside the file */
};

struct qt_zipm {
	int		 fd;		/* -1: from qt_zipm_parse() */
	unsigned int	 version;
	int		 is_wide;
	uint64_t	 size;		/* of the file */
	uint32_t	 count;
	struct qt_zipm_entry *entry;	/* owned */
};

#define QT_ZIPM_INIT { -1, 0, 0, 0, 0, NULL }

/*
 * Opens "/name", as shm_open(3). -ENOENT, -EACCES, -QT_EFORMAT, -QT_EVERSION,
 * -QT_ECORRUPT (an entry that is not inside the file, or has no name).
 */
int	qt_zipm_open(struct qt_zipm *z, const char *name, struct qt_err *err);
/* The same for the first len bytes of a file of that size. */
int	qt_zipm_parse(struct qt_zipm *z, const void *table, size_t len,
	    uint64_t size, struct qt_err *err);
void	qt_zipm_close(struct qt_zipm *z);	/* twice is fine */

/* NULL when there is none. Borrowed. */
const struct qt_zipm_entry *qt_zipm_find(const struct qt_zipm *z,
	    const char *name);
/* -QT_ECORRUPT when the file is shorter by now. */
int	qt_zipm_read(const struct qt_zipm *z, uint64_t offset, void *buf,
	    size_t len);
/*
 * How many elements of elem_size bytes an entry has as an array, at offset + 8.
 * -EINVAL when as many as it says do not fit. elem_size 0: any; *elem_size is
 * then the most that each may have.
 */
int	qt_zipm_array(const struct qt_zipm *z,
	    const struct qt_zipm_entry *entry, uint64_t *elem_size,
	    uint64_t *count);

#endif /* QT_SHM_ZIPM_H */
