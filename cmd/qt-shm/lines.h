/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_LINES_H
#define QT_SHM_LINES_H

#include <stddef.h>

#include <qt/base/buf.h>

/*
 * Items from standard input: one a line, one before each NUL, or pieces of a
 * fixed size. A last one without its end counts too. Each is at most
 * LINE_MAX_SIZE bytes; a longer one ends the program.
 */
#define LINE_MAX_SIZE	(1u << 30)

struct lines {
	struct qt_buf	 buf;
	size_t		 at;		/* what was handed out */
	size_t		 size;		/* of a piece; 0: up to end */
	char		 end;
	int		 is_end;
};

#define LINES_INIT(end) { QT_BUF_INIT, 0, 0, end, 0 }

/*
 * The next one: 1, with *item borrowed until the next call; 0 at the end. With
 * is_ready only one that needs no reading; -1 when there is none.
 */
int	lines_next(struct lines *l, int is_ready, char **item, size_t *len);
void	lines_clear(struct lines *l);

#endif /* QT_SHM_LINES_H */
