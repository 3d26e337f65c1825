/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_AUDIT_H
#define QT_NET_AUDIT_H

#include <qt/base/err.h>
#include <qt/net/server.h>

/*
 * The audit log: one JSON object a line, appended by one write(2), so several
 * processes may share the file:
 *
 *	{"time":"2026-11-21T09:08:07.123Z","event":"login","ok":true,
 *	 "user":"ann","role":"writer","addr":"192.0.2.7","detail":"..."}
 *
 * Secrets never go in. Line length is bounded; text from outside is escaped.
 */
struct qt_net_audit;

/* Opens (0600) or makes path; "-" is stderr. */
int	qt_net_audit_open(const char *path, struct qt_net_audit **out,
	    struct qt_err *err);
/* NULL is fine everywhere. */
void	qt_net_audit_close(struct qt_net_audit *a);
/*
 * user, role, addr and detail may be NULL. 0 or -errno; a line that could not be
 * written (a full disk) is lost, which is logged once a minute.
 */
int	qt_net_audit(struct qt_net_audit *a, const char *event, int ok,
	    const char *user, const char *role,
	    const struct qt_net_addr *addr, const char *detail);

#endif /* QT_NET_AUDIT_H */
