/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_EXPORT_H
#define QT_HIST_EXPORT_H
/*
 * Events as others' histories have them: what <qt/hist/import.h> reads of what
 * this writes is the same command, at the same second.
 *
 * bash cannot hold a newline in a command that has no time, nor a line that
 * looks like a time: those are written as ble.sh does, eval -- $'...', which
 * bash runs as well.
 *
 * JSON is an object a line, with the microsecond and all that is known:
 * command, start and duration in seconds, exit, or running (true, where nobody has
 * seen it end), pipe (statuses), cwd, git, host, user, tty, shell, session,
 * qt_session, tags; and command_hex, two digits a byte, where the command is not
 * UTF-8.
 */
#include <qt/base/buf.h>
#include <qt/hist/import.h>

/*
 * Appends an event. 0; -ENOTSUP: this format cannot say it (PowerShell's, of
 * commands that begin with a byte order mark, end in a backtick, or have a line
 * that ends in a carriage return); -EINVAL: nobody writes this format; -ENOMEM.
 */
int	qt_hist_export_add(struct qt_buf *out, enum qt_hist_format format,
	    const struct qt_hist_event *e);
/* JSON, with the event's tags. 0 or -ENOMEM. */
int	qt_hist_export_tagged(struct qt_buf *out, const struct qt_hist_event *e,
	    const struct qt_hist_bytes *tags, size_t count);
/*
 * JSON, with tags, and with what names the event in this history: id, 32 hex
 * digits, the start and the id. 0 or -ENOMEM.
 */
int	qt_hist_export_json(struct qt_buf *out, const struct qt_hist_event *e,
	    const struct qt_hist_bytes *tags, size_t count);

#endif /* QT_HIST_EXPORT_H */
