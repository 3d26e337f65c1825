/* SPDX-License-Identifier: Apache-2.0 */
/* The small parsers of net: values in headers, tokens, users, chunks. */

#include <stdlib.h>
#include <string.h>

#include <qt/net/head.h>
#include <qt/net/login.h>
#include <qt/net/token.h>

#include "../../libcommon/net/chunk_priv.h"
#include "../../libcommon/net/proxy_priv.h"
#include "../../libcommon/net/users_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
values(struct qt_net_str s)
{
	struct qt_net_token_hash	hash;
	struct qt_net_str		v;
	uint64_t			from, len;
	char				out[300], back[500];
	long				n;
	size_t				pass_len;

	if (qt_net_range_parse(s, 1000, &from, &len) == 1 &&
	    (len == 0 || from + len > 1000))
		abort();
	n = qt_net_path_decode(s, out, sizeof(out));
	if (n >= 0 && (strlen(out) != (size_t)n || out[0] != '/' ||
	    strstr(out, "/../") != NULL || strstr(out, "//") != NULL))
		abort();
	if (qt_net_path_is_plain(s) && n >= 0 &&
	    ((size_t)n != s.len || memcmp(out, s.p, s.len) != 0))
		abort();
	qt_net_query_get(s, "name", out, sizeof(out));
	if (qt_net_cookie_get(s, "qtd", &v) &&
	    (v.p < s.p || v.p + v.len > s.p + s.len))
		abort();
	qt_net_date_parse(s);
	qt_net_token_parse(s, &hash);
	qt_net_basic_is(s, "user:pass");
	qt_net_basic_parse(s, out, 64, back, 64, &pass_len);
	n = qt_net_base64_decode(s, out, sizeof(out));
	if (n >= 0 && (qt_net_base64_encode(out, (size_t)n, back,
	    sizeof(back)) != (long)s.len || memcmp(back, s.p, s.len) != 0))
		abort();	/* each value has one spelling */
	qt_net_str_has_token(s, "upgrade");
}

static void
users(const char *p, size_t size)
{
	struct qt__accounts	list = { 0 };
	size_t			line;

	qt__net_users_parse(p, size, &list, &line);
	for (size_t i = 0; i < list.count; i++) {
		if (strlen(list.items[i].hash) != QT_NET_HASH_SIZE - 1 ||
		    list.items[i].role == QT_NET_ROLE_NONE)
			abort();
	}
	qt__net_accounts_clear(&list);
}

/* Decodes in pieces of step; appends to out. The result of the last call. */
static int
unchunk(const char *p, size_t size, size_t step, struct qt_buf *out)
{
	struct qt__chunks	 c = { 0 };
	const char		*data;
	size_t			 used, len, piece;
	int			 rc = 0;

	while (size > 0 && rc == 0) {
		piece = size < step ? size : step;
		rc = qt__net_chunks_next(&c, p, piece, &used, &data, &len);
		if (used > piece || (rc == 0 && used == 0))
			abort();
		if (len > 0)
			qt_buf_add(out, data, len);
		p += used;
		size -= used;
	}
	return rc;
}

static void
answers(const char *p, size_t size)
{
	struct qt_net_head	h;
	struct qt_buf		a = QT_BUF_INIT, b = QT_BUF_INIT;
	int			status, x, y;
	long			n;

	n = qt__net_proxy_answer(p, size, &status, &h);
	if (n > (long)size || (n > 0 && (status < 100 || status > 599)))
		abort();
	if (n > 0)
		qt__net_proxy_length(&h, status, QT_NET_GET);
	x = unchunk(p, size, size + 1, &a);
	y = unchunk(p, size, 1, &b);
	if (x != y || a.len != b.len || (a.len > 0 &&
	    memcmp(a.data, b.data, a.len) != 0))
		abort();
	qt_buf_clear(&a);
	qt_buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*p = (const char *)data + 1;

	if (size < 1)
		return 0;
	switch (data[0] % 3) {
	case 0:
		if (size < 4096)
			values((struct qt_net_str){ p, size - 1 });
		break;
	case 1:
		users(p, size - 1);
		break;
	default:
		answers(p, size - 1);
		break;
	}
	return 0;
}
