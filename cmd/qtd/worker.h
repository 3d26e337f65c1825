/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_WORKER_H
#define QTD_WORKER_H

#include <stdint.h>

#include <qt/base/path.h>
#include <qt/net/users.h>

#include "host.h"
#include "ws.h"

/*
 * What one worker process has: its loop and what hangs on it. Files of the
 * worker pass this around; each touches only the parts it names.
 */
struct uv_loop_s;
struct options;

struct worker {
	struct uv_loop_s	*loop;
	const struct options	*opt;
	struct host		*host;
	struct ws_bridge	*ws;
	char			 screen_path[QT_PATH_SIZE];
	struct conn		*conns;		/* all WebSockets */
	struct watch		*watch;		/* of the session list */
};

/* Who is at the other end. */
struct user {
	char			name[QT_NET_NAME_MAX + 1];
	enum qt_net_role	role;
};

/* The session role that a login's role gives; --read-only lowers it. */
enum qt_role user_role(const struct worker *w, const struct user *user);

#endif /* QTD_WORKER_H */
