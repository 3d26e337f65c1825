/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_REDACT_H
#define QT_HIST_REDACT_H
/*
 * Secrets in commands: found by rules, and replaced by "[redacted]", so that it
 * can still be seen what was run.
 *
 *	text | which hints are in it | rules that have one | spans | replaced
 *
 * A rule is a regular expression (PCRE2, of bytes); what its first group matched
 * is the secret, or all that matched where it has none. Rules of our own have
 * hints, fixed strings of which a text that they match has one; these are looked
 * for all at once, in one pass, so a command without any costs next to nothing.
 * A rule is compiled when it is needed first.
 *
 * The user's rules are lines of a file:
 *
 *	# a comment
 *	NAME PATTERN		one more, or in place of ours of that name
 *	NAME -			not that one of ours
 *	mode redact|drop|keep	instead of redact: commands with secrets are
 *				not kept at all; or all are, as they are
 *
 * Whatever text and patterns are, the work for a text is bounded; where a rule
 * would need more, all from there to the end is taken for a secret.
 */
#include <stdbool.h>
#include <stddef.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/hist/db.h>

#define QT_HIST_REDACTION	"[redacted]"
#define QT_HIST_RULE_MAX	4096u	/* bytes of a line of the file */
#define QT_HIST_RULES_MAX	256u	/* of the user's */

enum qt_hist_redact_mode {
	QT_HIST_REDACT, QT_HIST_DROP, QT_HIST_KEEP
};

/* One thread at a time may use it. */
struct qt_hist_redact;

/*
 * Our rules, and those of a file; path NULL, or a file that is not there: ours
 * alone. Each line that is wrong is told ("line 3: ..."), and passed over. *out
 * is NULL on failure.
 */
int	qt_hist_redact_open(struct qt_hist_redact **out, const char *path,
	    void (*tell)(void *arg, const char *what), void *arg,
	    struct qt_err *err);
void	qt_hist_redact_close(struct qt_hist_redact *r);
enum qt_hist_redact_mode qt_hist_redact_mode(const struct qt_hist_redact *r);
/* In place of that of the file. */
void	qt_hist_redact_set_mode(struct qt_hist_redact *r,
	    enum qt_hist_redact_mode mode);

/*
 * Looks for secrets, whatever the mode. 0: there are none, and out is as it was.
 * 1: out, emptied before, is the text without them. -ENOMEM. What came of it has
 * none: doing it again is 0.
 */
int	qt_hist_redact_text(struct qt_hist_redact *r, struct qt_buf *out,
	    const void *text, size_t len);

/*
 * What the mode says about an event that is about to be added. 0: it is to be
 * added, as it is now: its text may be that of hold, which is emptied before, and
 * then it has QT_HIST_REDACTED. 1: it is not to be added. -ENOMEM. r NULL: 0.
 */
int	qt_hist_redact_event(struct qt_hist_redact *r,
	    struct qt_hist_event *e, struct qt_buf *hold);

/* The rules that are in force: *cursor from 0. 1 with a name, 0 at the end. */
int	qt_hist_redact_next(const struct qt_hist_redact *r, size_t *cursor,
	    const char **name, bool *is_users);

#endif /* QT_HIST_REDACT_H */
