/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_RUN_WRITE_PRIV_H
#define QT_STORE_RUN_WRITE_PRIV_H
/* The writer of a run, as its parts share it. */
#include <qt/base/buf.h>

#include "block_zlib_priv.h"
#include "run_file_priv.h"

struct qt__run_writer {
	int		 fd, dirfd;
	int		 error;		/* the first; everything then fails */
	char		 name[QT__RUN_NAME_SIZE];
	struct qt__run_footer footer;	/* filled in as it becomes known */
	uint32_t	 block_size;
	struct qt__block_builder block;
	struct qt__index_builder index;
	struct qt__deflate *deflate;	/* NULL: blocks are left as they are */
	struct qt_buf	 contents;	/* of a block, to be deflated */
	struct qt_buf	 out;		/* to be written, at written */
	uint64_t	 written;
	struct qt_buf	 last;		/* key */
	uint64_t	 last_version, hash;	/* that key's */
	struct qt_buf	 hashes;	/* 64 bits for each key */
};

/* Writes what has been gathered. */
int	qt__run_flush(struct qt__run_writer *w);
/* Zeros up to a multiple of align. */
int	qt__run_pad(struct qt__run_writer *w, uint32_t align);
/*
 * Ends the block that is being filled, if any; next is the entry that will
 * begin the one after it, or NULL.
 */
int	qt__run_end_block(struct qt__run_writer *w,
	    const struct qt__entry *next);

/* Everything that is still to be written, durably. */
int	qt__run_put_end(struct qt__run_writer *w);

static inline uint64_t
qt__run_position(const struct qt__run_writer *w)
{
	return w->written + w->out.len;
}

#endif /* QT_STORE_RUN_WRITE_PRIV_H */
