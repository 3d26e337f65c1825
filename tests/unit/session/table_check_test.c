/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged table whose words name each other's memory. */

#include "../test.h"

#include <errno.h>

#include <qt/shm/ring.h>

#include "table_world.h"

#define RECORDS	4

struct world {
	struct qt_seg		*seg;
	struct qt__table	*table;
	struct qt_session	 rec[RECORDS];
};

/* What a session's ring holds, by its number. */
static const char *
text_of(int i)
{
	static char	text[6000];

	memset(text, 'a' + i, sizeof(text));
	return text;
}
#define TEXT_LEN	6000

static void
give_ring(struct qt__table *t, struct qt_session *s, int i)
{
	struct qt_ring_writer	*w;
	uint64_t		*word = qt__table_ring(t, s->slot);

	assert_int_equal(qt_ring_create(t->seg, QT_RING_LIMIT_MIN, word), 0);
	assert_int_equal(qt_ring_writer_open(t->seg, *word, &w, NULL), 0);
	assert_int_equal(qt_ring_write(w, text_of(i), TEXT_LEN), 0);
	qt_ring_writer_close(w);
	s->ring_offset = *word;
	assert_int_equal(qt__table_put(t, s), 0);
}

/* Records 0 to 3, each with a ring; the writer is gone. */
static void
begin(struct world *w)
{
	char	name[8];

	assert_int_equal(qt_seg_create(NULL, &table_spec, &w->seg, NULL), 0);
	assert_int_equal(qt__table_create(w->seg, &w->table, NULL), 0);
	for (int i = 0; i < RECORDS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		w->rec[i] = table_record(name, "own");
		assert_int_equal(qt__table_add(w->table, &w->rec[i]), 0);
		give_ring(w->table, &w->rec[i], i);
	}
	assert_int_equal(qt__table_check(w->seg, NULL), 0);
}

static _Atomic uint64_t *
ring_word(struct world *w, int i)
{
	return qt__map_ring(&w->table->map, w->rec[i].slot);
}

/* The host after it. */
static int
adopt(struct world *w)
{
	struct qt__table_head	*head = w->table->map.head;
	int			 rc;

	assert_int_equal(qt__table_check(w->seg, NULL), -QT_ECORRUPT);
	qt__table_close(w->table);
	rc = qt__table_adopt(w->seg, &w->table, NULL);
	if (rc < 0)
		w->table = NULL;
	else
		assert_ptr_equal(w->table->map.head, head);
	return rc;
}

static void
assert_kept(struct world *w, int i)
{
	struct qt_ring_reader	*r;
	struct qt_session	 s;
	char			 got[TEXT_LEN];

	assert_int_equal(qt__table_get(w->table, w->rec[i].slot, &s), 0);
	assert_int_equal(qt_ring_reader_open(w->seg, s.ring_offset, &r, NULL),
	    0);
	assert_int_equal(qt_ring_read(r, 0, got, sizeof(got)), TEXT_LEN);
	assert_memory_equal(got, text_of(i), TEXT_LEN);
	qt_ring_reader_close(r);
}

static void
assert_cut(struct world *w, int i)
{
	struct qt_session	s;

	assert_int_equal(qt__table_get(w->table, w->rec[i].slot, &s), 0);
	assert_string_equal(s.name, w->rec[i].name);
	assert_true(s.ring_offset == 0);
	assert_true(*ring_word(w, i) == 0);
}

/* Sessions come and go; what is kept stays. */
static void
use(struct world *w)
{
	struct qt_session	s[40];

	for (int i = 0; i < 40; i++) {
		s[i] = table_record("", "new");
		assert_int_equal(qt__table_add(w->table, &s[i]), 0);
		give_ring(w->table, &s[i], 9);
	}
	for (int i = 0; i < 40; i++) {
		qt__table_del(w->table, s[i].slot);
		assert_int_equal(qt_ring_destroy_at(w->seg,
		    qt__table_ring(w->table, s[i].slot)), 0);
	}
	assert_null(table_check(w->seg));
	assert_int_equal(qt_seg_fsck(w->seg, NULL), 0);
	assert_int_equal(qt__table_check(w->seg, NULL), 0);
}

static void
end(struct world *w)
{
	qt__table_close(w->table);
	qt_seg_close(w->seg);
}

QT_TEST(two_rings_in_one_place_are_both_cut_off)
{
	struct world	w;

	(void)state;
	begin(&w);
	atomic_store(ring_word(&w, 1), *ring_word(&w, 2));
	assert_int_equal(adopt(&w), 0);
	assert_int_equal(w.table->cut, 2);
	assert_cut(&w, 1);
	assert_cut(&w, 2);
	use(&w);
	assert_kept(&w, 0);
	assert_kept(&w, 3);
	end(&w);
}

QT_TEST(a_ring_that_shares_a_chunk_is_cut_off)
{
	struct qt_ring_piece	a[QT_RING_PIECES_MAX], b[QT_RING_PIECES_MAX];
	struct world		w;
	uint64_t		*slot;

	(void)state;
	begin(&w);
	assert_true(qt_ring_pieces(w.seg, *ring_word(&w, 0), a) > 1);
	assert_true(qt_ring_pieces(w.seg, *ring_word(&w, 3), b) > 1);
	/* qt-segment(5): a ring's first slot. */
	slot = qt_seg_at(w.seg, a[0].offset + 264, 8);
	assert_true((*slot & ~UINT64_C(4095)) == a[1].offset);
	*slot = b[1].offset | (*slot & 4095);
	assert_int_equal(adopt(&w), 0);
	assert_int_equal(w.table->cut, 2);
	use(&w);
	assert_kept(&w, 1);
	assert_kept(&w, 2);
	end(&w);
}

static void
index_names(uint64_t (*place)(struct world *))
{
	struct world		w;
	struct qt__table_head	*head;
	uint64_t		 word;

	begin(&w);
	head = w.table->map.head;
	word = place(&w);
	for (int i = 0; i < QT__INDEXES; i++)
		for (int k = 0; k < 2; k++)
			atomic_store(&head->extent[i][k], word);
	assert_int_equal(adopt(&w), 0);
	assert_int_equal(w.table->cut, 0);
	use(&w);
	for (int i = 0; i < RECORDS; i++)
		assert_kept(&w, i);
	end(&w);
}

static uint64_t
of_chunk(struct world *w)
{
	struct qt_ring_piece	p[QT_RING_PIECES_MAX];

	assert_true(qt_ring_pieces(w->seg, *ring_word(w, 2), p) > 1);
	return p[1].offset;
}

static uint64_t
of_block(struct world *w)
{
	return w->table->map.head->dir[0];
}

static uint64_t
of_head(struct world *w)
{
	return qt_seg_offset(w->seg, w->table->map.head);
}

/* A ring's header is in a page that it shares, which is no extent. */
static uint64_t
of_ring(struct world *w)
{
	return *ring_word(w, 0);
}

static uint64_t
of_nothing(struct world *w)
{
	return of_block(w) + 8 * 4096;
}

QT_TEST(an_index_does_not_free_what_another_structure_uses)
{
	(void)state;
	index_names(of_chunk);
	index_names(of_block);
	index_names(of_ring);
	index_names(of_head);
	index_names(of_nothing);
}

QT_TEST(events_in_a_sessions_ring_are_cut_off_with_it)
{
	struct world	w;

	(void)state;
	begin(&w);
	atomic_store(&qt__table_host(w.table)->events_ring, *ring_word(&w, 2));
	assert_int_equal(adopt(&w), 0);
	assert_int_equal(w.table->cut, 2);
	assert_true(qt__table_host(w.table)->events_ring == 0);
	assert_cut(&w, 2);
	use(&w);
	assert_kept(&w, 3);
	end(&w);
}

QT_TEST(a_block_that_is_something_else_is_refused_or_not_used)
{
	struct qt__table_head	*head;
	struct world		 w;

	(void)state;
	begin(&w);
	/* Not in use yet: it never will be. */
	atomic_store(&w.table->map.head->dir[1], of_chunk(&w));
	assert_int_equal(adopt(&w), 0);
	assert_true(w.table->map.head->dir[1] == 0);
	for (int i = 0; i < RECORDS; i++)
		assert_kept(&w, i);
	use(&w);
	head = w.table->map.head;
	atomic_store(&head->dir[1], head->dir[0]);
	atomic_store(&head->blocks, 2);
	assert_int_equal(adopt(&w), -QT_ECORRUPT);
	end(&w);
}
