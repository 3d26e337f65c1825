/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/head.h>: what is read, and each thing that is refused. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/net/head.h>
#include <qt/net/stats.h>

#include "../../../libcommon/net/scan_priv.h"
#include "../test.h"

static struct qt_net_head	head;

static long
parse(const char *text)
{
	return qt_net_head_parse(&head, text, strlen(text), 0);
}

static struct qt_net_str
str(const char *text)
{
	return (struct qt_net_str){ text, strlen(text) };
}

#define assert_str(s, text) do {					\
	if (!qt_net_str_is(s, text))					\
		fail_msg("'%.*s' is not '%s'", (int)(s).len, (s).p, text); \
} while (0)

QT_TEST(a_browsers_head_is_read)
{
	static const char	text[] = "GET /a/b?x=1&y HTTP/1.1\r\n"
	    "Host: localhost:7681\r\nConnection: keep-alive\r\n"
	    "accept-ENCODING:  gzip, br \t\r\nX-Empty:\r\n"
	    "Cookie: a=1; b=\"2\"\r\nX-Utf: \xc3\xa9\r\n\r\nbody";

	(void)state;
	assert_int_equal(parse(text), sizeof(text) - 5);
	assert_int_equal(head.method, QT_NET_GET);
	assert_int_equal(head.minor, 1);
	assert_str(head.target, "/a/b?x=1&y");
	assert_str(head.path, "/a/b");
	assert_str(head.query, "x=1&y");
	assert_str(head.host, "localhost:7681");
	assert_int_equal(head.nheaders, 6);
	assert_int_equal(head.content_length, -1);
	assert_true(head.is_keep_alive);
	assert_str(qt_net_head_get(&head, QT_NET_H_ACCEPT_ENCODING),
	    "gzip, br");
	assert_int_equal(head.headers[3].value.len, 0);
	assert_null(qt_net_head_get(&head, QT_NET_H_RANGE).p);
}

QT_TEST(a_head_may_come_in_any_pieces)
{
	static const char	text[] = "POST /x HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 12\r\n\r\n";
	size_t			len = sizeof(text) - 1, seen = 0;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		char	*copy = malloc(i > 0 ? i : 1);	/* for ASan's eyes */

		memcpy(copy, text, i);
		assert_int_equal(qt_net_head_parse(&head, copy, i, seen), 0);
		assert_int_equal(qt_net_head_parse(&head, copy, i, 0), 0);
		seen = i;
		free(copy);
	}
	assert_int_equal(qt_net_head_parse(&head, text, len, seen), len);
	assert_int_equal(head.content_length, 12);
}

QT_TEST(keep_alive_follows_version_and_connection)
{
	(void)state;
	assert_true(parse("GET / HTTP/1.0\r\n\r\n") > 0);
	assert_false(head.is_keep_alive);
	assert_true(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	    > 0);
	assert_true(head.is_keep_alive);
	assert_true(parse("GET / HTTP/1.1\r\nHost: a\r\n"
	    "Connection: keep-alive\r\nConnection: x, Close\r\n\r\n") > 0);
	assert_false(head.is_keep_alive);
	assert_true(parse("GET / HTTP/1.2\r\nHost: a\r\n\r\n") > 0);
	assert_int_equal(head.minor, 1);
}

QT_TEST(absolute_targets_must_agree_with_host)
{
	(void)state;
	assert_true(parse("GET http://a.b:80/x?y HTTP/1.1\r\nHost: A.b:80\r\n"
	    "\r\n") > 0);
	assert_str(head.path, "/x");
	assert_str(head.query, "y");
	assert_true(parse("GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n") > 0);
	assert_str(head.path, "/");
	assert_str(head.query, "y");
	assert_int_equal(parse("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
	    -1);
	assert_int_equal(head.reject, QT_NET_REJECT_absolute);
}

#define R(status, why, text) { status, QT_NET_REJECT_##why, text }
#define HOST "Host: a\r\n"

static const struct refused {
	int		 status;
	int		 why;
	const char	*text;
} refused[] = {
	R(400, bare_newline, "GET / HTTP/1.1\nHost: a\n\n"),
	R(400, bare_newline, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
	R(400, bare_newline, "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
	R(400, bare_newline, "GET / HTTP/1.1\r\n" HOST "\n"),
	R(400, bare_newline, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
	R(400, bare_newline, "GET /\r\n"),
	R(400, fold, "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"),
	R(400, fold, "GET / HTTP/1.1\r\n\tA: b\r\n\r\n"),
	R(400, blank_colon, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
	R(400, blank_colon, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length\t: 1\r\n\r\n"),
	R(400, control, "GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n"),
	R(400, control, "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n"),
	R(400, control, "GET /\x7f HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET  / HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET /#x HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET x HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET * HTTP/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET / http/1.1\r\n" HOST "\r\n"),
	R(400, syntax, "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n"),
	R(400, syntax, "GET / HTTP/1.1\r\n" HOST "A(b: x\r\n\r\n"),
	R(400, syntax, "GET / HTTP/1.1\r\n" HOST "Abc\xff: x\r\n\r\n"),
	R(400, control, "GET / HTTP/1.1 \r\n" HOST "\r\n"),
	R(505, version, "GET / HTTP/0.9\r\n" HOST "\r\n"),
	R(505, version, "GET / HTTP/3.0\r\n" HOST "\r\n"),
	R(505, http2, "GET / HTTP/2.0\r\n" HOST "\r\n"),
	R(400, http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	R(501, method, "BREW / HTTP/1.1\r\n" HOST "\r\n"),
	R(501, method, "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n"),
	R(501, method, "get / HTTP/1.1\r\n" HOST "\r\n"),
	R(400, host, "GET / HTTP/1.1\r\n\r\n"),
	R(400, host, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
	R(400, host, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"),
	R(400, host, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	R(400, host, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	R(400, host, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length: +1\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length: 1, 1\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length: 0x1\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length:\r\n\r\n"),
	R(400, content_length, "GET / HTTP/1.1\r\n" HOST
	    "Content-Length: 9999999999999999999\r\n\r\n"),
	R(400, repeated, "GET / HTTP/1.1\r\n" HOST
	    "Origin: http://a\r\nOrigin: http://b\r\n\r\n"),
	R(400, repeated, "GET / HTTP/1.1\r\n" HOST
	    "Authorization: Basic a\r\nauthorization: Basic a\r\n\r\n"),
	R(400, repeated, "GET / HTTP/1.1\r\n" HOST
	    "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n"),
	R(501, transfer_encoding, "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n"),
	R(501, transfer_encoding, "POST / HTTP/1.1\r\n" HOST
	    "Content-Length: 1\r\ntransfer-encoding: identity\r\n\r\n"),
	R(417, expect, "POST / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n"),
};

QT_TEST(each_wrong_head_is_refused_for_its_reason)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct refused	*r = &refused[i];

		if (parse(r->text) != -1)
			fail_msg("case %zu was taken: %s", i, r->text);
		if (head.status != r->status || head.reject != r->why)
			fail_msg("case %zu: %d %s instead of %d %s", i,
			    head.status, qt_net_reject_name(head.reject),
			    r->status, qt_net_reject_name(r->why));
	}
}

QT_TEST(a_nul_byte_is_refused_wherever_it_is)
{
	static const char	text[] = "GET /abc HTTP/1.1\r\nHost: aa\r\n"
	    "Name: value\r\n\r\n";
	char			copy[sizeof(text)];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		assert_int_equal(qt_net_head_parse(&head, copy,
		    sizeof(text) - 1, 0), -1);
	}
}

QT_TEST(what_is_too_long_has_its_own_status)
{
	static char	text[QT_NET_HEAD_MAX + 100];
	size_t		len;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(qt_net_head_parse(&head, text, 4100, 0), 0);
	assert_int_equal(qt_net_head_parse(&head, text, 4101, 0), -1);
	assert_int_equal(head.status, 414);
	memcpy(text + 4090, " HTTP/1.1\r\nHost: a\r\nX: ", 23);
	assert_int_equal(qt_net_head_parse(&head, text, sizeof(text), 0), -1);
	assert_int_equal(head.status, 431);
	assert_int_equal(head.reject, QT_NET_REJECT_head_max);
	len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < QT_NET_HEADERS_MAX; i++)
		len += (size_t)sprintf(text + len, "A: b\r\n");
	sprintf(text + len, "\r\n");
	assert_int_equal(parse(text), -1);
	assert_int_equal(head.status, 431);
	assert_int_equal(head.reject, QT_NET_REJECT_headers_max);
}

QT_TEST(every_known_name_is_at_its_slot_in_any_case)
{
	char	name[64];

	(void)state;
	for (int id = 1; id < QT_NET_H_COUNT_; id++) {
		snprintf(name, sizeof(name), "%s",
		    qt_net_header_name((enum qt_net_header_id)id));
		assert_true(name[0] != '\0');
		assert_int_equal(qt_net_header_find(name, strlen(name)), id);
		for (size_t i = 0; name[i] != '\0'; i++)
			name[i] ^= name[i] >= 'a' && name[i] <= 'z' ? 32 : 0;
		assert_int_equal(qt_net_header_find(name, strlen(name)), id);
		name[1] ^= 1;
		assert_int_equal(qt_net_header_find(name, strlen(name)),
		    QT_NET_H_OTHER);
	}
}

QT_TEST(the_fast_scans_agree_with_the_scalar_ones)
{
	char	text[100];
	int	best = qt__net_scan_use(2);

	(void)state;
	for (int level = 0; level <= best; level++) {
		assert_int_equal(qt__net_scan_use(level), level);
		for (int c = 0; c < 256; c++) {
			for (size_t at = 0; at < sizeof(text); at++) {
				memset(text, 'x', sizeof(text));
				text[at] = (char)c;
				assert_ptr_equal(qt__net_scan_text(text,
				    text + sizeof(text)),
				    qt__net_scan_text_scalar(text,
				    text + sizeof(text)));
				assert_ptr_equal(qt__net_scan_graph(text,
				    text + sizeof(text)),
				    qt__net_scan_graph_scalar(text,
				    text + sizeof(text)));
			}
		}
	}
	qt__net_scan_use(2);
}

QT_TEST(ranges_are_read)
{
	static const struct {
		const char	*text;
		int		 rc;
		uint64_t	 from, len;
	} cases[] = {
		{ "bytes=0-0", 1, 0, 1 }, { "bytes=5-", 1, 5, 95 },
		{ "bytes=-7", 1, 93, 7 }, { "bytes=-700", 1, 0, 100 },
		{ "bytes=90-200", 1, 90, 10 }, { "bytes=100-", -ERANGE, 0, 0 },
		{ "bytes=-0", -ERANGE, 0, 0 }, { "bytes=5-4", 0, 0, 0 },
		{ "bytes=-", 0, 0, 0 }, { "bytes=", 0, 0, 0 },
		{ "bytes=1-2,4-5", 0, 0, 0 }, { "bytes= 1-2", 0, 0, 0 },
		{ "lines=1-2", 0, 0, 0 }, { "bytes=1-2x", 0, 0, 0 },
		{ "bytes=99999999999999999999-", 0, 0, 0 },
	};
	uint64_t	from, len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (qt_net_range_parse(str(cases[i].text), 100, &from, &len) !=
		    cases[i].rc)
			fail_msg("'%s'", cases[i].text);
		if (cases[i].rc == 1) {
			assert_int_equal(from, cases[i].from);
			assert_int_equal(len, cases[i].len);
		}
	}
	assert_int_equal(qt_net_range_parse(str("bytes=0-"), 0, &from, &len),
	    -ERANGE);
}

QT_TEST(dates_go_both_ways_and_only_in_one_form)
{
	char	text[QT_NET_DATE_SIZE];

	(void)state;
	qt_net_date_format(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	for (int64_t t = 0; t < 4000000000; t += 86399 * 7) {
		qt_net_date_format(t, text);
		assert_int_equal(qt_net_date_parse(str(text)), t);
	}
	assert_int_equal(qt_net_date_parse(str(
	    "Mon, 06 Nov 1994 08:49:37 GMT")), -1);
	assert_int_equal(qt_net_date_parse(str(
	    "Sun, 32 Nov 1994 08:49:37 GMT")), -1);
	assert_int_equal(qt_net_date_parse(str("1994")), -1);
}

QT_TEST(queries_and_cookies_are_decoded_once)
{
	struct qt_net_str	v;
	char			out[16];

	(void)state;
	assert_int_equal(qt_net_query_get(str("a=1&b=x%20y%2541+z&c"), "b",
	    out, sizeof(out)), 8);
	assert_string_equal(out, "x y%41 z");
	assert_int_equal(qt_net_query_get(str("a=1"), "b", out, sizeof(out)),
	    -ENOENT);
	assert_int_equal(qt_net_query_get(str("ab=1&b=2"), "b", out,
	    sizeof(out)), 1);
	assert_int_equal(qt_net_query_get(str("b=%0"), "b", out, sizeof(out)),
	    -EINVAL);
	assert_int_equal(qt_net_query_get(str("b=%00"), "b", out,
	    sizeof(out)), -EINVAL);
	assert_int_equal(qt_net_query_get(str("b=0123456789abcdef"), "b", out,
	    sizeof(out)), -ENAMETOOLONG);
	assert_int_equal(qt_net_query_get(str("b="), "b", out, sizeof(out)),
	    0);
	assert_int_equal(qt_net_cookie_get(str("a=1; bb=2; b=3"), "b", &v), 1);
	assert_str(v, "3");
	assert_int_equal(qt_net_cookie_get(str("b=1; b=2"), "b", &v), 0);
	assert_int_equal(qt_net_cookie_get(str("xb=1;b"), "b", &v), 0);
}
