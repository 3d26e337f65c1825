/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_AUTH_H
#define QTD_AUTH_H

#include "worker.h"

/* How long a browser stays logged in after its last visit. */
#define AUTH_LOGIN_MS	(7ull * 24 * 3600 * 1000)
#define AUTH_TICKET_MS	(60ull * 1000)

/* Adds the Set-Cookie line: token NULL takes the cookie back. */
int	auth_set_cookie(struct worker *w, struct qt_net_req *req,
	    const char *token);
/*
 * Answers 204 (or what body says, as JSON, with 200) with a cookie for a new
 * browser session of this user (name, role, stamp); takes body. The request gets deferred.
 */
void	auth_log_in(struct worker *w, struct qt_net_req *req,
	    const struct qt_net_session *who, struct qt_buf *body);

#endif /* QTD_AUTH_H */
