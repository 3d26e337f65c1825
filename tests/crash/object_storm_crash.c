/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that make, open, use and erase objects of the same names, and
 * are killed and stopped at random. Then no object is damaged, every name can
 * be erased, and every page is back.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/array.h>
#include <qt/shm/value.h>

#include "../unit/storm.h"

#define WORKERS		5
#define NAMES		6
#define SIZE		(2u << 20)
#define LEN		48

struct world {
	struct qt_seg	*seg;
	uint64_t	 used;
};

static const char *
name_of(unsigned int r)
{
	static const char *const	names[NAMES] = { "a", "b", "c", "d",
	    "e", "f" };

	return names[r % NAMES];
}

static int
is_a_no(int rc)
{
	return rc == -ENOENT || rc == -EEXIST || rc == -EINVAL ||
	    rc == -ENOMEM || rc == -QT_EFULL;
}

static void
turn_make(struct qt_seg *seg, unsigned int r)
{
	struct qt_array_spec	a = { .dtype = "i8",
	    .shape = { 1 + r / NAMES % 9000 } };
	struct qt_value_spec	v = { .size = LEN, .writers = 2 };
	int			rc = r & 1 ?
	    qt_array_create(seg, name_of(r), &a, NULL) :
	    qt_value_create(seg, name_of(r), &v, NULL);

	storm_expect(rc == 0 || is_a_no(rc), 11);
}

/* An array counts up, at its two ends; whoever dies has done one and not both. */
static void
turn_array(struct qt_seg *seg, unsigned int r)
{
	struct qt_array	*a;
	uint64_t	 last;
	int64_t		 first, second;
	int		 rc = qt_array_open(seg, name_of(r), NULL, &a, NULL);

	if (rc < 0) {
		storm_expect(is_a_no(rc), 21);
		return;
	}
	last = qt_array_count(a) - 1;
	storm_expect(qt_array_add(a, 0, 1, &first) == 0, 22);
	storm_expect(qt_array_add(a, last, 1, &second) == 0, 23);
	storm_expect(first >= 0 && second >= 0, 24);
	qt_array_close(a);
}

/* A value is all of one letter. */
static void
turn_value(struct qt_seg *seg, unsigned int r)
{
	struct qt_value	*v;
	char		 text[LEN];
	ssize_t		 n;
	int		 rc = qt_value_open(seg, name_of(r), NULL, &v, NULL);

	if (rc < 0) {
		storm_expect(is_a_no(rc), 31);
		return;
	}
	n = qt_value_get(v, text, LEN, NULL);
	storm_expect(n == LEN || n == -QT_EEMPTY, 32);
	for (ssize_t i = 1; i < n; i++)
		storm_expect(text[i] == text[0], 33);
	memset(text, (int)('a' + r % 26), LEN);
	rc = qt_value_put(v, text, LEN, NULL);
	/* As many writers as it was made for may be stopped. */
	storm_expect(rc == 0 || rc == -EBUSY, 34);
	qt_value_close(v);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc = qt_seg_after_fork(w->seg, &err);

	if (rc < 0)
		printf("# worker %u: %s\n", worker, err.text);
	fflush(stdout);
	storm_expect(rc == 0, 40);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	int		 rc;

	(void)worker;
	(void)n;
	switch (r >> 4 & 7) {
	case 0: case 1:
		turn_make(w->seg, r >> 7);
		break;
	case 2:
		rc = qt_obj_erase(w->seg, name_of(r >> 7), NULL);
		storm_expect(rc == 0 || rc == -ENOENT, 51);
		break;
	case 3: case 4:
		turn_array(w->seg, r >> 7);
		break;
	default:
		turn_value(w->seg, r >> 7);
	}
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec	spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .entries = 10,
	    .kind = "storm" };
	uint64_t		*all = calloc(SIZE / 4096, sizeof(*all));
	size_t			n = 0;

	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0 && all != NULL,
	    "create");
	/* Each page once, so that the whole map has memory from here on. */
	while (qt_seg_alloc(w->seg, 4096, &all[n]) == 0)
		n++;
	while (n > 0)
		storm_must(qt_seg_free(w->seg, all[--n]) == 0, "free");
	free(all);
	w->used = qt_seg_used(w->seg);
}

static void
fault(void *arg, const char *name, const char *what)
{
	(void)arg;
	printf("# %s: %s\n", name, what);
}

static void
check(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	storm_must(qt_obj_fsck(w->seg, 0, fault, NULL) == 0, "fsck of objects");
	for (unsigned int i = 0; i < NAMES; i++) {
		int	rc = qt_obj_erase(w->seg, name_of(i), NULL);

		storm_must(rc == 0 || rc == -ENOENT, "erase");
	}
	storm_must(qt_obj_gc(w->seg) >= 0, "gc");
	storm_must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	storm_must(qt_seg_used(w->seg) == w->used, "memory was lost");
	for (unsigned int i = 0; i < 100; i++) {
		turn_make(w->seg, i);
		storm_must(qt_obj_erase(w->seg, name_of(i), NULL) == 0,
		    "erase what was just made");
	}
	storm_must(qt_seg_used(w->seg) == w->used, "memory was lost later");
	qt_seg_close(w->seg);
}

int
main(void)
{
	struct world	w = { 0 };
	struct storm	s = { .name = "object storm", .workers = WORKERS,
	    .is_waiting = 1, .begin = begin, .turn = turn, .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_run(&s, 600);
	check(&w);
	storm_passed(&s, "no object and no page is lost");
	return EXIT_SUCCESS;
}
