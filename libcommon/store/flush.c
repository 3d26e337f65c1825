/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memtable into a run, step by step. See compact_priv.h.
 *
 * Meanwhile readers still read the memtable, which is newer than all runs and
 * has all its records; what they find in the run, too, is the same.
 */
#include <stdatomic.h>

#include "compact_priv.h"

/* The job that is to be done; a new run for it where none is under way. */
static int
begin(struct qt__step *s, uint64_t memtable, struct qt_err *err)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);

	if (m->flush.output != 0 && m->flush.input == memtable)
		return 0;
	if (m->flush.output != 0 || memtable < m->first_wal) {
		qt_err_set(err, "flush memtable %llu, where %llu is due",
		    (unsigned long long)memtable, (unsigned long long)
		    (m->flush.output != 0 ? m->flush.input : m->first_wal));
		return -EINVAL;
	}
	m->flush = (struct qt__job){ .output = m->next_file++,
	    .input = memtable };
	return qt__manifest_run_add(s->edit, 0, m->flush.output, 0,
	    QT__RUN_OPEN);
}

static int
finish(struct qt__step *s, uint64_t memtable, uint64_t max_version)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	uint64_t		 id = m->flush.output;

	m->flush = (struct qt__job){ 0 };
	m->first_wal = memtable + 1;
	if (m->next_wal < m->first_wal)
		m->next_wal = m->first_wal;
	if (m->version < max_version)
		m->version = max_version;
	return m->runs[0].count == 0 ? qt__manifest_run_del(s->edit, id) :
	    qt__manifest_run_flags(s->edit, id, 0);
}

static int
flush(struct qt__step *s, struct qt__cursor *mem, uint64_t memtable,
    uint64_t max_version, uint64_t budget, struct qt_err *err)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	struct qt_buf		 upto = QT_BUF_INIT;
	struct qt__part_keys	 bounds = { 0 };
	int			 rc, more = begin(s, memtable, err);

	if (more < 0) {
		mem->ops->close(mem);
		return more;
	}
	bounds.after = m->flush.key_len > 0 ? m->heap + m->flush.key_at : NULL;
	bounds.after_len = m->flush.key_len;
	s->is_bottom = m->run_count == 1;
	atomic_store(&s->next, m->next_file);
	more = qt__part_write(&s->part[0], mem, &bounds, budget, &upto, err);
	rc = more < 0 ? more : qt__step_list(s, m->flush.output);
	if (rc == 0 && more == 1)
		rc = qt__manifest_job_key(s->edit, &m->flush, upto.data,
		    upto.len);
	else if (rc == 0)
		rc = finish(s, memtable, max_version);
	qt_buf_clear(&upto);
	return rc < 0 ? rc : more;
}

int
qt__flush_step(struct qt__work *work, const struct qt__manifest *from,
    struct qt__cursor *mem, uint64_t memtable, uint64_t max_version,
    uint64_t budget, struct qt__manifest **to, struct qt_err *err)
{
	struct qt__step	s;
	int		rc = qt__step_begin(&s, work, from);

	if (rc < 0)
		mem->ops->close(mem);
	else
		rc = flush(&s, mem, memtable, max_version, budget, err);
	rc = qt__step_end(&s, rc, to, err);
	if (rc < 0)
		qt_err_wrap(err, "flush");
	return rc;
}
