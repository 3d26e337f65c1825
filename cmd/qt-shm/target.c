/* SPDX-License-Identifier: Apache-2.0 */
/* SEG and SEG/NAME: reading, opening, and what to say when it fails. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

void
target_parse(struct target *t, const char *text, unsigned int forms)
{
	const char	*slash;
	size_t		 len;

	memset(t, 0, sizeof(*t));
	if (strncmp(text, "/dev/shm/", 9) == 0)
		qt_die(QT_EXIT_USAGE, "'%s': a segment is named without its "
		    "folder: '%s'", text, text + 9);
	text += *text == '/';
	snprintf(t->text, sizeof(t->text), "%s", text);
	slash = strchr(text, '/');
	len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (len == 0 || len >= sizeof(t->seg) || strncmp(text, ".", len) == 0 ||
	    strncmp(text, "..", len) == 0)
		qt_die(QT_EXIT_USAGE, "'%s' names no segment: SEG%s is wanted, "
		    "1 to 254 bytes without '/'", text,
		    forms & TARGET_NAME ? "/NAME" : "");
	memcpy(t->seg, text, len);
	if (slash == NULL) {
		if (!(forms & TARGET_SEG))
			qt_die(QT_EXIT_USAGE, "'%s' is a segment; which of its "
			    "structures? '%s/NAME' ('qt-shm ls %s' lists them)",
			    text, t->seg, t->seg);
		return;
	}
	if (!(forms & TARGET_NAME))
		qt_die(QT_EXIT_USAGE, "'%s' is a structure; a segment is "
		    "wanted, such as '%s'", text, t->seg);
	len = strlen(slash + 1);
	if (len == 0 || len >= sizeof(t->name))
		qt_die(QT_EXIT_USAGE, "'%s': a structure's name has 1 to %zu "
		    "bytes", text, sizeof(t->name) - 1);
	memcpy(t->name, slash + 1, len);
}

/* The way out, or "". */
static void
way_out(const struct target *t, int rc, char *out, size_t size)
{
	*out = '\0';
	switch (rc) {
	case -ENOENT:
		snprintf(out, size, "'qt-shm ls %s' lists what is there",
		    t->seg);
		break;
	case -EEXIST:
		snprintf(out, size, "'qt-shm rm %s' removes it", t->text);
		break;
	case -EACCES:
	case -EPERM:
	case -QT_EOWNER:
		snprintf(out, size, "'ls -l /dev/shm/%s' says who may",
		    t->seg);
		break;
	case -QT_ECORRUPT:
		snprintf(out, size, "'qt-shm fsck %s' says more, "
		    "'qt-shm rm %s' removes it", t->seg, t->text);
		break;
	case -QT_EFORMAT:
		snprintf(out, size, "'qt-shm ls' lists the segments");
		break;
	case -QT_EVERSION:
		snprintf(out, size,
		    "use the qt-shm of that version, or make it anew");
		break;
	case -ENOSPC:
		snprintf(out, size,
		    "'df /dev/shm' shows it; 'qt-shm rm' makes room");
		break;
	case -ENOMEM:
		snprintf(out, size, "'qt-shm stat %s' shows what is used, "
		    "'qt-shm create -s' makes a larger one", t->seg);
		break;
	default:
		break;
	}
}

/* The clause without what "SEG/NAME: " says already. */
static const char *
own_clause(const struct target *t, const struct qt_err *err)
{
	const char	*text = err != NULL ? err->text : "";
	const char	*verbs[] = { "open", "make" };
	char		 first[320];

	snprintf(first, sizeof(first), "segment '/%s': ", t->seg);
	if (strncmp(text, first, strlen(first)) == 0)
		text += strlen(first);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		snprintf(first, sizeof(first), "%s '%s': ", verbs[i], t->name);
		if (strncmp(text, first, strlen(first)) == 0)
			text += strlen(first);
	}
	return text;
}

enum qt_exit
target_warn(const struct target *t, int rc, const struct qt_err *err)
{
	const char	*clause = own_clause(t, err);
	char		 way[800];

	way_out(t, rc, way, sizeof(way));
	/* What was wrong is in the clause then; that it was says nothing. */
	if ((rc == -EINVAL || rc == -ERANGE) && *clause != '\0')
		qt_warn("%s: %s", t->text, clause);
	else if (rc == -ENOENT && t->name[0] == '\0')
		qt_warn("%s: no such segment ('qt-shm create %s' makes one, "
		    "'qt-shm ls' lists them)", t->text, t->seg);
	else if (rc == -ENOENT && strstr(clause, "/dev/shm") != NULL)
		qt_warn("%s: no segment '%s' ('qt-shm create %s' makes it, "
		    "'qt-shm ls' lists them)", t->text, t->seg, t->seg);
	else if (rc == -ENOENT)
		qt_warn("%s: no such structure (%s)", t->text, way);
	else
		qt_warn("%s: %s%s%s%s%s%s", t->text, clause,
		    *clause != '\0' ? ": " : "", qt_strerror(rc),
		    *way != '\0' ? " (" : "", way, *way != '\0' ? ")" : "");
	return rc == -QT_EFULL || rc == -QT_EEMPTY || rc == -ETIMEDOUT ||
	    rc == -EBUSY || rc == -EAGAIN ? QT_EXIT_NO : QT_EXIT_SYS;
}

_Noreturn void
target_die(const struct target *t, int rc, const struct qt_err *err)
{
	exit(target_warn(t, rc, err));
}

/* What is joined. Who exits in an orderly way is no dead participant. */
static struct qt_seg	*joined;

static void
leave(void)
{
	qt_seg_close(joined);
	joined = NULL;
}

void
target_close(struct qt_seg *seg)
{
	if (joined == seg)
		joined = NULL;
	qt_seg_close(seg);
}

struct qt_seg *
target_open(const struct target *t, unsigned int flags)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_seg_info	 info;
	struct qt_seg		*seg;
	char			 name[sizeof(t->seg) + 1];
	int			 rc;

	snprintf(name, sizeof(name), "/%s", t->seg);
	/* Looked at before it is joined: joining changes it already. */
	rc = qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, &err);
	if (rc == 0 && flags == QT_SEG_JOIN) {
		qt_seg_describe(seg, &info);
		qt_seg_close(seg);
		if (info.kind[0] != '\0' && strcmp(info.kind, SEG_KIND) != 0)
			qt_die(QT_EXIT_SYS, "%s: segment '%s' is another "
			    "program's (kind '%s'): it may be looked into by "
			    "ls, stat and who, not changed", t->text, t->seg,
			    info.kind);
		rc = qt_seg_open(name, info.kind, QT_SEG_JOIN, &seg, &err);
		if (rc == 0 && joined == NULL) {
			joined = seg;
			atexit(leave);
		}
		/* All its participants: no answer to what was asked. */
		if (rc == -QT_EFULL)
			qt_die(QT_EXIT_SYS, "%s: %s ('qt-shm who %s' lists "
			    "them)", t->text, own_clause(t, &err), t->seg);
	}
	if (rc < 0)
		target_die(t, rc, &err);
	return seg;
}

int64_t
target_timeout_ms(const char *text)
{
	char	*end;
	double	 s;

	errno = 0;
	s = strtod(text, &end);
	if (*text < '.' || *text > '9' || *end != '\0' || errno != 0 ||
	    !isfinite(s) || s < 0 || s > 1e9)
		qt_die(QT_EXIT_USAGE, "'%s' is not a number of seconds", text);
	return (int64_t)(s * 1e3 + 0.5);
}
