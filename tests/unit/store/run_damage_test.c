/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of runs that are damaged: found, never followed, salvaged. */

#include <errno.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

#include "run_world.h"

#define NUMBER 3

/* The file's bytes, in memory of their own. */
static uint8_t *
slurp(const struct world *w, size_t *size)
{
	int	 fd = openat(w->dirfd, "000000000003.run", O_RDONLY | O_CLOEXEC);
	uint8_t	*p;
	off_t	 end;

	assert_true(fd >= 0);
	end = lseek(fd, 0, SEEK_END);
	p = malloc((size_t)end);
	assert_non_null(p);
	assert_int_equal(pread(fd, p, (size_t)end, 0), end);
	close(fd);
	*size = (size_t)end;
	return p;
}

static uint8_t *
make(struct world *w, uint64_t seed, size_t count, uint32_t level,
    size_t *size)
{
	struct qt__run_info	info;

	world_open(w, seed);
	world_fill(w, count, 12, 3);
	world_write(w, NUMBER, level, 512, &info);
	return slurp(w, size);
}

static void
hear(void *arg, const char *what)
{
	int	*places = arg;

	assert_non_null(strstr(what, "run/000000000003.run at "));
	++*places;
}

static int
verify(const uint8_t *p, size_t size)
{
	int	heard = 0;
	int	rc = qt__run_verify_bytes(p, size, NUMBER, hear, &heard);

	assert_int_equal(rc, heard);
	return rc;
}

/* Is it one of those that were written? */
static bool
is_written(const struct world *w, const struct qt__entry *e)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->e[i].version == e->version) {
			world_same(e, &w->e[i]);
			return true;
		}
	}
	return false;
}

/* What is read is right, or an error; without checksums, anything. */
static void
read_all(const struct world *w, const uint8_t *p, size_t size,
    unsigned int flags)
{
	struct qt__run		r;
	struct qt__cursor	*c;
	struct qt__entry	e;
	void			*own;
	int			rc;

	if (qt__run_attach(&r, p, size, NUMBER, flags, NULL, NULL) < 0) {
		qt__run_detach(&r);
		return;
	}
	for (size_t i = 0; i < w->count; i += 5) {
		rc = qt__run_get(&r, &e, &own, w->e[i].key, w->e[i].key_len,
		    qt__run_hash(w->e[i].key, w->e[i].key_len),
		    w->e[i].version, NULL);
		if (flags != 0 && rc >= 0) {
			assert_int_equal(rc, 1);
			world_same(&e, &w->e[i]);
		}
		free(own);
	}
	assert_int_equal(qt__run_cursor(&r, &c, NULL), 0);
	for (rc = c->ops->seek(c, "", 0); rc > 0; rc = c->ops->next(c))
		if (flags != 0)
			assert_true(is_written(w, &c->entry));
	rc = c->ops->seek_before(c, NULL, 0);
	for (; rc > 0; rc = c->ops->prev(c))
		if (flags != 0)
			assert_true(is_written(w, &c->entry));
	c->ops->close(c);
	qt__run_detach(&r);
}

struct saved {
	const struct world *w;
	size_t		    count;
};

static int
save(void *arg, const struct qt__entry *e)
{
	struct saved	*s = arg;

	assert_true(is_written(s->w, e));
	s->count++;
	return 0;
}

static int
refuse(void *arg, const struct qt__entry *e)
{
	(void)arg;
	(void)e;
	return -ENOSPC;
}

/* Leaves nothing of the file but its name. */
static int
truncateat(const struct world *w)
{
	int	fd = openat(w->dirfd, "000000000003.run",
	    O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static void
every_byte(uint32_t level)
{
	struct saved	s;
	struct world	w;
	size_t		size;
	uint8_t		*p = make(&w, 1, 25, level, &size), flip;
	int		rc;

	assert_int_equal(verify(p, size), 0);
	for (size_t i = 0; i < size; i++) {
		flip = (uint8_t)(1u << world_random(&w) % 8);
		p[i] ^= flip;
		assert_true(verify(p, size) > 0);
		read_all(&w, p, size, 0);
		read_all(&w, p, size, QT__RUN_VERIFY);
		s = (struct saved) { .w = &w };
		rc = qt__run_salvage_bytes(p, size, save, &s);
		assert_true(rc == 0 || rc == 1);
		/* What is lost is no more than a block of several. */
		assert_true(rc == 1 || s.count == w.count);
		assert_true(s.count >= w.count / 3);
		p[i] ^= flip;
	}
	assert_int_equal(verify(p, size), 0);
	free(p);
	world_close(&w);
}

QT_TEST(every_byte_that_changes_is_found_and_does_no_harm)
{
	(void)state;
	every_byte(0);
	every_byte(9);
}

QT_TEST(a_file_that_was_cut_is_found_and_gives_what_is_left)
{
	struct saved	s, before = { .count = 0 };
	struct world	w;
	size_t		size;
	uint8_t		*p = make(&w, 2, 40, 0, &size);

	(void)state;
	for (size_t len = 0; len < size; len++) {
		assert_true(verify(p, len) > 0);
		read_all(&w, p, len, 0);
		s = (struct saved) { .w = &w };
		if (len < QT__RUN_HEADER)
			assert_int_equal(qt__run_salvage_bytes(p, len, save,
			    &s), -QT_ECORRUPT);
		else
			assert_true(qt__run_salvage_bytes(p, len, save,
			    &s) > 0);
		assert_true(s.count >= before.count);
		before = s;
	}
	assert_int_equal(before.count, w.count);
	free(p);
	world_close(&w);
}

/* Any bytes anywhere, with the frame's checksums right: no harm. */
QT_TEST(nonsense_under_right_checksums_does_no_harm)
{
	struct saved	s;
	struct world	w;
	size_t		size;
	uint8_t		*p, *was, *end;

	(void)state;
	p = make(&w, 3, 40, 0, &size);
	was = slurp(&w, &size);
	end = p + size - QT__RUN_FOOTER;
	for (int round = 0; round < 3000; round++) {
		for (uint64_t n = 1 + world_random(&w) % 4; n > 0; n--)
			p[QT__RUN_HEADER + world_random(&w) %
			    (size - QT__RUN_HEADER)] =
			    (uint8_t)world_random(&w);
		qt_le_store32(end + QT__RUN_FOOTER - 4,
		    qt_crc32c(0, end, QT__RUN_FOOTER - 4));
		read_all(&w, p, size, 0);
		(void)verify(p, size);
		s = (struct saved) { .w = &w };
		(void)qt__run_salvage_bytes(p, size, save, &s);
		memcpy(p, was, size);
	}
	free(was);
	free(p);
	world_close(&w);
}

QT_TEST(blocks_that_are_lost_take_only_their_own_records_along)
{
	static const uint32_t	 lost[] = { 1, 2, 3, 6, 8 };
	struct saved		 s;
	struct world		 w;
	struct qt__run		 r;
	size_t			 size, left;
	uint64_t		 at, end;
	struct qt__loaded	 l;
	uint8_t			*p = make(&w, 4, 200, 0, &size);

	(void)state;
	assert_int_equal(qt__run_attach(&r, p, size, NUMBER, 0, NULL, NULL),
	    0);
	assert_true(r.index.count > 10);
	left = w.count;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(qt__run_load(&r, lost[i], false, &l,
		    NULL), 0);
		left -= l.view.count;
		qt__run_unload(&l);
	}
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(qt__index_block(&r.index, &r.footer, lost[i],
		    &at, &end), 0);
		p[at + QT__BLOCK_HEADER + 5] ^= 1;
	}
	s = (struct saved) { .w = &w };
	assert_int_equal(qt__run_salvage_bytes(p, size, save, &s), 5);
	assert_int_equal(s.count, left);
	qt__run_detach(&r);
	free(p);
	world_close(&w);
}

QT_TEST(a_block_is_checked_once_by_each_handle)
{
	struct qt__entry	 e;
	struct qt_err		 err = QT_ERR_INIT;
	struct world		 w;
	struct qt__run		 r;
	size_t			 size;
	uint64_t		 at, end, hash;
	uint8_t			*p = make(&w, 7, 40, 0, &size);
	void			*own;

	(void)state;
	hash = qt__run_hash(w.e[0].key, w.e[0].key_len);
	assert_int_equal(qt__run_attach(&r, p, size, NUMBER, QT__RUN_VERIFY,
	    NULL, NULL), 0);
	assert_int_equal(qt__index_block(&r.index, &r.footer, 0, &at, &end),
	    0);
	assert_int_equal(qt__run_get(&r, &e, &own, w.e[0].key, w.e[0].key_len,
	    hash, UINT64_MAX, NULL), 1);
	p[end - 1] ^= 1;
	assert_int_equal(qt__run_get(&r, &e, &own, w.e[0].key, w.e[0].key_len,
	    hash, UINT64_MAX, NULL), 1);
	qt__run_detach(&r);
	assert_int_equal(qt__run_attach(&r, p, size, NUMBER, 0, NULL, NULL),
	    0);
	assert_int_equal(qt__run_get(&r, &e, &own, w.e[0].key, w.e[0].key_len,
	    hash, UINT64_MAX, NULL), 1);
	qt__run_detach(&r);
	assert_int_equal(qt__run_attach(&r, p, size, NUMBER, QT__RUN_VERIFY,
	    NULL, NULL), 0);
	p[at + QT__BLOCK_HEADER] ^= 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(qt__run_get(&r, &e, &own, w.e[0].key,
		    w.e[0].key_len, hash, UINT64_MAX, &err), -QT_ECORRUPT);
		assert_non_null(strstr(err.text,
		    "run '000000000003.run': the block at 64 "));
	}
	qt__run_detach(&r);
	free(p);
	world_close(&w);
}

QT_TEST(an_entry_that_is_refused_stops_salvage)
{
	struct world	w;
	size_t		size;
	uint8_t		*p = make(&w, 5, 20, 0, &size);

	(void)state;
	assert_int_equal(qt__run_salvage_bytes(p, size, refuse, NULL),
	    -ENOSPC);
	free(p);
	world_close(&w);
}

QT_TEST(files_are_verified_and_salvaged_by_number)
{
	struct saved	s;
	struct world	w;
	size_t		size;
	int		heard = 0;

	(void)state;
	free(make(&w, 6, 20, 4, &size));
	s = (struct saved) { .w = &w };
	assert_int_equal(qt__run_verify(w.dirfd, NUMBER, hear, &heard), 0);
	assert_int_equal(qt__run_salvage(w.dirfd, NUMBER, save, &s), 0);
	assert_int_equal(s.count, w.count);
	assert_int_equal(qt__run_verify(w.dirfd, 4, hear, &heard), -ENOENT);
	assert_int_equal(qt__run_salvage(w.dirfd, 4, save, &s), -ENOENT);
	assert_int_equal(truncateat(&w), 0);
	assert_true(qt__run_verify(w.dirfd, NUMBER, hear, &heard) > 0);
	assert_int_equal(qt__run_salvage(w.dirfd, NUMBER, save, &s),
	    -QT_ECORRUPT);
	world_close(&w);
}
