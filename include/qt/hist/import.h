/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_IMPORT_H
#define QT_HIST_IMPORT_H
/*
 * Histories that others wrote, read event by event: files of shells, and the
 * databases of other tools.
 *
 *	bash		lines; behind a line "#SECONDS", all lines up to the next
 *			such one; ble.sh's eval -- $'...' is what it stands for
 *	zsh		": START:SECONDS;COMMAND", or COMMAND; "\" before a
 *			newline that belongs to it; metafied
 *	fish		"- cmd: COMMAND", "  when: SECONDS"
 *	powershell	PSReadLine's: lines; "`" before a newline that belongs
 *	atuin, histdb, mcfly, hishtory	SQLite, read and never written
 *	json		an object a line, as qt-hist(1) exports them
 *
 * Commands are bytes: what is not UTF-8 stays as it is. What cannot be read is
 * told by its line, and the next call goes on behind it.
 *
 *	while ((rc = qt_hist_import_next(i, &event, &err)) != 0)
 *		if (rc == 1)			use(&event);
 *		else if (rc == -QT_EFORMAT)	tell(err.text);
 *		else				break;
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/db.h>

enum qt_hist_format {
	QT_HIST_DETECT, QT_HIST_BASH, QT_HIST_ZSH, QT_HIST_FISH,
	QT_HIST_POWERSHELL, QT_HIST_JSON, QT_HIST_ATUIN, QT_HIST_HISTDB,
	QT_HIST_MCFLY, QT_HIST_HISHTORY, QT_HIST_FORMATS_
};

#define QT_HIST_IMPORT_MAX	((size_t)4 << 30)	/* bytes of a text file */

/* The name of a format, and the format of a name: -ENOENT. */
const char *qt_hist_format_name(enum qt_hist_format format);
int	qt_hist_format_find(enum qt_hist_format *out, const char *name);

struct qt_hist_import;

/*
 * A file, or bytes, which are borrowed until it is closed. DETECT looks at
 * what is in it, then at the file's name. A file that is "-" is standard input.
 * *out is the caller's, to be closed; NULL on failure. -QT_EFORMAT: a database
 * of none of the kinds, or not of this kind; -EFBIG.
 */
int	qt_hist_import_open(struct qt_hist_import **out, const char *path,
	    enum qt_hist_format format, struct qt_err *err);
int	qt_hist_import_open_bytes(struct qt_hist_import **out,
	    const void *data, size_t len, enum qt_hist_format format,
	    struct qt_err *err);
/* NULL is fine. */
void	qt_hist_import_close(struct qt_hist_import *i);

/*
 * The next one: 1, borrowed until the next call; 0 at the end; -QT_EFORMAT with
 * the line, or row, and why: that one is passed over, call it again. Other errors end
 * it. Of start_us and took_us, status, cwd, host, user, session and shell what
 * is known is set, and QT_HIST_IMPORTED; id is 0.
 */
int	qt_hist_import_next(struct qt_hist_import *i,
	    struct qt_hist_event *out, struct qt_err *err);

/* The tags of the last event: names that end in a NUL each. Borrowed until the
   next call; JSON alone has them. */
struct qt_hist_bytes qt_hist_import_tags(const struct qt_hist_import *i);

enum qt_hist_format qt_hist_import_format(const struct qt_hist_import *i);
/* How far it is: bytes, or rows, of all; all is 0 where nobody knows. */
void	qt_hist_import_progress(const struct qt_hist_import *i,
	    uint64_t *done, uint64_t *all);

#endif /* QT_HIST_IMPORT_H */
