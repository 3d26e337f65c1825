/* SPDX-License-Identifier: Apache-2.0 */
/* How long a read takes among so much data: a chain of lines in one cycle. */

#include <stdlib.h>

#include <qt/base/clock.h>

#include "growth.h"
#include "work.h"
#include "rows.h"

#define LINE		64u
#define BYTES_MAX	(UINT64_C(512) << 20)
#define READS		(1u << 18)
#define ROUNDS		5u

double
growth_read_ns(uint64_t bytes)
{
	uint64_t		 count, state = 88172645463325252u;
	uint64_t		(*lines)[LINE / 8];
	volatile uint64_t	 at = 0;
	double			 ns[ROUNDS];

	count = (bytes < BYTES_MAX ? bytes : BYTES_MAX) / LINE + 1;
	lines = aligned_alloc(LINE, count * LINE);
	if (lines == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	for (uint64_t i = 0; i < count; i++)
		lines[i][0] = i;
	/* Sattolo: a permutation that is one cycle. */
	for (uint64_t i = count - 1; i > 0; i--) {
		uint64_t	j = work_random(&state) % i, t = lines[i][0];

		lines[i][0] = lines[j][0];
		lines[j][0] = t;
	}
	for (uint32_t r = 0; r < ROUNDS; r++) {
		uint64_t	start = qt_clock_mono_ns(), here = at;

		for (uint32_t i = 0; i < READS; i++)
			here = lines[here][0];
		at = here;
		ns[r] = (double)(qt_clock_mono_ns() - start) / READS;
	}
	free(lines);
	return median(ns, ROUNDS);
}
