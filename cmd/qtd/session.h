/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_SESSION_H
#define QTD_SESSION_H

#include <jansson.h>

#include <qt/base/json.h>
#include <qt/session/record.h>

#include "worker.h"

/*
 * Sessions as users of this server see them. A qtd that was started with a
 * command shows the sessions that it made and no others, and runs nothing
 * else: who may look at 'htop' may not look at your shells.
 */

/* NULL while the host is away. */
struct qt_session_table *session_table(const struct worker *w);
/* By name or id, if it is visible. 0, -ENOENT, -EEXIST, -QT_ENOHOST. */
int	session_resolve(const struct worker *w, const char *text,
	    struct qt_session *out);
/* Whether the user may kill, rename, resize or forget it. */
int	session_may_change(const struct worker *w, const struct user *user,
	    const struct qt_session *s);

/* Its members, in an object that is open. */
void	session_fields(const struct worker *w, struct qt_json *j,
	    const struct qt_session *s);
/* The list, as one JSON array: the newest max of them. 0 or negative. */
int	session_list(const struct worker *w, struct qt_buf *out, size_t max);

/* What is needed to make a session; clear it in any case. */
struct spec {
	struct qt_client_new	 ask;
	char			*name, *cwd;
	char			**argv;		/* owned, or the options' */
	char			*env[4];
	char			 owner[QT_SESSION_OWNER_SIZE];
	int			 is_argv_ours;
	char			 why[128];	/* the error, for the client */
};

/*
 * From the options, and what the client asks for: json is {"name"?,
 * "command"?: [..], "cwd"?, "policy"?, "args"?: [..], "cols"?, "rows"?}, or
 * NULL. 0, or negative with spec->why.
 */
int	spec_make(const struct worker *w, const struct user *user,
	    const json_t *json, struct spec *spec);
/* Appends arguments, which need -a. args is a query: "arg=x&arg=y". */
int	spec_add_query(const struct worker *w, struct spec *spec,
	    struct qt_net_str query);
void	spec_clear(struct spec *spec);

/*
 * Columns and rows that a browser has, clamped to what a session can have. 0,
 * or -EINVAL and out as it was: not a size at all.
 */
int	session_size(json_int_t cols, json_int_t rows, uint16_t out[2]);

#endif /* QTD_SESSION_H */
