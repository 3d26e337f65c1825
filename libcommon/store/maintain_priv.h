/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MAINTAIN_PRIV_H
#define QT_STORE_MAINTAIN_PRIV_H
/* Maintenance: maintain.c, and its steps, maintain_step.c. */
#include "store_priv.h"

/*
 * MAINTAIN, with s->now loaded and what a dead one saved published. deadline_ms
 * 0: -EBUSY when somebody else has it.
 */
int	qt__maintain_begin(struct qt_store *s, uint64_t deadline_ms,
	    struct qt_err *err);
void	qt__maintain_end(struct qt_store *s);
/*
 * One step, between the two; *to is published. 1: something was done, 0:
 * nothing is due.
 */
int	qt__maintain_flush(struct qt_store *s, struct qt_err *err);
int	qt__maintain_merge(struct qt_store *s, uint64_t whole,
	    struct qt_err *err);
/* Lets readers see a manifest that was saved, which is taken over: s->now. */
int	qt__maintain_publish(struct qt_store *s, struct qt__manifest *to,
	    struct qt_err *err);
/* The same under WRITE; m stays the caller's. */
void	qt__maintain_tell(struct qt_store *s, const struct qt__manifest *m);
/* Under WRITE: what CURRENT names, where a dead maintainer did not come to it. */
int	qt__maintain_catch_up(struct qt_store *s, struct qt_err *err);
/* For a writer whose qt__rotate() had -EAGAIN; or who wants memory, so one of the
 * memtables, if it can, has to go. */
int	qt__maintain_make_room(struct qt_store *s, bool has_to_shrink,
	    struct qt_err *err);
/* Flushes what is frozen, merges what is late; begins no step after budget_ms. */
void	qt__maintain_overdue(struct qt_store *s, uint32_t budget_ms);
/*
 * Between begin and end: all that is in memtables now is in runs then, except
 * for what is written meanwhile.
 */
int	qt__maintain_flush_all(struct qt_store *s, struct qt_err *err);
/* The same of the memtables behind which another one has begun. */
int	qt__maintain_flush_frozen(struct qt_store *s, struct qt_err *err);

#endif /* QT_STORE_MAINTAIN_PRIV_H */
