/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head parser against a plain one that knows no tricks: they must take
 * the same heads and read the same from them. And the fast scans against the
 * scalar ones, and a head in one piece against the same in two.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <qt/net/head.h>

#include "../../libcommon/net/scan_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
want(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "differs: %s\n", what);
	abort();
}

/* What the plain parser found. */
struct plain {
	int		 verdict;	/* 1 taken, 0 incomplete, -1 refused */
	size_t		 len;
	size_t		 nheaders;
	long long	 content_length;
};

static int
is_token(int c)
{
	return c != '\0' && c < 0x80 && strchr("!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL;
}

/* One header line without CRLF. 0 or -1. */
static int
plain_header(const char *p, size_t len, struct plain *out, int *hosts,
    int *lengths)
{
	size_t	n = 0, v;

	while (n < len && is_token((unsigned char)p[n]))
		n++;
	if (n == 0 || n == len || p[n] != ':')
		return -1;
	for (v = n + 1; v < len; v++) {
		unsigned char	c = (unsigned char)p[v];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return -1;
	}
	out->nheaders++;
	if (n == 4 && strncasecmp(p, "host", 4) == 0)
		(*hosts)++;
	if (n == 17 && strncasecmp(p, "transfer-encoding", 17) == 0)
		return -1;
	if (n == 14 && strncasecmp(p, "content-length", 14) == 0) {
		size_t	from = n + 1, to = len;

		while (from < to && (p[from] == ' ' || p[from] == '\t'))
			from++;
		while (to > from && (p[to - 1] == ' ' || p[to - 1] == '\t'))
			to--;
		if ((*lengths)++ > 0 || from == to || to - from > 18)
			return -1;
		out->content_length = 0;
		for (; from < to; from++) {
			if (p[from] < '0' || p[from] > '9')
				return -1;
			out->content_length = out->content_length * 10 +
			    (p[from] - '0');
		}
	}
	return 0;
}

/*
 * A complete head, line by line. Only what matters for where it ends and
 * what follows; -1 must imply that the real one refuses as well, and a taken
 * head must be taken here.
 */
static struct plain
plain_parse(const char *p, size_t len)
{
	struct plain	 out = { 0, 0, 0, -1 };
	const char	*end, *line, *eol;
	int		 hosts = 0, lengths = 0, first = 1;

	end = memmem(p, len, "\r\n\r\n", 4);
	if (end == NULL)
		return out;
	out.len = (size_t)(end + 4 - p);
	out.verdict = -1;
	for (line = p; line < end + 2; line = eol + 2) {
		eol = memmem(line, (size_t)(end + 4 - line), "\r\n", 2);
		if (memchr(line, '\n', (size_t)(eol - line)) != NULL ||
		    memchr(line, '\r', (size_t)(eol - line)) != NULL ||
		    memchr(line, '\0', (size_t)(eol - line)) != NULL)
			return out;
		if (!first && plain_header(line, (size_t)(eol - line), &out,
		    &hosts, &lengths) < 0)
			return out;
		first = 0;
	}
	if (hosts > 1)
		return out;
	out.verdict = 1;
	return out;
}

static void
compare(const char *p, size_t len, const struct qt_net_head *h, long n)
{
	struct plain	plain = plain_parse(p, len);

	if (n > 0) {
		want(plain.verdict == 1, "taken only by the real parser");
		want((size_t)n == plain.len, "length of the head");
		want(h->nheaders == plain.nheaders, "count of headers");
		want(h->content_length == plain.content_length,
		    "content length");
		want(h->path.len > 0 && h->path.p[0] == '/' ? 1 :
		    h->method == QT_NET_OPTIONS, "path");
	}
	if (n == 0)
		want(plain.verdict != 1, "complete, and not seen to be");
	if (plain.verdict < 0)
		want(n < 0, "refused only by the plain parser");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qt_net_head	a, b;
	const char			*p = (const char *)data;
	size_t				 cut;
	long				 n, m;

	if (size < 2 || size > QT_NET_HEAD_MAX)
		return 0;
	cut = data[0] % size;
	p++;
	size--;
	qt__net_scan_use(2);
	n = qt_net_head_parse(&a, p, size, 0);
	compare(p, size, &a, n);
	for (int level = 0; level < 2; level++) {
		qt__net_scan_use(level);
		m = qt_net_head_parse(&b, p, size, 0);
		want(n == m && a.status == b.status && a.reject == b.reject &&
		    a.nheaders == b.nheaders, "scans");
	}
	/* In two pieces: refused early or late, but the same in the end. */
	m = qt_net_head_parse(&b, p, cut, 0);
	if (m == 0 && cut > 0) {
		m = qt_net_head_parse(&b, p, size, cut);
		if (m != n)	/* only "no newline came" may wait longer */
			want(m == 0 && n < 0, "two pieces");
	} else if (m > 0) {
		want(m == n, "a prefix");
	} else if (m < 0) {
		want(n < 0, "a refused prefix");
	}
	return 0;
}
