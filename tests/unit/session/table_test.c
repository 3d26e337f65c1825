/* SPDX-License-Identifier: Apache-2.0 */
/* The session table: against a model, with readers beside it, and damaged. */

#include "../test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "table_world.h"

#define SLOTS	500
#define STEPS	20000

struct world {
	struct qt_seg		*seg;
	struct qt__table	*table;
	struct qt_session_table	*reader;
};

static void
begin(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	assert_int_equal(qt_seg_create(NULL, &table_spec, &w->seg, &err), 0);
	assert_int_equal(qt__table_create(w->seg, &w->table, &err), 0);
	atomic_store(&qt__table_host(w->table)->participant,
	    qt_seg_self(w->seg));
	assert_int_equal(qt_session_table_open(w->seg, &w->reader, &err), 0);
}

static void
end(struct world *w)
{
	qt_session_table_close(w->reader);
	qt__table_close(w->table);
	qt_seg_close(w->seg);
}

QT_TEST(a_record_comes_back_as_it_was)
{
	struct qt_session	s = table_record("name", "owner"), got;
	struct world		w;

	(void)state;
	begin(&w);
	s.pid = 77;
	s.size_seq = 5;
	s.exit_status = -1;
	s.ring_limit = UINT64_C(1) << 40;
	memset(s.title, 'T', sizeof(s.title) - 1);
	assert_int_equal(qt__table_add(w.table, &s), 0);
	assert_int_equal(qt_session_find(w.reader, &s.id, &got), 0);
	assert_int_equal(got.generation, 1);
	assert_int_equal(got.pid, 77);
	assert_int_equal(got.exit_status, -1);
	assert_true(got.ring_limit == UINT64_C(1) << 40);
	assert_string_equal(got.title, s.title);
	assert_string_equal(got.name, "name");
	assert_true(got.changed_ms > 0);
	end(&w);
}

QT_TEST(a_slot_that_is_used_again_has_another_generation)
{
	struct qt_session	a = table_record("", "o"), b = a, got;
	struct world		w;

	(void)state;
	begin(&w);
	assert_int_equal(qt__table_add(w.table, &a), 0);
	qt__table_del(w.table, a.slot);
	assert_int_equal(qt_session_get(w.reader, a.slot, &got), -ENOENT);
	assert_int_equal(qt_session_find(w.reader, &a.id, &got), -ENOENT);
	qt_uuid_new(&b.id);
	assert_int_equal(qt__table_add(w.table, &b), 0);
	assert_int_equal(b.slot, a.slot);
	assert_int_equal(b.generation, a.generation + 1);
	end(&w);
}

QT_TEST(a_name_means_the_running_one_then_the_newest)
{
	struct qt_session	a = table_record("x", "o"), b, c, got;
	struct world		w;

	(void)state;
	begin(&w);
	assert_int_equal(qt__table_add(w.table, &a), 0);
	a.state = QT_STATE_EXITED;
	assert_int_equal(qt__table_put(w.table, &a), 0);
	b = table_record("x", "o");
	b.state = QT_STATE_EXITED;
	assert_int_equal(qt__table_add(w.table, &b), 0);
	assert_int_equal(qt_session_resolve(w.reader, "x", &got), 0);
	assert_int_equal(got.slot, b.slot);
	c = table_record("x", "o");
	assert_int_equal(qt__table_add(w.table, &c), 0);
	assert_int_equal(qt_session_resolve(w.reader, "x", &got), 0);
	assert_int_equal(got.slot, c.slot);
	qt__table_del(w.table, c.slot);
	assert_int_equal(qt_session_resolve(w.reader, "x", &got), 0);
	assert_int_equal(got.slot, b.slot);
	qt__table_del(w.table, a.slot);
	assert_int_equal(qt_session_resolve(w.reader, "x", &got), 0);
	assert_int_equal(got.slot, b.slot);
	qt__table_del(w.table, b.slot);
	assert_int_equal(qt_session_resolve(w.reader, "x", &got), -ENOENT);
	end(&w);
}

QT_TEST(an_id_may_be_cut_to_four_characters_while_it_is_unique)
{
	struct qt_session	a = table_record("", "o"), b, got;
	char			text[QT_UUID_TEXT_SIZE];
	struct world		w;

	(void)state;
	begin(&w);
	assert_int_equal(qt__table_add(w.table, &a), 0);
	qt_uuid_text(&a.id, text);
	text[4] = '\0';
	assert_int_equal(qt_session_resolve(w.reader, text, &got), 0);
	assert_int_equal(got.slot, a.slot);
	b = table_record("", "o");
	assert_int_equal(qt__table_add(w.table, &b), 0);
	assert_int_equal(qt_session_resolve(w.reader, text, &got), -EEXIST);
	text[3] = '\0';
	assert_int_equal(qt_session_resolve(w.reader, text, &got), -ENOENT);
	assert_int_equal(qt_session_resolve(w.reader, "", &got), -ENOENT);
	end(&w);
}

/* What the table should hold, by slot. */
static struct qt_session	model[QT__TABLE_SLOTS];

static void
compare(struct world *w, uint32_t count)
{
	struct qt_session	s;
	uint64_t		cursor = 0;
	uint32_t		n = 0;

	while (qt_session_next(w->reader, NULL, &cursor, &s) == 1) {
		n++;
		assert_memory_equal(&s.id, &model[s.slot].id, sizeof(s.id));
		assert_string_equal(s.name, model[s.slot].name);
		assert_string_equal(s.owner, model[s.slot].owner);
	}
	assert_int_equal(n, count);
	assert_null(table_check(w->seg));
}

/* One step of many: adds, drops, renames, changes owner. */
static void
change(struct world *w, uint32_t *used, uint32_t *count)
{
	uint32_t	at = (uint32_t)(rand() % SLOTS);
	char		name[16];

	snprintf(name, sizeof(name), "n%d", rand() % 400);
	if (at >= *count) {
		struct qt_session s = table_record(name, at % 2 ? "a" : "b");

		s.state = QT_STATE_EXITED;
		assert_int_equal(qt__table_add(w->table, &s), 0);
		used[(*count)++] = s.slot;
		model[s.slot] = s;
	} else if (rand() % 3 == 0) {
		qt__table_del(w->table, used[at]);
		used[at] = used[--*count];
	} else if (rand() % 2 == 0) {
		memcpy(model[used[at]].name, name, sizeof(name));
		assert_int_equal(qt__table_put(w->table, &model[used[at]]), 0);
	} else {
		snprintf(model[used[at]].owner, 32, "o%d", rand() % 5);
		assert_int_equal(qt__table_set_owner(w->table,
		    &model[used[at]]), 0);
	}
}

QT_TEST(thousands_of_random_changes_match_a_model_also_after_adoption)
{
	static uint32_t		used[SLOTS + 1];
	struct qt_err		err = QT_ERR_INIT;
	struct world		w;
	uint32_t		count = 0;
	unsigned int		seed = (unsigned int)getpid();

	(void)state;
	print_message("# seed %u\n", seed);
	srand(seed);
	begin(&w);
	for (int i = 1; i <= STEPS; i++) {
		change(&w, used, &count);
		if (i % 2500 != 0)
			continue;
		compare(&w, count);
		qt__table_close(w.table);
		assert_int_equal(qt__table_adopt(w.seg, &w.table, &err), 0);
		assert_int_equal(w.table->records, count);
		compare(&w, count);
	}
	end(&w);
}

QT_TEST(the_table_holds_65536_records_and_refuses_one_more)
{
	struct qt_session	s;
	struct world		w;
	uint64_t		used;

	(void)state;
	begin(&w);
	used = qt_seg_used(w.seg);
	/* Records enough for the tests' segment of 64 MiB. */
	for (uint32_t i = 0; i < 60000; i++) {
		s = table_record("", "o");
		assert_int_equal(qt__table_add(w.table, &s), 0);
	}
	assert_true(qt_seg_used(w.seg) - used < 60000 * 1100);
	assert_int_equal(qt_session_find(w.reader, &s.id, &s), 0);
	for (uint32_t i = 60000; i < QT__TABLE_SLOTS; i++) {
		s = table_record("", "o");
		if (qt__table_add(w.table, &s) < 0)
			break;
	}
	s = table_record("", "o");
	assert_true(qt__table_add(w.table, &s) < 0);
	end(&w);
}

/* Readers beside the writer: every copy must be of one state. */
static _Atomic int	is_over;

static void *
read_on(void *arg)
{
	struct qt_session_table	*t;
	struct qt_session	 s;
	long			 bad = 0;

	if (qt_session_table_open(arg, &t, NULL) < 0)
		return (void *)1L;
	while (!atomic_load(&is_over)) {
		if (qt_session_get(t, 0, &s) < 0) {
			bad++;
			continue;
		}
		/* The writer keeps these three the same. */
		bad += s.size_seq != s.size_offset ||
		    s.size_seq != s.ring_limit ||
		    (char)('a' + s.size_seq % 26) != s.title[0] ||
		    s.title[0] != s.command[254];
	}
	qt_session_table_close(t);
	return (void *)bad;
}

QT_TEST(readers_never_see_half_a_change)
{
	struct qt_session	s = table_record("r", "o");
	struct world		w;
	pthread_t		threads[3];
	void			*bad;

	(void)state;
	begin(&w);
	s.title[0] = s.command[254] = 'a';
	assert_int_equal(qt__table_add(w.table, &s), 0);
	atomic_store(&is_over, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on,
		    w.seg), 0);
	for (uint64_t i = 1; i < 50000; i++) {
		s.size_seq = s.size_offset = s.ring_limit = i;
		memset(s.title, (int)('a' + i % 26), 100);
		memset(s.command, (int)('a' + i % 26), 255);
		assert_int_equal(qt__table_put(w.table, &s), 0);
	}
	atomic_store(&is_over, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	end(&w);
}

/* Everything a reader can do; it must end, and not touch what is not its. */
static void
use_all(const struct qt_seg *seg)
{
	static const char *const	texts[] = { "n1", "0193", "x",
	    "01930000-0000-7000-8000-000000000000" };
	struct qt_session_table		*t;
	struct qt_session		 s;
	struct qt_host_info		 info;
	uint64_t			 cursor = 0;
	int				 n = 0;

	if (qt_session_table_open(seg, &t, NULL) < 0)
		return;
	while (qt_session_next(t, NULL, &cursor, &s) == 1 && n++ < 1000)
		(void)qt_session_find(t, &s.id, &s);
	cursor = 0;
	while (qt_session_next(t, "a", &cursor, &s) == 1 && n++ < 2000)
		(void)qt_session_live(t, s.slot);
	for (size_t i = 0; i < 4; i++)
		(void)qt_session_resolve(t, texts[i], &s);
	(void)qt_host_info(t, &info);
	qt_session_table_close(t);
}

QT_TEST(a_damaged_table_harms_no_reader_and_is_not_adopted_as_if_sound)
{
	static uint32_t		used[SLOTS + 1];
	struct qt_seg_entry	e;
	struct qt__table	*again;
	struct world		w;
	unsigned char		*head, *block, keep;
	uint32_t		count = 0;

	(void)state;
	begin(&w);
	srand(1);
	for (int i = 0; i < 2000; i++)
		change(&w, used, &count);
	assert_int_equal(qt_seg_entry_get(w.seg, QT__TABLE_ENTRY, &e), 0);
	head = qt_seg_at(w.seg, e.offset, sizeof(struct qt__table_head));
	block = (unsigned char *)qt__map_live(&w.table->map, 0);
	for (int i = 0; i < 3000; i++) {
		unsigned char	*p = i % 2 ? head : block;
		size_t		 at = (size_t)rand() %
		    (i % 2 ? sizeof(struct qt__table_head) :
		    sizeof(struct qt__block));

		keep = p[at];
		p[at] = (unsigned char)rand();
		use_all(w.seg);
		p[at] = keep;
	}
	/* Two records that claim one body. */
	memcpy(block + 48, block + 64 + 48, 8);
	assert_int_equal(qt__table_adopt(w.seg, &again, NULL), -QT_ECORRUPT);
	end(&w);
}
