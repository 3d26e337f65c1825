/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_HOST_PRIV_H
#define QT_SESSION_HOST_PRIV_H

/*
 * What the files of the host share.
 *
 *	host ──► sessions[slot] ──► attachments (a list of the session's)
 *	  └────► conns[index]  ──► attachments (an array by channel)
 *
 * One thread, one libuv loop. A session here is what runs, or what somebody is
 * attached to; records of the rest are only in the table.
 */

#include <sys/resource.h>
#include <uv.h>

#include <qt/base/buf.h>
#include <qt/base/json.h>
#include <qt/session/control.h>
#include <qt/session/host.h>
#include <qt/shm/ring.h>
#include <qt/shm/segment.h>

#include "pty_priv.h"
#include "table_priv.h"

#define QT__READ_BUDGET		(64u << 10)	/* of a session, a loop turn */
#define QT__PID_BUCKETS		1024u
#define QT__ATTACH_MAX		65536u		/* attachments in all */
#define QT__MODULE		"host"
#define QT__FILES_TEXT		"the session host's limit of open files is " \
				"reached; raise it (ulimit -Hn, LimitNOFILE=)"

struct qt__host;
struct qt__conn;
struct qt__session;

/* One viewer, recorder or helper of one session. */
struct qt__attach {
	struct qt__conn		*conn;
	struct qt__session	*session;
	struct qt__attach	*next, *prev;	/* of the session */
	uint64_t		 active;	/* order of what they did last */
	uint32_t		 channel, role, flags;
	uint16_t		 cols, rows;
};

struct qt__session {
	uv_poll_t		 poll;		/* on fd; first: see close */
	struct qt__host		*host;
	struct qt_ring_writer	*ring;
	struct qt_session_live	*live;
	struct qt__session	*pid_next, *hup_next;
	struct qt__attach	*attach;	/* the list */
	struct qt__attach	*lead;
	struct qt_buf		 input;		/* not taken by the pty yet */
	size_t			 input_at;
	uint64_t		 window_ns;	/* bell window, host_bell.c */
	uint64_t		 head;		/* of the ring */
	uint32_t		 window_bytes;
	uint32_t		 slot, conn;	/* conn that made it */
	int			 fd;		/* of the pty; -1: none */
	pid_t			 pid;
	int			 status;	/* of wait(2), once is_dead */
	uint16_t		 hup_ms;	/* until the next look */
	uint16_t		 cols, rows;
	uint8_t			 policy, events;
	uint8_t			 bound;	/* signal when conn closes, 0: none */
	unsigned int		 is_dead : 1, is_polled : 1, is_bell_due : 1,
				 is_hup : 1, is_forget : 1, is_starting : 1,
				 is_spare : 1, is_starved : 1, is_freed : 1;
	struct qt__session	*bell_next;
};

struct qt__conn {
	uv_poll_t		 poll;		/* first: see close */
	struct qt__host		*host;
	struct qt_bell_slot	*bell;		/* bell_slots of them */
	struct qt__attach	**attach;	/* by channel */
	uint32_t		 id, index;
	uint32_t		 bell_slots, attached;
	uint32_t		 role, flags;
	int			 fd, bell_fd, event_fd;
	uint8_t			 is_ringing, is_closed;
	uint8_t			 has_bound;	/* made sessions bound to it */
};

/* A child between fork and exec. */
struct qt__start {
	uv_poll_t		 poll;		/* on the pipe */
	struct qt__host		*host;
	uint32_t		 slot, conn, tag;
	int			 fd;
	char			 command[64], cwd[128];
};

struct qt__screen {
	pid_t		 pid;
	int		 listen_fd;
	uint32_t	 delay_ms;
	uint64_t	 started_ms, ended_ms;
	uv_timer_t	 timer;
	uv_poll_t	 poll;		/* for requests while there is none */
};

/* ino 0: none. */
struct qt__file_id {
	dev_t	dev;
	ino_t	ino;
};

struct qt__watch {
	uv_timer_t		timer;
	struct qt__file_id	sock, screen, log;	/* of the names */
	int			said;		/* why it could not */
};

struct qt__host {
	uv_loop_t		 loop;
	struct qt_host_opt	 opt;
	char			 runtime[4096], seg_name[128];
	char			 user[QT_SESSION_OWNER_SIZE], shell[256];
	int			 lock_fd, listen_fd, reserve_fd;
	struct rlimit		 nofile;	/* as it was, for children */
	struct qt_seg		*seg;
	struct qt__table	*table;
	struct qt__table_host	*info;
	struct qt_ring_writer	*events;
	struct qt_buf		 out;		/* a packet being made */
	char			*packet;	/* a packet received */

	struct qt__session	**sessions;	/* by slot */
	uint32_t		 session_slots;
	struct qt__session	*pids[QT__PID_BUCKETS];
	struct qt__session	*bell_due, *hup;
	uint32_t		 running, starting, exited, spares, attached;
	uint64_t		 active;	/* grows with everything done */
	uint32_t		 name_hint;	/* no lower number is free */

	struct qt__conn		**conns;	/* by index */
	uint32_t		 conn_slots, conn_count, conn_last;

	uv_poll_t		 listen;
	uv_signal_t		 sigchld, sigterm, sigint;
	uv_timer_t		 bell_timer, hup_timer, stop_timer, spare_timer;
	uv_timer_t		 listen_timer;	/* while listen rests */
	struct qt__screen	 screen;
	struct qt__watch	 watch;
	struct qt__conn		*stop_conn;
	uint64_t		 rings, loops, output_bytes, input_bytes;
	uint64_t		 starved_ms;	/* when it was last said */
	uint32_t		 starved;	/* sessions without a place */
	int			 is_starved_said;
	uint32_t		 upgrade_conn, upgrade_tag;
	char			*upgrade_program;
	int			 is_stopping, stop_step, is_upgrading;
	uv_prepare_t		 prepare;
};

/* host_begin.c: lock, segment, sockets */
int	qt__host_begin(struct qt__host *h, struct qt_err *err);
void	qt__host_end(struct qt__host *h);
/* Our process id into the file of the lock that we have. */
void	qt__host_sign(int lock_fd);

/* host_watch.c: the runtime folder's files, made again when they are gone */
void	qt__watch_begin(struct qt__host *h);
/* Removes the sockets' names, if they are ours. */
void	qt__watch_unlink(struct qt__host *h);

/* host_listen.c */
int	qt__conn_listen(struct qt__host *h);
/* Between them listen_fd may become another socket; who waits is accepted. */
void	qt__conn_pause(struct qt__host *h);
void	qt__conn_resume(struct qt__host *h);

/* host_conn.c */
struct qt__conn *qt__conn_add(struct qt__host *h, int fd, uint32_t id,
	    struct qt_err *err);
struct qt__conn *qt__conn_get(struct qt__host *h, uint32_t id);
void	qt__conn_close(struct qt__conn *c);
/* A full socket closes the connection: the host waits for nobody. */
void	qt__conn_send(struct qt__conn *c, enum qt_control_type type,
	    uint32_t tag, const void *body, size_t len);
void	qt__conn_send_fds(struct qt__conn *c, enum qt_control_type type,
	    uint32_t tag, const void *body, size_t len, const int *fds,
	    size_t nfds);
void	qt__conn_ok(struct qt__conn *c, uint32_t tag);
void	qt__conn_error(struct qt__conn *c, uint32_t tag, int code,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* host_message.c: one received packet */
void	qt__host_message(struct qt__conn *c, const void *packet, size_t len);

/* host_hello.c */
void	qt__msg_hello(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);

/* host_new.c, host_start.c */
void	qt__msg_new(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);
struct qt__new {
	struct qt_control_new	opt;
	const char		*name, *owner, *cwd;
	char			**argv, **env;
	uint32_t		 conn, tag;
	int			 is_spare;
};
/* Starts it; the answer goes out once the program runs or failed. */
int	qt__session_start(struct qt__host *h, const struct qt__new *n,
	    struct qt_err *err);
/* Name, owner, folder and sizes; state by is_spare. */
int	qt__new_record(struct qt__host *h, const struct qt__new *n,
	    struct qt_session *rec, struct qt_err *err);
void	qt__tell_created(struct qt__host *h, const struct qt_session *rec,
	    uint32_t conn, uint32_t tag);
char	**qt__make_env(struct qt__host *h, const struct qt__new *n,
	    const struct qt_uuid *id);
void	qt__free_env(char **env);
const char *qt__env_get(char *const *env, const char *name);

/* host_session.c */
struct qt__session *qt__session_add(struct qt__host *h, uint32_t slot,
	    struct qt_err *err);
struct qt__session *qt__session_of(struct qt__host *h, uint32_t slot);
void	qt__session_free(struct qt__session *s);
int	qt__session_own(struct qt__session *s, int fd, pid_t pid,
	    struct qt_err *err);
void	qt__session_exit(struct qt__session *s);
/* Its bytes of memory in the segment, and its record. */
void	qt__session_forget(struct qt__host *h, uint32_t slot);
void	qt__host_reap(struct qt__host *h);
void	qt__host_prune(struct qt__host *h);

/* host_read.c */
/* It waits for no place in its ring any more, or is over. */
void	qt__session_fed(struct qt__session *s);
void	qt__session_poll(struct qt__session *s);
/* Reads up to limit bytes. 0, or -EIO at the end of the pty. */
int	qt__session_read(struct qt__session *s, size_t limit, int is_drain);

/* host_bell.c */
void	qt__bell_output(struct qt__session *s, size_t len);
void	qt__bell_change(struct qt__session *s);
void	qt__bell_end(struct qt__attach *a);
/* There is a session that helpers are not attached to yet. */
void	qt__bell_created(struct qt__host *h);

/* host_input.c: 0, -QT_EFULL, -QT_EGONE */
int	qt__session_input(struct qt__session *s, const void *data, size_t len);
void	qt__session_flush(struct qt__session *s);

/* host_bound.c: the session ends with connection n->conn, if n says so */
void	qt__bound_set(struct qt__session *s, const struct qt__new *n);
void	qt__bound_load(struct qt__session *s, uint8_t sig);
void	qt__bound_end(struct qt__conn *c);

/* host_attach.c */
void	qt__msg_attach(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);
struct qt__attach *qt__attach_add(struct qt__session *s, struct qt__conn *c,
	    const struct qt_control_attach *req);
void	qt__attach_end(struct qt__attach *a, int is_kicked);
void	qt__attach_lead(struct qt__attach *a);
struct qt__attach *qt__attach_of(struct qt__conn *c, uint32_t channel);
uint32_t qt__attach_count(const struct qt__session *s);

/* host_size.c */
void	qt__size_decide(struct qt__session *s);
int	qt__size_check(uint16_t cols, uint16_t rows, struct qt_err *err);
/* The nearest size that can be. */
int	qt__size_set(struct qt__session *s, uint16_t cols, uint16_t rows);

/* host_command.c: requests about a session by its id */
void	qt__msg_command(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);
/* To its foreground job and its own group. 0 or negative. */
int	qt__session_signal(const struct qt__session *s, int sig);
void	qt__msg_stat(struct qt__conn *c, const struct qt_control_head *head);

/* host_spare.c */
int	qt__spare_take(struct qt__host *h, const struct qt__new *n);
void	qt__spare_fill(uv_timer_t *timer);

/* host_event.c */
struct qt__event {
	struct qt_buf	buf;
	struct qt_json	json;
};
/* Events: "TIME, what, session", the caller's own members, end. */
void	qt__event_begin(struct qt__event *e, const char *what,
	    const struct qt_session *s);
void	qt__event_end(struct qt__host *h, struct qt__event *e);
void	qt__event(struct qt__host *h, const char *what,
	    const struct qt_session *s);

/* host_stop.c */
void	qt__msg_stop(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);
void	qt__host_stop(struct qt__host *h);
/* After each exit: is this what a stop waits for? */
void	qt__host_stop_look(struct qt__host *h);

/* host_upgrade.c; for host_state.c see "host_state_priv.h" */
void	qt__msg_upgrade(struct qt__conn *c, const struct qt_control_head *head,
	    const void *body);
void	qt__upgrade_look(struct qt__host *h);

/* host_screen.c */
int	qt__screen_listen(struct qt__host *h, struct qt_err *err);
void	qt__screen_begin(struct qt__host *h);
/* Between them listen_fd becomes another; the service starts anew with it. */
void	qt__screen_pause(struct qt__host *h);
void	qt__screen_again(struct qt__host *h);
int	qt__screen_reap(struct qt__host *h, pid_t pid, int status);
void	qt__screen_end(struct qt__host *h);

/* host_notify.c: systemd's two protocols, by hand */
int	qt__notify_listen_fd(void);
void	qt__notify(const char *text);


#endif /* QT_SESSION_HOST_PRIV_H */
