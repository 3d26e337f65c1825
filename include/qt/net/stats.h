/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_STATS_H
#define QT_NET_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * What a server counted. Every limit and every refusal has a counter. Counters
 * only grow, except the gauges (conns, static_bytes). Each struct has one
 * writing thread, its loop's; any thread, or any process that maps it, may
 * read at any time. A zeroed struct is valid, so it can live in shared memory
 * and survive its writer; the next one sets the gauges back to zero.
 */

/*	name		Prometheus label, help */
#define QT_NET_STAT_MAP(X)						\
	X(conns,		"connections open now")			\
	X(accepted,		"connections accepted")			\
	X(requests,		"request heads parsed")			\
	X(upgrades,		"WebSocket upgrades handed over")	\
	X(responses_2xx,	"responses with status 2xx")		\
	X(responses_3xx,	"responses with status 3xx")		\
	X(responses_4xx,	"responses with status 4xx")		\
	X(responses_5xx,	"responses with status 5xx")		\
	X(bytes_in,		"bytes received")			\
	X(bytes_out,		"bytes sent")				\
	X(static_hits,		"files served from the cache")		\
	X(static_misses,	"files opened")				\
	X(static_bytes,		"bytes in the file cache now")		\
	X(static_evicted,	"files evicted from the cache")		\
	X(proxied,		"requests passed to a back end")	\
	X(proxy_errors,		"back ends that failed")		\
	X(tunnels,		"proxied WebSockets opened")		\
	X(spliced,		"bytes moved by splice")		\
	X(tls_handshakes,	"TLS handshakes finished")		\
	X(tls_errors,		"TLS handshakes failed")		\
	X(logins_ok,		"passwords verified")			\
	X(logins_failed,	"passwords refused")

/* Why a connection or a request was refused or cut. */
#define QT_NET_REJECT_MAP(X)						\
	X(none,			"")					\
	X(conns_max,		"too many connections")			\
	X(addr_conns_max,	"too many connections of an address")	\
	X(accept_rate,		"an address connected too fast")	\
	X(emfile,		"out of descriptors")			\
	X(head_timeout,		"head not complete in time")		\
	X(idle_timeout,		"idle keep-alive connection closed")	\
	X(body_slow,		"body slower than the least rate")	\
	X(write_slow,		"reader took nothing for too long")	\
	X(syntax,		"head is not HTTP/1.1")			\
	X(bare_newline,		"bare CR or LF")			\
	X(fold,			"folded header line")			\
	X(blank_colon,		"blank before the colon")		\
	X(control,		"control byte in the head")		\
	X(host,			"Host missing, repeated or bad")	\
	X(content_length,	"Content-Length repeated or bad")	\
	X(repeated,		"header repeated that says who asks")	\
	X(transfer_encoding,	"request with Transfer-Encoding")	\
	X(absolute,		"absolute target differs from Host")	\
	X(http2,		"HTTP/2 preface or h2c upgrade")	\
	X(version,		"not HTTP/1.0 or 1.1")			\
	X(method,		"unknown method")			\
	X(head_max,		"head too long")			\
	X(headers_max,		"too many headers")			\
	X(target_max,		"target too long")			\
	X(body_max,		"body too long")			\
	X(expect,		"unknown Expect")			\
	X(path,			"path cannot be resolved")		\
	X(upgrade,		"bad upgrade request")			\
	X(origin,		"Origin or Host not allowed")		\
	X(unauthorized,		"not logged in, or may not")		\
	X(back_off,		"too many failed logins")		\
	X(busy,			"a queue was full")			\
	X(handler,		"handler gave no answer")

enum qt_net_reject {
#define X(name, help) QT_NET_REJECT_##name,
	QT_NET_REJECT_MAP(X)
#undef X
	QT_NET_REJECT_COUNT_
};

struct qt_net_stats {
#define X(name, help) _Atomic uint64_t name;
	QT_NET_STAT_MAP(X)
#undef X
	_Atomic uint64_t rejects[QT_NET_REJECT_COUNT_];
};

/* Adds n; only from the thread that owns the struct. */
static inline void
qt_net_count(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t	old;

	old = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

/* "bare_newline"; "" for anything outside. */
const char *qt_net_reject_name(int reject);

struct qt_buf;

/*
 * Appends the counters as Prometheus text, each name as
 * "<prefix>_<name>{<labels>}"; labels may be "". With is_typed 0 the HELP and
 * TYPE lines are left out (for the second worker on). 0 or -ENOMEM.
 */
int	qt_net_stats_text(const struct qt_net_stats *stats, const char *prefix,
	    const char *labels, int is_typed, struct qt_buf *out);
/* Adds from's counters to sum's. */
void	qt_net_stats_sum(struct qt_net_stats *sum,
	    const struct qt_net_stats *from);

#endif /* QT_NET_STATS_H */
