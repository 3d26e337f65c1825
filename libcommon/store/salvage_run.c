/* SPDX-License-Identifier: Apache-2.0 */
/* What is sound of runs. See salvage.c. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/base/buf.h>

#include "durable_priv.h"
#include "salvage_priv.h"

struct reading {
	struct qt__salvage	*s;
	uint64_t		 number;
	char			 name[32];
	const uint8_t		*min;		/* below it nothing counts */
	size_t			 min_len;
	struct qt_buf		 last;		/* key */
	int			 has_last, failed;
};

bool
qt__salvage_is_hidden(const struct qt__salvage *s, const struct qt__entry *e,
    uint64_t number)
{
	uint64_t	hash = qt__run_hash(e->key, e->key_len);

	for (size_t i = 0; i < s->source_count; i++) {
		struct qt__entry	 other;
		void			*own;
		bool			 is_newer;

		if (s->sources[i].run == NULL ||
		    s->sources[i].number == number ||
		    qt__run_get(s->sources[i].run, &other, &own, e->key,
		    e->key_len, hash, UINT64_MAX, NULL) != 1)
			continue;
		is_newer = other.version > e->version;
		free(own);
		if (is_newer)
			return true;
	}
	return false;
}

/* Of each key the first one, which is the newest. */
static int
take(void *arg, const struct qt__entry *e)
{
	struct reading	*r = arg;

	if (r->min != NULL && qt__key_compare(e->key, e->key_len, r->min,
	    r->min_len) < 0)
		return 0;
	if (r->has_last && qt__key_equals(e, r->last.data, r->last.len))
		return 0;
	qt_buf_reset(&r->last);
	r->failed = qt_buf_add(&r->last, e->key, e->key_len);
	r->has_last = 1;
	if (r->failed == 0 && !qt__salvage_is_hidden(r->s, e, r->number))
		r->failed = qt__salvage_put(r->s, e, r->name);
	return r->failed;
}

static int
read_run(struct qt__salvage *s, uint64_t number, const void *min,
    size_t min_len)
{
	struct reading	r = { .s = s, .number = number, .min = min,
		.min_len = min_len };
	int		rc;

	snprintf(r.name, sizeof(r.name), "run/%012llu.run",
	    (unsigned long long)number);
	rc = qt__run_salvage(s->run_fd, number, take, &r);
	qt_buf_clear(&r.last);
	if (r.failed < 0)
		return r.failed;
	if (rc == -ENOMEM || rc == -EMFILE)
		return rc;
	if (rc < 0)
		qt__salvage_tell(s, "%s: it is lost: %s", r.name,
		    qt_strerror(rc));
	else if (rc > 0)
		qt__salvage_tell(s, "%s: damaged in %d place%s, the records "
		    "there are lost", r.name, rc, rc > 1 ? "s" : "");
	return 0;
}

static int
read_listed(struct qt__salvage *s)
{
	const struct qt__manifest	*m = s->manifest;
	int				 rc = 0;

	for (uint32_t i = m->run_count; i-- > 0 && rc == 0;)
		for (uint32_t j = 0; j < m->runs[i].count && rc == 0; j++) {
			const struct qt__slice	*slice =
			    &m->slices[m->runs[i].first + j];

			rc = read_run(s, slice->info.number,
			    m->heap + slice->min_at, slice->min_len);
		}
	return rc;
}

/* --- Without a manifest --------------------------------------------------- */

static int
add_source(void *arg, const char *name)
{
	struct qt__salvage	*s = arg;
	struct qt__source	*more;
	uint64_t		 number = qt__number_of(name, ".run");

	if (number == 0)
		return 0;
	more = realloc(s->sources, (s->source_count + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	s->sources = more;
	more[s->source_count] = (struct qt__source){ .number = number };
	(void)qt__run_open(&more[s->source_count].run, s->run_fd, number,
	    QT__RUN_VERIFY, NULL, NULL);
	s->source_count++;
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct qt__source	*x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int
qt__salvage_runs(struct qt__salvage *s)
{
	int	rc;

	if (s->manifest != NULL)
		return read_listed(s);
	rc = qt__each_name(s->run_fd, ".", add_source, s);
	if (rc == 0 && s->source_count > 0)
		qsort(s->sources, s->source_count, sizeof(*s->sources),
		    by_number);
	for (size_t i = 0; i < s->source_count && rc == 0; i++)
		rc = read_run(s, s->sources[i].number, NULL, 0);
	return rc;
}
