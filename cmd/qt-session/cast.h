/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_CAST_H
#define QT_SESSION_CAST_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

/*
 * An asciicast v2 file being written: a header line, then one JSON array a
 * line. Lines are written whole, so a recorder that is killed leaves a file
 * that plays up to there.
 */
struct cast {
	int		 fd;
	int		 is_started;	/* the header is out */
	uint64_t	 start_us;
	char		 tail[4];	/* a character that is not complete yet */
	size_t		 tail_len;
	struct qt_buf	 line;
};

#define CAST_INIT { -1, 0, 0, "", 0, QT_BUF_INIT }

/* A new file, or "-" for stdout. -EEXIST unless may_replace. */
int	cast_open(struct cast *c, const char *path, int may_replace,
	    struct qt_err *err);
/* The first size is the header, the next ones are events. 0 or negative. */
int	cast_size(struct cast *c, uint16_t cols, uint16_t rows,
	    const char *title);
int	cast_output(struct cast *c, const void *data, size_t len);
int	cast_marker(struct cast *c, const char *text);
/* Makes it durable. Harmless twice. 0 or negative. */
int	cast_close(struct cast *c);

#endif /* QT_SESSION_CAST_H */
