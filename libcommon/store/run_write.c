/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a run, as records come, in order.
 *
 * Kept in memory are the block that is being filled, 1 MiB of finished ones,
 * and for the end of the file each block's separator and each key's hash.
 * Killed anywhere, what is left is a file without a footer that no manifest
 * names; the next one who makes that number removes it.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "durable_priv.h"
#include "run_write_priv.h"

#define HINT_MAX	(1u << 20)

/* --- The file ------------------------------------------------------------ */

static void
writer_free(struct qt__run_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	close(w->dirfd);
	qt__block_builder_clear(&w->block);
	qt__index_builder_clear(&w->index);
	qt__deflate_free(w->deflate);
	qt_buf_clear(&w->out);
	qt_buf_clear(&w->contents);
	qt_buf_clear(&w->last);
	qt_buf_clear(&w->hashes);
	free(w);
}

static int
file_open(int dirfd, const char *name)
{
	int	rc = qt_sys_unlink(dirfd, name);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	return qt__create_file(dirfd, name, O_WRONLY | O_EXCL | O_NOFOLLOW);
}

static uint64_t
random_salt(void)
{
	uint64_t	salt;

	qt_random(&salt, sizeof(salt));
	return salt;
}

static uint32_t
block_size(const struct qt__run_options *o)
{
	uint32_t	size = o->block_size == 0 ? 4096 : o->block_size;

	return size < QT__BLOCK_SIZE_MIN ? QT__BLOCK_SIZE_MIN :
	    size > QT__BLOCK_SIZE_MAX ? QT__BLOCK_SIZE_MAX : size;
}

static int
put_header(struct qt__run_writer *w)
{
	struct qt__run_header	h = {
		.number = w->footer.info.number, .salt = w->footer.salt,
		.align = w->footer.align,
	};
	uint8_t			p[QT__RUN_HEADER];

	qt__run_header_pack(p, &h);
	return qt_buf_add(&w->out, p, sizeof(p));
}

int
qt__run_create(struct qt__run_writer **out, int dirfd, uint64_t number,
    const struct qt__run_options *o, struct qt_err *err)
{
	struct qt__run_writer	*w = calloc(1, sizeof(*w));
	int			 rc;

	*out = NULL;
	if (w == NULL)
		return -ENOMEM;
	w->fd = -1;
	w->footer.info.number = number;
	w->footer.align = o->level == 0 ? QT__RUN_PLAIN_ALIGN : QT__RUN_ALIGN;
	w->footer.salt = random_salt();
	w->block_size = block_size(o);
	qt__run_name(w->name, number);
	w->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (w->dirfd < 0) {
		rc = -errno;
		free(w);
		return rc;
	}
	rc = o->level == 0 ? 0 : qt__deflate_new(&w->deflate, o->level);
	if (rc == 0 && o->records_hint < SIZE_MAX / 64)
		rc = qt_buf_reserve(&w->hashes, 8 * (o->records_hint <
		    HINT_MAX ? (size_t)o->records_hint : HINT_MAX));
	if (rc == 0)
		rc = put_header(w);
	if (rc == 0)
		rc = w->fd = file_open(dirfd, w->name);
	if (rc < 0) {
		qt_err_set(err, "make run '%s'", w->name);
		writer_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

/* --- Records ------------------------------------------------------------- */

static void
count_entry(struct qt__run_info *i, const struct qt__entry *e)
{
	if (i->records == 0 || e->version < i->min_version)
		i->min_version = e->version;
	if (i->records == 0 || e->version > i->max_version)
		i->max_version = e->version;
	i->records++;
	i->dels += (e->flags & QT__DEL) != 0;
	i->raw_bytes += e->key_len + (uint64_t)e->value_len;
}

/* 1 when the key is a new one, 0, or negative when it must not come now. */
static int
check_entry(const struct qt__run_writer *w, const struct qt__entry *e,
    struct qt_err *err)
{
	int	order;

	if (e->key_len == 0 || e->key_len > QT_STORE_KEY_MAX ||
	    e->value_len > QT_STORE_VALUE_MAX ||
	    (e->flags & ~(QT__DEL | QT__DEFLATED | QT__BIG)) != 0) {
		qt_err_set(err, "write run '%s': an impossible record",
		    w->name);
		return -EMSGSIZE;
	}
	if (w->footer.info.records == 0)
		return 1;
	order = qt__key_compare(w->last.data, w->last.len, e->key, e->key_len);
	if (order < 0 || (order == 0 && w->last_version > e->version))
		return order < 0;
	qt_err_set(err, "write run '%s': records that are not in order",
	    w->name);
	return -QT_ECORRUPT;
}

/* Remembers a key that is new: for the filter, and to compare. */
static int
new_key(struct qt__run_writer *w, const struct qt__entry *e)
{
	int	rc;

	w->hash = qt__run_hash(e->key, e->key_len);
	rc = qt_buf_add(&w->hashes, &w->hash, sizeof(w->hash));
	if (rc == 0 && w->footer.info.records == 0)
		rc = qt_buf_add(&w->index.first, e->key, e->key_len);
	qt_buf_reset(&w->last);
	if (rc == 0)
		rc = qt_buf_add(&w->last, e->key, e->key_len);
	return rc;
}

int
qt__run_add(struct qt__run_writer *w, const struct qt__entry *e,
    struct qt_err *err)
{
	int	is_new, rc = w->error;

	if (rc < 0)
		return rc;
	is_new = check_entry(w, e, err);
	if (is_new < 0)
		return w->error = is_new;
	if (w->block.count > 0 &&
	    qt__block_builder_size(&w->block, e) > w->block_size)
		rc = qt__run_end_block(w, e);
	if (rc == 0 && is_new)
		rc = new_key(w, e);
	if (rc == 0)
		rc = qt__block_builder_add(&w->block, e, w->hash);
	if (rc < 0) {
		qt_err_set(err, "write run '%s'", w->name);
		return w->error = rc;
	}
	w->last_version = e->version;
	count_entry(&w->footer.info, e);
	return 0;
}

uint64_t
qt__run_size(const struct qt__run_writer *w)
{
	return qt__run_position(w) + qt__block_builder_size(&w->block, NULL) +
	    qt__bloom_lines(w->hashes.len / 8) * (uint64_t)QT__BLOOM_LINE +
	    w->index.keys.len + 20 * (uint64_t)w->index.count +
	    QT__RUN_FOOTER;
}

/* --- The end ------------------------------------------------------------- */

int
qt__run_finish(struct qt__run_writer *w, struct qt__run_info *info,
    struct qt_err *err)
{
	int	rc = w->error < 0 ? w->error : qt__run_put_end(w);

	if (rc < 0) {
		qt_err_set(err, "write run '%s'", w->name);
		qt__run_abort(w);
		return rc;
	}
	*info = w->footer.info;
	rc = close(w->fd) < 0 ? -errno : 0;
	w->fd = -1;
	if (rc < 0) {
		qt_err_set(err, "close run '%s'", w->name);
		qt__run_abort(w);
		return rc;
	}
	writer_free(w);
	return 0;
}

void
qt__run_abort(struct qt__run_writer *w)
{
	if (w == NULL)
		return;
	(void)qt_sys_unlink(w->dirfd, w->name);
	writer_free(w);
}
