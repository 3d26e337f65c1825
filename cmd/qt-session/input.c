/* SPDX-License-Identifier: Apache-2.0 */
/* Input with back-pressure. See input.h. */

#include <errno.h>
#include <string.h>

#include <qt/base/clock.h>

#include "input.h"

#define RETRY_MS	20
#define TAG_FIRST	0x80000000u	/* apart from qt_client_call's tags */

void
input_init(struct input *in, const struct qt_uuid *id)
{
	memset(in, 0, sizeof(*in));
	in->id = *id;
	in->tag = TAG_FIRST;
}

void
input_clear(struct input *in)
{
	qt_buf_clear(&in->pending);
	in->in_flight = 0;
}

void
input_restart(struct input *in)
{
	in->in_flight = 0;
	in->retry_ms = 0;
	in->is_blocked = 0;
}

size_t
input_room(const struct input *in)
{
	return in->pending.len >= INPUT_PENDING_MAX ? 0 :
	    INPUT_PENDING_MAX - in->pending.len;
}

int
input_add(struct input *in, const void *data, size_t len)
{
	return qt_buf_add(&in->pending, data, len);
}

int
input_push(struct input *in, struct qt_client *c)
{
	char	body[sizeof(struct qt_uuid) + INPUT_PIECE_MAX];
	size_t	len = in->pending.len;
	int	rc;

	if (in->in_flight > 0 || len == 0 ||
	    (in->retry_ms != 0 && qt_clock_mono_ms() < in->retry_ms))
		return 0;
	if (len > INPUT_PIECE_MAX)
		len = INPUT_PIECE_MAX;
	memcpy(body, &in->id, sizeof(in->id));
	memcpy(body + sizeof(in->id), in->pending.data, len);
	rc = qt_client_send(c, QT_MSG_SEND, ++in->tag | TAG_FIRST, 0, body,
	    sizeof(in->id) + len);
	in->is_blocked = rc == -EAGAIN;
	if (rc == -EAGAIN)
		return 0;
	if (rc < 0)
		return rc;
	in->in_flight = len;
	in->retry_ms = 0;
	return 0;
}

int
input_answer(struct input *in, const struct qt_control_head *head,
    const void *body)
{
	int32_t	code;

	if (in->in_flight == 0 || head->tag != (in->tag | TAG_FIRST))
		return 0;
	if (head->type == QT_MSG_OK) {
		qt_buf_drop(&in->pending, in->in_flight);
		in->in_flight = 0;
		return 1;
	}
	if (head->type != QT_MSG_ERROR || head->len < sizeof(code))
		return -QT_EPROTO;
	memcpy(&code, body, sizeof(code));
	in->in_flight = 0;
	if (code != -QT_EFULL && code != -EAGAIN && code != -ENOBUFS)
		return code < 0 ? code : -QT_EPROTO;
	in->retry_ms = qt_clock_mono_ms() + RETRY_MS;
	return 1;
}

int
input_timeout(const struct input *in)
{
	uint64_t	now_ms = qt_clock_mono_ms();

	if (in->retry_ms == 0 || in->in_flight > 0)
		return -1;
	return in->retry_ms > now_ms ? (int)(in->retry_ms - now_ms) : 0;
}
