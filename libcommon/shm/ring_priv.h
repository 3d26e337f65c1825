/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_RING_PRIV_H
#define QT_SHM_RING_PRIV_H

#include <qt/shm/ring.h>

#include "object_priv.h"

/*
 * A ring's header: one block. See qt-segment(5).
 *
 *	OFFSET	SIZE	WHAT
 *	0	8	magic
 *	8	8	id, random; 0 from the moment it is being destroyed
 *	16	8	owner: generation << 32 | participant << 16 | state
 *	24	8	limit, bytes of all chunks
 *	32	4	largest chunk
 *	36	4	slots
 *	64	8	head
 *	72	8	tail
 *	256	768	slots: position of the first byte, chunk | log2 of size
 */
#define QT__RING_MAGIC	"QTRING1\n"
#define QT__RING_SLOTS	48u

#define QT__RING_IDLE		0u
#define QT__RING_WRITER		1u
#define QT__RING_DYING		2u

struct qt__ring_slot {
	_Atomic uint64_t	start;
	_Atomic uint64_t	chunk;		/* 0: none */
};

struct qt__ring {
	char			magic[8];
	_Atomic uint64_t	id;
	_Atomic uint64_t	owner;
	uint64_t		limit;
	uint32_t		chunk_max;
	uint32_t		slot_count;
	uint64_t		pad1[3];
	_Atomic uint64_t	head;	/* 64: both written by the writer */
	_Atomic uint64_t	tail;
	uint64_t		pad2[22];
	struct qt__ring_slot	slot[QT__RING_SLOTS];
};
_Static_assert(sizeof(struct qt__ring) == 1024, "layout");
_Static_assert(offsetof(struct qt__ring, head) == 64, "layout");
_Static_assert(offsetof(struct qt__ring, slot) == 256, "layout");

/* A slot as it was read, checked against the segment. */
struct qt__ring_chunk {
	uint64_t	start, end;	/* positions */
	unsigned char	*data;
};

/*
 * Reads slot i: 1, 0 when it has no chunk, -QT_ECORRUPT when it points
 * anywhere but to a whole number of pages of the data area.
 */
int	qt__ring_chunk(const struct qt_seg *seg, const struct qt__ring *ring,
	    uint32_t i, struct qt__ring_chunk *out);
/* ring.c: the limit as a ring has it; fills a header. */
uint64_t qt__ring_limit(const struct qt_seg *seg, uint64_t limit);
void	qt__ring_init(const struct qt_seg *seg, struct qt__ring *ring,
	    uint64_t limit);

/* The event count of a ring that is an object. */
#define QT__RING_MORE	0
/* ring_writer.c: what is published wakes those who wait in obj. */
void	qt__ring_writer_wakes(struct qt_ring_writer *w, struct qt_obj *obj);

/* The header at offset when it is one, else NULL. */
struct qt__ring *qt__ring_at(const struct qt_seg *seg, uint64_t offset);
/*
 * Takes the owner word from nobody or from a dead owner, to our id and state.
 * *word is what was put there. -EBUSY, -QT_EGONE.
 */
int	qt__ring_own(struct qt_seg *seg, struct qt__ring *ring, uint32_t state,
	    uint64_t *word);

#endif /* QT_SHM_RING_PRIV_H */
