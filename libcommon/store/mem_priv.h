/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MEM_PRIV_H
#define QT_STORE_MEM_PRIV_H
/*
 * A memtable: one segment (kind "memtable") of shared memory, and at the same
 * time the image of one log file.
 *
 *	head | index (levels) | log: the bytes of wal/NUMBER.wal | nodes
 *
 * The log area holds exactly the bytes of the log file, at the same offsets:
 * its header, then frames, each at a multiple of 8. A record's version is
 * base + its frame's offset.
 *
 * One writer (who has the lock WRITE of the control segment), any number of
 * readers, which take no lock:
 *
 *	1. the writer builds frames at head, where nobody looks
 *	2. head = their end		(release: committed)
 *	3. each goes into the index	(release: its slot)
 *	4. indexed = head		(release: visible)
 *
 * Killed before 2: scratch, that the next writer overwrites. Between 2 and 4:
 * the next writer does 3 and 4 again (qt__mem_redo); to put a frame into the
 * index twice changes nothing. So no frame is reachable that may be overwritten.
 *
 * The index is a hash table of lines of 8 words {hash 32 | offset / 8 32}, open
 * addressing by lines, at most 4/5 full. It doubles: the next level is filled
 * from the last, without looking at records, and published by one store. The
 * word of a hash names the newest frame of which the key has it, and a frame's
 * link the one before. That is of the same key nearly always; but who puts does
 * not wait to see, and who gets compares keys anyway.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/base/hash.h>
#include <qt/shm/segment.h>

#include "entry_priv.h"
#include "lock_priv.h"

/* A record in the log; little-endian. Key and value follow, then padding. */
struct qt__frame {
	_Atomic uint32_t link;	/* in memory only, not in the crc: offset / 8 of
				   the previous frame in this log of a key with
				   the same hash, or 0 */
	uint32_t	crc;	/* CRC32C of what follows, seeded by the log's */
	uint32_t	chain;	/* crc of the frame before: the running hash */
	uint32_t	lag;	/* bytes that were not durable when it was
				   written, this frame's offset being the end;
				   UINT32_MAX: as many or more */
	uint32_t	kind;	/* QT__KIND() */
	uint32_t	value_len;
	uint64_t	time_node;	/* ms since 1970 << 16 | node id */
};
_Static_assert(sizeof(struct qt__frame) == 32, "as in qt-store(5)");

/* kind: key length 17 bits, flags 7, tag 8. QT__DEL... are entry flags. */
#define QT__FRAME_EXPIRES 8u	/* 8 bytes of expires_ms precede the key */
#define QT__FRAME_MORE	16u	/* the next one belongs to the same batch */
#define QT__KIND(key_len, flags, tag)					\
	((uint32_t)(key_len) | (uint32_t)(flags) << 17 | (uint32_t)(tag) << 24)
#define QT__KIND_KEY(kind)	((kind) & 0x1ffffu)
#define QT__KIND_FLAGS(kind)	((kind) >> 17 & 0x7fu)
#define QT__KIND_TAG(kind)	((uint8_t)((kind) >> 24))

/* The first bytes of a log file, and of the log area. */
struct qt__log_head {
	char		magic[8];	/* "qtstlog1" */
	uint64_t	id;		/* random: tells a recycled file's frames */
	uint64_t	number;
	uint64_t	base;		/* version of offset 0 */
	uint64_t	store;		/* first half of the store's id */
	uint64_t	made_ms;
	uint32_t	chain;		/* of the last frame of the log before */
	uint32_t	version;	/* of the format: 1 */
	uint32_t	reserved;
	uint32_t	crc;		/* of what is above */
};
_Static_assert(sizeof(struct qt__log_head) == 64, "as in qt-store(5)");

/* In shared memory: the writer's line, the leader's, the linker's. */
struct qt__mem_head {
	uint64_t	number, base;
	uint64_t	log_size, index_size, node_size;	/* areas, bytes */
	uint64_t	log_at, index_at, node_at;	/* offsets in the segment */

	_Atomic uint64_t head;		/* committed: offset in the log */
	_Atomic uint64_t indexed;	/* visible */
	_Atomic uint64_t index_lines;	/* of the level in use; a power of 2 */
	_Atomic uint64_t keys;		/* words of the index that are in use */
	_Atomic uint64_t backed;	/* of the log area, bytes with memory */
	_Atomic uint64_t room;		/* of the file, bytes with disk blocks */
	_Atomic uint32_t chain;		/* crc of the frame that ends at head */
	_Atomic uint32_t is_frozen;	/* no more frames will come */
	_Atomic uint64_t puts;

	_Atomic uint64_t file;		/* of the files that had its name, which:
					   counts on when one fails, sync.c */
	_Atomic uint64_t filled;	/* of the file, bytes ever written */
	_Atomic uint32_t is_named;	/* its name in the folder is durable */
	uint32_t	pad0;
	uint64_t	pad[5];

	struct qt__lock	order;		/* who links records into the skiplist */
	_Atomic uint64_t ordered;	/* offset up to which they are linked */
	_Atomic uint64_t node_head;	/* bytes of the node area in use */
	_Atomic uint64_t node_backed;
	_Atomic uint64_t node_count;
	_Atomic uint32_t tower[16];	/* the skiplist's first node a level,
					   offset / 8 in the node area, 0 none */
	uint64_t	pad2[4];
};
_Static_assert(sizeof(struct qt__mem_head) == 384, "six lines");

#define QT__LOG_FIRST	64u		/* offset of the first frame */
#define QT__INDEX_LEAST	1024u		/* lines of the first level */
#define QT__INDEX_FIRST	(QT__INDEX_LEAST * 64u)	/* its bytes */
#define QT__BACK_STEP	(256u << 10)
#define QT__MEM_HUGE	(UINT64_C(2) << 20)	/* a page, if they are so */
#define QT__BACK_MOST	(UINT64_C(16) << 20)	/* at once */

/*
 * How far an area of size bytes gets memory that needs it up to end: behind its
 * first 2 MiB in pieces that can be huge pages, as reads from all over a memtable
 * wait for the translation of addresses as long as for memory, else. And ever
 * more at once, an eighth of what there is: the kernel asks all processors to put
 * what they have in hand into order before it makes huge pages, which takes ms
 * when they are busy, whether it makes one or many.
 */
static inline uint64_t
qt__mem_back_end(uint64_t end, uint64_t size)
{
	uint64_t	step = end > QT__MEM_HUGE ? QT__MEM_HUGE :
	    QT__BACK_STEP;

	while (step < QT__BACK_MOST && step < end / 8)
		step *= 2;
	end = (end + step - 1) / step * step;
	return end < size ? end : size;
}

/* The hash of the index: mem_hash.c. */
#define QT__HASH_SHORT	64u		/* bytes */
struct qt__mem_hash {
	uint64_t	a[2 + QT__HASH_SHORT / 4];
	struct qt_hash_key key;
};
void	qt__mem_hash_init(struct qt__mem_hash *h,
	    const struct qt_hash_key *key);
uint32_t qt__mem_hash(const struct qt__mem_hash *h, const void *key,
	    size_t len);

enum qt__wal_of { QT__OF_WRITER, QT__OF_LEADER, QT__WALS };

/* One mapped memtable of this process. */
struct qt__mem {
	struct qt_seg		*seg;
	struct qt__mem_head	*head;
	uint8_t			*log;		/* head->log_size bytes */
	uint8_t			*index;
	uint8_t			*nodes;
	uint64_t		 number, base, log_size, node_size;
	uint64_t		 lines_max;	/* of the index */
	uint32_t		 seed;		/* of the frames' crc */
	bool			 is_rdonly;
	struct qt__wal {
		int		 fd;		/* -1 until it is needed */
		uint64_t	 file;		/* head->file of fd */
	}			 wal[QT__WALS];	/* of who has WRITE, of who has SYNC */
	struct qt__mem_hash	 hash;
	_Atomic int		 refs;
};

static inline uint32_t
qt__frame_fixed(const struct qt__frame *f)
{
	return (uint32_t)sizeof(*f) +
	    (QT__KIND_FLAGS(f->kind) & QT__FRAME_EXPIRES ? 8 : 0);
}

/* Bytes of a frame with its padding; not checked. */
static inline uint64_t
qt__frame_size(const struct qt__frame *f)
{
	return ((uint64_t)qt__frame_fixed(f) + QT__KIND_KEY(f->kind) +
	    f->value_len + 7) & ~UINT64_C(7);
}

/*
 * The frame at offset, or NULL when it is not whole within [64, end): the
 * segment may be damaged. The crc is not compared.
 */
static inline struct qt__frame *
qt__mem_frame(const struct qt__mem *m, uint64_t offset, uint64_t end)
{
	struct qt__frame	*f = (void *)(m->log + offset);

	if (offset < QT__LOG_FIRST || offset % 8 != 0 || end > m->log_size ||
	    offset > end || end - offset < sizeof(*f) ||
	    qt__frame_size(f) > end - offset)
		return NULL;
	return f;
}

/* What a frame holds; borrowed from the mapping. */
static inline void
qt__frame_entry(const struct qt__mem *m, const struct qt__frame *f,
    struct qt__entry *e)
{
	const uint8_t	*p = (const uint8_t *)(f + 1);

	e->expires_ms = 0;
	if (QT__KIND_FLAGS(f->kind) & QT__FRAME_EXPIRES) {
		memcpy(&e->expires_ms, p, 8);
		p += 8;
	}
	e->key = p;
	e->key_len = QT__KIND_KEY(f->kind);
	e->value = p + e->key_len;
	e->value_len = f->value_len;
	e->version = m->base + (uint64_t)((const uint8_t *)f - m->log);
	e->flags = QT__KIND_FLAGS(f->kind) & (QT__DEL | QT__DEFLATED | QT__BIG);
	e->tag = QT__KIND_TAG(f->kind);
}

/* What is visible has versions less than this. */
static inline uint64_t
qt__mem_end(const struct qt__mem *m)
{
	uint64_t	end = atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire);

	return end > QT__LOG_FIRST ? m->base + end : m->base;
}

/* name is the segment's. log_size: a multiple of QT__BACK_STEP. */
struct qt__mem_spec {
	uint64_t	number, base, log_size, store;
	uint32_t	chain;
	mode_t		mode;
	gid_t		group;
	struct qt_hash_key key;
};
/* name NULL: for this process only. With the log's header, a random log id. */
int	qt__mem_create(struct qt__mem **out, const char *name,
	    const struct qt__mem_spec *spec, struct qt_err *err);
int	qt__mem_open(struct qt__mem **out, const char *name, bool is_rdonly,
	    uint64_t number, const struct qt_hash_key *key, struct qt_err *err);
void	qt__mem_release(struct qt__mem *m);	/* counts down refs */

/*
 * Whether a batch of count records, size bytes of frames, fits; gets memory for
 * it. 1 yes, 0 the memtable is full, or has something in it and there is no more
 * memory; negative (-ENOSPC: /dev/shm). WRITE.
 */
int	qt__mem_room(struct qt__mem *m, uint64_t size, uint64_t count);
/* Steps 3 and 4 for what lies between indexed and head. WRITE. */
int	qt__mem_redo(struct qt__mem *m);
/*
 * The newest record of key that is visible and whose version is at most
 * max_version. 1, 0, or -QT_ECORRUPT.
 */
int	qt__mem_get(const struct qt__mem *m, struct qt__entry *e,
	    const void *key, size_t len, uint32_t hash, uint64_t max_version);

#endif /* QT_STORE_MEM_PRIV_H */
