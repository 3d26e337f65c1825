/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_OBJECT_H
#define QT_SHM_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/shm/segment.h>

/*
 * Objects: the typed structures of a segment, what all of them have in common.
 * Each has a header of its own (<qt/shm/array.h>, <qt/shm/queue.h>, ...) with
 * functions to make one, to open it by its name, and to work on it.
 *
 *	entry "q"  --->	extent of fixed size
 *	READY		+------+-----------------------+------------------+
 *			| head | words of the type     | elements, nodes  |
 *			+------+-----------------------+------------------+
 *
 * Making one is one step: whoever is killed while making it leaves nothing,
 * and nobody ever sees it half made.
 *
 * Who has an object open holds a lock of the kernel on it, which is gone when
 * its process is. Erasing takes the name away at once; the memory goes when
 * nobody has the object open any more, as with a file that is unlinked. Who
 * still has it open may go on using it, but waiting on it ends with
 * -QT_EGONE.
 *
 * What a process holds in an object (a lock, an item it was taking) is its
 * own as a participant of the segment. When it dies, the others get it back:
 * each structure says how. A process that closes an object in an orderly way
 * gives back what it holds; with the last handle on it, for all its threads
 * are one participant.
 *
 * A handle of an object may be used by several threads at once unless its
 * header says otherwise. It dies with the handle of the segment. A handle that
 * belongs to no participant (a read-only segment; a fork child before
 * qt_seg_after_fork()) may look, and gets -EACCES where it would change
 * something. A fork child keeps the objects that its parent had open.
 */
struct qt_obj;

#define QT_OBJ_DTYPE_SIZE	192
#define QT_OBJ_KEY_DTYPE_SIZE	64
#define QT_OBJ_NUMBERS		16

/* What is known of an object; numbers were true when they were read. */
struct qt_obj_stat {
	char		name[QT_SEG_NAME_SIZE];
	const char	*type_name;	/* "queue"; static text */
	uint32_t	type;		/* QT_TYPE_... */
	uint32_t	flags;		/* the type's own */
	uint64_t	id;		/* random; made with the object */
	uint64_t	made_ms;	/* since 1970 */
	char		dtype[QT_OBJ_DTYPE_SIZE];	/* of an element, or "" */
	char		key_dtype[QT_OBJ_KEY_DTYPE_SIZE];
	uint32_t	elem_size;	/* bytes; 0: no elements */
	uint32_t	key_size;
	uint64_t	capacity;	/* elements at most */
	uint64_t	count;		/* elements now */
	uint64_t	shape[4];	/* unused dimensions are 0 */
	uint64_t	offset;		/* of the object, in the file */
	uint64_t	size;		/* bytes of its extent */
	uint64_t	data_offset;	/* of the first element in the file, for
					 * np.memmap; 0: they lie in no row */
	int		is_open;	/* somebody else has it open */
	int		has_waiters;	/* somebody waits, or did of late */
	/* What the type adds: "pushed", "dropped", ... */
	struct {
		const char	*name;	/* static text */
		uint64_t	 value;
	}		number[QT_OBJ_NUMBERS];
	uint32_t	number_count;
};

/* "queue" for QT_TYPE_QUEUE; NULL for a number that is no type. */
const char *qt_obj_type_name(uint32_t type);
/* QT_TYPE_QUEUE for "queue"; QT_TYPE_NONE for a word that is none. */
uint32_t qt_obj_type_of(const char *name);
/* 1 for a type of objects, 0 for other entries and for what is unknown. */
int	qt_obj_is_type(uint32_t type);

/*
 * -ENOENT, -EINVAL (the entry is no object), -QT_ECORRUPT. Also for read-only
 * segments.
 */
int	qt_obj_stat(struct qt_seg *seg, const char *name,
	    struct qt_obj_stat *out, struct qt_err *err);

/*
 * What participants hold in an object, or have begun and not ended: items that
 * were taken, locks, roles. Of each one, or of each of its items, there is one.
 */
struct qt_obj_hold {
	uint32_t	participant;
	const char	*what;		/* "taken", "read"; static text */
	uint64_t	count;
};

/*
 * Calls fn for each of them, as they are seen while others work. Also for
 * read-only segments. 0, or as qt_obj_stat().
 */
int	qt_obj_each_hold(struct qt_seg *seg, const char *name,
	    void (*fn)(void *arg, const struct qt_obj_hold *hold), void *arg,
	    struct qt_err *err);

/*
 * Erases an object: the name is free at once, the memory as soon as nobody has
 * the object open. -ENOENT, -EINVAL (the entry is no object), -EACCES.
 */
int	qt_obj_erase(struct qt_seg *seg, const char *name, struct qt_err *err);

/*
 * Sweeps dead participants (qt_seg_sweep()) and frees erased objects that
 * nobody has open any more, whose last user died. Making an object does this
 * by itself when there is no space. Returns how many were freed, or -EACCES.
 */
int	qt_obj_gc(struct qt_seg *seg);

/*
 * Checks every object: its head, its extent, and what its type can say. Words
 * that others are changing meanwhile are taken as they are, so a fault that is
 * reported while others work may be none; the segment's own tables are checked
 * by qt_seg_fsck(). With QT_OBJ_FSCK_REPAIR what can be put right is.
 *
 * fault() is called for each fault, with one line of text. Returns how many
 * faults are left, or -EACCES, -ENOMEM.
 */
#define QT_OBJ_FSCK_REPAIR	1u
int	qt_obj_fsck(struct qt_seg *seg, unsigned int flags,
	    void (*fault)(void *arg, const char *name, const char *what),
	    void *arg);

/* Of an open object; what the type's header calls qt_<type>_obj() gives it. */
uint64_t qt_obj_id(const struct qt_obj *obj);
/* 1 when it was erased: it can still be used, until it is closed. */
int	qt_obj_is_erased(const struct qt_obj *obj);

#endif /* QT_SHM_OBJECT_H */
