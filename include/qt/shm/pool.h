/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_POOL_H
#define QT_SHM_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A pool of equal blocks in shared memory, named by handles that can be stored
 * anywhere and passed to other processes.
 *
 *	handle = generation of the block | its number
 *
 * When a block is freed its generation grows, so a handle that somebody kept
 * is known to be stale (-QT_EGONE) and never leads to the next user's block.
 *
 * A block belongs to the participant that allocated it and is freed when that
 * one dies; or to nobody, after qt_shm_pool_give(), and then it stays until
 * somebody frees it. So what is to outlive its maker is stored where others
 * find it, and then given.
 *
 * Nothing here waits for another process unless asked to. A handle on the pool
 * may be used by any number of threads.
 */
struct qt_shm_pool;

#define QT_POOL_NONE		UINT64_C(0)	/* never a block's handle */
#define QT_POOL_CAPACITY_MAX	(1u << 30)
#define QT_POOL_SIZE_MAX	(1u << 30)

enum {
	QT_POOL_EPOCHS = 1 << 0,	/* blocks can be retired, see below */
};

struct qt_shm_pool_spec {
	const char	*dtype;		/* elements; NULL: size bytes */
	uint64_t	 capacity;	/* blocks */
	uint32_t	 size;		/* bytes of a block, when no dtype */
	uint32_t	 flags;		/* QT_POOL_... */
};

/* As qt_queue_create() and qt_queue_open(). */
int	qt_shm_pool_create(struct qt_seg *seg, const char *name,
	    const struct qt_shm_pool_spec *spec, struct qt_err *err);
int	qt_shm_pool_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_shm_pool **out, struct qt_err *err);
/* With the last handle of a process, blocks that it owns are freed. */
void	qt_shm_pool_close(struct qt_shm_pool *pool);		/* NULL is fine */
struct qt_obj *qt_shm_pool_obj(struct qt_shm_pool *pool);

uint64_t qt_shm_pool_capacity(const struct qt_shm_pool *pool);
uint32_t qt_shm_pool_size(const struct qt_shm_pool *pool);
const char *qt_shm_pool_dtype(const struct qt_shm_pool *pool);	/* or "" */
uint64_t qt_shm_pool_count(const struct qt_shm_pool *pool);	/* looks at all */

/*
 * A block of ours; what is in it is what its last user left. -QT_EFULL,
 * -EACCES, and as <qt/shm/wait.h> says -ETIMEDOUT and -QT_EGONE.
 */
int	qt_shm_pool_alloc(struct qt_shm_pool *pool, uint64_t *handle,
	    uint64_t deadline);
/*
 * Frees a block of ours or of nobody. -QT_EGONE (stale), -EPERM (somebody
 * else's), -EACCES.
 */
int	qt_shm_pool_free(struct qt_shm_pool *pool, uint64_t handle);

/*
 * The block, aligned to 32 bytes; NULL when the handle is stale. It does not
 * keep the block: others may free what is nobody's at any time.
 */
void	*qt_shm_pool_get(const struct qt_shm_pool *pool, uint64_t handle);

/*
 * give: ours becomes nobody's. own: nobody's becomes ours. -QT_EGONE, -EPERM
 * (somebody else's), -EACCES.
 */
int	qt_shm_pool_give(struct qt_shm_pool *pool, uint64_t handle);
int	qt_shm_pool_own(struct qt_shm_pool *pool, uint64_t handle);
/* Whose it is: a participant, 0 for nobody, or -QT_EGONE. */
int	qt_shm_pool_owner(const struct qt_shm_pool *pool, uint64_t handle);

/* Iterates over blocks in use, *cursor from 0: 1, or 0 at the end. */
int	qt_shm_pool_next(const struct qt_shm_pool *pool, uint32_t *cursor,
	    uint64_t *handle);

/*
 * Reading what others may take away, in pools made with QT_POOL_EPOCHS
 * (epoch-based reclamation: K. Fraser, Practical lock-freedom, 2004).
 *
 *	enter; find a handle; get; read the block; leave
 *
 * From enter to leave, what qt_shm_pool_get() gave stays as it is and where it
 * is, although others retire it meanwhile: retiring makes its handle stale for
 * who comes later, and the block is allocated anew only when all who had
 * entered have left. Readers wait for nobody and nobody waits for them; a
 * reader that is stopped holds back that retired blocks are used again, all of
 * them from then on, and qt_epoch_each() and 'qt-shm who' name it. One that
 * died is undone by who notices.
 *
 * qt_shm_pool_free() frees at once, under readers too: in such a pool it is for
 * blocks whose handle nobody else has seen. What a participant owns when it
 * dies or closes is retired.
 */
struct qt_shm_pool_guard {
	struct qt_shm_pool	*pool;		/* NULL: it was left */
	uint64_t		 pin;
	uint32_t		 record;
};

/*
 * -EBUSY: two threads for each participant of the segment, at least 16 and at
 * most 1024, have entered and not left. -EINVAL (no epochs), -EACCES. A guard
 * is left by the process that entered, once (more does nothing), before it
 * closes the pool; in a child of it leaving does nothing.
 */
int	qt_shm_pool_enter(struct qt_shm_pool *pool,
	    struct qt_shm_pool_guard *guard);
void	qt_shm_pool_leave(struct qt_shm_pool_guard *guard);
/*
 * Ours or nobody's is stale at once, and free when no reader can have it any
 * more; whoever finds no free block sees to that, so nothing need be called
 * for it. -QT_EGONE, -EPERM (somebody else's), -EBUSY (as enter), -EINVAL (no
 * epochs), -EACCES. Who waits in qt_shm_pool_alloc() while it has entered
 * itself waits for itself.
 */
int	qt_shm_pool_retire(struct qt_shm_pool *pool, uint64_t handle);

#endif /* QT_SHM_POOL_H */
