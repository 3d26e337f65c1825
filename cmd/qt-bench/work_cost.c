/* SPDX-License-Identifier: Apache-2.0 */
/* What work costs beside time: bytes written, kept, held in memory. work.h */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

/* The sum of the numbers behind these names, in a file of /proc. */
static uint64_t
sum_of(const char *path, const char *const *names)
{
	char		line[256];
	uint64_t	sum = 0;
	FILE		*f = fopen(path, "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		for (const char *const *n = names; *n != NULL; n++)
			if (strncmp(line, *n, strlen(*n)) == 0)
				sum += strtoull(line + strlen(*n), NULL, 10);
	fclose(f);
	return sum;
}

uint64_t
work_written(void)
{
	static const char *const to_disk[] = { "write_bytes:", NULL };
	static const char *const by_calls[] = { "wchar:", NULL };
	uint64_t		 bytes = sum_of("/proc/self/io", to_disk);

	/* No disk under it, or a kernel that does not count. */
	return bytes != 0 ? bytes : sum_of("/proc/self/io", by_calls);
}

uint64_t
work_memory(void)
{
	/* Not RssFile: pages of files are the kernel's to take back. */
	static const char *const own[] = { "RssAnon:", "RssShmem:", NULL };

	return sum_of("/proc/self/status", own) * 1024;
}

static uint64_t	total;

static int
add_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)ftw;
	if (type == FTW_F)
		total += (uint64_t)st->st_blocks * 512;
	return 0;
}

uint64_t
work_disk(const char *dir)
{
	total = 0;
	(void)nftw(dir, add_one, 8, FTW_PHYS);
	return total;
}
