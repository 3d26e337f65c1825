/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a run: opened, searched, read both ways, verified, salvaged,
 * without a crash or an endless loop. What verify finds nothing wrong with is
 * in order, holds each of its records by key, and is salvaged whole.
 *
 * The first byte chooses: bit 0: the checksums of header and footer are made
 * right, bit 1: those of filter, index and blocks, too, so that what is behind
 * them is reached; bit 2: opened with QT__RUN_VERIFY.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

#include "../../libcommon/store/run_file_priv.h"

#define NUMBER	3

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fix_frame(uint8_t *p, size_t size)
{
	uint8_t	*end = p + size - QT__RUN_FOOTER;

	qt_le_store32(p + QT__RUN_HEADER - 4,
	    qt_crc32c(0, p, QT__RUN_HEADER - 4));
	qt_le_store64(end + 32, size);
	qt_le_store32(end + QT__RUN_FOOTER - 4,
	    qt_crc32c(0, end, QT__RUN_FOOTER - 4));
}

static void
fix_blocks(uint8_t *p, const struct qt__run *r)
{
	struct qt__block_head	h;
	uint64_t		at, end;

	for (uint32_t i = 0; i < r->index.count; i++) {
		if (qt__index_block(&r->index, &r->footer, i, &at, &end) < 0 ||
		    qt__block_head_unpack(&h, p, at, end) != NULL)
			continue;
		qt_le_store32(p + at, qt__run_crc(NUMBER, r->footer.salt, at,
		    p + at + 4, QT__BLOCK_HEADER - 4 + (size_t)h.stored));
	}
}

/* What only the parts behind the frame say can be known now. */
static void
fix_parts(uint8_t *p, size_t size)
{
	uint8_t		*end = p + size - QT__RUN_FOOTER;
	struct qt__run	 r;

	if (qt__run_attach(&r, p, size, NUMBER, 0, NULL, NULL) < 0)
		return;
	fix_blocks(p, &r);
	qt_le_store32(end + 116, qt__run_crc(NUMBER, r.footer.salt,
	    r.footer.filter_at, r.filter,
	    (size_t)r.footer.filter_lines * QT__BLOOM_LINE));
	qt_le_store32(end + 120, qt__run_crc(NUMBER, r.footer.salt,
	    r.footer.index_at, p + r.footer.index_at,
	    (size_t)r.footer.index_len));
	fix_frame(p, size);
}

static void
hear(void *arg, const char *what)
{
	(void)arg;
	if (strstr(what, "run/000000000003.run at ") == NULL)
		abort();
}

static int
count_saved(void *arg, const struct qt__entry *e)
{
	uint64_t	*count = arg;

	(void)qt__run_hash(e->key, e->key_len);
	(void)qt_crc32c(0, e->value, e->value_len);
	++*count;
	return 0;
}

/* Looks an entry up: by key, and by seeking with another cursor. */
static void
look_up(struct qt__run *r, struct qt__cursor *other,
    const struct qt__entry *e, int is_sound)
{
	struct qt__entry	found;
	void			*own;
	uint64_t		hash = qt__run_hash(e->key, e->key_len);
	int			rc = qt__run_get(r, &found, &own, e->key,
	    e->key_len, hash, e->version, NULL);

	if (rc > 0)
		(void)qt_crc32c(0, found.value, found.value_len);
	if (is_sound && (rc != 1 || found.version != e->version ||
	    found.value_len != e->value_len ||
	    memcmp(found.value, e->value, e->value_len) != 0))
		abort();
	free(own);
	rc = other->ops->seek(other, e->key, e->key_len);
	if (is_sound && (rc != 1 || qt__key_compare(other->entry.key,
	    other->entry.key_len, e->key, e->key_len) != 0))
		abort();
	rc = other->ops->seek_before(other, e->key, e->key_len);
	if (is_sound && (rc < 0 || (rc == 1 && qt__key_compare(
	    other->entry.key, other->entry.key_len, e->key,
	    e->key_len) >= 0)))
		abort();
}

static uint64_t
read_forward(struct qt__run *r, int is_sound)
{
	struct qt__cursor	*c, *other;
	uint64_t		 count = 0;
	int			 rc;

	if (qt__run_cursor(r, &c, NULL) < 0 ||
	    qt__run_cursor(r, &other, NULL) < 0)
		abort();
	rc = c->ops->seek(c, "", 0);
	for (; rc > 0; rc = c->ops->next(c)) {
		(void)qt_crc32c(0, c->entry.value, c->entry.value_len);
		if (count++ < 100)
			look_up(r, other, &c->entry, is_sound);
	}
	if (is_sound && rc < 0)
		abort();
	c->ops->close(c);
	other->ops->close(other);
	return count;
}

static uint64_t
read_backward(struct qt__run *r)
{
	struct qt__cursor	*c;
	uint64_t		 count = 0;
	int			 rc;

	if (qt__run_cursor(r, &c, NULL) < 0)
		abort();
	rc = c->ops->seek_before(c, NULL, 0);
	for (; rc > 0; rc = c->ops->prev(c)) {
		(void)qt_crc32c(0, c->entry.key, c->entry.key_len);
		count++;
	}
	c->ops->close(c);
	return count;
}

static void
read_run(const uint8_t *p, size_t size, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt__run	r;
	uint64_t	saved = 0, forward, backward;
	int		found, lost;

	found = qt__run_verify_bytes(p, size, NUMBER, hear, NULL);
	lost = qt__run_salvage_bytes(p, size, count_saved, &saved);
	if (qt__run_attach(&r, p, size, NUMBER, flags, NULL, &err) < 0) {
		if (err.text[0] == '\0' || found == 0)
			abort();
		qt__run_detach(&r);
		return;
	}
	forward = read_forward(&r, found == 0);
	backward = read_backward(&r);
	if (found == 0 && (lost != 0 || saved != forward ||
	    saved != backward || saved != r.footer.info.records))
		abort();
	qt__run_detach(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t	*p;

	if (size == 0)
		return 0;
	/* A copy of its own, so that reading over its end is seen. */
	p = malloc(size > 1 ? size - 1 : 1);
	if (p == NULL)
		abort();
	memcpy(p, data + 1, size - 1);
	if ((data[0] & 3) != 0 &&
	    size - 1 >= QT__RUN_HEADER + QT__RUN_FOOTER) {
		fix_frame(p, size - 1);
		if ((data[0] & 2) != 0)
			fix_parts(p, size - 1);
	}
	read_run(p, size - 1, data[0] & 4 ? QT__RUN_VERIFY : 0);
	free(p);
	return 0;
}
