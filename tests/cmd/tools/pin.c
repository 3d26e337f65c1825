/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin SEG NAME HANDLE - enters a pool and gets the block; says "entered", waits
 * for the end of stdin, prints what the block begins with, and leaves.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/pool.h>

int
main(int argc, char **argv)
{
	struct qt_seg			*seg;
	struct qt_shm_pool		*p;
	struct qt_shm_pool_guard	 g;
	struct qt_err			 err = QT_ERR_INIT;
	const char			*block;
	char				 c;

	if (argc != 4)
		return 2;
	if (qt_seg_open(argv[1], NULL, QT_SEG_JOIN, &seg, &err) < 0 ||
	    qt_shm_pool_open(seg, argv[2], NULL, &p, &err) < 0) {
		fprintf(stderr, "pin: %s\n", err.text);
		return 3;
	}
	if (qt_shm_pool_enter(p, &g) < 0)
		return 4;
	block = qt_shm_pool_get(p, strtoull(argv[3], NULL, 16));
	if (block == NULL)
		return 1;
	puts("entered");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	printf("%.8s\n", block);
	qt_shm_pool_leave(&g);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
	return 0;
}
