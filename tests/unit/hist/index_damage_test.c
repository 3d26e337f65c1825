/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index whose segment is damaged: reading it comes to an end, within the
 * segment, and writing to it does, or makes another one.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <qt/hist/find.h>

#include "../../../libcommon/hist/index_priv.h"
#include "index_compare.h"

struct file {
	unsigned char	*p;
	size_t		 len;
};

static struct file
map_file(const struct world *w)
{
	char		name[QT__IX_NAME], path[128];
	struct file	f;
	struct stat	st;
	int		fd;

	assert_int_equal(qt__ix_name(name, w->path, ""), 0);
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	f.len = (size_t)st.st_size;
	f.p = mmap(NULL, f.len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(f.p != MAP_FAILED);
	close(fd);
	return f;
}

/* Looks at everything; what it finds is of no interest, but that it ends. */
static uint64_t
read_all(const struct qt_hist_index *ix)
{
	static struct qt_hist_completion	out[QT_HIST_COMPLETE_MAX];
	static const char *const		prefixes[] = { "", "git", "m" };
	struct qt_hist_index_next	next[QT_HIST_NEXT];
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;
	struct qt_hist_event		f;
	uint64_t			sum = 0;
	uint32_t			n, at = QT_HIST_NONE;

	qt_hist_index_view(ix, &v);
	for (uint32_t i = 0; i < v.commands && i < 300; i++) {
		struct qt_hist_bytes	text = qt_hist_index_text(&v, i);

		sum += qt_hist_match_signature(text.data, text.len < 256 ?
		    text.len : 256) + qt_hist_index_next(ix, i, next);
		sum += qt_hist_index_find(ix, text.data, text.len < 256 ?
		    text.len : 256);
	}
	n = qt_hist_index_last(ix);
	for (uint32_t i = 0; i < 300 && n > 0; i++) {
		if (!qt_hist_index_event(ix, n, &e))
			break;
		assert_true(e.of_session < n);
		sum += qt_hist_index_fact(ix, QT_HIST_FACT_CONTEXT, e.context, &f,
		    NULL);
		sum += qt_hist_index_fact(ix, QT_HIST_FACT_PLACE, e.place, &f,
		    NULL);
		n = e.of_session;
	}
	for (int i = 0; i < 300 && (at = qt_hist_index_fact_next(ix,
	    QT_HIST_FACT_PLACE, at)) != QT_HIST_NONE; i++)
		sum += at;
	for (size_t i = 0; i < 3; i++) {
		sum += qt_hist_index_complete(ix, QT_HIST_COMMANDS,
		    prefixes[i], strlen(prefixes[i]), out, 20);
		sum += qt_hist_index_complete(ix, QT_HIST_WORDS, prefixes[i],
		    strlen(prefixes[i]), out, QT_HIST_COMPLETE_MAX);
	}
	return sum;
}

/* The same of who looks for commands. */
static void
find_all(struct qt_hist_index *ix)
{
	static const char *const	queries[] = { "", "g 1", "cwd:/3 !m",
	    "session:s1 exit:0" };
	const struct qt_hist_here	here = { .cwd = "/3", .session = "s1" };
	struct qt_hist_found		found[8];
	struct qt_hist_finding		q = { .found = found, .max = 8 };
	struct qt_hist_find		*f;
	struct qt_hist_event		e;

	if (qt_hist_find_new(&f, ix, NULL, &here, NULL) < 0)
		return;
	for (size_t i = 0; i < 4; i++) {
		q.query = queries[i];
		q.len = strlen(q.query);
		assert_int_equal(qt_hist_find(f, &q, NULL), 0);
		for (uint32_t k = 0; k < q.count; k++)
			(void)qt_hist_find_event(f, found[k].event, &e);
	}
	qt_hist_find_free(f);
}

static void
try_reader(const struct world *w)
{
	struct qt_hist_index	*ix;

	if (qt_hist_index_open(&ix, w->path, NULL) < 0)
		return;
	(void)read_all(ix);
	find_all(ix);
	qt_hist_index_close(ix);
}

/* What was added since, whatever is damaged. */
static void
try_writer(struct world *w)
{
	qt_hist_index_close(w->ix);
	w->ix = NULL;
	world_update(w);
	(void)read_all(w->ix);
}

/* Where memory is: the head, then what areas have. */
static size_t
place_of(const struct qt_hist_index *ix, size_t i)
{
	const struct qt__ix_head	*h = ix->head;
	size_t				 at = qt_seg_offset(ix->seg, h);

	if (i < sizeof(*h))
		return at + i;
	i -= sizeof(*h);
	at = i % QT__IX_AREA_COUNT;
	/* Where things are that were added: at the beginning. */
	return h->area[at].offset + (i / QT__IX_AREA_COUNT * 37) %
	    (h->area[at].size < 4096 ? h->area[at].size : 4096);
}

QT_TEST(a_reader_of_a_damaged_index_stays_within_it)
{
	static const unsigned char	how[] = { 0xff, 0x01, 0x80 };
	struct world			w;
	struct file			f;

	(void)state;
	world_begin(&w, 64, 256);
	for (int i = 0; i < 4; i++)
		world_add_random(&w, 50);
	world_update(&w);
	f = map_file(&w);
	for (size_t i = 0; i < sizeof(struct qt__ix_head) + 1600; i++) {
		size_t	at = place_of(w.ix, i);

		for (size_t k = 0; k < sizeof(how); k++) {
			f.p[at] ^= how[k];
			try_reader(&w);
			f.p[at] ^= how[k];
		}
	}
	/* What the segment says of itself. */
	for (size_t i = 0; i < 512; i++) {
		f.p[i] ^= 0xff;
		try_reader(&w);
		f.p[i] ^= 0xff;
	}
	world_compare(&w);
	munmap(f.p, f.len);
	world_end(&w);
}

QT_TEST(a_writer_goes_on_with_what_it_can_and_else_begins_anew)
{
	struct world	w;
	struct file	f;

	(void)state;
	world_begin(&w, 64, 256);
	world_add_random(&w, 50);
	world_update(&w);
	for (uint32_t i = 0; i < 160; i++) {
		f = map_file(&w);
		f.p[place_of(w.ix, world_draw(&w, sizeof(struct qt__ix_head) +
		    800))] ^= (unsigned char)(1 + world_draw(&w, 255));
		munmap(f.p, f.len);
		world_add_random(&w, 1);
		try_writer(&w);
		try_reader(&w);
	}
	assert_int_equal(qt_hist_index_remove(w.path), 0);
	world_update(&w);
	world_compare(&w);
	world_end(&w);
}

QT_TEST(an_index_of_another_layout_or_history_is_made_anew)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add_random(&w, 10);
	world_update(&w);
	w.ix->head->layout++;
	try_writer(&w);
	assert_true(world_was_built(&w));
	w.ix->head->history++;
	try_writer(&w);
	assert_true(world_was_built(&w));
	/* Of one that was killed here. */
	atomic_store(&w.ix->head->is_busy, 1);
	try_writer(&w);
	assert_true(world_was_built(&w));
	try_writer(&w);
	assert_false(world_was_built(&w));
	world_compare(&w);
	world_end(&w);
}
