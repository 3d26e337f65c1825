/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_HIST_SPOOL_WRITE_H
#define QT_TEST_HIST_SPOOL_WRITE_H
/* Spools, as shells write them. A token is of 16 characters. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/hist/spool.h>

#define SPOOL_TOKEN	"0123456789abcdef"

static inline FILE *
spool_open(const char *path, const char *mode)
{
	FILE	*f = fopen(path, mode);

	if (f == NULL)
		abort();
	return f;
}

/* Appends a record; '|' ends a field. */
static inline void
spool_put(const char *path, char kind, const char *fields, bool is_whole)
{
	FILE	*f = spool_open(path, "ae");

	fprintf(f, "\x1e" SPOOL_TOKEN "%c%c", kind, '\0');
	for (; *fields != '\0'; fields++)
		putc(*fields == '|' ? '\0' : *fields, f);
	if (is_whole)
		fprintf(f, "\x1e" SPOOL_TOKEN ".%c", '\0');
	if (fclose(f) != 0)
		abort();
}

/* A new one, of a shell with this process id; boot NULL: of this boot. */
static inline void
spool_begin(const char *path, int pid, const char *boot)
{
	char		head[QT_HIST_SPOOL_HEAD], fields[512], host[256] = "";
	char		this_boot[64];
	struct stat	st;
	FILE		*f = spool_open("/proc/sys/kernel/random/boot_id", "re");

	if (fscanf(f, "%63s", this_boot) != 1 ||
	    gethostname(host, sizeof(host) - 1) < 0 ||
	    stat("/proc/self/ns/pid", &st) < 0)
		abort();
	fclose(f);
	qt_hist_spool_head(head, SPOOL_TOKEN);
	f = spool_open(path, "we");
	if (fwrite(head, sizeof(head), 1, f) != 1 || fclose(f) != 0)
		abort();
	snprintf(fields, sizeof(fields), "%s|ann|tty|zsh|5.9|%d|1|work|%s|"
	    "%llu|", host, pid, boot == NULL ? this_boot : boot,
	    (unsigned long long)st.st_ino);
	spool_put(path, 'S', fields, true);
}

#endif /* QT_TEST_HIST_SPOOL_WRITE_H */
