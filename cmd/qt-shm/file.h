/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_FILE_H
#define QT_SHM_FILE_H

#include <sys/stat.h>

/*
 * What a file in /dev/shm begins with, whether or not the rest is sound:
 * which programs it may belong to, before anything in it is believed.
 */
enum file_format {
	FILE_OTHER,	/* nobody's that we know */
	FILE_SEGMENT,	/* ours */
	FILE_ZIPM	/* zeroipc's, which is read only */
};

struct file_look {
	enum file_format format;
	char		 kind[9];	/* of ours, as it says */
	struct stat	 st;
};

/* 0, or -errno. */
int	file_look(const char *seg, struct file_look *out);

#endif /* QT_SHM_FILE_H */
