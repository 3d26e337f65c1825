/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_SCAN_PRIV_H
#define QT_NET_SCAN_PRIV_H

/*
 * The two loops of the head parser that look at every byte.
 *
 * Both return the first byte in [p, end) that is not of their class, or end;
 * neither reads at or after end.
 *	text:	header values: HTAB, 0x20-0x7e, 0x80-0xff
 *	graph:	request targets: 0x21-0x7e
 */
const char *qt__net_scan_text(const char *p, const char *end);
const char *qt__net_scan_graph(const char *p, const char *end);

/* The same, a byte at a time: what the fast ones are tested against. */
const char *qt__net_scan_text_scalar(const char *p, const char *end);
const char *qt__net_scan_graph_scalar(const char *p, const char *end);

/* Chooses for tests: 0 scalar, 1 SSE2, 2 AVX2; returns what was chosen, the
 * best that the processor has and that is not above level. */
int	qt__net_scan_use(int level);

#endif /* QT_NET_SCAN_PRIV_H */
