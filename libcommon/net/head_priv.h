/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_HEAD_PRIV_H
#define QT_NET_HEAD_PRIV_H

#include <qt/net/head.h>

/* Everything but the headers themselves zeroed. */
void	qt__net_head_init(struct qt_net_head *h);

/*
 * The header lines at p up to and with the empty one, of a request or of an
 * answer, appended to h. Their length, 0 when incomplete, -1 when bad.
 */
long	qt__net_head_lines(struct qt_net_head *h, const char *p,
	    const char *end);

#endif /* QT_NET_HEAD_PRIV_H */
