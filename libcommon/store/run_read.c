/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open run: its file mapped whole, and its blocks.
 *
 * Opening reads the header and the footer, no more, for processes that stay for
 * one get. What lies between is checked where it is used: positions always, and
 * with QT__RUN_VERIFY the checksums, of filter and index on opening, of a block
 * when this handle reads it for the first time.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "block_zlib_priv.h"
#include "cache_priv.h"
#include "run_file_priv.h"

/* --- Opening ------------------------------------------------------------- */

int
qt__run_map(int dirfd, uint64_t number, void **map, uint64_t *size,
    struct qt_err *err)
{
	char		name[QT__RUN_NAME_SIZE];
	struct stat	st;
	int		fd, rc;

	*map = NULL;
	*size = 0;
	qt__run_name(name, number);
	rc = fd = qt_sys_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
	    0);
	if (fd < 0)
		goto out;
	rc = fstat(fd, &st) < 0 ? -errno : 0;
	if (rc == 0 && !S_ISREG(st.st_mode))
		rc = -QT_EFORMAT;
	if (rc == 0 && (uint64_t)st.st_size > SIZE_MAX / 2)
		rc = -EFBIG;
	if (rc == 0 && st.st_size > 0)
		rc = qt_sys_mmap(fd, (size_t)st.st_size, PROT_READ, map);
	if (rc == 0)
		*size = (uint64_t)st.st_size;
	close(fd);
out:
	if (rc < 0)
		qt_err_set(err, "open run '%s'", name);
	return rc;
}

/* Says what is wrong with the file. */
static int
damaged(const struct qt__run *r, struct qt_err *err, int rc, const char *what)
{
	qt_err_set(err, "run '%012llu.run' %s",
	    (unsigned long long)r->footer.info.number, what);
	return rc;
}

static int
check_parts(struct qt__run *r, struct qt_err *err)
{
	const struct qt__run_footer	*f = &r->footer;
	size_t				 words = (f->blocks + 63) / 64;

	if (f->filter_crc != qt__run_crc(f->info.number, f->salt, f->filter_at,
	    r->filter, (size_t)f->filter_lines * QT__BLOOM_LINE))
		return damaged(r, err, -QT_ECORRUPT, "filter: wrong checksum");
	if (f->index_crc != qt__run_crc(f->info.number, f->salt, f->index_at,
	    r->map + f->index_at, (size_t)f->index_len))
		return damaged(r, err, -QT_ECORRUPT, "index: wrong checksum");
	r->checked = calloc(words > 0 ? words : 1, sizeof(*r->checked));
	return r->checked == NULL ? -ENOMEM : 0;
}

int
qt__run_attach(struct qt__run *r, const uint8_t *map, uint64_t size,
    uint64_t number, unsigned int flags, struct qt__block_cache *cache,
    struct qt_err *err)
{
	struct qt__run_header	 h;
	const char		*what;
	int			 rc;

	memset(r, 0, sizeof(*r));
	r->map = map;
	r->size = size;
	r->flags = flags;
	r->cache = cache;
	r->footer.info.number = number;
	what = qt__run_header_unpack(&h, map, size, number, &rc);
	if (what == NULL)
		what = qt__run_footer_unpack(&r->footer, map, size, number,
		    &rc);
	r->footer.info.number = number;
	if (what == NULL && (h.salt != r->footer.salt ||
	    h.align != r->footer.align)) {
		what = "header and footer are of two files";
		rc = -QT_ECORRUPT;
	}
	if (what == NULL) {
		rc = qt__index_view(&r->index, map, &r->footer);
		what = rc < 0 ? "index: impossible sizes" : NULL;
	}
	if (what != NULL)
		return damaged(r, err, rc, what);
	r->filter = map + r->footer.filter_at;
	return flags & QT__RUN_VERIFY ? check_parts(r, err) : 0;
}

void
qt__run_detach(struct qt__run *r)
{
	free(r->checked);
	r->checked = NULL;
}

int
qt__run_open(struct qt__run **out, int dirfd, uint64_t number,
    unsigned int flags, struct qt__block_cache *cache, struct qt_err *err)
{
	struct qt__run	*r = malloc(sizeof(*r));
	void		*map;
	uint64_t	 size;
	int		 rc;

	*out = NULL;
	if (r == NULL)
		return -ENOMEM;
	rc = qt__run_map(dirfd, number, &map, &size, err);
	if (rc < 0) {
		free(r);
		return rc;
	}
	rc = qt__run_attach(r, map, size, number, flags, cache, err);
	r->mapping = map;
	if (rc < 0) {
		qt__run_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
qt__run_close(struct qt__run *r)
{
	if (r == NULL)
		return;
	qt__run_detach(r);
	if (r->mapping != NULL)
		munmap(r->mapping, (size_t)r->size);
	free(r);
}

void
qt__run_describe(const struct qt__run *r, struct qt__run_info *info)
{
	*info = r->footer.info;
}

/* --- Blocks -------------------------------------------------------------- */

static int
bad_block(const struct qt__run *r, struct qt_err *err, uint64_t at,
    const char *what)
{
	qt_err_set(err, "run '%012llu.run': the block at %llu %s",
	    (unsigned long long)r->footer.info.number, (unsigned long long)at,
	    what);
	return -QT_ECORRUPT;
}

/*
 * Its checksum, once. Two threads may both find the bit unset, and both check;
 * nothing else hangs on it, so its order does not matter.
 */
static bool
is_sound(struct qt__run *r, uint32_t i, uint64_t at,
    const struct qt__block_head *h)
{
	uint64_t	bit = UINT64_C(1) << (i & 63);

	if (atomic_load_explicit(&r->checked[i / 64], memory_order_relaxed) &
	    bit)
		return true;
	if (h->crc != qt__run_crc(r->footer.info.number, r->footer.salt, at,
	    r->map + at + 4, QT__BLOCK_HEADER - 4 + (size_t)h->stored))
		return false;
	atomic_fetch_or_explicit(&r->checked[i / 64], bit,
	    memory_order_relaxed);
	return true;
}

static int
inflate_block(const struct qt__run *r, uint64_t at,
    const struct qt__block_head *h, uint8_t **out)
{
	uint8_t	*p = malloc(h->len > 0 ? h->len : 1);
	int	 rc;

	*out = NULL;
	if (p == NULL)
		return -ENOMEM;
	rc = qt__inflate(p, h->len, r->map + at + QT__BLOCK_HEADER, h->stored);
	if (rc < 0) {
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

/*
 * The contents, inflated: by the cache, where there is one and a get asks; or
 * in memory of their own, so that scans drive nothing out of it.
 */
static int
inflated(struct qt__run *r, uint64_t at, const struct qt__block_head *h,
    bool is_get, struct qt__loaded *out, const uint8_t **contents)
{
	int	rc = inflate_block(r, at, h, &out->own);

	if (rc < 0)
		return rc;
	*contents = out->own;
	if (!is_get || r->cache == NULL)
		return 0;
	/* It is the cache's from here on, also when that fails. */
	rc = qt__cache_add(r->cache, r->footer.info.number, at, out->own,
	    h->len, &out->held);
	out->own = NULL;
	return rc;
}

/* What is in the cache has been checked. */
static bool
is_cached(const struct qt__run *r, uint64_t at, const struct qt__block_head *h,
    bool is_get, struct qt__loaded *out)
{
	if (!is_get || r->cache == NULL || h->method == QT__BLOCK_PLAIN ||
	    qt__cache_get(r->cache, r->footer.info.number, at,
	    &out->held) <= 0)
		return false;
	if (out->held->len == h->len)
		return true;
	qt__run_unload(out);
	return false;
}

int
qt__run_load(struct qt__run *r, uint32_t i, bool is_get,
    struct qt__loaded *out, struct qt_err *err)
{
	struct qt__block_head	 h;
	const uint8_t		*contents;
	const char		*what;
	uint64_t		 at, end;
	int			 rc;

	out->own = NULL;
	out->held = NULL;
	if (qt__index_block(&r->index, &r->footer, i, &at, &end) < 0)
		return damaged(r, err, -QT_ECORRUPT,
		    "index: an impossible position");
	__builtin_prefetch(r->map + at + 64);
	what = qt__block_head_unpack(&h, r->map, at, end);
	if (what != NULL)
		return bad_block(r, err, at, what);
	contents = r->map + at + QT__BLOCK_HEADER;
	if (is_cached(r, at, &h, is_get, out)) {
		contents = out->held->data;
	} else if (r->checked != NULL && !is_sound(r, i, at, &h)) {
		return bad_block(r, err, at, "has a wrong checksum");
	} else if (h.method == QT__BLOCK_ZLIB) {
		rc = inflated(r, at, &h, is_get, out, &contents);
		if (rc == -QT_ECORRUPT)
			return bad_block(r, err, at, "cannot be inflated");
		if (rc < 0)
			return rc;
	}
	rc = qt__block_view(&out->view, contents, h.len, &h);
	if (rc < 0) {
		qt__run_unload(out);
		return bad_block(r, err, at, "has too many records");
	}
	return 0;
}

void
qt__run_unload(struct qt__loaded *l)
{
	free(l->own);
	l->own = NULL;
	if (l->held != NULL)
		qt__block_release(l->held);
	l->held = NULL;
}
