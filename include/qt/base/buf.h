/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_BUF_H
#define QT_BASE_BUF_H

#include <stddef.h>

/*
 * A growable byte buffer.
 *
 *	data --> [ b0 b1 ... b(len-1) | '\0' | spare ... ]
 *	          <------- len ------>        <- cap ->
 *
 * Invariants, true between any two calls:
 *	- len <= cap, and data[len] is '\0' when data is not NULL;
 *	- an empty buffer may have data == NULL.
 *
 * The buffer owns data. A buffer is not safe to share between threads.
 */
struct qt_buf {
	char	*data;
	size_t	 len;
	size_t	 cap;	/* bytes usable before the final '\0' */
};

#define QT_BUF_INIT { NULL, 0, 0 }

/* Drops the contents and the memory. The buffer can be used again. */
void	qt_buf_clear(struct qt_buf *buf);

/* Keeps the memory, drops the contents. */
void	qt_buf_reset(struct qt_buf *buf);

/*
 * Appends len bytes, which may not be the buffer's own.
 *
 * Returns 0, or -ENOMEM with the buffer unchanged.
 */
int	qt_buf_add(struct qt_buf *buf, const void *src, size_t len);

/* Appends formatted text. Returns 0 or -ENOMEM with the buffer unchanged. */
int	qt_buf_addf(struct qt_buf *buf, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Drops the first len bytes, len <= buf->len. Moves the rest. */
void	qt_buf_drop(struct qt_buf *buf, size_t len);

/* Makes room for size bytes after len. 0 or -ENOMEM. */
int	qt_buf_reserve(struct qt_buf *buf, size_t size);

/*
 * Hands the bytes to the caller, who frees them with free(3), and leaves the
 * buffer empty. Returns NULL only when the buffer never held anything.
 */
char	*qt_buf_detach(struct qt_buf *buf);

#endif /* QT_BASE_BUF_H */
