/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several runs into one, step by step. See compact_priv.h.
 *
 * The output lies right before its inputs, so that it is older than what is
 * flushed meanwhile. A step merges the inputs from their first keys on, which
 * the step before has trimmed, up to some key, and trims them again; so the
 * files of the inputs go one by one, and the space that a merge needs is a few
 * slices.
 */
#include <stdatomic.h>

#include "compact_priv.h"

/* The job that is under way, or a new one. 1, 0 when nothing is due. */
static int
begin(struct qt__step *s, uint64_t whole)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	struct qt__plan		 plan;
	uint64_t		 input;
	int			 rc;

	if (m->merge.output != 0)
		return 1;
	qt__plan(&plan, m, s->work->memtable_size, whole);
	if (plan.count == 0)
		return 0;
	input = m->runs[plan.first].id;
	m->merge = (struct qt__job){ .output = m->next_file++, .input = input,
	    .inputs = plan.count };
	rc = qt__manifest_run_add(s->edit, plan.first, m->merge.output,
	    plan.level, QT__RUN_OPEN);
	return rc < 0 ? rc : 1;
}

static uint32_t
index_of(const struct qt__manifest *m, uint64_t id)
{
	uint32_t	i = 0;

	while (i < m->run_count && m->runs[i].id != id)
		i++;
	return i;
}

/* Everything up to key is in the output. */
static int
trim(struct qt__step *s, uint32_t first, const struct qt_buf *key)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	int			 rc = 0;

	for (uint32_t i = 0; i < m->merge.inputs && rc == 0; i++)
		rc = qt__manifest_trim(s->edit, s->from->runs[first + i].id,
		    key->data, key->len);
	if (rc == 0)
		rc = qt__manifest_job_key(s->edit, &m->merge, key->data,
		    key->len);
	return rc;
}

/* Everything is in the output. */
static int
finish(struct qt__step *s, uint32_t first)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	uint64_t		 id = m->merge.output;
	int			 rc = 0;

	for (uint32_t i = 0; i < m->merge.inputs && rc == 0; i++)
		rc = qt__manifest_run_del(s->edit, s->from->runs[first + i].id);
	m->merge = (struct qt__job){ 0 };
	if (rc < 0)
		return rc;
	return m->runs[index_of(m, id)].count == 0 ?
	    qt__manifest_run_del(s->edit, id) :
	    qt__manifest_run_flags(s->edit, id, 0);
}

static int
merge(struct qt__step *s, uint64_t budget, struct qt_err *err)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	uint32_t		 first = index_of(s->from, m->merge.input);
	struct qt_buf		 upto = QT_BUF_INIT;
	int			 rc, more;

	s->is_bottom = first + m->merge.inputs == s->from->run_count;
	atomic_store(&s->next, m->next_file);
	more = qt__step_merge(s, first, m->merge.inputs, budget, &upto, err);
	rc = more < 0 ? more : qt__step_list(s, m->merge.output);
	if (rc == 0)
		rc = more == 1 ? trim(s, first, &upto) : finish(s, first);
	qt_buf_clear(&upto);
	return rc < 0 ? rc : 1;
}

int
qt__merge_step(struct qt__work *work, const struct qt__manifest *from,
    uint64_t budget, uint64_t whole, struct qt__manifest **to,
    struct qt_err *err)
{
	struct qt__step	s;
	int		rc = qt__step_begin(&s, work, from);

	*to = NULL;
	if (rc == 0)
		rc = begin(&s, whole);
	if (rc == 0) {			/* nothing is due */
		qt__manifest_edit_free(s.edit);
		return 0;
	}
	if (rc == 1)
		rc = merge(&s, budget, err);
	rc = qt__step_end(&s, rc, to, err);
	if (rc < 0)
		qt_err_wrap(err, "merge runs");
	return rc;
}
