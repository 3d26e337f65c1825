/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says. See <qt/base/proc.h>. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/proc.h>
#include <qt/base/sys.h>

#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

/* The beginning of a small file; "" and an error where there is none. */
static int
read_text(const char *path, char *out, size_t size)
{
	int	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	ssize_t	n;

	out[0] = '\0';
	if (fd < 0)
		return fd;
	n = qt_sys_read(fd, out, size - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return 0;
}

int
qt_proc_state(uint64_t pid)
{
	char		 path[64], text[256];
	const char	*end;
	int		 rc;

	snprintf(path, sizeof(path), "/proc/%llu/stat",
	    (unsigned long long)pid);
	rc = read_text(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	/* "PID (NAME) STATE": the name may have any characters. */
	end = strrchr(text, ')');
	if (end == NULL || end[1] != ' ' || end[2] == '\0')
		return -ESRCH;
	return end[2];
}

uint64_t
qt_proc_pid_ns(void)
{
	struct stat	st;

	return stat("/proc/self/ns/pid", &st) < 0 ? 0 : st.st_ino;
}

void
qt_proc_boot_id(char out[QT_PROC_BOOT_SIZE])
{
	(void)read_text(BOOT_ID, out, QT_PROC_BOOT_SIZE);
	out[strcspn(out, "\n")] = '\0';
}
