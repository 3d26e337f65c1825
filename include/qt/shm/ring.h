/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_RING_H
#define QT_SHM_RING_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/shm/segment.h>

/*
 * The broadcast ring: one writer, any number of read-only readers, bytes
 * numbered from 0 by 64-bit offsets that never repeat.
 *
 *	      tail                          head
 *	        v                             v
 *	  ......[ chunk | chunk |   chunk   | ch....scratch ]
 *	  gone    <------- readable ------->
 *
 * The bytes live in chunks (extents of 4 KiB, doubling to 64 KiB, or 1/32 of
 * the limit if that is more), so an idle ring costs 1 KiB and one small chunk,
 * and a busy one grows to its limit; then the oldest chunk is reused. When the
 * segment has no space the ring goes on with the chunks it has: less is kept,
 * nothing new is lost. A full ring keeps at least its limit less the largest
 * chunk.
 *
 * The writer never waits for readers and never looks at them. It moves tail
 * past a chunk before it reuses the chunk, and publishes new bytes by one
 * release store of head; everything after head is scratch, so a writer killed
 * anywhere leaves a sound ring. A reader copies, then re-checks tail: if it
 * was overtaken it knows (-QT_ELAPPED), and what it copied is void.
 *
 * The writer handle is for one thread at a time; so is each reader.
 */
struct qt_ring_writer;
struct qt_ring_reader;

#define QT_RING_LIMIT_MIN	(16u << 10)
#define QT_RING_LIMIT_DEFAULT	(1u << 20)
#define QT_RING_LIMIT_MAX	(1u << 30)

/*
 * Makes a ring (header only, 1 KiB; the first chunk comes with the first byte).
 * *offset is what the readers open; it may be a word of the data area, as for
 * qt_seg_alloc(). 0, -ENOSPC, -ENOMEM, -EINVAL (a limit outside the bounds).
 */
int	qt_ring_create(struct qt_seg *seg, uint64_t limit, uint64_t *offset);
/*
 * Frees the ring and its chunks. -EBUSY while a writer is alive. Readers get
 * -QT_EGONE. Killed half way, the next call goes on. The second form takes the
 * offset from a word of the data area and sets it to 0 in the last step, so
 * nobody can destroy what has since become another ring.
 *
 * Let viewers go first: on a file system that is full to the last page, a
 * reader in the middle of a copy might touch a page that is no longer there.
 */
int	qt_ring_destroy(struct qt_seg *seg, uint64_t offset);
int	qt_ring_destroy_at(struct qt_seg *seg, uint64_t *word);

/*
 * The pieces of memory that a ring stands on, header first: their count, or
 * -QT_ECORRUPT when a word does not name one that the allocator gave for it.
 * For who takes over a segment that may be damaged: pieces of one structure
 * may still be another's.
 */
struct qt_ring_piece {
	uint64_t	offset, len;
};
#define QT_RING_PIECES_MAX	49
int	qt_ring_pieces(struct qt_seg *seg, uint64_t offset,
	    struct qt_ring_piece out[QT_RING_PIECES_MAX]);

/*
 * Becomes the writer, also of a ring whose last writer died: it goes on at the
 * head. -EBUSY while another is alive (or this process has it open already),
 * -QT_EGONE, -QT_ECORRUPT, -EACCES.
 */
int	qt_ring_writer_open(struct qt_seg *seg, uint64_t offset,
	    struct qt_ring_writer **out, struct qt_err *err);
void	qt_ring_writer_close(struct qt_ring_writer *w);

/*
 * Contiguous memory for the next bytes, between 1 and want of them; the size
 * is returned. Readers see nothing of it until qt_ring_publish(). -ENOSPC and
 * -ENOMEM only when the ring has no chunk at all. Calling it again without a
 * publish gives the same memory. It is arithmetic, except once a chunk.
 */
ssize_t	qt_ring_reserve(struct qt_ring_writer *w, size_t want, void **p);
/* Makes the first len bytes of the reserved memory readable. */
void	qt_ring_publish(struct qt_ring_writer *w, size_t len);
/* Copies all of data in: reserve, copy, publish, as often as needed. */
int	qt_ring_write(struct qt_ring_writer *w, const void *data, size_t len);
uint64_t qt_ring_writer_head(const struct qt_ring_writer *w);

/*
 * Opens for reading; works on a read-only segment. -QT_ECORRUPT, -QT_EGONE.
 */
int	qt_ring_reader_open(const struct qt_seg *seg, uint64_t offset,
	    struct qt_ring_reader **out, struct qt_err *err);
void	qt_ring_reader_close(struct qt_ring_reader *r);

/* The readable range now, [*tail, *head). Either may be NULL. */
void	qt_ring_range(const struct qt_ring_reader *r, uint64_t *tail,
	    uint64_t *head);

/*
 * Copies up to size bytes from position pos.
 *
 * Returns the count, 0 when pos is the head, -QT_ELAPPED when pos is (or came
 * to be while copying) before the tail, -EINVAL when after the head,
 * -QT_EGONE when the ring was destroyed, -QT_ECORRUPT when the ring's own
 * words make no sense.
 */
ssize_t	qt_ring_read(struct qt_ring_reader *r, uint64_t pos, void *buf,
	    size_t size);

/*
 * Points at the bytes at pos without copying; *p stays readable memory, but
 * its contents are only known to be right if qt_ring_is_valid(r, pos) after
 * they were used. Same results as qt_ring_read.
 */
ssize_t	qt_ring_peek(struct qt_ring_reader *r, uint64_t pos, size_t size,
	    const void **p);
int	qt_ring_is_valid(const struct qt_ring_reader *r, uint64_t pos);

/*
 * Rings with a name: objects (<qt/shm/object.h>), which are opened by it,
 * described, waited for, and erased by qt_obj_erase(). Who has such a ring open
 * when it is erased may go on; its memory is freed when nobody has. They take a
 * page each, and their chunks.
 *
 * Whoever dies while making, writing or erasing one leaves nothing that others
 * could not go on with, and nothing that is lost.
 */
struct qt_ring;

/*
 * -EEXIST, -EINVAL (the limit), -ENOMEM, -ENOSPC, -QT_EFULL (no row for the
 * name), -EACCES.
 */
int	qt_ring_make(struct qt_seg *seg, const char *name, uint64_t limit,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (of another type), -QT_ECORRUPT. Also read-only. */
int	qt_ring_open(struct qt_seg *seg, const char *name,
	    struct qt_ring **out, struct qt_err *err);
void	qt_ring_close(struct qt_ring *ring);	/* NULL is fine */
struct qt_obj *qt_ring_obj(struct qt_ring *ring);
uint64_t qt_ring_limit(const struct qt_ring *ring);

/*
 * As qt_ring_writer_open() and qt_ring_reader_open(). What is published wakes
 * those who wait. Both are closed before the ring is.
 */
int	qt_ring_writer(struct qt_ring *ring, struct qt_ring_writer **out,
	    struct qt_err *err);
int	qt_ring_reader(const struct qt_ring *ring,
	    struct qt_ring_reader **out, struct qt_err *err);

/*
 * Until the head is another than pos (<qt/shm/wait.h>): 0, -QT_EEMPTY,
 * -ETIMEDOUT, -QT_EGONE when it was erased and nothing has come.
 */
int	qt_ring_wait(struct qt_ring *ring, uint64_t pos, uint64_t deadline);

#endif /* QT_SHM_RING_H */
