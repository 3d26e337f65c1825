/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run that is being written: filter, index, footer. */

#include <errno.h>

#include <qt/base/sys.h>

#include "run_write_priv.h"

static int
put_filter(struct qt__run_writer *w)
{
	struct qt__run_footer	*f = &w->footer;
	uint64_t		 keys = w->hashes.len / 8, hash;
	size_t			 len;
	uint8_t			*filter;
	int			 rc = qt__run_pad(w, QT__BLOOM_LINE);

	f->filter_at = qt__run_position(w);
	f->filter_lines = qt__bloom_lines(keys);
	len = (size_t)f->filter_lines * QT__BLOOM_LINE;
	if (rc < 0 || qt_buf_reserve(&w->out, len) < 0)
		return -ENOMEM;
	filter = (uint8_t *)w->out.data + w->out.len;
	memset(filter, 0, len + 1);
	for (uint64_t i = 0; i < keys; i++) {
		memcpy(&hash, w->hashes.data + 8 * i, sizeof(hash));
		qt__bloom_add(filter, f->filter_lines, hash);
	}
	w->out.len += len;
	f->filter_crc = qt__run_crc(f->info.number, f->salt, f->filter_at,
	    filter, len);
	return 0;
}

static int
put_index(struct qt__run_writer *w)
{
	struct qt__run_footer	*f = &w->footer;
	size_t			 before = w->out.len;
	int			 rc;

	f->index_at = qt__run_position(w);
	rc = qt__index_builder_finish(&w->index, f, &w->last, &w->out);
	if (rc < 0)
		return rc;
	f->index_crc = qt__run_crc(f->info.number, f->salt, f->index_at,
	    w->out.data + before, (size_t)f->index_len);
	return qt__run_pad(w, QT__RUN_ALIGN);
}

int
qt__run_put_end(struct qt__run_writer *w)
{
	uint8_t	p[QT__RUN_FOOTER];
	int	rc = qt__run_end_block(w, NULL);

	w->footer.data_end = qt__run_position(w);
	if (rc == 0)
		rc = put_filter(w);
	if (rc == 0)
		rc = put_index(w);
	if (rc < 0)
		return rc;
	w->footer.info.size = qt__run_position(w) + sizeof(p);
	qt__run_footer_pack(p, &w->footer);
	rc = qt_buf_add(&w->out, p, sizeof(p));
	if (rc == 0)
		rc = qt__run_flush(w);
	return rc < 0 ? rc : qt_sys_fsync(w->fd);
}

