/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_MON_H
#define QTD_MON_H

#include <stddef.h>
#include <stdint.h>

#include <qt/net/sessions.h>

/*
 * Between a worker and the monitor, over a SOCK_SEQPACKET pair: one packet, one
 * message. The worker asks for what it may not do itself: change the table of
 * browser sessions, open files, start a session host. The monitor answers each
 * request that wants an answer by one packet of its tag, and tells of its own
 * accord with tag 0.
 */
enum mon_type {
	/* requests			uses			answer */
	MON_ADD = 1,	/*		hash, session		session */
	MON_TAKE,	/*		hash, session.kind	session */
	MON_DEL,	/*		hash, session.id	code */
	MON_RENEW,	/*		hash, session.expires_ms code */
	MON_HOST,	/*		-			code */
	MON_OPEN,	/*		pid, flags, text	code, fd */
	MON_LINK,	/*		flags, text, fd		code */
	MON_HISTORY,	/*		pid, flags, text, fd	code, flags,
							text */
	/* told by the worker, no answer */
	MON_READY,	/*		-			*/
	MON_CLIENTS,	/*		- (see shared.h)	*/
	MON_DROP,	/*		fd: of OPEN, not LINKed	*/
	/* told by the monitor */
	MON_LOGOUT,	/*		session.id		*/
	MON_STOP,	/*		-			*/
	MON_RELOAD,	/*		-			*/
};

/*
 * OPEN's text is a path, beneath the folder of the process pid; the answer's is
 * the full path. A file to write does not have that name until LINK gives it,
 * so nobody sees half of one; see <qt/net/place.h>.
 */
#define MON_OPEN_WRITE	1u
#define MON_OPEN_OVER	2u	/* may replace a plain file that is there */

/*
 * HISTORY's text is a session's id, a blank and a query; flags is how many
 * commands are wanted, pid whose folder the query is relative to (0: nobody's).
 * qt-hist writes them to fd, a JSON object a line. The answer comes when it has
 * ended: code 0, its exit status in flags, and text is what it said. Or -ENOENT:
 * there is no qt-hist; -ENODATA: there is no history; -EAGAIN: too many ask;
 * -ETIMEDOUT: it was killed, and may be about to end.
 */
#define MON_HISTORY_MAX	200u	/* commands */

#define MON_TEXT_MAX	4096

struct mon_message {
	uint32_t			type;
	uint32_t			tag;
	int32_t				code;
	uint32_t			flags;
	uint32_t			pid;
	uint32_t			len;	/* of text */
	struct qt_net_token_hash	hash;
	struct qt_net_session		session;
	char				text[MON_TEXT_MAX];
};
#define MON_HEAD_SIZE offsetof(struct mon_message, text)

/*
 * One packet with at most one descriptor (-1: none; borrowed on send, owned
 * after recv). send: 0 or negative. recv: 1, 0 at the end, or negative.
 */
int	mon_send_message(int fd, const struct mon_message *m, int pass_fd);
int	mon_recv_message(int fd, struct mon_message *m, int *pass_fd);

/* The worker's end, on its loop. */
struct mon;
struct uv_loop_s;

struct mon_ops {
	void	(*told)(void *arg, const struct mon_message *m);
	void	(*ended)(void *arg);	/* the monitor is gone */
};

/* Answer: m as it came; fd is the callee's, or -1. */
typedef void mon_answer_fn(void *arg, const struct mon_message *m, int fd);

/* Takes fd. */
int	mon_new(struct uv_loop_s *loop, int fd, const struct mon_ops *ops,
	    void *arg, struct mon **out);
void	mon_free(struct mon *mon);
/* Fills in the tag. fn is called once, unless mon_forget(arg) came first. */
int	mon_ask(struct mon *mon, struct mon_message *m, mon_answer_fn *fn,
	    void *arg);
/* The same with a descriptor, which is borrowed. */
int	mon_ask_fd(struct mon *mon, struct mon_message *m, int fd,
	    mon_answer_fn *fn, void *arg);
void	mon_forget(struct mon *mon, const void *arg);
int	mon_tell(struct mon *mon, struct mon_message *m);
int	mon_tell_fd(struct mon *mon, struct mon_message *m, int fd);

#endif /* QTD_MON_H */
