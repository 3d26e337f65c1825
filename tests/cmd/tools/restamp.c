/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restamp FILE OFFSET BYTE... - changes bytes of a segment's header, and its
 * checksum with them: a header that is whole and says something else.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/hash.h>

#define HEAD	252	/* bytes before the checksum, see qt-segment(5) */

int
main(int argc, char **argv)
{
	unsigned char	head[HEAD];
	uint32_t	crc;
	unsigned long	at;
	int		fd;

	if (argc < 4)
		return 2;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, head, HEAD, 0) != HEAD) {
		perror(argv[1]);
		return 3;
	}
	at = strtoul(argv[2], NULL, 0);
	for (int i = 3; i < argc; i++, at++) {
		if (at >= HEAD)
			return 2;
		head[at] = (unsigned char)strtoul(argv[i], NULL, 0);
	}
	crc = qt_crc32c(0, head, HEAD);
	if (pwrite(fd, head, HEAD, 0) != HEAD ||
	    pwrite(fd, &crc, sizeof(crc), HEAD) != sizeof(crc)) {
		perror(argv[1]);
		return 3;
	}
	return 0;
}
