/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What flushing and merging have in common. See compact_priv.h.
 *
 *	source | stretch | keep | output --> run/ --> manifest
 *	         so far    the newest
 */
#include <errno.h>

#include <qt/base/sys.h>

#include "big_priv.h"
#include "compact_priv.h"

#define BUDGET_MAX	(UINT64_C(1) << 50)

int
qt__step_begin(struct qt__step *s, struct qt__work *work,
    const struct qt__manifest *from)
{
	uint64_t	total = 0;

	*s = (struct qt__step){ .work = work, .from = from };
	for (uint32_t i = 0; i < from->run_count; i++)
		total += from->runs[i].bytes;
	s->slice_size = work->slice_size > 0 ? work->slice_size :
	    qt__plan_slice_size(total);
	s->parts = 1;
	for (size_t i = 0; i < QT__PARTS; i++) {
		s->part[i].step = s;
		s->part[i].out = (struct qt__output){ .work = work,
		    .slice_size = s->slice_size, .next = &s->next };
	}
	return qt__manifest_edit(&s->edit, from);
}

/* --- Records ------------------------------------------------------------- */

static int
drop(void *part, const struct qt__entry *e)
{
	struct qt__part		*p = part;
	struct qt__big_ref	 ref;

	if ((e->flags & QT__BIG) == 0 ||
	    qt__big_ref_unpack(&ref, e->value, e->value_len) < 0)
		return 0;
	return qt_buf_add(&p->drops, &ref.number, sizeof(ref.number));
}

/* The first key that is greater. */
static int
seek_behind(struct qt__cursor *c, const void *key, size_t len)
{
	struct qt_buf	next = QT_BUF_INIT;
	int		r;

	if (len == 0)
		return c->ops->seek(c, "", 0);
	r = qt_buf_add(&next, key, len);
	if (r == 0)
		r = qt_buf_add(&next, "", 1);
	if (r == 0)
		r = c->ops->seek(c, next.data, next.len);
	qt_buf_clear(&next);
	return r;
}

static int
write_all(struct qt__output *o, struct qt__cursor *kept,
    struct qt__cursor *stretch, const struct qt__part_keys *bounds,
    uint64_t budget, struct qt_err *err)
{
	bool	is_full;
	int	r, rc = 0;

	for (r = seek_behind(kept, bounds->after, bounds->after_len);
	    r == 1 && rc == 0; r = kept->ops->next(kept)) {
		rc = qt__output_add(o, &kept->entry, err);
		if (rc == 0 && qt__output_size(o, &is_full) >= budget &&
		    is_full)
			rc = qt__stretch_end(stretch);
		if (rc < 0)
			return rc;
	}
	return r;
}

int
qt__part_write(struct qt__part *p, struct qt__cursor *source,
    const struct qt__part_keys *bounds, uint64_t budget, struct qt_buf *upto,
    struct qt_err *err)
{
	const struct qt__step	*s = p->step;
	struct qt__keep		 rule = { .is_bottom = s->is_bottom,
	    .now_ms = s->work->now_ms > s->from->clock_ms ?
	    s->work->now_ms : s->from->clock_ms, .drop = drop, .arg = p };
	struct qt__cursor	*stretch, *kept;
	const void		*key;
	size_t			 len;
	int			 rc, end;

	if (budget > BUDGET_MAX)
		budget = BUDGET_MAX;
	if (budget < s->slice_size)
		budget = s->slice_size;
	/* Where nearly nothing is kept, reading is what takes the time. */
	rc = qt__stretch_cursor(&stretch, source, 4 * budget, bounds->limit,
	    bounds->limit_len);
	if (rc < 0)
		return rc;
	rc = qt__keep_cursor(&kept, stretch, &rule);
	if (rc < 0)
		return rc;
	rc = write_all(&p->out, kept, stretch, bounds, budget, err);
	if (rc == 0 && qt__stretch_is_cut(stretch, &key, &len)) {
		rc = qt__key_hold(upto, key, len);
		if (rc == 0)
			rc = 1;
	}
	kept->ops->close(kept);
	end = rc < 0 ? rc : qt__output_finish(&p->out, err);
	return end < 0 ? end : rc;
}

/* --- The end ------------------------------------------------------------- */

/* Removes files of big/ that nobody needs any more; they are listed until then. */
static void
remove_drops(struct qt__step *s)
{
	char	path[4 + 32] = "big/";
	bool	is_all = true;
	int	rc;

	for (uint32_t i = 0; i < s->from->drop_count; i++) {
		if (s->from->drops[i].since > s->work->oldest)
			continue;
		qt__big_name(path + 4, s->from->drops[i].number);
		rc = qt_sys_unlink(s->work->dirfd, path);
		is_all = is_all && (rc == 0 || rc == -ENOENT);
	}
	if (is_all)
		qt__manifest_dropped(s->edit, s->work->oldest);
}

static int
list_drops(struct qt__manifest_edit *e, const struct qt_buf *drops)
{
	uint64_t	number;
	int		rc = 0;

	for (size_t at = 0; at < drops->len && rc == 0; at += sizeof(number)) {
		memcpy(&number, drops->data + at, sizeof(number));
		rc = qt__manifest_drop(e, number);
	}
	return rc;
}

int
qt__step_list(struct qt__step *s, uint64_t run)
{
	int	rc = 0;

	for (size_t i = 0; i < s->parts && rc == 0; i++)
		rc = qt__output_list(&s->part[i].out, s->edit, run);
	for (size_t i = 0; i < s->parts && rc == 0; i++)
		rc = list_drops(s->edit, &s->part[i].drops);
	return rc;
}

static int
save(struct qt__step *s, struct qt__manifest **to, struct qt_err *err)
{
	struct qt__manifest	*m = qt__manifest_fields(s->edit);
	bool			 is_new = false;
	int			 rc;

	if (m->clock_ms < s->work->now_ms)
		m->clock_ms = s->work->now_ms;
	for (size_t i = 0; i < s->parts; i++)
		is_new = is_new || s->part[i].out.count > 0;
	rc = is_new ? qt_sys_fsync(s->work->run_dirfd) : 0;
	if (rc < 0) {
		qt_err_set(err, "sync folder run");
		return rc;
	}
	remove_drops(s);
	rc = qt__manifest_save(s->edit, s->work->dirfd, to, err);
	if (rc == 0)
		s->edit = NULL;
	return rc;
}

int
qt__step_end(struct qt__step *s, int rc, struct qt__manifest **to,
    struct qt_err *err)
{
	struct qt__part	*p;
	int		 saved = rc;

	*to = NULL;
	if (rc >= 0)
		saved = save(s, to, err);
	if (saved < 0)
		rc = saved;
	for (p = s->part; p < s->part + s->parts; p++) {
		if (rc < 0 && rc != -ENOTRECOVERABLE && rc != -ESTALE)
			qt__output_remove(&p->out);
		qt__output_clear(&p->out);
		qt_buf_clear(&p->drops);
	}
	qt__manifest_edit_free(s->edit);
	return rc;
}
