/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the files of big values are what their records say. See verify.c.
 *
 * A file that is missing is damage where the record counts: in a run that the
 * manifest names, or in a log beyond what a flush has done. What it has done of
 * a log is in a run by now, or was dropped with its file.
 */

#include <errno.h>
#include <stdlib.h>

#include "big_priv.h"
#include "durable_priv.h"
#include "numbers_priv.h"
#include "verify_priv.h"

/* It is there. */
static void
check_file(struct qt__verify *v, const struct qt__entry *e,
    const struct qt__big_ref *ref, struct qt_buf *key, int described)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt__big	big;
	int		rc;

	if (described == 1 && !qt__key_equals(e, key->data, key->len)) {
		qt__verify_found(v, "big/%012llu.big: it is of another key "
		    "than the record that names it",
		    (unsigned long long)ref->number);
		return;
	}
	rc = qt__big_open(&big, v->big_fd, ref, QT__BIG_VERIFY, &err);
	qt__big_close(&big);
	/* Gone in this moment: that is not damage, or will be told. */
	if (rc < 0 && rc != -ENOENT)
		qt__verify_found(v, "%s", err.text);
}

int
qt__verify_value(struct qt__verify *v, const struct qt__entry *e,
    const char *of)
{
	struct qt_buf		key = QT_BUF_INIT;
	struct qt__big_ref	ref, own;
	int			rc;

	if ((e->flags & QT__BIG) == 0)
		return 0;
	if (qt__big_ref_unpack(&ref, e->value, e->value_len) < 0) {
		qt__verify_found(v, "%s: a record names no file that there "
		    "can be", of);
		return 0;
	}
	rc = qt__numbers_add(&v->named, ref.number);
	if (rc < 0 || v->big_fd < 0)
		return rc;
	rc = qt__big_describe(v->big_fd, ref.number, &key, &own);
	if (rc >= 0 || rc == -QT_ECORRUPT) {
		check_file(v, e, &ref, &key, rc);
		rc = 0;
	}
	qt_buf_clear(&key);
	if (rc == -ENOENT || rc == 0 || rc == -ENOMEM || rc == -EMFILE)
		return rc;
	qt__verify_found(v, "big/%012llu.big: %s",
	    (unsigned long long)ref.number, qt_strerror(rc));
	return 0;
}

void
qt__verify_missing(struct qt__verify *v, const struct qt__entry *e,
    const char *of)
{
	struct qt__big_ref	ref;

	(void)qt__big_ref_unpack(&ref, e->value, e->value_len);
	qt__verify_found(v, "big/%012llu.big: it is missing, and %s names it",
	    (unsigned long long)ref.number, of);
}

static int
note_file(void *arg, const char *name)
{
	struct qt__verify	*v = arg;
	uint64_t		 number = qt__number_of(name, ".big");

	if (number == 0 || !qt__numbers_have(&v->named, number))
		qt__verify_note(v, "big/%s: no record names it", name);
	return 0;
}

int
qt__verify_bigs(struct qt__verify *v, const struct qt__manifest *m)
{
	for (uint32_t i = 0; i < m->drop_count; i++)
		if (qt__numbers_add(&v->named, m->drops[i].number) < 0)
			return -ENOMEM;
	qt__numbers_sort(&v->named);
	return qt__each_name(v->big_fd, ".", note_file, v);
}
