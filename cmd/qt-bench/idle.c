/* SPDX-License-Identifier: Apache-2.0 */
/* Row: what ten thousand idle sessions cost the host. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <qt/base/prog.h>

#include "rows.h"
#include "world.h"

#define PTY_MAX_PATH "/proc/sys/kernel/pty/max"

/* Raises kernel.pty.max to hold count more ptys. 0, or negative. */
static int
raise_pty_max(uint32_t count)
{
	unsigned long	max = 0;
	FILE		*f = fopen(PTY_MAX_PATH, "r+e");
	int		rc = 0;

	if (f == NULL)
		f = fopen(PTY_MAX_PATH, "re");
	if (f == NULL || fscanf(f, "%lu", &max) != 1) {
		rc = -EACCES;
	} else if (max < count + 1000ul) {
		rewind(f);
		if (fprintf(f, "%lu\n", count + 1000ul) < 0 || fflush(f) != 0)
			rc = -EACCES;
	}
	if (f != NULL)
		fclose(f);
	return rc;
}

void
row_session_idle(struct report *r, const struct bench_opt *opt)
{
	static const char	 name[] = "host memory, idle sessions";
	/* A little output first: an idle session has shown its prompt. */
	char			*argv[] = { (char *)"/bin/sh", (char *)"-c",
	    (char *)"echo ready; exec sleep 86400", NULL };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*c;
	struct qt_uuid		 id;
	struct world		 w;
	uint64_t		 rss, segment;
	char			 note[160];

	if (raise_pty_max(opt->idle) < 0) {
		report_cannot(r, name, "kernel.pty.max is too low: as root, "
		    "sysctl kernel.pty.max=11000");
		return;
	}
	world_start(&w);
	if (qt_client_open(0, QT_ROLE_OWNER, 4, &c, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	for (uint32_t i = 0; i < opt->idle; i++) {
		if (i % 100 == 0)
			report_progress("idle sessions: %u of %u", i, opt->idle);
		session_new(c, argv, &id);
	}
	rss = proc_rss(w.host);
	segment = qt_seg_used(qt_client_segment(c));
	qt_client_close(c);
	world_end(&w);
	report_progress("%s", "");
	snprintf(note, sizeof(note), "%u sessions; private %.1f MB + segment "
	    "%.1f MB; kernel.pty.max was raised", opt->idle,
	    (double)rss / 1e6, (double)segment / 1e6);
	report_add(r, &(struct report_row){
		.name = name, .unit = "MB", .ours = (double)(rss + segment) / 1e6,
		.figure = (double)(rss + segment) / 1e6 * 10000 / opt->idle,
		.figure_name = "MB by 10,000", .rule = REPORT_AT_MOST,
		.bound = 100, .note = note });
}
