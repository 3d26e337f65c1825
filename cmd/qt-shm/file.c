/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of a file in /dev/shm. See file.h. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "file.h"

#define MAGIC		"QTSEGMT\n"	/* qt-segment(5) */
#define KIND_OFFSET	24
#define ZIPM_MAGIC	UINT32_C(0x5a49504d)

int
file_look(const char *seg, struct file_look *out)
{
	char		path[300], head[32] = "";
	uint32_t	word;
	ssize_t		n = 0;
	int		fd;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/dev/shm/%s", seg);
	if (lstat(path, &out->st) < 0)
		return -errno;
	if (!S_ISREG(out->st.st_mode))
		return 0;
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
	    0);
	if (fd < 0)
		return fd;
	n = qt_sys_pread(fd, head, sizeof(head), 0);
	close(fd);
	memcpy(&word, head, sizeof(word));
	if (n >= 8 && memcmp(head, MAGIC, 8) == 0) {
		out->format = FILE_SEGMENT;
		memcpy(out->kind, head + KIND_OFFSET, 8);
	} else if (n >= 16 && word == ZIPM_MAGIC) {
		out->format = FILE_ZIPM;
	}
	return 0;
}
