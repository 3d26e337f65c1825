/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_MIRROR_H
#define QT_SESSION_MIRROR_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/uuid.h>
#include <qt/session/scan.h>

#include "term.h"

/*
 * A session drawn as a picture, for a terminal of another size: asks the
 * screen service when something changed, at most every MIRROR_MS, and draws
 * the part around the cursor that fits. The session's bytes are only scanned
 * for the keyboard modes that the terminal must follow.
 */
#define MIRROR_MS 40

struct mirror {
	int		 is_on;
	int		 is_due;	/* something changed */
	int		 fd;		/* a request under way, or -1 */
	uint64_t	 next_ms;
	struct qt_scan	 scan;
	struct qt_modes	 modes;
	struct qt_buf	 text;
};

#define MIRROR_INIT { .fd = -1 }

void	mirror_start(struct mirror *m, struct term *t);
void	mirror_stop(struct mirror *m);

/* The session's bytes, instead of writing them. */
void	mirror_feed(struct mirror *m, const void *data, size_t len);
/* Asks for a picture when one is due. Returns ms until it should run again. */
int	mirror_ask(struct mirror *m, const struct qt_uuid *id);
/* m->fd is readable: draws. 0 or negative when the terminal is gone. */
int	mirror_draw(struct mirror *m, struct term *t);

/*
 * Draws lines of a STYLED screen into the rectangle at (row, col), cut from
 * (top, left) of the picture. Rows and columns count from 0.
 */
struct picture {
	const char	*text;
	size_t		 len;
	unsigned int	 top, left;
};
void	picture_draw(struct qt_buf *out, const struct picture *p,
	    unsigned int row, unsigned int col, unsigned int rows,
	    unsigned int cols);

#endif /* QT_SESSION_MIRROR_H */
