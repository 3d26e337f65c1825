/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist export - the history as a shell's file */

#include <errno.h>
#include <inttypes.h>

#include <qt/hist/export.h>
#include <qt/hist/tag.h>

#include "history.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'f', "format", "FORMAT", "bash, zsh, fish, powershell, or json, which has "
	    "all that is known (json)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb export_verb = {
	"export", export_main, "",
	"print the history as another one has it", options,
};

/* 0, or what qt_hist_export_add() says. */
static int
add(struct qt_buf *out, struct qt_hist_db *db, enum qt_hist_format format,
    const struct qt_hist_event *e, struct qt_err *err)
{
	struct qt_hist_tags	tags;
	int			rc;

	if (format != QT_HIST_JSON)
		return qt_hist_export_add(out, format, e);
	rc = qt_hist_tags_of(db, e->start_us, e->id, &tags, err);
	return rc < 0 ? rc : qt_hist_export_tagged(out, e, tags.of,
	    tags.count);
}

static unsigned long
export(struct qt_hist_db *db, enum qt_hist_format format,
    unsigned long *left_out)
{
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	struct qt_buf		 out = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned long		 n = 0;
	int			 rc;

	rc = qt_hist_scan_open(db, 0, UINT64_MAX, false, &scan, &err);
	while (rc >= 0 && (rc = qt_hist_scan_next(scan, &e, &err)) == 1) {
		qt_buf_reset(&out);
		rc = add(&out, db, format, &e, &err);
		*left_out += rc == -ENOTSUP;
		rc = rc == -ENOTSUP ? 0 : rc;
		if (out.len > 0)
			qt_prog_write(out.data, out.len);
		n++;
	}
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	qt_hist_scan_close(scan);
	qt_buf_clear(&out);
	return n;
}

int
export_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&export_verb, argc, argv);
	enum qt_hist_format	 format = QT_HIST_JSON;
	struct qt_hist_db	*db;
	unsigned long		 n, left_out = 0;

	while (qt_opts_next(&o) != 0)
		if (qt_hist_format_find(&format, o.value) < 0 ||
		    format >= QT_HIST_ATUIN)
			qt_die(QT_EXIT_USAGE, "-f: bash, zsh, fish, "
			    "powershell or json, not '%s'", o.value);
	if (o.index < argc)
		qt_usage(&export_verb);
	db = history_open();
	n = export(db, format, &left_out);
	history_close(db);
	if (left_out > 0)
		qt_warn("%lu commands cannot be said in this format: left out",
		    left_out);
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
