/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SEGMENT_H
#define QT_SHM_SEGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/err.h>

/*
 * A segment: one POSIX shared-memory object that holds typed, named entries
 * and the extents that they live in. The byte layout is qt-segment(5).
 *
 *	+--------+--------------+---------+-----------+-- - - - - - - - --+
 *	| header | participants | entries | extent    | pages handed out  |
 *	|        | (OFD locks)  | (names) | table     | as extents        |
 *	+--------+--------------+---------+-----------+-- - - - - - - - --+
 *	0                                             data_offset      size
 *
 * Rules that everything in this module keeps:
 *	1. A name appears complete: built in O_TMPFILE, then linkat(2).
 *	2. No SIGBUS: the size is set once, extents are fallocated when handed
 *	   out and punched when freed; the file is never truncated. A full
 *	   file system is -ENOSPC from the call that wanted space.
 *	3. No pointers, only offsets from the start of the segment.
 *	4. No anonymous state: an intermediate word names its owner, and anyone
 *	   may finish or undo what a dead owner began.
 *	5. Death is the kernel's verdict: each participant holds an OFD lock on
 *	   its slot's byte, on a descriptor of its own that exec closes and that
 *	   a fork child re-takes.
 *	6. One release store publishes.
 *	7. Everything that came from the segment is checked before it is used.
 *
 * A handle belongs to one process; calls on one handle from several threads
 * are safe unless a function says otherwise. Functions that change the segment
 * answer -EACCES on a handle that is no participant: a read-only one, one that
 * was opened with QT_SEG_WRITE, or one in a fork child before
 * qt_seg_after_fork().
 */
struct qt_seg;

struct qt_seg_spec {
	uint64_t	size;		/* bytes, rounded up to pages; sparse */
	uint32_t	entries;	/* table sizes; 0 takes the default */
	uint32_t	participants;
	uint32_t	extents;	/* at most so many; 0: as pages allow */
	mode_t		mode;		/* 0600, or 0660 with a group */
	gid_t		group;		/* (gid_t)-1: leave it */
	char		kind[8];	/* what the segment is for, "host" */
	uint32_t	flags;		/* QT_SEG_HUGE, QT_SEG_ON_NODE */
	uint32_t	node;		/* with QT_SEG_ON_NODE: the NUMA node */
};

/*
 * What a segment asks of its memory; kept in its header, so it holds for all
 * who use it. Both are wishes: qt_seg_pages() says what has become of them.
 *
 * HUGE: when an extent is handed out, the kernel is asked to make one huge page
 * of each of its parts that can be one: that lies whole and aligned in it (see
 * madvise(2), MADV_COLLAPSE; Linux 6.1). No more memory is used than without,
 * and freeing an extent never splits a huge page. An extent that is smaller
 * than a huge page has none. To hand out takes longer, about as long as it
 * takes to write to all of it.
 *
 * ON_NODE: memory comes from this NUMA node as long as it has some, then from
 * the others (see mbind(2), MPOL_PREFERRED).
 */
#define QT_SEG_HUGE		1u
#define QT_SEG_ON_NODE		2u

#define QT_SEG_NONE		0u	/* as QT_SEG_RDONLY */
#define QT_SEG_JOIN		1u	/* map writable, become a participant */
#define QT_SEG_RDONLY		2u	/* map read-only; never a participant */
/*
 * Map writable, be no participant: for structures that bring locks of their own
 * and for processes that stay for one operation. It is as cheap as read-only,
 * and a fork child goes on using its parent's handle. What may be done is to
 * write to the data area, by rules that its users agree on, and qt_seg_back().
 */
#define QT_SEG_WRITE		4u

/*
 * Makes a segment and joins it. name is as for shm_open(3), "/x"; NULL makes
 * one without a name, to be passed by descriptor: a memfd, sealed against
 * changes of size, which does not count against the size of /dev/shm.
 *
 * Returns 0, -EEXIST (somebody's name is never taken over), -ENOSPC, -EINVAL
 * (also: there is no such NUMA node), -EPERM (the group is not one of ours),
 * -EOPNOTSUPP (the kernel knows no NUMA nodes, or lets nobody choose one).
 */
int	qt_seg_create(const char *name, const struct qt_seg_spec *spec,
	    struct qt_seg **out, struct qt_err *err);

/*
 * Opens a segment after checking magic, version, byte order, feature bits,
 * checksum, and every offset and size against the file. With QT_SEG_JOIN,
 * takes a free participant slot (one of a dead process after its remains are
 * swept); -QT_EFULL when none is free, -EBUSY when one of the dead would be,
 * but whoever sweeps it does not get on, for two seconds. kind NULL accepts any.
 *
 * Returns 0, -ENOENT, -EACCES, -QT_EFORMAT, -QT_EVERSION, -QT_ECORRUPT,
 * -QT_EOWNER (another user's object, unless it is shared through a group that
 * we are in; or one that everybody may write).
 */
int	qt_seg_open(const char *name, const char *kind, unsigned int flags,
	    struct qt_seg **out, struct qt_err *err);
/*
 * The same for a descriptor, which stays the caller's. Whoever passed it vouches
 * for its owner. Joining opens the file again through /proc/self/fd; with
 * QT_SEG_WRITE the descriptor itself must be open for writing, or -EACCES.
 */
int	qt_seg_open_fd(int fd, const char *kind, unsigned int flags,
	    struct qt_seg **out, struct qt_err *err);

/* Leaves the segment and unmaps it; pointers into it die. NULL is fine. */
void	qt_seg_close(struct qt_seg *seg);

/* Removes the name; users keep their mapping. 0 or -errno. */
int	qt_seg_unlink(const char *name);

/*
 * A new read-only descriptor, which the caller owns; -errno. It shares nothing
 * with the handle's own, so passing it on keeps no dead participant alive.
 * What it is given to can only read through it; a process of the same user
 * could still open the file anew.
 */
int	qt_seg_dup_rdonly(const struct qt_seg *seg);
/*
 * The same for reading and writing: to be kept over execve(2) (clear
 * FD_CLOEXEC) or sent to a process that joins with qt_seg_open_fd().
 */
int	qt_seg_dup_rdwr(const struct qt_seg *seg);

uint64_t qt_seg_size(const struct qt_seg *seg);
/* Bytes of memory the file uses now (st_blocks). */
uint64_t qt_seg_used(const struct qt_seg *seg);
/* 1: it still has its name; 0: that was removed, or is another's; negative. */
int	qt_seg_is_named(const struct qt_seg *seg);
/* A random number made with the segment: tells two of one name apart. */
uint64_t qt_seg_id(const struct qt_seg *seg);

/* What its header says; constant, and checked when it was opened. */
struct qt_seg_info {
	char		kind[9];	/* "host"; with its end */
	unsigned int	major, minor;	/* of the format */
	uint64_t	id, size, made_ms;
	uint64_t	data_offset;	/* where what is handed out begins */
	uint32_t	page_size;
	uint32_t	participants, entries;	/* sizes of the tables */
	uint32_t	extents;	/* at most; 0: as pages allow */
	uint32_t	maker_uid, maker_pid;
	uint64_t	sweeps;		/* dead participants, until now */
};
void	qt_seg_describe(const struct qt_seg *seg, struct qt_seg_info *out);

/* What it asks of its memory, and what it has now. */
struct qt_seg_memory {
	uint32_t	flags;		/* as it was made */
	uint32_t	node;		/* with QT_SEG_ON_NODE */
	uint64_t	huge_size;	/* bytes of one; 0: there are none */
	uint64_t	huge_used;	/* bytes of memory in huge pages */
	const char	*why;		/* there is none; NULL: there is some */
	uint64_t	on_node;	/* of the pages looked at, so many */
	uint64_t	looked;		/* are on the node; 0: who knows */
};
/*
 * Looks at the memory itself: it is slow, and for people. Only what was asked
 * for is filled in. 0 or negative.
 */
int	qt_seg_pages(const struct qt_seg *seg, struct qt_seg_memory *out);

/*
 * len bytes at offset, or NULL when they are not all inside the data area.
 * Not writable on a read-only handle. Borrowed until qt_seg_close().
 */
void	*qt_seg_at(const struct qt_seg *seg, uint64_t offset, uint64_t len);
uint64_t qt_seg_offset(const struct qt_seg *seg, const void *p);

/*
 * Participants. Ids are 1 to the table's size; 0 is nobody. qt_seg_is_alive
 * asks the kernel (fcntl, slow path only): 1 also for a stopped process.
 */
uint32_t qt_seg_self(const struct qt_seg *seg);
int	qt_seg_is_alive(const struct qt_seg *seg, uint32_t participant);
/*
 * After fork, in the child: takes a slot of its own. 0 or negative. Until then
 * the child's handle only reads; its parent's life does not depend on it.
 * Ring writers that were open stay the parent's.
 *
 * Over execve(2) a participant dies: its descriptor is closed. The new program
 * joins again, and is somebody else; nothing that was stored is lost.
 */
int	qt_seg_after_fork(struct qt_seg *seg, struct qt_err *err);

/* For people to look at; the process id may be another's by now. */
struct qt_seg_participant {
	uint32_t	id, generation;
	uint32_t	pid;
	uint64_t	started;	/* field 22 of /proc/PID/stat */
	uint64_t	joined_ms;	/* since 1970 */
	char		name[16];	/* of the program */
};
/* Iterates over used slots, *cursor from 0: 1, or 0 at the end. */
int	qt_seg_participant_next(const struct qt_seg *seg, uint32_t *cursor,
	    struct qt_seg_participant *out);

/*
 * Extents: page-granular pieces of the data area, zero-filled; size is rounded
 * up to pages. Both calls take the segment's recoverable lock, use two or
 * fewer system calls, and O(1) steps however many extents there are.
 *
 * When offset points to a word of the data area, the word must be 0 and is set
 * in the same step that makes the extent: wherever this process is killed,
 * either the extent exists and the word says so, or neither. (Such a word is
 * only known to say so after qt_seg_sweep(), or any other call that changes
 * the segment: that finishes what the dead process had decided.) With a word
 * elsewhere, a death between the call and its storing leaves the extent unused.
 *
 * -ENOSPC (the file system is full), -ENOMEM (no address space left in the
 * segment, or its limit of extents is reached), -EINVAL (size 0), -EEXIST (the
 * word is not 0).
 */
int	qt_seg_alloc(struct qt_seg *seg, uint64_t size, uint64_t *offset);
/*
 * The same without memory: an extent that is address space only, and is freed
 * as any other. Memory comes piece by piece from qt_seg_back(). To touch what
 * has none is the caller's mistake, and SIGBUS when the file system is full.
 */
int	qt_seg_reserve(struct qt_seg *seg, uint64_t size, uint64_t *offset);
/*
 * Memory for the pages that len bytes at offset lie in; those that have some
 * keep what they hold. For any handle that may write, by several at once, and
 * without the lock: one system call, or two for each huge page. The caller sees
 * to it that the extent is in use, and stays so meanwhile. -ENOSPC (nothing was
 * changed; with huge pages, some may have memory), -EINVAL (they are not all
 * inside the data area), -EACCES (a read-only handle).
 */
int	qt_seg_back(struct qt_seg *seg, uint64_t offset, uint64_t len);
/*
 * Frees a whole extent by its offset; its pages go back at once. -EINVAL when
 * no extent begins there. The second form frees the extent that a word of the
 * data area names and sets the word to 0, in one step; a word that is 0 already
 * is nothing to do.
 */
int	qt_seg_free(struct qt_seg *seg, uint64_t offset);
int	qt_seg_free_at(struct qt_seg *seg, uint64_t *word);

/*
 * What the allocator knows of an offset: how many bytes the extent has that is
 * in use and begins there; 0 when none does. For who takes over a segment that
 * may be damaged.
 */
uint64_t qt_seg_extent(struct qt_seg *seg, uint64_t offset);

/* Entries: the typed names. */
#define QT_SEG_NAME_SIZE 64

struct qt_seg_entry {
	char		name[QT_SEG_NAME_SIZE];
	char		dtype[32];	/* NumPy dtype string, or "" */
	uint32_t	type;		/* QT_TYPE_... of the structure */
	uint32_t	generation;
	uint64_t	shape[4];	/* unused dimensions are 0 */
	uint64_t	offset;		/* of the structure */
	uint64_t	size;
};

enum qt_seg_type {
	QT_TYPE_NONE, QT_TYPE_RAW, QT_TYPE_RING, QT_TYPE_TABLE,
	/* Rings, and all from here on, are objects: <qt/shm/object.h>. */
	QT_TYPE_ARRAY, QT_TYPE_QUEUE, QT_TYPE_SPSC, QT_TYPE_STACK,
	QT_TYPE_MAP, QT_TYPE_SET, QT_TYPE_POOL, QT_TYPE_VALUE,
	QT_TYPE_SEMAPHORE, QT_TYPE_MUTEX, QT_TYPE_RWLOCK, QT_TYPE_LATCH,
	QT_TYPE_BARRIER, QT_TYPE_EVENT, QT_TYPE_ONCE, QT_TYPE_SKIPLIST,
	QT_TYPE_CACHE,
	/* later structures append here; numbers are part of the format */
	QT_TYPE_COUNT_
};

/*
 * Publishes an entry, last of all by its state word; generation is ignored.
 * -EEXIST, -QT_EFULL, -EINVAL (no name, a text without its end, an offset and
 * size that are not in the data area, or the type of an object, which is made
 * by its own function).
 */
int	qt_seg_entry_add(struct qt_seg *seg, const struct qt_seg_entry *entry);
/* Copies a consistent entry out. -ENOENT. */
int	qt_seg_entry_get(const struct qt_seg *seg, const char *name,
	    struct qt_seg_entry *out);
/*
 * Removes the name; the caller frees the extents. -ENOENT; -EINVAL for an
 * object, which is erased by qt_obj_erase().
 */
int	qt_seg_entry_del(struct qt_seg *seg, const char *name);
/* Iterates: *cursor starts at 0. 1 with an entry, 0 at the end. */
int	qt_seg_entry_next(const struct qt_seg *seg, uint32_t *cursor,
	    struct qt_seg_entry *out);

/*
 * Finishes or undoes what dead participants left half done (changes by the
 * allocator, pages to give back, objects, what they held in objects) and frees
 * their slots. It never frees what they had finished. Any participant may call
 * it at any time; opening with QT_SEG_JOIN calls it. Returns how many dead
 * participants were swept.
 */
int	qt_seg_sweep(struct qt_seg *seg);

/*
 * Compares all that the allocator knows with itself: page map, free lists,
 * counters. Takes the lock, so participants only. 0, or -QT_ECORRUPT with what
 * is wrong in err.
 */
int	qt_seg_fsck(struct qt_seg *seg, struct qt_err *err);

#endif /* QT_SHM_SEGMENT_H */
