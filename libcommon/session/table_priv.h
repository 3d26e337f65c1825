/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_TABLE_PRIV_H
#define QT_SESSION_TABLE_PRIV_H

/*
 * The session table: its bytes, and the one writer's handle. What readers may
 * do is <qt/session/record.h>; the same layout for people is qt-segment(5),
 * "Session table".
 *
 *	entry "sessions" ──► head ─┬─ dir[0] ──► block: 64 live lines, rings, bodies
 *	                           ├─ dir[1] ──► block ...
 *	                           ├─ index by id, by name, by owner
 *	                           └─ 8 spare bodies
 *
 * A record is a live line (64 bytes: statistics, list links and the word that
 * says where its body is) and a body (everything else). Bodies belong to no
 * slot: to change a record the writer fills a body that nobody refers to and
 * publishes it by one store of the record's word; the body before it goes to
 * the end of the queue of free ones. So
 *	- a writer killed at any instruction leaves every record whole, either
 *	  as it was or as it should be; readers never meet a half-made one and
 *	  never wait. (A sequence lock alone would stay odd for ever.)
 *	- a reader who was overtaken while it copied sees that the word changed
 *	  and copies again. Eight other updates must pass before a body is
 *	  written again, so that is rare, and it gives up after a bound.
 * Two copies of each record (left-right) would do the same for twice the
 * memory.
 *
 * Every extent and ring is named by a word that is set in the same step that
 * makes it (qt_seg_alloc), so nothing is ever without an owner.
 *
 * The indexes are hash tables of slot + 1 in extents of their own, replaced
 * whole when they grow. An answer found there is always checked against the
 * record; an answer "not there" counts when the index was not replaced
 * meanwhile and the host lives. Otherwise readers look at every record.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/hash.h>
#include <qt/session/record.h>

#define QT__TABLE_ENTRY		"sessions"
#define QT__TABLE_MAGIC		UINT64_C(0x3153455353455451)	/* QTESSES1 */
#define QT__TABLE_VERSION	1u
#define QT__TABLE_BLOCK		64u	/* records in a block */
#define QT__TABLE_BLOCKS	1024u
#define QT__TABLE_SLOTS		(QT__TABLE_BLOCK * QT__TABLE_BLOCKS)
#define QT__TABLE_SPARES	8u

struct qt__live {
	struct qt_session_live	live;
	_Atomic uint64_t	word;	/* 48: sequence << 32 | body; 0: unused */
	_Atomic uint32_t	owner_next, owner_prev;	/* slot + 1; 0: none */
};
_Static_assert(sizeof(struct qt__live) == 64, "layout");
_Static_assert(offsetof(struct qt__live, word) == 48, "layout");

struct qt__body {
	struct qt_uuid	id;
	uint32_t	slot, generation;	/* 16 */
	uint32_t	state, policy;		/* 24 */
	uint32_t	pid;			/* 32 */
	uint16_t	cols, rows;
	uint64_t	size_seq, size_offset;	/* 40 */
	uint64_t	exit_offset;		/* 56 */
	uint64_t	created_ms, changed_ms, exited_ms;
	uint64_t	ring_offset, ring_limit;	/* 88 */
	uint32_t	viewers, lead, lead_slot, flags;
	int32_t		exit_status;		/* 120 */
	uint32_t	pad;
	char		name[QT_SESSION_NAME_SIZE];	/* 128 */
	char		owner[QT_SESSION_OWNER_SIZE];	/* 192 */
	char		title[128];		/* 224 */
	char		cwd[256];		/* 352 */
	char		command[256];		/* 608 */
	uint64_t	lead_offset;		/* 864 */
	uint8_t		pad2[24];
};
_Static_assert(sizeof(struct qt__body) == 896, "layout");
_Static_assert(offsetof(struct qt__body, name) == 128, "layout");
_Static_assert(offsetof(struct qt__body, command) == 608, "layout");
_Static_assert(offsetof(struct qt__body, lead_offset) == 864, "layout");

/* A body where it lies: copied word by word, since copies may race. */
#define QT__BODY_WORDS	(sizeof(struct qt__body) / sizeof(uint64_t))
struct qt__cell {
	_Atomic uint64_t	w[QT__BODY_WORDS];
};

struct qt__block {
	struct qt__live		live[QT__TABLE_BLOCK];
	struct qt__cell		body[QT__TABLE_BLOCK];	/* 4096 */
	_Atomic uint64_t	ring[QT__TABLE_BLOCK];	/* 61440 */
};
_Static_assert(sizeof(struct qt__block) == 61952, "layout");

enum qt__index { QT__BY_ID, QT__BY_NAME, QT__BY_OWNER, QT__INDEXES };

/* The words of the host itself, each an atomic of its own. */
struct qt__table_host {
	_Atomic uint64_t	pid, participant;
	_Atomic uint64_t	started_ms, boot;
	_Atomic uint64_t	events_ring;
	_Atomic uint64_t	running;	/* sessions */
	_Atomic uint64_t	output_bytes, input_bytes;
	_Atomic uint64_t	created, exited;
	_Atomic uint64_t	upgrade_ms;	/* an exec is under way since */
	_Atomic uint64_t	pad;
	_Atomic uint64_t	version[4];	/* text, NUL-padded */
};
_Static_assert(sizeof(struct qt__table_host) == 128, "layout");

struct qt__table_head {
	uint64_t		magic;
	uint32_t		version, block_records;
	uint32_t		live_size, body_size;
	uint32_t		spares, blocks_max;
	struct qt_hash_key	key;		/* 32: of all the indexes */
	_Atomic uint64_t	blocks;		/* 48: of dir in use */
	_Atomic uint64_t	list_seq;	/* 56: odd: lists are changing */
	/* 64: generation << 48 | offset | log2 of the places; 0: none yet */
	_Atomic uint64_t	index[QT__INDEXES];
	uint64_t		pad[5];
	struct qt__table_host	host;		/* 128 */
	struct qt__cell		spare[QT__TABLE_SPARES];	/* 256 */
	_Atomic uint64_t	dir[QT__TABLE_BLOCKS];	/* 7424 */
	/* Extents of indexes: the one in use and the one being made. */
	_Atomic uint64_t	extent[QT__INDEXES][2];	/* 15616 */
};
_Static_assert(offsetof(struct qt__table_head, index) == 64, "layout");
_Static_assert(offsetof(struct qt__table_head, host) == 128, "layout");
_Static_assert(offsetof(struct qt__table_head, spare) == 256, "layout");
_Static_assert(offsetof(struct qt__table_head, dir) == 7424, "layout");

#define QT__INDEX_GONE		UINT32_MAX	/* a place that was in use */
#define QT__INDEX_LOG_MIN	10u
#define QT__INDEX_LOG_MAX	20u
#define QT__PLACE_LOG(p)	((unsigned int)((p) & 0xfff))
#define QT__PLACE_OFFSET(p)	((p) & UINT64_C(0x0000fffffffff000))

/* What reader and writer share: where things are. record.c */
struct qt__table_map {
	const struct qt_seg	*seg;
	struct qt__table_head	*head;
};
int	qt__map_open(const struct qt_seg *seg, struct qt__table_map *out,
	    struct qt_err *err);
uint32_t qt__map_slots(const struct qt__table_map *m);
struct qt__live *qt__map_live(const struct qt__table_map *m, uint32_t slot);
struct qt__cell *qt__map_body(const struct qt__table_map *m, uint32_t index);
_Atomic uint64_t *qt__map_ring(const struct qt__table_map *m, uint32_t slot);
/* Also free records. -ENOENT: never used, or it makes no sense. */
int	qt__map_get(const struct qt__table_map *m, uint32_t slot,
	    struct qt_session *out);
/* The places of an index, or NULL; *mask is their count - 1. */
_Atomic uint32_t *qt__map_index(const struct qt__table_map *m, uint64_t place,
	    uint32_t *mask);
uint64_t qt__map_hash(const struct qt__table_map *m, enum qt__index which,
	    const struct qt_session *s);
/* Of two records with one name: is a the one that the name means? */
int	qt__is_namesake_better(const struct qt_session *a,
	    const struct qt_session *b);

/* The writer: the host's only. table.c */
struct qt__table {
	struct qt__table_map	 map;
	struct qt_seg		*seg;
	uint32_t		*free_slot;	/* a stack */
	uint32_t		 free_slots;
	uint32_t		*free_body;	/* a queue, see above */
	uint32_t		 body_first, body_count, body_size;
	uint32_t		 records;	/* in use */
	uint32_t		 hidden;	/* whose name means another */
	uint32_t		 cut;		/* rings, by adoption */
	uint32_t		 index_live[QT__INDEXES];
	uint32_t		 index_used[QT__INDEXES];	/* with GONE */
};

/* Makes the table in a new segment: the head, the first block, the entry. */
int	qt__table_create(struct qt_seg *seg, struct qt__table **out,
	    struct qt_err *err);
/*
 * Becomes the writer of a dead host's table; indexes are made anew. A ring
 * that is damaged, or that shares memory with something else, is cut off: its
 * record stays without output, its memory is not used again (t->cut counts).
 */
int	qt__table_adopt(struct qt_seg *seg, struct qt__table **out,
	    struct qt_err *err);
void	qt__table_close(struct qt__table *t);
/*
 * Adds a record: fills in slot and generation. -QT_EFULL at 65,536 records,
 * -ENOSPC, -ENOMEM. The caller has made sure that id and, among the running,
 * name are new.
 */
int	qt__table_add(struct qt__table *t, struct qt_session *s);
/* Publishes a new state of a record in use, and follows its name. */
int	qt__table_put(struct qt__table *t, struct qt_session *s);
/* The same, when the owner may be another one. */
int	qt__table_set_owner(struct qt__table *t, struct qt_session *s);
void	qt__table_del(struct qt__table *t, uint32_t slot);
int	qt__table_get(const struct qt__table *t, uint32_t slot,
	    struct qt_session *out);
int	qt__table_find_id(const struct qt__table *t, const struct qt_uuid *id,
	    struct qt_session *out);
int	qt__table_find_name(const struct qt__table *t, const char *name,
	    struct qt_session *out);
struct qt_session_live *qt__table_live(const struct qt__table *t,
	    uint32_t slot);
struct qt__table_host *qt__table_host(const struct qt__table *t);
/* Where the offset of a slot's ring is; 0 in it: it has none. */
uint64_t *qt__table_ring(const struct qt__table *t, uint32_t slot);
static inline uint64_t *
qt__plain(_Atomic uint64_t *word)
{
	return (uint64_t *)(void *)word;
}

/*
 * table_check.c: whether everything that the table names is memory of its own.
 * Changes nothing: 0, or -QT_ECORRUPT when an adoption would refuse or cut.
 */
int	qt__table_check(struct qt_seg *seg, struct qt_err *err);
/* For adoption: cuts off what can be missed. 0, -QT_ECORRUPT, -ENOMEM. */
int	qt__table_cut(struct qt__table *t, struct qt_err *err);

/* Indexes, the writer's side: table_index.c */
int	qt__index_reserve(struct qt__table *t, enum qt__index which);
void	qt__index_add(struct qt__table *t, enum qt__index which,
	    const struct qt_session *s);
/* The entry of key s that says slot old says slot new from now on. */
void	qt__index_move(struct qt__table *t, enum qt__index which,
	    const struct qt_session *s, uint32_t old, uint32_t new);
void	qt__index_del(struct qt__table *t, enum qt__index which,
	    const struct qt_session *s);
/* The slot, or -ENOENT: of the record whose key equals that of s. */
int	qt__index_find(const struct qt__table_map *m, enum qt__index which,
	    const struct qt_session *s, struct qt_session *out);

/* Owners' lists: table_owner.c */
int	qt__owner_add(struct qt__table *t, const struct qt_session *s);
void	qt__owner_del(struct qt__table *t, const struct qt_session *s);

#endif /* QT_SESSION_TABLE_PRIV_H */
