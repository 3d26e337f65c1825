/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file of a log: checked, scanned, searched beyond its end and
 * indexed, without a crash or an endless loop. What the scan takes as good is
 * found by its key, and is what a second scan takes.
 *
 * The first byte chooses: bit 0: the checksum of the head is made right; bit 1:
 * those of frames that follow each other, and their chain, too, so that what
 * they hold is reached; bit 2: the frame in the middle is damaged after that.
 */

#include <stdlib.h>
#include <string.h>

#include "../../libcommon/store/log_priv.h"

#define NUMBER	1u
#define ROOM	QT__BACK_STEP

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t	sink;

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
fix_head(uint8_t *log, size_t len)
{
	struct qt__log_head	*h = (void *)log;

	if (len < sizeof(*h))
		return;
	memcpy(h->magic, "qtstlog1", sizeof(h->magic));
	h->number = NUMBER;
	h->version = 1;
	h->base = h->base >> 8 & ~UINT64_C(7);
	h->crc = qt_crc32c(0, h, offsetof(struct qt__log_head, crc));
}

/* Each frame that there may be, where the one before it ends. */
static void
fix_frames(uint8_t *log, size_t len, int is_damaged)
{
	const struct qt__log_head *h = (const void *)log;
	uint64_t		 at = QT__LOG_FIRST, middle = 0;
	uint32_t		 chain = h->chain, count = 0;

	while (at <= len && len - at >= sizeof(struct qt__frame)) {
		struct qt__frame	*f = (void *)(log + at);

		if (qt__frame_size(f) > len - at)
			break;
		f->chain = chain;
		chain = f->crc = qt_crc32c(qt__log_seed(h),
		    (const uint8_t *)f + 8, qt__frame_fixed(f) - 8 +
		    QT__KIND_KEY(f->kind) + (uint64_t)f->value_len);
		if (count++ % 2 == 0)
			middle = at;
		at += qt__frame_size(f);
	}
	if (is_damaged && count > 0)
		log[middle + 20] ^= 1;
}

static uint64_t
read_frames(const struct qt__mem *m, uint64_t end)
{
	uint64_t	at = QT__LOG_FIRST, count = 0;

	for (; at < end; count++) {
		const struct qt__frame	*f = (const void *)(m->log + at);
		struct qt__entry	 e;

		qt__frame_entry(m, f, &e);
		must(e.key_len > 0);
		sink += qt_crc32c(0, e.key, e.key_len) +
		    qt_crc32c(0, e.value, e.value_len);
		at += qt__frame_size(f);
	}
	must(at == end);
	return count;
}

/* The newest of each key is found. */
static void
look_up(const struct qt__mem *m, uint64_t end)
{
	for (uint64_t at = QT__LOG_FIRST; at < end;) {
		const struct qt__frame	*f = (const void *)(m->log + at);
		struct qt__entry	 e, found;
		uint32_t		 hash;

		qt__frame_entry(m, f, &e);
		hash = qt__mem_hash(&m->hash, e.key, e.key_len);
		must(qt__mem_get(m, &found, e.key, e.key_len, hash,
		    UINT64_MAX) == 1);
		must(found.version >= e.version);
		must(qt__mem_get(m, &found, e.key, e.key_len, hash,
		    e.version) == 1);
		must(found.version == e.version &&
		    found.value_len == e.value_len);
		at += qt__frame_size(f);
	}
}

static void
index_it(const uint8_t *log, size_t len, const struct qt__log_end *end)
{
	const struct qt__log_head *h = (const void *)log;
	struct qt__mem_spec	 spec = { .number = NUMBER, .base = h->base,
	    .log_size = ROOM, .mode = 0600, .group = (gid_t)-1,
	    .key = { { 1, 2 } } };
	struct qt__mem		*m;

	must(qt__mem_create(&m, NULL, &spec, NULL) == 0);
	memcpy(m->log, log, len);
	m->seed = qt__log_seed(h);
	atomic_store(&m->head->chain, end->chain);
	atomic_store(&m->head->head, end->end);
	must(qt__mem_room(m, 0, end->records) == 1);
	must(qt__mem_redo(m) == 0);
	look_up(m, end->end);
	qt__mem_release(m);
}

static void
search_beyond(const uint8_t *log, size_t len, const struct qt__log_end *end)
{
	uint32_t	seed = qt__log_seed((const void *)log);
	uint64_t	budget = qt__log_budget(len), at = end->end, found = 0;

	while ((at = qt__log_find(log, len, at, seed, &budget)) != 0) {
		must(qt__log_is_frame(log, len, at, seed));
		if (found == 0)
			found = at;
		at += 8;
	}
	if (end->later == 0)
		must(found == 0);
}

static void
read_log(uint8_t *log, size_t len)
{
	const struct qt__log_head *h = (const void *)log;
	struct qt__mem		 m = { .log = log };
	struct qt__log_end	 end, again;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 store = 0;

	if (len >= sizeof(*h))
		store = h->store;
	if (qt__log_check(h, len, NUMBER, store, &err) < 0) {
		must(err.text[0] != '\0');
		return;
	}
	qt__log_scan(&end, log, len);
	must(end.end >= QT__LOG_FIRST && end.end <= len && end.end % 8 == 0);
	must(end.later == 0 || (end.later >= end.end && end.later < len));
	must(read_frames(&m, end.end) == end.records);
	search_beyond(log, len, &end);
	qt__log_scan(&again, log, len);
	must(again.end == end.end && again.records == end.records &&
	    again.claim == end.claim && again.later == end.later &&
	    again.clock_ms == end.clock_ms && again.chain == end.chain &&
	    again.is_torn == end.is_torn);
	if (len <= ROOM)
		index_it(log, len, &end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t	*log;

	if (size == 0)
		return 0;
	/* As it is read from a file: zeros behind it. */
	log = calloc(1, size - 1 + 64);
	must(log != NULL);
	memcpy(log, data + 1, size - 1);
	if (data[0] & 3)
		fix_head(log, size - 1);
	if ((data[0] & 2) && size - 1 >= QT__LOG_FIRST)
		fix_frames(log, size - 1, data[0] & 4);
	read_log(log, size - 1);
	free(log);
	return 0;
}
