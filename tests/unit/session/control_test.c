/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/session/control.h>: packing, and everything that unpacking refuses. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/err.h>
#include <qt/session/control.h>

#include "../test.h"

QT_TEST(a_packet_comes_back_as_it_was)
{
	struct qt_buf		buf = QT_BUF_INIT;
	struct qt_control_head	head;
	const void		*body;

	(void)state;
	assert_int_equal(qt_control_pack(&buf, QT_MSG_INPUT, 7, 3, "ls\n", 3),
	    0);
	assert_int_equal(qt_control_unpack(buf.data, buf.len, &head, &body), 0);
	assert_int_equal(head.type, QT_MSG_INPUT);
	assert_int_equal(head.tag, 7);
	assert_int_equal(head.channel, 3);
	assert_int_equal(head.len, 3);
	assert_memory_equal(body, "ls\n", 3);
	qt_buf_clear(&buf);
}

QT_TEST(a_packet_over_the_limit_is_not_packed)
{
	struct qt_buf	buf = QT_BUF_INIT;
	char		*big = calloc(1, QT_CONTROL_SIZE_MAX);

	(void)state;
	assert_non_null(big);
	assert_int_equal(qt_control_pack(&buf, QT_MSG_INPUT, 0, 0, big,
	    QT_CONTROL_SIZE_MAX - 15), -EMSGSIZE);
	assert_int_equal(buf.len, 0);
	assert_int_equal(qt_control_pack(&buf, QT_MSG_INPUT, 0, 0, big,
	    QT_CONTROL_SIZE_MAX - 16), 0);
	assert_int_equal(buf.len, QT_CONTROL_SIZE_MAX);
	free(big);
	qt_buf_clear(&buf);
}

QT_TEST(a_length_that_lies_is_refused)
{
	struct qt_buf		buf = QT_BUF_INIT;
	struct qt_control_head	head;
	const void		*body;

	(void)state;
	assert_int_equal(qt_control_pack(&buf, QT_MSG_STAT, 1, 0, "abcd", 4),
	    0);
	for (size_t len = 0; len < buf.len; len++)
		assert_int_equal(qt_control_unpack(buf.data, len, &head, &body),
		    -QT_EPROTO);
	qt_buf_clear(&buf);
}

struct got {
	struct qt_control_new	 head;
	const char		*name, *owner, *cwd;
	char			**argv, **env;
};

static int
get_new(const char *body, size_t len, struct got *g)
{
	return qt_control_unpack_new(body, len, &g->head, &g->name, &g->owner,
	    &g->cwd, &g->argv, &g->env);
}

QT_TEST(new_carries_names_arguments_and_environment)
{
	char			*argv[] = { (char *)"sh", (char *)"", NULL };
	char			*env[] = { (char *)"A=1", NULL };
	struct qt_control_new	 h = { .cols = 132, .rows = 50, .argc = 99 };
	struct qt_buf		 buf = QT_BUF_INIT;
	struct got		 g;
	const char		*body;

	(void)state;
	assert_int_equal(qt_control_pack_new(&buf, 1, &h, "n", NULL, "/tmp",
	    argv, env), 0);
	body = buf.data + sizeof(struct qt_control_head);
	assert_int_equal(get_new(body, buf.len - 16, &g), 0);
	assert_int_equal(g.head.cols, 132);
	assert_int_equal(g.head.argc, 2);
	assert_string_equal(g.name, "n");
	assert_string_equal(g.owner, "");
	assert_string_equal(g.cwd, "/tmp");
	assert_string_equal(g.argv[0], "sh");
	assert_string_equal(g.argv[1], "");
	assert_null(g.argv[2]);
	assert_string_equal(g.env[0], "A=1");
	assert_null(g.env[1]);
	free(g.argv);
	free(g.env);
	qt_buf_clear(&buf);
}

QT_TEST(new_cut_anywhere_or_with_wrong_counts_is_refused)
{
	char			*argv[] = { (char *)"sh", NULL };
	struct qt_control_new	 h = { 0 };
	struct qt_buf		 buf = QT_BUF_INIT;
	struct got		 g;
	char			*body;
	size_t			 len;

	(void)state;
	assert_int_equal(qt_control_pack_new(&buf, 1, &h, "n", "o", "/", argv,
	    NULL), 0);
	body = buf.data + sizeof(struct qt_control_head);
	len = buf.len - 16;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(get_new(body, cut, &g), -QT_EPROTO);
	for (uint32_t argc = 0; argc < 4; argc++) {
		memcpy(body + offsetof(struct qt_control_new, argc), &argc, 4);
		if (argc == 1)
			continue;
		assert_int_equal(get_new(body, len, &g), -QT_EPROTO);
		assert_null(g.argv);
	}
	memset(body + offsetof(struct qt_control_new, argc), 0xff, 8);
	assert_int_equal(get_new(body, len, &g), -QT_EPROTO);
	qt_buf_clear(&buf);
}
