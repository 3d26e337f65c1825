/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_HOST_H
#define QT_SESSION_HOST_H

#include <stdint.h>

#include <qt/base/conf.h>
#include <qt/base/err.h>
#include <qt/session/id.h>

/*
 * The session host: one process that owns every pty of a runtime folder. What
 * it does for others is the control protocol (control.h); what it shows them
 * is the table (record.h) and the rings. Described for people in qt-host(7).
 *
 * Files in the runtime folder: host.lock (held while it lives, its pid
 * inside), host.sock (control), screen.sock (the screen service), host.log
 * (when it is a daemon). The segment is qt_path_segment("host").
 */
struct qt_host_opt {
	uint32_t	spare;		/* shells started ahead */
	uint32_t	keep;		/* exited records kept at most */
	uint32_t	connections;	/* control connections at most */
	uint32_t	scrollback;	/* bytes of a ring, unless NEW says */
	char		term[64];	/* TERM of the programs */
	int		has_screen;	/* run the screen service */
	int		state_fd;	/* of an upgrade in progress, or -1 */
	int		is_daemon;	/* an upgraded one is to be, too */
	int		(*on_ready)(void *ctx);	/* the socket answers now */
	void		*ctx;
};

#define QT_HOST_SPARE_MAX	64u
#define QT_HOST_KEEP_MAX	50000u
#define QT_HOST_CONNECTIONS_MAX	65536u

/*
 * The defaults, then what conf says under host.spare, host.keep,
 * host.connections, host.screen, session.scrollback and session.term. conf may
 * be NULL. 0, or -EINVAL naming the setting and its line: one that is out of
 * its bounds, or a name under host or session that is none of these.
 */
int	qt_host_opt_init(struct qt_host_opt *opt, const struct qt_conf *conf,
	    struct qt_err *err);

/*
 * Runs until STOP or SIGTERM. Returns 0; -EEXIST when another host has this
 * runtime folder; else why it could not begin.
 */
int	qt_host_run(const struct qt_host_opt *opt, struct qt_err *err);

/* The number of the upgrade state that this program reads and writes. */
#define QT_HOST_STATE_VERSION	1u

#endif /* QT_SESSION_HOST_H */
