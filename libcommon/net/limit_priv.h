/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_LIMIT_PRIV_H
#define QT_NET_LIMIT_PRIV_H

#include <stdint.h>

#include <qt/net/server.h>

/*
 * Per-address limits: a token bucket for new connections, and how many are
 * open. An IPv6 address counts as its /64. The table is fixed: sets of eight,
 * the least recently used without connections gives way; when a set is all in
 * use, further addresses of it go unlimited (and uncounted), so a flood of
 * addresses cannot lock others out.
 */
struct qt__limit;

int	qt__net_limit_new(unsigned int rate, unsigned int burst,
	    unsigned int conns_max, struct qt__limit **out);
void	qt__net_limit_free(struct qt__limit *l);
/*
 * May addr connect now? 0: yes,
	    and it is counted (undo by qt__net_limit_close);
 * -EAGAIN: too fast; -EMFILE: too many.
 */
int	qt__net_limit_open(struct qt__limit *l, const struct qt_net_addr *addr,
	    uint64_t now_ms);
void	qt__net_limit_close(struct qt__limit *l,
	    const struct qt_net_addr *addr);

/* The key under which an address is limited: keyed hash, never 0. */
struct qt_hash_key;
uint64_t qt__net_addr_key(const struct qt_hash_key *key,
	    const struct qt_net_addr *addr);

#endif /* QT_NET_LIMIT_PRIV_H */
