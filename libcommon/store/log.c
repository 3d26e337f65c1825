/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a log. See log_priv.h.
 *
 * Where does a log end that was being written when the power went? Pages reach
 * the disk in any order, so behind the first bad frame there may be good ones
 * that nobody was promised: a torn tail, to be cut. But a bad frame may also be
 * one that had been durable and was damaged since: then cutting would lose what
 * was acknowledged. What tells them apart is that each frame says how much was
 * durable when it was written (lag). A good frame beyond the bad one which says
 * that durability had reached beyond the bad one: damage. None: a torn tail.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "log_priv.h"

#define MAGIC	"qtstlog1"
#define LOG_MAX	(UINT64_C(4) << 30)	/* the largest memtable-size */
#define LONG_FRAME	1024u	/* bytes: reading it costs more than a miss */

void
qt__wal_name(char out[QT__WAL_NAME_SIZE], uint64_t number)
{
	snprintf(out, QT__WAL_NAME_SIZE, "%012" PRIu64 ".wal", number);
}

uint32_t
qt__log_seed(const struct qt__log_head *h)
{
	return qt_crc32c(0, &h->id, sizeof(h->id));
}

void
qt__log_start(struct qt__log_head *h, uint64_t number, uint64_t base,
    uint64_t store, uint32_t chain)
{
	memcpy(h->magic, MAGIC, sizeof(h->magic));
	qt_random(&h->id, sizeof(h->id));
	h->number = number;
	h->base = base;
	h->store = store;
	h->made_ms = qt_clock_real_ms();
	h->chain = chain;
	h->version = 1;
	h->reserved = 0;
	h->crc = qt_crc32c(0, h, offsetof(struct qt__log_head, crc));
}

int
qt__log_check(const struct qt__log_head *h, size_t len, uint64_t number,
    uint64_t store, struct qt_err *err)
{
	static const struct qt__log_head	none;

	/* One that was made, and nothing of it has come to the disk. */
	if (len < sizeof(*h) || memcmp(h, &none, sizeof(none)) == 0) {
		qt_err_set(err, "log %llu: it has no head of a log",
		    (unsigned long long)number);
		return -QT_EFORMAT;
	}
	/* Else it has the head of now, or a whole one of when it had another
	   number: a sector is written or not. */
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 ||
	    h->crc != qt_crc32c(0, h, offsetof(struct qt__log_head, crc))) {
		qt_err_set(err, "log %llu: its head is damaged",
		    (unsigned long long)number);
		return -QT_ECORRUPT;
	}
	if (h->version > 1) {
		qt_err_set(err, "log %llu: format %u, and this program knows 1",
		    (unsigned long long)number, h->version);
		return -QT_EVERSION;
	}
	/* A file that is being recycled has its old head for a moment. */
	if (h->number != number || h->store != store || h->base % 8 != 0) {
		qt_err_set(err, "log %llu: its head is that of log %llu%s",
		    (unsigned long long)number, (unsigned long long)h->number,
		    h->store != store ? " of another store" : "");
		return -QT_EFORMAT;
	}
	return 0;
}

static uint64_t
body_len(const struct qt__log_record *r)
{
	return sizeof(struct qt__frame) + (r->expires_ms != 0 ? 8 : 0) +
	    r->key_len + (uint64_t)r->value_len;
}

uint64_t
qt__log_size(const struct qt__log_record *r)
{
	return (body_len(r) + 7) & ~UINT64_C(7);
}

uint32_t
qt__log_put(struct qt__frame *f, uint32_t seed, uint32_t chain, uint64_t lag,
    const struct qt__log_record *r)
{
	uint32_t	 flags = r->flags;
	uint8_t		*p = (uint8_t *)(f + 1);
	uint64_t	 len = body_len(r);

	atomic_store_explicit(&f->link, 0, memory_order_relaxed);
	if (r->expires_ms != 0) {
		flags |= QT__FRAME_EXPIRES;
		memcpy(p, &r->expires_ms, 8);
		p += 8;
	}
	f->chain = chain;
	f->lag = lag < UINT32_MAX ? (uint32_t)lag : UINT32_MAX;
	f->kind = QT__KIND(r->key_len, flags, r->tag);
	f->value_len = r->value_len;
	f->time_node = r->time_ms << 16 | r->node;
	memcpy(p, r->key, r->key_len);
	p += r->key_len;
	if (r->value_len > 0)
		memcpy(p, r->value, r->value_len);
	p += r->value_len;
	while ((uintptr_t)p % 8 != 0)
		*p++ = 0;
	f->crc = qt_crc32c(seed, (const uint8_t *)f + 8, len - 8);
	return f->crc;
}

bool
qt__log_is_frame(const uint8_t *log, uint64_t size, uint64_t offset,
    uint32_t seed)
{
	const struct qt__frame	*f = (const void *)(log + offset);
	uint64_t		 body;

	if (offset % 8 != 0 || offset > size || size - offset < sizeof(*f) ||
	    QT__KIND_KEY(f->kind) == 0 ||
	    QT__KIND_KEY(f->kind) > QT_STORE_KEY_MAX ||
	    qt__frame_size(f) > size - offset)
		return false;
	body = qt__frame_fixed(f) + QT__KIND_KEY(f->kind) +
	    (uint64_t)f->value_len;
	return f->crc == qt_crc32c(seed, (const uint8_t *)f + 8, body - 8);
}

static void
note_claim(struct qt__log_end *out, const struct qt__log_head *h,
    const struct qt__frame *f, uint64_t offset)
{
	uint64_t	claim = h->base + offset;

	if (f->lag == UINT32_MAX || f->lag > claim)
		return;
	claim -= f->lag;
	if (claim > out->claim)
		out->claim = claim;
}

/*
 * What lies there may be anything, so a long would-be frame is only read through
 * when the one behind it says that it follows it; or, for it may be the last
 * one, as long as all that reading is within the budget.
 */
static bool
is_worth_it(const uint8_t *log, uint64_t size, uint64_t at, uint64_t *budget)
{
	const struct qt__frame	*f = (const void *)(log + at), *next;
	uint64_t		 len = qt__frame_size(f);

	if (f->crc == 0 || len > size - at)
		return false;
	next = (const void *)(log + at + len);
	if (len <= LONG_FRAME || (size - at - len >= sizeof(*next) &&
	    next->chain == f->crc))
		return true;
	if (len > *budget)
		return false;
	*budget -= len;
	return true;
}

uint64_t
qt__log_find(const uint8_t *log, uint64_t size, uint64_t at, uint32_t seed,
    uint64_t *budget)
{
	at = (at + 7) & ~UINT64_C(7);
	for (; at < size && size - at >= sizeof(struct qt__frame); at += 8)
		if (is_worth_it(log, size, at, budget) &&
		    qt__log_is_frame(log, size, at, seed))
			return at;
	return 0;
}

/* Good frames behind the end, at any multiple of 8. */
static void
look_beyond(struct qt__log_end *out, const uint8_t *log, uint64_t size,
    uint64_t at)
{
	const struct qt__log_head *h = (const void *)log;
	uint32_t	 seed = qt__log_seed(h);
	uint64_t	 budget = qt__log_budget(size);

	while ((at = qt__log_find(log, size, at, seed, &budget)) != 0) {
		if (out->later == 0)
			out->later = at;
		note_claim(out, h, (const void *)(log + at), at);
		at += 8;
	}
}

/* A sync writes zeros behind what it ends with, as far as the page goes. */
static bool
is_torn(const struct qt__log_end *end, const uint8_t *log, uint64_t size)
{
	uint64_t	at = end->end;

	while (at < size && at % 4096 != 0 && log[at] == 0)
		at++;
	return end->later != 0 || (at < size && at % 4096 != 0);
}

void
qt__log_scan(struct qt__log_end *out, uint8_t *log, uint64_t size)
{
	const struct qt__log_head *h = (const void *)log;
	uint32_t	 seed = qt__log_seed(h), chain = h->chain;
	uint64_t	 at = QT__LOG_FIRST, pending = 0;

	*out = (struct qt__log_end){ .end = at, .chain = chain };
	while (qt__log_is_frame(log, size, at, seed)) {
		struct qt__frame	*f = (void *)(log + at);

		if (f->chain != chain)
			break;
		atomic_store_explicit(&f->link, 0, memory_order_relaxed);
		note_claim(out, h, f, at);
		if (f->time_node >> 16 > out->clock_ms)
			out->clock_ms = f->time_node >> 16;
		chain = f->crc;
		at += qt__frame_size(f);
		pending++;
		if (QT__KIND_FLAGS(f->kind) & QT__FRAME_MORE)
			continue;
		out->end = at;
		out->chain = chain;
		out->records += pending;
		pending = 0;
	}
	look_beyond(out, log, size, at);
	/* An incomplete batch is to be wiped as well. */
	if (out->later == 0 && pending > 0)
		out->later = out->end;
	out->is_torn = is_torn(out, log, size);
}

int
qt__log_stat(int fd, uint64_t *size, struct qt_err *err)
{
	struct stat	st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	if (S_ISREG(st.st_mode) && *size <= LOG_MAX)
		return 0;
	qt_err_set(err, S_ISREG(st.st_mode) ? "it has %llu bytes, which no log "
	    "has" : "it is not a file", (unsigned long long)*size);
	return -QT_ECORRUPT;
}

int
qt__log_read(int fd, uint8_t **image, size_t *len, struct qt_err *err)
{
	uint64_t	size;
	ssize_t		n;
	int		rc = qt__log_stat(fd, &size, err);

	*image = NULL;
	*len = 0;
	if (rc < 0)
		return rc;
	/* Frames are words: the memory behind the file is zeros. */
	*image = calloc(1, size + 64);
	if (*image == NULL)
		return -ENOMEM;
	for (; *len < size; *len += (size_t)n) {
		n = qt_sys_pread(fd, *image + *len, size - *len, (off_t)*len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
	}
	return 0;
}
