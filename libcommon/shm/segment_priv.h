/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SEGMENT_PRIV_H
#define QT_SHM_SEGMENT_PRIV_H

/*
 * The byte layout of a segment, version 1.2, and what the files of this
 * module share. qt-segment(5) describes the same bytes for readers outside.
 *
 *	OFFSET		SIZE	WHAT
 *	0		256	struct qt__seg_head, constant, with a checksum
 *	256		...	struct qt__seg_ctl, the allocator's words
 *	page		64 n	struct qt__seg_slot, slot 0 is nobody's
 *	entry_offset	256 n	struct qt__seg_row
 *	ready_offset	n/8	one bit for each page of the map that has memory
 *	map_offset	16 n	struct qt__page, one for each page of data
 *	data_offset	...	what is handed out
 *
 * All numbers are in the machine's own order; the header names that order and
 * another is refused. Words that several processes change are 64-bit atomics,
 * except the lock, which the kernel's futex wants in 32.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/segment.h>

#if ATOMIC_LLONG_LOCK_FREE != 2 || ATOMIC_INT_LOCK_FREE != 2
#error "shared memory needs lock-free 64-bit atomics"
#endif

#define QT__SEG_DIR		"/dev/shm"
#define QT__SEG_MAGIC		"QTSEGMT\n"
#define QT__SEG_MAJOR		1
#define QT__SEG_MINOR		2
#define QT__SEG_ORDER		0x01020304u

/* Bounds of what a header may say; all are far above any use. */
#define QT__SEG_SIZE_MAX	(UINT64_C(1) << 43)
#define QT__SEG_SLOTS_MAX	4096u
#define QT__SEG_ENTRIES_MAX	65536u
#define QT__SEG_PAGE_MIN	4096u
#define QT__SEG_PAGE_MAX	65536u

/*
 * Feature bits that this version knows, and gives to each segment. OBJECTS:
 * rows may be ERASED, and who sweeps a dead participant sweeps its objects.
 */
#define QT__SEG_OBJECTS		UINT64_C(1)
#define QT__SEG_NEED		UINT64_C(0)
#define QT__SEG_NEED_WRITE	QT__SEG_OBJECTS
/* And one that need not be known: map it so that it can have huge pages. */
#define QT__SEG_HUGE		UINT64_C(1)

struct qt__seg_head {
	char		magic[8];
	uint16_t	major, minor;
	uint32_t	order;
	uint8_t		word_size, pad1[3];
	uint32_t	head_size;
	char		kind[8];
	uint64_t	size;
	uint64_t	id;
	uint8_t		boot_id[16];
	uint64_t	need;		/* 64: unknown bits: do not open */
	uint64_t	need_write;	/* unknown bits: do not join */
	uint64_t	optional;
	uint32_t	page_size;
	uint32_t	block_size;
	uint64_t	slot_offset;	/* 96 */
	uint32_t	slot_count, slot_size;
	uint64_t	entry_offset;
	uint32_t	entry_count, entry_size;
	uint64_t	ready_offset;	/* 128 */
	uint64_t	map_offset;
	uint32_t	page_count, map_entry_size;
	uint64_t	data_offset;
	uint32_t	extent_limit;	/* 160: 0 is no limit */
	uint32_t	ctl_offset;
	uint64_t	made_ms;
	uint32_t	maker_uid, maker_pid;
	uint32_t	node;		/* 184: of memory, + 1; 0: any */
	uint8_t		pad2[64];
	uint32_t	crc;		/* of the 252 bytes before */
};
_Static_assert(sizeof(struct qt__seg_head) == 256, "layout");
_Static_assert(offsetof(struct qt__seg_head, need) == 64, "layout");
_Static_assert(offsetof(struct qt__seg_head, slot_offset) == 96, "layout");
_Static_assert(offsetof(struct qt__seg_head, ready_offset) == 128, "layout");
_Static_assert(offsetof(struct qt__seg_head, extent_limit) == 160, "layout");

/* Free extents are listed by class: 1 to 7 pages exactly, then 8 a doubling. */
#define QT__CLASSES	240
#define QT__LOG_MAX	64

struct qt__log_word {
	_Atomic uint64_t	offset, value;
};

/*
 * The lock, what the allocator knows, and the redo log that makes each change
 * of it one step. See segment_lock.c and segment_txn.c.
 */
struct qt__seg_ctl {
	_Atomic uint32_t	lock;	/* owner | WAITERS */
	uint32_t		pad1[15];
	/* 64: words that only a holder of the lock changes, by the log. */
	_Atomic uint64_t	serial;	/* changes so far */
	_Atomic uint64_t	used_pages;
	_Atomic uint64_t	used_extents;
	_Atomic uint64_t	blocks;	/* first page with a free block, + 1 */
	_Atomic uint64_t	give_offset;	/* pages to give back */
	_Atomic uint64_t	give_len;	/* 0: nothing pending */
	_Atomic uint64_t	takeovers;	/* of the lock, from the dead */
	_Atomic uint64_t	sweeps;		/* dead participants */
	_Atomic uint64_t	class_bits[4];	/* 128: lists that are not empty */
	_Atomic uint64_t	class_first[QT__CLASSES]; /* page + 1 */
	_Atomic uint64_t	log_len;	/* 2080: 0: nothing to redo */
	uint64_t		pad2;
	struct qt__log_word	log[QT__LOG_MAX];
};
_Static_assert(offsetof(struct qt__seg_ctl, serial) == 64, "layout");
_Static_assert(offsetof(struct qt__seg_ctl, class_bits) == 128, "layout");
_Static_assert(offsetof(struct qt__seg_ctl, log_len) == 2080, "layout");
_Static_assert(sizeof(struct qt__seg_head) + sizeof(struct qt__seg_ctl) <=
    QT__SEG_PAGE_MIN, "layout");

#define QT__LOCK_OWNER		0x0000ffffu
#define QT__LOCK_WAITERS	0x80000000u

/* A participant's slot. The word is generation << 32 | state. */
struct qt__seg_slot {
	_Atomic uint64_t	word;
	uint32_t		pid;		/* for people to read only */
	uint32_t		pad;
	uint64_t		started;	/* field 22 of /proc/PID/stat */
	_Atomic uint64_t	epoch;		/* reserved, 0 */
	_Atomic uint64_t	intent;		/* an extent to free if it dies */
	uint64_t		joined_ms;
	char			name[16];
};
_Static_assert(sizeof(struct qt__seg_slot) == 64, "layout");
#define QT__SLOT_FREE	0u
#define QT__SLOT_LIVE	1u

/* An entry. The word is generation << 32 | owner << 16 | state. */
struct qt__seg_row {
	_Atomic uint64_t	word;
	uint32_t		hash;		/* CRC32C of the name */
	uint32_t		type;
	uint64_t		offset;
	uint64_t		size;
	uint64_t		shape[4];	/* 32 */
	char			dtype[32];	/* 64 */
	uint64_t		made_ms;	/* 96 */
	uint64_t		pad1[3];
	char			name[QT_SEG_NAME_SIZE];	/* 128 */
	uint64_t		pad2[8];
};
_Static_assert(sizeof(struct qt__seg_row) == 256, "layout");
_Static_assert(offsetof(struct qt__seg_row, name) == 128, "layout");
#define QT__ROW_FREE	0u
#define QT__ROW_READY	1u
#define QT__ROW_ERASED	2u	/* an object without a name, still there */

/* One page of the data area, as two words; see segment_extent.c. */
struct qt__page {
	uint32_t	pages;
	uint32_t	prev, next;	/* page + 1 in a list; 0: none */
	uint16_t	owner;
	uint8_t		state;
	uint8_t		mask;		/* of blocks in use */
};
enum { QT__PAGE_NONE, QT__PAGE_FREE, QT__PAGE_FREE_END, QT__PAGE_USED,
    QT__PAGE_BLOCKS };

struct qt_seg {
	unsigned char		*map;
	uint64_t		 size;
	uint32_t		 page;		/* bytes */
	uint64_t		 huge;		/* the same; 0: not asked for */
	struct qt__seg_head	 head;		/* our checked copy */
	struct qt__seg_ctl	*ctl;
	struct qt__seg_slot	*slots;
	struct qt__seg_row	*rows;
	_Atomic uint64_t	*ready;
	int			 fd;		/* holds our lock; -1: none */
	int			 path_fd;	/* O_PATH, to open it again; -1:
						 * never to be a participant */
	bool			 is_rdonly;	/* the mapping */
	uint32_t		 self;		/* 0: not a participant */
	uint32_t		 generation;
	pid_t			 pid;		/* of who joined */
	pthread_mutex_t		 mutex;		/* between our threads */
	/* Of object_*.c; a thread takes make, mutex, open in this order. */
	pthread_mutex_t		 make_mutex;	/* for our slot's intent */
	pthread_mutex_t		 open_mutex;	/* for the four below */
	struct qt__obj_ref	*refs;
	int			 obj_fd;	/* its locks say what we have
						 * open; -1: nothing yet */
	int			 fork_fd;	/* the child's, while we fork */
	_Atomic bool		 has_erased;	/* a sweep saw erased rows */
	struct qt_seg		*next;		/* see segment_fork.c */
};

/* Data that another process may be changing while it is copied. */
#if defined(__SANITIZE_THREAD__)
#define QT__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QT__TSAN 1
#endif
#endif

/*
 * Fences. ThreadSanitizer does not model them (gcc refuses to build them), and
 * what they order here is data that it does not watch.
 */
static inline void
qt__fence(memory_order order)
{
#ifdef QT__TSAN
	atomic_signal_fence(order);
#else
	atomic_thread_fence(order);
#endif
}

/*
 * A full fence behind an atomic read-modify-write of the default order, which
 * on x86 is one already.
 */
static inline void
qt__fence_after_rmw(void)
{
#if defined(__x86_64__) || defined(__i386__)
	atomic_signal_fence(memory_order_seq_cst);
#else
	qt__fence(memory_order_seq_cst);
#endif
}

void	qt__copy_racy(void *to, const void *from, size_t len);

static inline _Atomic uint64_t *
qt__word(const struct qt_seg *seg, uint64_t offset)
{
	return (_Atomic uint64_t *)(void *)(seg->map + offset);
}

/* segment_check.c: is this header ours and sound for a file of size bytes? */
int	qt__seg_check(const struct qt__seg_head *head, uint64_t size,
	    const char *kind, unsigned int flags, struct qt_err *err);
int	qt__seg_layout(struct qt__seg_head *head,
	    const struct qt_seg_spec *spec, struct qt_err *err);

int	qt__seg_name_check(const char *name, struct qt_err *err);

/* segment_open.c: a handle that maps fd, which it owns from then on. */
int	qt__seg_attach(int fd, const struct qt__seg_head *head,
	    unsigned int flags, struct qt_seg **out, struct qt_err *err);
void	qt__seg_detach(struct qt_seg *seg);
int	qt__seg_reopen(int fd, int flags);

/*
 * segment_pages.c: bytes of a huge page, or 0; is there such a node; take
 * memory from it, from now on; make huge pages of what can be, in an extent.
 */
uint64_t qt__huge_size(void);
int	qt__node_check(uint32_t node, struct qt_err *err);
int	qt__node_prefer(const struct qt_seg *seg, struct qt_err *err);
void	qt__huge_ask(const struct qt_seg *seg, uint64_t at, uint64_t len);
int	qt__huge_back(const struct qt_seg *seg, int fd, uint64_t at,
	    uint64_t len);

/* segment_fork.c: handles that a fork child must let go of. */
int	qt__seg_register(struct qt_seg *seg);
void	qt__seg_unregister(struct qt_seg *seg);

/* segment_join.c */
int	qt__seg_join(struct qt_seg *seg, struct qt_err *err);
void	qt__seg_leave(struct qt_seg *seg);
int	qt__seg_is_owner_alive(const struct qt_seg *seg, uint32_t id,
	    uint32_t generation);
/*
 * Holds the slot of id against everybody else who would act on it; -EBUSY when
 * its owner is alive or somebody holds it. Under the handle's mutex.
 */
int	qt__slot_hold(struct qt_seg *seg, uint32_t id);
void	qt__slot_unhold(struct qt_seg *seg, uint32_t id);

/*
 * segment_lock.c: the one lock of tables and allocator. 0, -EACCES when this
 * handle is not a participant, or why what a dead owner left was not finished.
 */
int	qt__seg_lock(struct qt_seg *seg);
void	qt__seg_unlock(struct qt_seg *seg);
/*
 * For who comes by while it waits for something else, with a deadline: -EBUSY
 * when a thread of ours has the mutex, or somebody the lock, for longer than
 * 20 ms. They may be stopped.
 */
int	qt__seg_lock_soon(struct qt_seg *seg);
int	qt__seg_mutex_soon(struct qt_seg *seg);
/*
 * Takes the lock and releases it. Who looks at words that a dead process may
 * have been changing by the log calls this first, or takes the lock.
 */
int	qt__seg_settle(struct qt_seg *seg);
/* The mutex is held, and so is the slot of id, who is dead. */
int	qt__seg_inherit(struct qt_seg *seg, uint32_t id);
/* The lock for who has the mutex already; soon, as above. */
int	qt__seg_lock_inner_soon(struct qt_seg *seg);
void	qt__seg_unlock_inner(struct qt_seg *seg);

/*
 * segment_txn.c: a change of several words as one step. Reads see what the
 * same change wrote before. bad is set when the segment makes no sense.
 */
struct qt__txn {
	struct qt_seg	*seg;
	uint32_t	 count;
	bool		 bad;
	uint64_t	 offset[QT__LOG_MAX], value[QT__LOG_MAX];
};
uint64_t qt__txn_get(const struct qt__txn *t, uint64_t offset);
void	qt__txn_set(struct qt__txn *t, uint64_t offset, uint64_t value);
int	qt__txn_commit(struct qt__txn *t);
int	qt__txn_redo(struct qt_seg *seg);

/* segment_class.c: the words of the page map, and lists of free extents. */
struct qt__page qt__page_get(struct qt__txn *t, uint32_t index);
void	qt__page_set(struct qt__txn *t, uint32_t index, struct qt__page page);
uint32_t qt__class_of(uint32_t pages);
void	qt__free_add(struct qt__txn *t, uint32_t index, uint32_t pages);
void	qt__free_del(struct qt__txn *t, uint32_t index);
int	qt__free_find(struct qt__txn *t, uint32_t pages, uint32_t *index);
void	qt__blocks_add(struct qt__txn *t, uint32_t index);
void	qt__blocks_del(struct qt__txn *t, uint32_t index);
#define QT__CTL(seg, field)	((seg)->head.ctl_offset +		\
	offsetof(struct qt__seg_ctl, field))

/*
 * segment_extent.c. link is the offset of a word that is set in the same step,
 * from 0 to the new offset | tag (tag < page size), or back to 0; it then says
 * what to free, and 0 is nothing to do. link 0: no such word.
 */
int	qt__extent_take(struct qt__txn *t, uint32_t pages, uint8_t state,
	    bool has_memory, uint32_t *index);
int	qt__extent_give(struct qt__txn *t, uint32_t index, uint32_t pages);
int	qt__give_back(struct qt_seg *seg);
int	qt__seg_alloc(struct qt_seg *seg, uint64_t size, uint64_t link,
	    uint32_t tag, uint64_t *offset);
int	qt__seg_free(struct qt_seg *seg, uint64_t offset, uint64_t link);
/* The same with the lock held. */
int	qt__seg_free_locked(struct qt_seg *seg, uint64_t offset,
	    uint64_t link);
/* The offset of p when it is a word of the data area, else 0. */
uint64_t qt__seg_link(const struct qt_seg *seg, const uint64_t *p);

/*
 * segment_entry.c. qt__row_get copies a row and says its state, QT__ROW_FREE
 * also for one that changes all the time; *word as it was. qt__row_find is
 * the READY row of a name, or -ENOENT.
 */
uint32_t qt__row_get(const struct qt_seg *seg, uint32_t row, uint64_t *word,
	    struct qt_seg_entry *out);
int	qt__row_find(const struct qt_seg *seg, const char *name, uint64_t *word,
	    struct qt_seg_entry *out);
/*
 * Publishes an object and clears our slot's intent, in one step. -EEXIST,
 * -QT_EFULL. The caller has checked the entry.
 */
int	qt__row_publish(struct qt_seg *seg, const struct qt_seg_entry *entry);
/* With the lock held: a READY row becomes ERASED. */
void	qt__row_erase(struct qt_seg *seg, uint32_t row);
/* With the lock held: frees the extent of an ERASED row and then the row. */
int	qt__row_free(struct qt_seg *seg, uint32_t row);

/*
 * object_sweep.c: id is dead, the mutex and its slot are held: frees what its
 * intent names, and sweeps all objects.
 */
int	qt__obj_sweep(struct qt_seg *seg, uint32_t id);
/* The same for ourselves, before we leave: only what we hold. */
void	qt__obj_leave(struct qt_seg *seg);

/*
 * object_erase.c: frees erased objects that nobody has open; how many. Who is
 * not patient leaves them to others when somebody keeps the lock.
 */
int	qt__obj_free_erased(struct qt_seg *seg, bool is_patient);

/*
 * object_open.c, for segment_fork.c: the objects that we have open stay open
 * in a child, by locks of its own that are taken before there is a child.
 */
void	qt__obj_before_fork(struct qt_seg *seg);
void	qt__obj_after_fork_parent(struct qt_seg *seg);
void	qt__obj_after_fork_child(struct qt_seg *seg);
/* When the segment is closed: handles of objects that are open die. */
void	qt__obj_forget(struct qt_seg *seg);

/* doorbell.c: FIFOs that dead participants left. */
void	qt__bell_remove_dead(struct qt_seg *seg);

/* segment_block.c: pieces of block_size bytes that share pages. */
int	qt__block_add(struct qt_seg *seg, const void *init, size_t len,
	    uint64_t link, uint64_t *offset);
/* Whether a block begins there and is in use. */
bool	qt__block_is_used(struct qt_seg *seg, uint64_t offset);
int	qt__block_del(struct qt_seg *seg, uint64_t offset, uint64_t link);

#endif /* QT_SHM_SEGMENT_PRIV_H */
