/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of the control protocol to bytes and back. The protocol is in
 * <qt/session/control.h>; everything received is checked here before anybody
 * looks at it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/err.h>
#include <qt/session/control.h>

#define HEAD_SIZE sizeof(struct qt_control_head)

int
qt_control_pack(struct qt_buf *buf, enum qt_control_type type, uint32_t tag,
    uint32_t channel, const void *body, size_t len)
{
	struct qt_control_head	head = {
		.type = (uint16_t)type, .tag = tag, .channel = channel,
	};
	size_t			start = buf->len;
	int			rc;

	if (len > QT_CONTROL_SIZE_MAX - HEAD_SIZE)
		return -EMSGSIZE;
	head.len = (uint32_t)len;
	rc = qt_buf_add(buf, &head, sizeof(head));
	if (rc == 0 && len > 0)
		rc = qt_buf_add(buf, body, len);
	if (rc < 0)
		buf->len = start;
	return rc;
}

static int
add_string(struct qt_buf *buf, const char *text)
{
	if (text == NULL)
		text = "";
	return qt_buf_add(buf, text, strlen(text) + 1);
}

static int
add_strings(struct qt_buf *buf, char *const *strings, uint32_t *count)
{
	int	rc = 0;

	*count = 0;
	for (; rc == 0 && strings != NULL && *strings != NULL; strings++) {
		rc = add_string(buf, *strings);
		++*count;
	}
	return rc;
}

int
qt_control_pack_new(struct qt_buf *buf, uint32_t tag,
    const struct qt_control_new *head, const char *name, const char *owner,
    const char *cwd, char *const *argv, char *const *env)
{
	struct qt_control_new	h = *head;
	struct qt_buf		body = QT_BUF_INIT;
	int			rc;

	if ((rc = qt_buf_add(&body, &h, sizeof(h))) < 0 ||
	    (rc = add_string(&body, name)) < 0 ||
	    (rc = add_string(&body, owner)) < 0 ||
	    (rc = add_string(&body, cwd)) < 0 ||
	    (rc = add_strings(&body, argv, &h.argc)) < 0 ||
	    (rc = add_strings(&body, env, &h.envc)) < 0)
		goto out;
	memcpy(body.data, &h, sizeof(h));
	rc = qt_control_pack(buf, QT_MSG_NEW, tag, 0, body.data, body.len);
out:
	qt_buf_clear(&body);
	return rc;
}

int
qt_control_unpack(const void *packet, size_t len, struct qt_control_head *head,
    const void **body)
{
	if (len < HEAD_SIZE || len > QT_CONTROL_SIZE_MAX)
		return -QT_EPROTO;
	memcpy(head, packet, HEAD_SIZE);
	if (head->len != len - HEAD_SIZE)
		return -QT_EPROTO;
	*body = (const char *)packet + HEAD_SIZE;
	return 0;
}

/* The string at *p, which moves past it; NULL when it has no end. */
static char *
next_string(char **p, const char *end)
{
	char	*s = *p, *nul;

	nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;
	if (nul == NULL)
		return NULL;
	*p = nul + 1;
	return s;
}

static int
next_strings(char **p, const char *end, uint32_t count, char ***out)
{
	char	**list;

	*out = NULL;
	/* Each takes a byte at least, so this bounds the allocation. */
	if (count > (size_t)(end - *p))
		return -QT_EPROTO;
	list = calloc((size_t)count + 1, sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		list[i] = next_string(p, end);
		if (list[i] == NULL) {
			free(list);
			return -QT_EPROTO;
		}
	}
	*out = list;
	return 0;
}

int
qt_control_unpack_new(const void *body, size_t len,
    struct qt_control_new *head, const char **name, const char **owner,
    const char **cwd, char ***argv_out, char ***env_out)
{
	/* The lists are char ** for execve(2); nobody writes through them. */
	char		*p = (char *)(uintptr_t)body;
	const char	*end = p + len;
	int		 rc;

	*argv_out = *env_out = NULL;
	if (len < sizeof(*head))
		return -QT_EPROTO;
	memcpy(head, body, sizeof(*head));
	p += sizeof(*head);
	if ((*name = next_string(&p, end)) == NULL ||
	    (*owner = next_string(&p, end)) == NULL ||
	    (*cwd = next_string(&p, end)) == NULL)
		return -QT_EPROTO;
	rc = next_strings(&p, end, head->argc, argv_out);
	if (rc == 0)
		rc = next_strings(&p, end, head->envc, env_out);
	if (rc == 0 && p != end)
		rc = -QT_EPROTO;
	if (rc < 0) {
		free(*argv_out);
		free(*env_out);
		*argv_out = *env_out = NULL;
	}
	return rc;
}
