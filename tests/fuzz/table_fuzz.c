/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session table that was damaged: each input is a list of changes (place,
 * byte) to a sound one, and of words that name memory copied over another.
 * Readers must end, and stay inside the segment; becoming its writer must be
 * refused or work. What was adopted is then used: sessions come and go with
 * their output, and whatever output there was before must be as it was, since
 * no two structures may share memory.
 */

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/shm/ring.h>

#include "../unit/session/table_world.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
read_all(const struct qt_seg *seg)
{
	struct qt_session_table	*t;
	struct qt_host_info	 info;
	struct qt_session	 s;
	uint64_t		 cursor = 0;
	int			 n = 0;

	if (qt_session_table_open(seg, &t, NULL) < 0)
		return;
	while (qt_session_next(t, NULL, &cursor, &s) == 1 && n++ < 100) {
		(void)qt_session_find(t, &s.id, &s);
		(void)qt_session_resolve(t, s.name, &s);
		must(memchr(s.name, '\0', sizeof(s.name)) != NULL);
	}
	cursor = 0;
	while (qt_session_next(t, "own", &cursor, &s) == 1 && n++ < 200)
		(void)qt_session_live(t, s.slot);
	(void)qt_host_info(t, &info);
	qt_session_table_close(t);
}

/* A session's output of so many bytes, all of one kind. */
static int
give_ring(struct qt__table *t, struct qt_session *s, int c, size_t len)
{
	static char		 text[40000];
	struct qt_ring_writer	*w;
	uint64_t		*word = qt__table_ring(t, s->slot);

	if (qt_ring_create(t->seg, QT_RING_LIMIT_MIN, word) < 0)
		return -1;
	must(qt_ring_writer_open(t->seg, *word, &w, NULL) == 0);
	memset(text, c, len);
	must(qt_ring_write(w, text, len) == 0);
	qt_ring_writer_close(w);
	s->ring_offset = *word;
	return qt__table_put(t, s);
}

/* What is readable of a session's output, as one number. */
static uint32_t
sum_of(const struct qt_seg *seg, const struct qt_session *s)
{
	struct qt_ring_reader	*r;
	uint64_t		 tail, head;
	char			 text[40000];
	uint32_t		 sum = 0;
	ssize_t			 n;

	if (qt_ring_reader_open(seg, s->ring_offset, &r, NULL) < 0)
		return 0;
	qt_ring_range(r, &tail, &head);
	n = qt_ring_read(r, tail, text, sizeof(text));
	if (n > 0)
		sum = qt_crc32c(0, text, (size_t)n);
	qt_ring_reader_close(r);
	return sum;
}

#define BEFORE	4
#define AFTER	6

static void
sums(const struct qt__table *t, uint32_t out[QT__TABLE_BLOCK])
{
	struct qt_session	s;

	for (uint32_t i = 0; i < QT__TABLE_BLOCK; i++)
		out[i] = qt__table_get(t, i, &s) == 0 ? sum_of(t->seg, &s) : 0;
}

/* New sessions come, write more than their rings hold, and go. */
static void
use(struct qt__table *t)
{
	struct qt_session	s[AFTER];
	int			n = 0;

	while (n < AFTER) {
		s[n] = table_record("new", "own");
		if (qt__table_add(t, &s[n]) < 0)
			break;
		must(give_ring(t, &s[n++], 'x', 40000) == 0);
	}
	for (int i = 0; i < n; i++) {
		must(qt_ring_destroy_at(t->seg, qt__table_ring(t,
		    s[i].slot)) == 0);
		qt__table_del(t, s[i].slot);
	}
}

static void
adopt_and_use(struct qt_seg *seg)
{
	struct qt__table	*t;
	uint32_t		 before[QT__TABLE_BLOCK];
	uint32_t		 after[QT__TABLE_BLOCK];

	if (qt__table_adopt(seg, &t, NULL) < 0)
		return;
	sums(t, before);
	use(t);
	sums(t, after);
	must(memcmp(before, after, sizeof(before)) == 0);
	must(qt_seg_fsck(seg, NULL) == 0);
	must(qt__table_check(seg, NULL) == 0);
	qt__table_close(t);
	/* Now it is sound, so it is adopted again as it is. */
	must(qt__table_adopt(seg, &t, NULL) == 0 && t->cut == 0);
	sums(t, after);
	must(memcmp(before, after, sizeof(before)) == 0);
	qt__table_close(t);
}

#define COPY	0xff

/* One of the words that name memory. */
static _Atomic uint64_t *
word_at(struct qt__table_head *head, struct qt__block *block, uint8_t i)
{
	if (i < 6)
		return &head->extent[i / 2][i % 2];
	if (i < 9)
		return &head->dir[i - 6];
	if (i < 10)
		return &head->host.events_ring;
	return &block->ring[i % QT__TABLE_BLOCK];
}

static void
copy_word(struct qt__table_head *head, struct qt__block *block, uint8_t to,
    uint8_t from)
{
	/* As it is, or the page behind it. */
	uint64_t	word = *word_at(head, block, from);

	*word_at(head, block, to) = from & 0x80 ? word + 4096 : word;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_seg_spec	 spec = table_spec;
	struct qt__table	*t;
	struct qt_seg_entry	 e;
	struct qt_session	 s;
	struct qt_seg		*seg;
	unsigned char		*head, *block;
	char			 name[8];

	spec.size = 4u << 20;
	must(qt_seg_create(NULL, &spec, &seg, NULL) == 0);
	must(qt__table_create(seg, &t, NULL) == 0);
	for (int i = 0; i < BEFORE; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		s = table_record(name, i % 2 ? "own" : "other");
		must(qt__table_add(t, &s) == 0);
		must(give_ring(t, &s, 'a' + i, 6000) == 0);
	}
	must(qt_ring_create(seg, QT_RING_LIMIT_MIN,
	    qt__plain(&qt__table_host(t)->events_ring)) == 0);
	must(qt_seg_entry_get(seg, QT__TABLE_ENTRY, &e) == 0);
	head = qt_seg_at(seg, e.offset, sizeof(struct qt__table_head));
	block = (unsigned char *)qt__map_live(&t->map, 0);
	qt__table_close(t);
	for (size_t i = 0; i + 3 <= size && i < 192; i += 3) {
		size_t	at = (size_t)data[i] << 8 | data[i + 1];

		if (data[i] == COPY)
			copy_word((void *)head, (void *)block, data[i + 1],
			    data[i + 2]);
		else if (at < sizeof(struct qt__table_head))
			head[at] = data[i + 2];
		else
			block[at - sizeof(struct qt__table_head)] =
			    data[i + 2];
	}
	read_all(seg);
	adopt_and_use(seg);
	qt_seg_close(seg);
	return 0;
}
