/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/token.h>: tokens, base64 with one spelling, cookies. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/net/token.h>

#include "../test.h"

static struct qt_net_str
str(const char *text)
{
	return (struct qt_net_str){ text, strlen(text) };
}

QT_TEST(a_token_gives_the_hash_it_was_made_with)
{
	char				text[QT_NET_TOKEN_SIZE], last = 0;
	struct qt_net_token_hash	a, b;

	(void)state;
	for (int i = 0; i < 100; i++) {
		qt_net_token_new(text, &a);
		assert_int_equal(strlen(text), QT_NET_TOKEN_LEN);
		assert_int_equal(qt_net_token_parse(str(text), &b), 0);
		assert_true(qt_net_token_is_equal(&a, &b));
	}
	/* A changed letter is another token, or none. */
	last = text[3];
	text[3] = last == 'A' ? 'B' : 'A';
	assert_int_equal(qt_net_token_parse(str(text), &b), 0);
	assert_false(qt_net_token_is_equal(&a, &b));
	text[3] = '+';
	assert_int_equal(qt_net_token_parse(str(text), &b), -EINVAL);
	text[3] = last;
	/* The last letter carries two unused bits. */
	text[42] = 'B';
	assert_int_equal(qt_net_token_parse(str(text), &b), -EINVAL);
	text[42] = '\0';
	assert_int_equal(qt_net_token_parse(str(text), &b), -EINVAL);
}

QT_TEST(base64_is_that_of_rfc_4648)
{
	static const struct { const char *plain, *coded; } cases[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zh==", "Zg==Zg==",
	    "Zm9=", "====", "Zm 9", "Zm9v=", "Z===" };
	char	out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(qt_net_base64_encode(cases[i].plain,
		    strlen(cases[i].plain), out, sizeof(out)),
		    strlen(cases[i].coded));
		assert_string_equal(out, cases[i].coded);
		assert_int_equal(qt_net_base64_decode(str(cases[i].coded), out,
		    sizeof(out)), strlen(cases[i].plain));
		assert_string_equal(out, cases[i].plain);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (qt_net_base64_decode(str(bad[i]), out, sizeof(out)) !=
		    -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_int_equal(qt_net_base64_encode("foo", 3, out, 4),
	    -ENAMETOOLONG);
	assert_int_equal(qt_net_base64_decode(str("Zm9v"), out, 3),
	    -ENAMETOOLONG);
}

QT_TEST(cookies_are_for_this_site_and_not_for_scripts)
{
	char	out[256];

	(void)state;
	assert_int_equal(qt_net_cookie_name(out, sizeof(out), "qtd", 1, 443),
	    0);
	assert_string_equal(out, "__Host-qtd");
	assert_int_equal(qt_net_cookie_name(out, sizeof(out), "qtd", 0, 7681),
	    0);
	assert_string_equal(out, "qtd-7681");
	assert_int_equal(qt_net_cookie_set(out, sizeof(out), "qtd", "v", NULL,
	    1, 60), 0);
	assert_string_equal(out, "qtd=v; Path=/; HttpOnly; SameSite=Strict; "
	    "Secure; Max-Age=60");
	assert_int_equal(qt_net_cookie_set(out, sizeof(out), "qtd", "a;b",
	    NULL, 1, 0), -EINVAL);
	assert_int_equal(qt_net_cookie_set(out, sizeof(out), "qtd", "a\r\nb",
	    NULL, 1, 0), -EINVAL);
	assert_int_equal(qt_net_cookie_set(out, 10, "qtd", "a", NULL, 1, 0),
	    -ENAMETOOLONG);
}

QT_TEST(the_accept_value_is_that_of_rfc_6455)
{
	char	out[QT_NET_WS_ACCEPT_SIZE];

	(void)state;
	qt_net_ws_accept(str("dGhlIHNhbXBsZSBub25jZQ=="), out);
	assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
