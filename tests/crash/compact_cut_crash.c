/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut, or the process killed, while memtables are flushed and runs
 * are merged, in small steps: what the manifest that is in force names, and the
 * memtables that it does not have, hold all that was written; and who comes next
 * goes on to the end.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../libcommon/store/compact_priv.h"
#include "cut_case.h"

#define MEMS	4u		/* numbers 1 to MEMS */
#define RECORDS	24u
#define KEYS	40u

/* --- Memtables ----------------------------------------------------------- */

struct mem {
	struct qt__cursor	 c;
	struct qt__entry	 at[RECORDS];
	char			 keys[RECORDS][8], values[RECORDS][32];
	size_t			 pos;		/* RECORDS: nowhere */
};

static int
mem_give(struct mem *m, size_t pos)
{
	m->pos = pos;
	if (pos >= RECORDS)
		return 0;
	m->c.entry = m->at[pos];
	return 1;
}

static int
mem_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct mem	*m = (struct mem *)c;
	size_t		 i = 0;

	while (i < RECORDS && qt__key_compare(m->at[i].key, m->at[i].key_len,
	    key, len) < 0)
		i++;
	return mem_give(m, i);
}

static int
mem_next(struct qt__cursor *c)
{
	struct mem	*m = (struct mem *)c;

	return m->pos < RECORDS ? mem_give(m, m->pos + 1) : 0;
}

static void
mem_close(struct qt__cursor *c)
{
	free(c);
}

/* Key number i of memtable n: each has other ones, most are in several. */
static unsigned int
key_of(unsigned int n, unsigned int i)
{
	return (i * 7 + n * 11) % KEYS;
}

static bool
is_del(unsigned int n, unsigned int i)
{
	return (n + i) % 5 == 0;
}

static int
compare(const void *a, const void *b)
{
	return qt__entry_compare(a, b);
}

static struct qt__cursor *
mem_cursor(unsigned int n)
{
	static const struct qt__cursor_ops	 ops = { .seek = mem_seek,
	    .next = mem_next, .close = mem_close };
	struct mem				*m = calloc(1, sizeof(*m));

	must(m != NULL, "calloc");
	m->c.ops = &ops;
	m->pos = RECORDS;
	for (unsigned int i = 0; i < RECORDS; i++) {
		struct qt__entry	*e = &m->at[i];

		snprintf(m->keys[i], 8, "k%03u", key_of(n, i));
		snprintf(m->values[i], 32, "value %u of %u", i, n);
		*e = (struct qt__entry){ .key = (uint8_t *)m->keys[i],
		    .key_len = 4, .value = (uint8_t *)m->values[i],
		    .value_len = is_del(n, i) ? 0 :
		    (uint32_t)strlen(m->values[i]),
		    .version = n * 1000 + i,
		    .flags = is_del(n, i) ? QT__DEL : 0 };
	}
	qsort(m->at, RECORDS, sizeof(m->at[0]), compare);
	return &m->c;
}

/* --- A store of them ----------------------------------------------------- */

struct store {
	struct qt__work		 work;
	struct qt__manifest	*m;
};

static int
open_slice(void *arg, uint64_t number, struct qt__run **out,
    struct qt_err *err)
{
	const struct store	*s = arg;

	return qt__run_open(out, s->work.run_dirfd, number, QT__RUN_VERIFY,
	    NULL, err);
}

static void
slice_done(void *arg, struct qt__run *run)
{
	(void)arg;
	qt__run_close(run);
}

static int
store_open(struct store *s, const char *dir, struct qt_err *err)
{
	int	fd = open(dir,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(fd >= 0, "open the folder");
	*s = (struct store){ .work = { .dirfd = fd, .run_dirfd = openat(fd,
	    "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC), .slice_size = 600,
	    .memtable_size = 1024,
	    .source = { .open = open_slice, .done = slice_done, .arg = s } } };
	return qt__manifest_load(&s->m, fd, 0, err);
}

static void
store_close(struct store *s)
{
	qt__manifest_free(s->m);
	close(s->work.run_dirfd);
	close(s->work.dirfd);
}

static bool
names(const struct qt__manifest *m, uint64_t number)
{
	for (uint32_t i = 0; i < m->slice_count; i++)
		if (m->slices[i].info.number == number)
			return true;
	return false;
}

/* One step of either kind, with what its caller does: 0 when none is due. */
static int
step(struct store *s, bool is_flush)
{
	unsigned int		 n = (unsigned int)s->m->first_wal;
	struct qt__manifest	*to;
	struct qt_err		 err = QT_ERR_INIT;
	char			 name[40];
	int			 rc;

	if (is_flush && n > MEMS)
		return 0;
	rc = is_flush ? qt__flush_step(&s->work, s->m, mem_cursor(n), n,
	    n * 1000 + RECORDS, 0, &to, &err) :
	    qt__merge_step(&s->work, s->m, 0, 0, &to, &err);
	must(rc >= 0, err.text);
	if (to == NULL)
		return 0;
	cut_mark(CUT_DONE, to->number);
	for (uint32_t i = 0; i < s->m->slice_count; i++) {
		uint64_t	number = s->m->slices[i].info.number;

		snprintf(name, sizeof(name), "%012llu.run",
		    (unsigned long long)number);
		if (!names(to, number))
			must(qt_sys_unlink(s->work.run_dirfd, name) == 0,
			    "remove");
	}
	must(qt__manifest_prune(s->work.dirfd, to->number) == 0, "prune");
	qt__manifest_free(s->m);
	s->m = to;
	return 1;
}

/* All there is to be done, flushes while merges are under way. */
static void
work_off(struct store *s)
{
	int	flushed, merged;

	do {
		flushed = step(s, true);
		merged = step(s, false);
	} while (flushed == 1 || merged == 1);
}

/* NULL, or what is wrong with what is there. */
static const char *
look(struct store *s)
{
	struct qt__cursor	*at[MEMS + 64], *c;
	const struct qt__entry	*e;
	unsigned int		 key, i, n;
	const char		*wrong = NULL;
	char			 value[32] = "";
	size_t			 count = 0;
	int			 r;

	for (n = (unsigned int)s->m->first_wal; n <= MEMS; n++)
		at[count++] = mem_cursor(n);
	must(s->m->run_count < 64, "too many runs");
	for (i = 0; i < s->m->run_count; i++)
		must(qt__sorted_cursor(&at[count++], s->m, &s->m->runs[i],
		    &s->work.source) == 0, "cursor");
	must(qt__merge_cursor(&c, at, count) == 0, "merge");
	must(qt__view_cursor(&c, c, UINT64_MAX, 0) == 0, "view");
	e = &c->entry;
	r = c->ops->seek(c, "", 0);
	for (key = 0; key < KEYS && wrong == NULL; key++) {
		for (n = MEMS; n > 0; n--) {
			for (i = RECORDS; i > 0 && key_of(n, i - 1) != key;)
				i--;
			if (i > 0)
				break;
		}
		if (n == 0 || is_del(n, i - 1))
			continue;
		snprintf(value, sizeof(value), "value %u of %u", i - 1, n);
		if (r < 0)
			wrong = "a run that cannot be read";
		else if (r == 0 || e->version != n * 1000 + i - 1 ||
		    e->value_len != strlen(value) ||
		    memcmp(e->value, value, e->value_len) != 0)
			wrong = "another record than the newest";
		else
			r = c->ops->next(c);
	}
	if (wrong == NULL && r != 0)
		wrong = r < 0 ? "a run that cannot be read" : "too much";
	c->ops->close(c);
	return wrong;
}

/* --- Cuts ---------------------------------------------------------------- */

static void
begin(const char *dir)
{
	struct qt__manifest_edit	*e;
	struct qt__manifest		*m;
	int				 fd = open(dir,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(mkdirat(fd, "manifest", 0700) == 0, "mkdir");
	must(mkdirat(fd, "run", 0700) == 0, "mkdir");
	must(qt__manifest_edit(&e, NULL) == 0, "edit");
	must(qt__manifest_save(e, fd, &m, NULL) == 0, "save");
	qt__manifest_free(m);
	close(fd);
}

static void
op(const char *dir)
{
	struct store	s;

	must(store_open(&s, dir, NULL) == 0, "open");
	work_off(&s);
	must(s.m->first_wal == MEMS + 1, "not all was flushed");
	must(s.m->number > 12, "too few steps");
	store_close(&s);
}

static const char *
check(void *arg, const char *dir, const struct cut_at *at)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct store	 s;
	const char	*wrong;
	uint64_t	 done = at->count > 0 ?
	    at->marks[at->count - 1].value : 1;

	(void)arg;
	if (store_open(&s, dir, &err) < 0) {
		printf("# load: %s\n", err.text);
		return "no manifest";
	}
	must(qt__manifest_settle(s.work.dirfd, NULL) == 0, "settle");
	if (s.m->number < done || s.m->number > done + 1)
		wrong = "an old manifest";
	else
		wrong = look(&s);
	if (wrong == NULL) {
		work_off(&s);
		wrong = look(&s);
	}
	store_close(&s);
	return wrong;
}

int
main(void)
{
	const struct cut_case	cases[] = {
		{ .name = "flushes and merges", .begin = begin, .op = op,
		    .check = { .check = check, .singles = 0, .randoms = 6,
		    .max = 4000 } },
		{ .name = "the same, with a journal", .begin = begin,
		    .op = op, .is_kind = 1,
		    .check = { .check = check, .singles = 6, .randoms = 6,
		    .max = 2000 } },
	};

	return cut_all(cases, sizeof(cases) / sizeof(cases[0]));
}
