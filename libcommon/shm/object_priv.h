/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_OBJECT_PRIV_H
#define QT_SHM_OBJECT_PRIV_H

#include <qt/base/clock.h>
#include <qt/shm/object.h>
#include <qt/shm/wait.h>

#include "segment_priv.h"

/*
 * What the structures are built on.
 *
 * A structure is: a public header; an open struct here in libcommon/shm whose
 * first member is a struct qt_obj; one struct qt__obj_type; and one line for
 * that in object_type.c. It keeps these rules:
 *
 *	1. Whatever has to be constant for the whole life of the object is in
 *	   the head (capacity, sizes, shape, param, flags), is laid down at
 *	   creation, has a checksum, and is used from obj->head, our own checked
 *	   copy. Where things are is computed from these; check() compares the
 *	   result with the extent's size.
 *	2. Every index and offset that is read from the object later is compared
 *	   with those before it is used: -QT_ECORRUPT. Every loop over things in
 *	   the object has a bound of our own.
 *	3. Every word that says that something is half done or held names its
 *	   owner, as qt__owner() makes it: {generation 32 | owner 16 | state 16}.
 *	   Taking it is a CAS that also counts the generation up, so nobody
 *	   acts on what it was before.
 *	4. When a participant is dead, sweep() is called for each object before
 *	   its number can be given to somebody else, so a number alone says who
 *	   it is. See struct qt__obj_type.
 */

/* The head of every object. See qt-segment(5). */
#define QT__OBJ_MAGIC	"QTOBJ01\n"
#define QT__OBJ_WAITS	4
#define QT__OBJ_STATS	8

struct qt__obj_head {
	char			magic[8];
	uint32_t		type;
	uint32_t		flags;		/* the type's own */
	uint64_t		id;		/* 16: random */
	uint32_t		elem_size;
	uint32_t		key_size;
	uint64_t		capacity;
	uint64_t		size;		/* bytes with this head */
	uint64_t		made_ms;	/* 48 */
	uint64_t		shape[4];
	uint64_t		param[4];	/* 88: the type's own */
	uint32_t		pad1;
	uint32_t		crc;		/* of all that is constant */
	/* 128: a line that changes seldom. */
	_Atomic uint32_t	erased;		/* 1: its name is gone */
	_Atomic uint32_t	bell;		/* see doorbell.c */
	_Atomic uint32_t	wait[QT__OBJ_WAITS];	/* see wait.c */
	uint32_t		pad2[10];
	_Atomic uint64_t	stat[QT__OBJ_STATS];	/* 192: the type's own */
	char			dtype[QT_OBJ_DTYPE_SIZE];	/* 256 */
	char			key_dtype[QT_OBJ_KEY_DTYPE_SIZE];
};
_Static_assert(sizeof(struct qt__obj_head) == 512, "layout");
_Static_assert(offsetof(struct qt__obj_head, erased) == 128, "layout");
_Static_assert(offsetof(struct qt__obj_head, stat) == 192, "layout");
_Static_assert(offsetof(struct qt__obj_head, dtype) == 256, "layout");
/* The type's own words begin here. */
#define QT__OBJ_BODY	((uint64_t)sizeof(struct qt__obj_head))

/* An object that a handle of the segment has open; see object_open.c. */
struct qt__obj_ref {
	struct qt__obj_ref	*next;
	uint64_t		 offset;
	uint32_t		 row;
	uint32_t		 count;		/* handles, and who looks on */
	uint32_t		 handles;	/* of them by qt__obj_open() */
	_Atomic bool		 is_holding;
	bool			 is_lost;	/* no lock: a fork went wrong */
	struct qt__bell		*bell;		/* or NULL */
};

/*
 * An open object: the first member of the struct of each type. Constant while
 * it is open.
 */
struct qt__obj_type;
struct qt_obj {
	struct qt_seg		*seg;
	struct qt__obj_ref	*ref;
	struct qt__obj_head	*shared;	/* in the segment */
	unsigned char		*base;		/* the same, as bytes */
	uint64_t		 offset;	/* of it, in the file */
	uint64_t		 size;
	const struct qt__obj_type *type;
	struct qt__obj_head	 head;		/* our checked copy of what is
						 * constant */
};

/* --- Life ---------------------------------------------------------------- */

/* What to make. What is 0 stays 0. */
struct qt__obj_spec {
	uint32_t	type, flags;
	uint32_t	elem_size, key_size;
	uint64_t	capacity;
	uint64_t	size;		/* QT__OBJ_BODY and all of the type's */
	uint64_t	shape[4], param[4];
	const char	*dtype, *key_dtype;	/* NULL: "" */
	/*
	 * Fills the type's words; all bytes behind the head are 0 and nobody
	 * else sees the object. May take its time: no lock of the segment is
	 * held. May be NULL. Only head, base, offset, size and seg of obj are set.
	 */
	void		(*init)(struct qt_obj *obj, const void *arg);
	const void	*arg;
};

/*
 * Makes an object of that name: it is there and whole, or it is not there.
 * -EEXIST, -ENOMEM and -ENOSPC (no space in the segment, in /dev/shm),
 * -QT_EFULL (no row for the name), -EINVAL (name, sizes, a dtype that is too
 * long), -QT_EVERSION (an older version made the segment), -EACCES.
 */
int	qt__obj_create(struct qt_seg *seg, const char *name,
	    const struct qt__obj_spec *spec, struct qt_err *err);
/*
 * Opens one, with its head checked, into *obj, which the caller owns. -ENOENT,
 * -EINVAL (of another type; QT_TYPE_NONE takes any), -QT_ECORRUPT.
 */
int	qt__obj_open(struct qt_seg *seg, const char *name, uint32_t type,
	    struct qt_obj *obj, struct qt_err *err);
/*
 * The last handle on an object of a process that called qt__obj_hold() sweeps
 * the object for that participant first, so nothing stays held.
 */
void	qt__obj_close(struct qt_obj *obj);
/* size bytes of zeros whose first member is to be opened; NULL: no memory. */
#define qt__obj_new(obj_struct)	((struct obj_struct *)calloc(1,		\
	sizeof(struct obj_struct)))

/* --- Who we are, and who is dead ----------------------------------------- */

/* Our number as owner of words; 0: no participant, answer -EACCES. */
static inline uint32_t
qt__obj_self(const struct qt_obj *obj)
{
	return obj->seg->self;
}

/*
 * To be called before a word of the object is made to name us over the end of
 * a call (a lock, a loan, a role), so that closing in an orderly way gives it
 * back. What only a kill can leave behind needs no such call. Costs a store to
 * memory of our own.
 */
static inline void
qt__obj_hold(const struct qt_obj *obj)
{
	atomic_store_explicit(&obj->ref->is_holding, true,
	    memory_order_relaxed);
}

/*
 * Slow path only (asks the kernel): is the participant that a word names dead?
 * A number that is none is dead. Read the word again, by CAS, before acting.
 */
static inline int
qt__obj_is_dead(const struct qt_obj *obj, uint32_t owner)
{
	return !qt_seg_is_alive(obj->seg, owner);
}

/* --- Owner words --------------------------------------------------------- */

static inline uint64_t
qt__owner(uint32_t generation, uint32_t owner, uint32_t state)
{
	return (uint64_t)generation << 32 | (uint64_t)(owner & 0xffff) << 16 |
	    (state & 0xffff);
}

static inline uint32_t
qt__owner_generation(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline uint32_t
qt__owner_id(uint64_t word)
{
	return (uint32_t)word >> 16;
}

static inline uint32_t
qt__owner_state(uint64_t word)
{
	return (uint32_t)word & 0xffff;
}

/*
 * The usual step of such a word: from what it was seen to be to another owner
 * and state, one generation on. 1, or 0 with *seen as it is now. Sequentially
 * consistent, so qt__wake() may follow.
 */
static inline int
qt__owner_cas(_Atomic uint64_t *word, uint64_t *seen, uint32_t owner,
    uint32_t state)
{
	uint64_t	next = qt__owner(qt__owner_generation(*seen) + 1,
	    owner, state);

	if (!atomic_compare_exchange_strong(word, seen, next))
		return 0;
	*seen = next;
	return 1;
}

/* --- Dtypes ------------------------------------------------------------- */

/*
 * Are elements that were made as have what want says? want NULL: anything will
 * do; have "": bytes without a dtype. what begins the message, as "its elements
 * are". 0 or -EINVAL.
 */
int	qt__obj_dtype(const char *have, const char *want, const char *what,
	    struct qt_err *err);
/* "", or a dtype of that size. */
bool	qt__obj_dtype_is_sound(const char *text, uint32_t size);

/* --- Places in the object ------------------------------------------------ */

/*
 * a * b + c, or UINT64_MAX when that is over 2^48: sizes of layouts, made from
 * numbers that came from outside, cannot wrap.
 */
static inline uint64_t
qt__obj_sum(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t	ab, abc;

	if (__builtin_mul_overflow(a, b, &ab) ||
	    __builtin_add_overflow(ab, c, &abc) || abc > UINT64_C(1) << 48)
		return UINT64_MAX;
	return abc;
}

/* n rounded up to a multiple of unit, a power of two; UINT64_MAX stays. */
static inline uint64_t
qt__obj_round(uint64_t n, uint64_t unit)
{
	return n > UINT64_C(1) << 48 ? UINT64_MAX :
	    (n + unit - 1) & ~(unit - 1);
}

/* --- Statistics ---------------------------------------------------------- */

/* A relaxed atomic add costs 5 ns and a shared line: not in the hot path. */
static inline void
qt__obj_count(const struct qt_obj *obj, unsigned int which, uint64_t n)
{
	atomic_fetch_add_explicit(&obj->shared->stat[which], n,
	    memory_order_relaxed);
}

static inline uint64_t
qt__obj_counted(const struct qt_obj *obj, unsigned int which)
{
	return atomic_load_explicit(&obj->shared->stat[which],
	    memory_order_relaxed);
}

/* --- Waiting, see wait.c ------------------------------------------------- */

/*
 * Each object has QT__OBJ_WAITS event counts; which means what is the type's
 * choice.
 *
 * qt__wake() lets everybody look again who waits for which. It costs one load
 * when nobody does. The store that made it worth looking must be before it and
 * sequentially consistent (a CAS or an exchange of the default order);
 * qt__wake_after_store() is for one that was a release store, and costs a
 * fence.
 */
void	qt__wake_all(struct qt_obj *obj, unsigned int which);

static inline void
qt__wake(struct qt_obj *obj, unsigned int which)
{
	/* Sequentially consistent: pairs with the fetch_or in wait.c. */
	if (atomic_load(&obj->shared->wait[which]) & 1)
		qt__wake_all(obj, which);
}

static inline void
qt__wake_after_store(struct qt_obj *obj, unsigned int which)
{
#ifdef QT__TSAN
	/* It has no fences; an exchange of nothing does as well. */
	if (atomic_fetch_or(&obj->shared->wait[which], 0) & 1)
#else
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&obj->shared->wait[which],
	    memory_order_relaxed) & 1)
#endif
		qt__wake_all(obj, which);
}

/*
 * Calls try(arg, is_late) until it answers anything but -QT_EFULL, -QT_EEMPTY,
 * -EBUSY or -EAGAIN, and returns that; or that, when deadline is
 * QT_WAIT_NEVER; or -ETIMEDOUT, or -QT_EGONE when the object was erased.
 *
 * is_late is true the first time and then about every 100 ms, however often it
 * was woken: the moment to ask whether somebody died (qt__obj_is_dead(), or
 * qt_seg_sweep() for the whole segment), which costs a call of the kernel.
 */
int	qt__obj_wait(struct qt_obj *obj, unsigned int which, uint64_t deadline,
	    int (*try)(void *arg, bool is_late), void *arg);

/*
 * The parts of it, for who needs another order: raise the flag, look again,
 * sleep for at most 100 ms unless somebody called qt__wake() since prepare.
 * sleep: 0 woken or changed, -EAGAIN slept to its end, -ETIMEDOUT (deadline),
 * -QT_EGONE.
 */
uint32_t qt__wait_prepare(struct qt_obj *obj, unsigned int which);
int	qt__wait_sleep(struct qt_obj *obj, unsigned int which, uint32_t key,
	    uint64_t deadline);

/* One copy for each caller, where a call would cost as much again. */
#define QT__HOT		__attribute__((always_inline))
/* Out of the way of the function that calls it. */
#define QT__COLD	__attribute__((noinline, cold))

/*
 * Begins to fetch the line for writing, so that a CAS of it later need not
 * wait. A hint; any address will do.
 */
static inline void
qt__prefetch_for_write(const void *p)
{
#if defined(__x86_64__) || defined(__i386__)
	/* What the compiler would make of its own asks for reading only. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

/* doorbell.c: rings the doorbells that are armed; for qt__wake_all(). */
void	qt__bell_ring(struct qt_obj *obj);
/* A handle's doorbell, if it has one; ours: the FIFO goes too. */
void	qt__bell_close(struct qt_seg *seg, struct qt__obj_ref *ref,
	    bool is_ours);
/* FIFOs of the object at that offset: of one participant, who is dead; all. */
void	qt__bell_remove(struct qt_seg *seg, uint64_t offset, uint32_t id);
void	qt__bell_remove_all(struct qt_seg *seg, uint64_t offset);

/* One turn of a spinning loop. */
static inline void
qt__relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

struct qt__fsck;
struct qt__holds;
struct qt_epoch_pin;

/* --- The types ----------------------------------------------------------- */

struct qt__obj_type {
	uint32_t	number;		/* QT_TYPE_... */
	const char	*name;		/* "queue" */
	/*
	 * Is a head sound, whose sizes fit the extent? 0 or -QT_ECORRUPT. Only
	 * head, base, offset, size and seg of obj are set; nothing behind the
	 * head is believed before it has answered.
	 */
	int	(*check)(const struct qt_obj *obj);
	/*
	 * Participant id is dead, or leaves: finish or undo what it had begun,
	 * and give back what it held. Nobody else sweeps for id meanwhile, and
	 * nobody becomes id before it is done; all others go on working. If the
	 * sweeper is killed, it is called again for the same id by somebody
	 * else: so each step leaves words that say FREE, or still name id, and
	 * none that name the sweeper. (The sweeper may have id as its own
	 * number: qt__obj_self() says nothing here.) It may not allocate, wait,
	 * open, close or call qt_seg_sweep(); qt__wake() is fine. NULL: nothing
	 * is ever held.
	 */
	void	(*sweep)(struct qt_obj *obj, uint32_t id);
	/* Adds count, data_offset and numbers. NULL: nothing to add. */
	void	(*describe)(struct qt_obj *obj, struct qt_obj_stat *stat);
	/*
	 * Looks at everything: each fault by qt__fsck_fault(). Bounded, and safe
	 * against any bytes. NULL: nothing to look at.
	 */
	void	(*fsck)(struct qt_obj *obj, struct qt__fsck *f);
	/* qt_obj_each_hold(), by qt__hold(). NULL: nothing is ever held. */
	void	(*each_hold)(struct qt_obj *obj, struct qt__holds *h);
	/*
	 * The object at that offset was erased, and nobody has it open: frees
	 * the extents that its words name, each in one step with its word. The
	 * lock is held. 0, or negative: it is called again, as it is when we
	 * are killed meanwhile. NULL: it has none.
	 */
	int	(*release)(struct qt_seg *seg, uint64_t offset);
	/* qt_epoch_each(). NULL: it has no epochs. */
	int	(*each_pin)(struct qt_obj *obj, void (*fn)(void *arg,
		    const struct qt_epoch_pin *pin), void *arg);
};

/* A fsck under way. */
struct qt__fsck {
	unsigned int	 flags;		/* QT_OBJ_FSCK_... */
	char		 name[QT_SEG_NAME_SIZE];	/* of the object */
	int		 left;		/* faults that were not put right */
	void		(*fault)(void *arg, const char *name,
			    const char *what);
	void		*arg;
};
/* is_repaired: it was, so it does not count. */
void	qt__fsck_fault(struct qt__fsck *f, bool is_repaired, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));

/* For each_hold(): participant id holds so many; 0 is nobody, none. */
void	qt__hold(struct qt__holds *h, uint32_t id, const char *what,
	    uint64_t count);

/* One more number for qt_obj_stat. */
void	qt__stat_add(struct qt_obj_stat *stat, const char *name,
	    uint64_t value);

/* NULL for a number that is no object. */
const struct qt__obj_type *qt__obj_type(uint32_t number);

/* --- Between the files of the object layer -------------------------------- */

/* object.c: does a head's constant part belong to that row? 0, -QT_ECORRUPT. */
int	qt__obj_head_check(const struct qt__obj_head *head, uint32_t type,
	    uint64_t size);

/* object_open.c: the object of a row that said word, whatever its state. */
int	qt__obj_attach(struct qt_seg *seg, uint32_t row, uint64_t word,
	    const struct qt_seg_entry *entry, struct qt_obj *obj,
	    struct qt_err *err);
/* Without what closing does for erased objects: for who holds the mutex. */
void	qt__obj_detach(struct qt_obj *obj);

/*
 * object_erase.c: 1 when the erased object of that row was freed. Who is not
 * patient gets -EBUSY when somebody else keeps the lock.
 */
int	qt__obj_finish(struct qt_seg *seg, uint32_t row, bool is_patient);

#endif /* QT_SHM_OBJECT_PRIV_H */
