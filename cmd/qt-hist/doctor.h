/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DOCTOR_H
#define QT_HIST_DOCTOR_H
/*
 * What the parts of "qt-hist doctor" share: how a check says its line, and the
 * folder and the time that are there for trying things.
 */
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/path.h>

enum doctor_result {
	DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL
};

struct doctor {
	bool		 is_json;
	bool		 is_damaged;	/* the store */
	enum doctor_result worst;
	unsigned long	 timeout_ms;	/* of a shell's start */
	uint64_t	 deadline_ms;	/* of everything; CLOCK_MONOTONIC */
	char		 dir[QT_PATH_SIZE];	/* ours, 0700, until the end */
	const char	*name;		/* of the shell: bash, zsh, fish */
	const char	*path;		/* for execvp(3) */
};

/* One check: its line. mend may be NULL. */
void	doctor_say(struct doctor *d, enum doctor_result result,
	    const char *what, const char *mend, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* Folders, disks and shared memory. */
void	doctor_places(struct doctor *d);
/* The store, its index, what shells wrote that was not taken in, rules. */
void	doctor_store(struct doctor *d);
/* Starts shells and types into them. */
void	doctor_shell(struct doctor *d);

/* The last line that a terminal showed, without what drives it; or "". */
void	doctor_last_line(struct qt_buf *out, const struct qt_buf *screen);

#endif /* QT_HIST_DOCTOR_H */
