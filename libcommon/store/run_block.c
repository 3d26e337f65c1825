/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a run that is being written, gathered, handed to the file. */

#include <qt/base/le.h>
#include <qt/base/sys.h>

#include "run_write_priv.h"

#define BUFFER	(1u << 20)
#define KEEP	(1u << 20)	/* of a block buffer's memory, at most */

int
qt__run_flush(struct qt__run_writer *w)
{
	int	rc = qt_sys_write_all(w->fd, w->out.data, w->out.len);

	if (rc < 0)
		return rc;
	w->written += w->out.len;
	if (w->out.cap > 4 * BUFFER)
		qt_buf_clear(&w->out);
	qt_buf_reset(&w->out);
	return 0;
}

int
qt__run_pad(struct qt__run_writer *w, uint32_t align)
{
	static const uint8_t	zeros[64];
	uint64_t		at = qt__run_position(w);

	return qt_buf_add(&w->out, zeros,
	    (size_t)(qt__round_up(at, align) - at));
}

/* Puts the header in front of contents that are in out, from at on. */
static void
seal(struct qt__run_writer *w, struct qt__block_head *h, uint64_t at)
{
	uint8_t	*p = (uint8_t *)w->out.data + (at - w->written);

	h->crc = 0;
	qt__block_head_pack(p, h);
	h->crc = qt__run_crc(w->footer.info.number, w->footer.salt, at, p + 4,
	    QT__BLOCK_HEADER - 4 + (size_t)h->stored);
	qt_le_store32(p, h->crc);
}

/* The contents behind the header's place, deflated where that helps. */
static int
put_contents(struct qt__run_writer *w, struct qt__block_head *h)
{
	int	rc;

	h->method = QT__BLOCK_PLAIN;
	if (w->deflate == NULL) {
		rc = qt__block_builder_finish(&w->block, h, &w->out);
		h->stored = h->len;
		return rc;
	}
	qt_buf_reset(&w->contents);
	rc = qt__block_builder_finish(&w->block, h, &w->contents);
	if (rc < 0)
		return rc;
	rc = qt__deflate(w->deflate, &w->out, &h->stored, &w->contents);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		h->method = QT__BLOCK_ZLIB;
		return 0;
	}
	h->stored = h->len;
	return qt_buf_add(&w->out, w->contents.data, w->contents.len);
}

int
qt__run_end_block(struct qt__run_writer *w, const struct qt__entry *next)
{
	static const uint8_t	room[QT__BLOCK_HEADER];
	struct qt__block_head	h = { .crc = 0 };
	uint64_t		at;
	int			rc;

	if (w->block.count == 0)
		return 0;
	rc = qt__run_pad(w, w->footer.align);
	at = qt__run_position(w);
	if (rc == 0)
		rc = qt_buf_add(&w->out, room, sizeof(room));
	if (rc == 0)
		rc = put_contents(w, &h);
	if (rc == 0)
		rc = qt__index_builder_add(&w->index, at, &w->last,
		    next == NULL ? NULL : next->key,
		    next == NULL ? 0 : next->key_len);
	if (rc < 0)
		return rc;
	seal(w, &h, at);
	if (w->block.records.cap > KEEP)
		qt__block_builder_clear(&w->block);
	if (w->contents.cap > KEEP)
		qt_buf_clear(&w->contents);
	qt__block_builder_reset(&w->block);
	return w->out.len >= BUFFER ? qt__run_flush(w) : 0;
}
