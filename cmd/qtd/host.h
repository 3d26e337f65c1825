/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_HOST_H
#define QTD_HOST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/session/client.h>

/*
 * A worker's link to the session host, on its loop: one control connection,
 * one doorbell, one bell slot for each channel that views a session. Nothing
 * here waits for the host, except the greeting when it connects.
 *
 * When the connection is lost (the host died, or was upgraded without keeping
 * it), every slot's lost() is called; when it is back, every slot's back().
 * A request under way is answered with -QT_ENOHOST.
 */
struct host;
struct uv_loop_s;

/* One bell slot, in its owner's memory; zero it before host_slot_take. */
struct host_slot {
	void		(*bell)(struct host_slot *slot);
	/* Input that was taken here was refused there. */
	void		(*refused)(struct host_slot *slot, int code,
			    const char *text);
	void		(*lost)(struct host_slot *slot);
	void		(*back)(struct host_slot *slot);
	uint32_t	 index;
	uint32_t	 is_taken;
};

/* An answer: code 0 and its body, or a negative code and the host's text. */
typedef void host_answer_fn(void *arg, int code, const void *body, size_t len,
	    const char *text);

struct host_conf {
	struct uv_loop_s	*loop;
	uint32_t		 slots;
	/* No host runs: somebody who may should start one. May be NULL. */
	void			(*need)(void *arg);
	/* What had to wait for the host's socket has gone. May be NULL. */
	void			(*drained)(void *arg);
	/* Counts the slots in use; somebody else reads it. */
	_Atomic uint64_t	*in_use;
	/* The connection was lost. May be NULL. */
	void			(*lost)(void *arg);
	void			*arg;
};

/* Connects; a host has to be running. */
int	host_new(const struct host_conf *conf, struct host **out,
	    struct qt_err *err);
void	host_free(struct host *h);

int	host_is_connected(const struct host *h);
/* Borrowed until the connection is lost (the handles then change). */
struct qt_client *host_client(struct host *h);

/* -QT_EFULL when every slot is taken. */
int	host_slot_take(struct host *h, struct host_slot *slot);
void	host_slot_drop(struct host *h, struct host_slot *slot);
/* Arms the slot: bell() is called once when the session's head reaches at. */
void	host_slot_arm(struct host *h, struct host_slot *slot, uint64_t at);

/*
 * Asks; fn is called exactly once, from the loop, unless host_forget(arg)
 * came first. Returns 0 or negative (fn is not called then).
 */
int	host_ask(struct host *h, enum qt_control_type type, uint32_t channel,
	    const void *body, size_t len, host_answer_fn *fn, void *arg);
/* The same for a packet made by qt_control_pack_new with *tag. */
int	host_ask_new(struct host *h, const struct qt_client_new *spec,
	    host_answer_fn *fn, void *arg);
void	host_forget(struct host *h, const void *arg);
/*
 * Sends what has no answer. What the socket does not take is kept, in order,
 * up to HOST_QUEUE_MAX bytes; then -EAGAIN.
 */
#define HOST_QUEUE_MAX	(4u << 20)
#define HOST_QUEUE_HIGH	(64u << 10)
int	host_tell(struct host *h, enum qt_control_type type, uint32_t channel,
	    const void *body, size_t len);
/* INPUT for a slot; its refused() may follow. */
int	host_input(struct host *h, struct host_slot *slot, const void *data,
	    size_t len);
/* 1 while HOST_QUEUE_HIGH bytes or more wait: read no more input. */
int	host_is_full(const struct host *h);

#endif /* QTD_HOST_H */
