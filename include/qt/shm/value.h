/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_VALUE_H
#define QT_SHM_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A value that anybody may replace as a whole, read, and wait for: settings,
 * the newest sample, a state.
 *
 *	published ---+
 *	{sequence,   |   +--------+--------+--------+--------+
 *	 buffer}     +-> |   new  |scratch |  old  |  free  |
 *			 +--------+--------+--------+--------+
 *
 * A writer fills a buffer that nobody reads and publishes it by one step. So a
 * reader gets one whole value, also when the writer is killed half way: then
 * the value before is still there, and the buffer is taken back. Each change
 * counts the sequence number up, so a reader knows whether it has seen it.
 *
 * Nobody waits for anybody: a writer that is stopped half way keeps its one
 * buffer and nothing else. Readers change nothing, and work on read-only
 * segments. Any number of threads may use one handle.
 */
struct qt_value;

#define QT_VALUE_SIZE_MAX	(1u << 30)
#define QT_VALUE_WRITERS	6u		/* the default */
#define QT_VALUE_WRITERS_MAX	1024u

struct qt_value_spec {
	const char	*dtype;		/* of the value; NULL: any bytes */
	uint64_t	 size;		/* the longest, when there is no dtype */
	uint32_t	 writers;	/* at the same instant; 0: the default */
};

/*
 * Makes one that has no value yet. It takes writers + 2 times the size. -EEXIST,
 * -EINVAL (dtype, size 0 or over QT_VALUE_SIZE_MAX, too many writers), -ENOMEM,
 * -ENOSPC, -QT_EFULL, -EACCES.
 */
int	qt_value_create(struct qt_seg *seg, const char *name,
	    const struct qt_value_spec *spec, struct qt_err *err);
/*
 * -ENOENT, -EINVAL (another type, or another dtype than the one given; NULL
 * takes any), -QT_ECORRUPT.
 */
int	qt_value_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_value **out, struct qt_err *err);
void	qt_value_close(struct qt_value *value);	/* NULL is fine */
struct qt_obj *qt_value_obj(struct qt_value *value);

/* Bytes of the longest value; of each one, if there is a dtype. */
uint32_t qt_value_size(const struct qt_value *value);
const char *qt_value_dtype(const struct qt_value *value);

/*
 * Copies the value out and returns its length; *seq, which may be NULL, is its
 * sequence number. -QT_EEMPTY (there was none yet), -ERANGE (it has more than
 * size bytes), -QT_ECORRUPT. Starts over only when the buffer was reused in the
 * middle of the copy, after as many changes as there are buffers.
 */
ssize_t	qt_value_get(const struct qt_value *value, void *out, size_t size,
	    uint64_t *seq);

/*
 * Replaces the value; *seq, which may be NULL, is the new sequence number.
 * -ERANGE (too long; with a dtype, not exactly its size), -EACCES, -EBUSY (more
 * writers at once than it was made for, some of them stopped), -QT_ECORRUPT.
 */
int	qt_value_put(struct qt_value *value, const void *data, size_t len,
	    uint64_t *seq);
/*
 * The same if the sequence number still is *seq (0: there was no value yet): 1,
 * or 0 when somebody was faster. Either way *seq is what it is now.
 */
int	qt_value_put_if(struct qt_value *value, const void *data, size_t len,
	    uint64_t *seq);

/*
 * Waits until the sequence number is another than *seq, and says it there. 0,
 * -EAGAIN (deadline QT_WAIT_NEVER), -ETIMEDOUT, -QT_EGONE. Changes that follow
 * each other fast are seen as one.
 */
int	qt_value_wait(struct qt_value *value, uint64_t *seq, uint64_t deadline);

#endif /* QT_SHM_VALUE_H */
