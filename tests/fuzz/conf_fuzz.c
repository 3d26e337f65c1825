/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file: they load or are refused with a place,
 * and every value that is found lies on the line that the bytes say.
 * clang -fsanitize=fuzzer
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qt/base/conf.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

/* A key that the bytes themselves contain is the interesting one. */
static void
look_up(const struct qt_conf *conf, const char *text)
{
	char		key[65];
	struct qt_err	err = QT_ERR_INIT;
	const char	*value, *p = text;
	unsigned long	n;
	size_t		len;
	int		rc;

	for (; *p != '\0'; p += len + (p[len] != '\0')) {
		len = strcspn(p, "\n =");
		if (len == 0 || len >= sizeof(key))
			continue;
		memcpy(key, p, len);
		key[len] = '\0';
		value = qt_conf_str(conf, key, NULL);
		check(value == NULL || (strstr(text, value) != NULL &&
		    strchr(value, '\n') == NULL));
		rc = qt_conf_ulong(conf, key, 7, 1, 100, &n, &err);
		check(rc == 0 || (rc == -EINVAL && n == 7 &&
		    strstr(err.text, " is not a number ") != NULL));
		check(rc < 0 || n == 7 || (value != NULL && n >= 1 &&
		    n <= 100));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int	 fd = -1;
	static char	 path[32];
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_conf	*conf;
	char		*text;
	int		 rc;

	if (fd < 0) {
		fd = memfd_create("conf", MFD_CLOEXEC);
		check(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	check(ftruncate(fd, 0) == 0);
	check(pwrite(fd, data, size, 0) == (ssize_t)size);
	rc = qt_conf_load(path, &conf, &err);
	if (rc < 0) {
		check(rc == -EINVAL && conf == NULL);
		check(strncmp(err.text, path, strlen(path)) == 0);
		return 0;
	}
	check(memchr(data, '\0', size) == NULL);
	text = calloc(1, size + 1);
	check(text != NULL);
	memcpy(text, data, size);
	look_up(conf, text);
	qt_conf_free(conf);
	free(text);
	return 0;
}
