/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Participants: who uses the segment, and who of them is dead.
 *
 * Each slot has two bytes to lock (OFD locks, exclusive):
 *
 *	life	(the slot's first byte) is held by the participant as long as
 *		it lives. The kernel drops it when the process dies, however it
 *		dies; "nobody holds it" is the one meaning of dead here.
 *		Process ids are shown to people and never tested.
 *	hand	(8 bytes further) is held by whoever changes what the slot
 *		says: a joiner, a sweeper, or one who takes the allocator's lock
 *		from the dead. So only one process acts on the remains, and if
 *		it dies at it, the byte is free again and the next one starts
 *		over: every such action can be repeated.
 *
 * Only the owner ever holds life, so nobody who merely looks after the dead
 * makes them look alive.
 *
 * Each time a slot changes hands its generation grows, so a word that names
 * owner and generation never comes to mean somebody else.
 */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "segment_priv.h"

#define LIFE	0
#define HAND	8

#define CLAIM_MS	2000
#define YIELDS		8
#define NAP_MAX_NS	5000000

static off_t
byte_of(const struct qt_seg *seg, uint32_t id, int which)
{
	return (off_t)(seg->head.slot_offset +
	    (uint64_t)id * seg->head.slot_size) + which;
}

static bool
has_life(const struct qt_seg *seg, uint32_t id)
{
	/* If the kernel cannot say, then it lives. */
	return qt_sys_is_locked(seg->fd, byte_of(seg, id, LIFE), 1) != 0;
}

int
qt__slot_hold(struct qt_seg *seg, uint32_t id)
{
	int	rc;

	if (has_life(seg, id))
		return -EBUSY;
	rc = qt_sys_lock(seg->fd, F_WRLCK, byte_of(seg, id, HAND), 1);
	if (rc == 0 && has_life(seg, id)) {
		/* Somebody joined between the two. */
		qt__slot_unhold(seg, id);
		rc = -EBUSY;
	}
	return rc == -EAGAIN ? -EBUSY : rc;
}

void
qt__slot_unhold(struct qt_seg *seg, uint32_t id)
{
	(void)qt_sys_lock(seg->fd, F_UNLCK, byte_of(seg, id, HAND), 1);
}

/* Ticks after boot at which this process began; 0 when /proc is not there. */
static uint64_t
started(void)
{
	char	text[1024], *p;
	ssize_t	n;
	int	fd = qt_sys_open(AT_FDCWD, "/proc/self/stat", O_RDONLY, 0);

	if (fd < 0)
		return 0;
	n = qt_sys_read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = strrchr(text, ')');		/* the name may hold anything */
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p == NULL ? 0 : strtoull(p + 1, NULL, 10);
}

static void
fill_slot(struct qt_seg *seg, uint32_t id)
{
	struct qt__seg_slot	*slot = &seg->slots[id];

	slot->pid = (uint32_t)getpid();
	slot->started = started();
	slot->joined_ms = qt_clock_real_ms();
	atomic_store_explicit(&slot->epoch, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->intent, 0, memory_order_relaxed);
	memset(slot->name, 0, sizeof(slot->name));
	memcpy(slot->name, program_invocation_short_name,
	    strnlen(program_invocation_short_name, sizeof(slot->name) - 1));
	/* Pairs with the acquire loads of whoever asks about the slot. */
	atomic_store_explicit(&slot->word,
	    (uint64_t)seg->generation << 32 | QT__SLOT_LIVE,
	    memory_order_release);
}

static bool
is_free(const struct qt_seg *seg, uint32_t id)
{
	return (uint32_t)atomic_load_explicit(&seg->slots[id].word,
	    memory_order_acquire) == QT__SLOT_FREE;
}

/* With its slot held and its remains finished: nobody is id any more. */
static void
slot_free(struct qt_seg *seg, uint32_t id)
{
	_Atomic uint64_t	*word = &seg->slots[id].word;
	uint64_t		 old;

	old = atomic_load_explicit(word, memory_order_relaxed);
	atomic_store_explicit(word, ((old >> 32) + 1) << 32 | QT__SLOT_FREE,
	    memory_order_release);
}

/*
 * With the hand of a slot held: it becomes ours. What its last owner left is
 * finished under its own id, for as long as the slot still says so.
 */
static int
move_in(struct qt_seg *seg, uint32_t id)
{
	int	rc;

	seg->pid = getpid();
	seg->self = id;
	rc = qt__seg_inherit(seg, id);
	if (rc == 0 && !is_free(seg, id))
		rc = qt__obj_sweep(seg, id);
	if (rc == 0) {
		if (!is_free(seg, id)) {
			slot_free(seg, id);
			atomic_fetch_add(&seg->ctl->sweeps, 1);
		}
		rc = qt_sys_lock(seg->fd, F_WRLCK, byte_of(seg, id, LIFE), 1);
	}
	if (rc < 0) {
		seg->self = 0;
		return rc;
	}
	seg->generation = (uint32_t)(atomic_load_explicit(&seg->slots[id].word,
	    memory_order_relaxed) >> 32) + 1;
	fill_slot(seg, id);
	return 0;
}

/* 1 when the slot is ours now, 0 when it is not; *is_swept: but may be soon. */
static int
claim(struct qt_seg *seg, uint32_t id, bool *is_swept)
{
	int	rc;

	if (has_life(seg, id))
		return 0;
	rc = qt__slot_hold(seg, id);
	if (rc == 0) {
		rc = move_in(seg, id);
		qt__slot_unhold(seg, id);
	}
	/* Somebody is at it, or keeps the lock that finishing it takes. */
	if (rc == -EBUSY) {
		*is_swept = true;
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* Free slots first; those of the dead when there are no others. */
static int
claim_any(struct qt_seg *seg, bool *is_swept)
{
	uint32_t	count = seg->head.slot_count;
	int		rc = 0;

	for (uint32_t i = 0; i < 2 * count && rc == 0; i++) {
		uint32_t	id = i % count + 1;

		if (i >= count || is_free(seg, id))
			rc = claim(seg, id, is_swept);
	}
	return rc;
}

/*
 * As long as somebody sweeps the very slots that we could have. That takes him
 * microseconds, and on a busy machine whatever the others take first.
 */
static int
claim_soon(struct qt_seg *seg)
{
	uint64_t	until = qt_clock_mono_ms() + CLAIM_MS;
	struct timespec	nap = { .tv_nsec = 100000 };

	for (unsigned int tries = 1;; tries++) {
		bool	is_swept = false;
		int	rc = claim_any(seg, &is_swept);

		if (rc != 0 || !is_swept)
			return rc;
		if (qt_clock_mono_ms() >= until)
			return -EBUSY;
		if (tries <= YIELDS) {
			sched_yield();
			continue;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX_NS)
			nap.tv_nsec *= 2;
	}
}

int
qt__seg_join(struct qt_seg *seg, struct qt_err *err)
{
	int	rc;

	pthread_mutex_lock(&seg->mutex);
	rc = claim_soon(seg);
	pthread_mutex_unlock(&seg->mutex);
	if (rc == 0) {
		qt_err_set(err, "all %u participants are alive",
		    seg->head.slot_count);
		return -QT_EFULL;
	}
	if (rc == -EBUSY)
		qt_err_set(err, "some of its %u participants are dead, but who "
		    "looks after what they left is stopped; let it go on, or "
		    "end it", seg->head.slot_count);
	else if (rc < 0)
		qt_err_set(err, "join");
	if (rc < 0)
		return rc;
	(void)qt_seg_sweep(seg);
	return 0;
}

/* The unlock is explicit: a bare clone(2) may hold the description too. */
void
qt__seg_leave(struct qt_seg *seg)
{
	if (seg->self == 0 || seg->pid != getpid())
		return;
	qt__obj_leave(seg);
	slot_free(seg, seg->self);
	(void)qt_sys_lock(seg->fd, F_UNLCK, byte_of(seg, seg->self, LIFE), 1);
	seg->self = 0;
}

/* 1 when id was dead and is swept. */
static int
sweep_one(struct qt_seg *seg, uint32_t id)
{
	int	rc;

	if (id == seg->self || is_free(seg, id))
		return 0;
	if (qt__slot_hold(seg, id) < 0)
		return 0;
	rc = qt__seg_inherit(seg, id);
	if (rc == 0 && !is_free(seg, id))
		rc = qt__obj_sweep(seg, id);
	if (rc == 0 && !is_free(seg, id)) {
		slot_free(seg, id);
		atomic_fetch_add(&seg->ctl->sweeps, 1);
		rc = 1;
	}
	qt__slot_unhold(seg, id);
	return rc > 0;
}

int
qt_seg_sweep(struct qt_seg *seg)
{
	int	count = 0;

	if (seg->self == 0 || seg->pid != getpid())
		return -EACCES;
	/* Another thread of ours is at it, or waits for the lock. */
	if (qt__seg_mutex_soon(seg) < 0)
		return 0;
	for (uint32_t id = 1; id <= seg->head.slot_count; id++)
		count += sweep_one(seg, id);
	pthread_mutex_unlock(&seg->mutex);
	/* What nobody has open any more, now that those are gone. */
	if (atomic_load_explicit(&seg->has_erased, memory_order_relaxed))
		qt__obj_free_erased(seg, false);
	return count;
}

int
qt_seg_is_alive(const struct qt_seg *seg, uint32_t id)
{
	if (id == 0 || id > seg->head.slot_count || is_free(seg, id))
		return 0;
	if (id == seg->self && seg->pid == getpid())
		return 1;
	/* Without a descriptor we cannot ask: never call the living dead. */
	return seg->fd < 0 || has_life(seg, id);
}

int
qt_seg_participant_next(const struct qt_seg *seg, uint32_t *cursor,
    struct qt_seg_participant *out)
{
	while (*cursor < seg->head.slot_count) {
		struct qt__seg_slot	*slot = &seg->slots[++*cursor];
		struct qt__seg_slot	 copy;
		uint64_t		 word;

		/* Pairs with the release store in fill_slot(). */
		word = atomic_load_explicit(&slot->word, memory_order_acquire);
		if ((uint32_t)word == QT__SLOT_FREE)
			continue;
		qt__copy_racy(&copy, slot, sizeof(copy));
		*out = (struct qt_seg_participant){
			.id = *cursor, .generation = (uint32_t)(word >> 32),
			.pid = copy.pid, .started = copy.started,
			.joined_ms = copy.joined_ms,
		};
		memcpy(out->name, copy.name, sizeof(out->name) - 1);
		return 1;
	}
	return 0;
}

/* Of a generation: the slot may get a new owner while we ask. */
int
qt__seg_is_owner_alive(const struct qt_seg *seg, uint32_t id,
    uint32_t generation)
{
	_Atomic uint64_t	*word;

	if (id == 0 || id > seg->head.slot_count)
		return 0;
	word = &seg->slots[id].word;
	if (atomic_load_explicit(word, memory_order_acquire) >> 32 !=
	    generation || !qt_seg_is_alive(seg, id))
		return 0;
	/* A joiner frees the slot before it takes life: so if life was the
	 * joiner's, the generation has grown by now. */
	return atomic_load_explicit(word, memory_order_acquire) >> 32 ==
	    generation;
}

int
qt_seg_after_fork(struct qt_seg *seg, struct qt_err *err)
{
	int	rc;

	if (seg->path_fd < 0 || (seg->pid == getpid() && seg->self != 0))
		return 0;
	if (seg->fd >= 0)
		close(seg->fd);		/* the parent's description */
	seg->self = 0;
	seg->fd = qt__seg_reopen(seg->path_fd, O_RDWR);
	if (seg->fd < 0) {
		rc = seg->fd;
		seg->fd = -1;
		qt_err_set(err, "open the segment again through /proc");
		return rc;
	}
	return qt__seg_join(seg, err);
}
