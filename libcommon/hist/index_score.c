/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scores. See <qt/hist/index.h>.
 *
 * A run's weight doubles with each half-life that it is later, so weights never
 * have to be aged, and who compares sums of them compares what they would be
 * after ageing ("forward decay": G. Cormode, V. Shkapenyuk, D. Srivastava, B. Xu,
 * ICDE 2009). The sum is kept as its logarithm.
 */

#include "index_priv.h"

#define BITS	20u			/* behind the point */
#define STEP	17u			/* bits of an eighth */

/* log2(1 + 2^(-i / 8)), in 2^20ths. */
static const uint32_t more[] = {
	1048576, 984459, 923175, 864708, 809032, 756111, 705899, 658342,
	613378, 570936, 530943, 493315, 457967, 424811, 393755, 364705,
	337566, 312244, 288646, 266678, 246248, 227269, 209653, 193316,
	178179, 164164, 151197, 139208, 128129, 117898, 108455, 99744, 91711,
	84308, 77487, 71204, 65421, 60097, 55199, 50694, 46551, 42741, 39239,
	36021, 33064, 30347, 27851, 25559, 23454, 21522, 19747, 18118, 16622,
	15250, 13990, 12834, 11773, 10799, 9906, 9086, 8334, 7644, 7011,
	6430, 5898, 5409, 4961, 4550, 4173, 3827, 3510, 3219, 2952, 2707,
	2483, 2277, 2088, 1915, 1756, 1610, 1477, 1354, 1242, 1139, 1044,
	958, 878, 805, 738, 677, 621, 569, 522, 479, 439, 403, 369, 339, 311,
	285, 261, 239, 220, 201, 185, 169, 155, 142, 131, 120, 110, 101, 92,
	85, 78, 71, 65, 60, 55, 50, 46, 42, 39, 36, 33, 30, 27, 25, 23, 21,
	19, 18, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 7, 6, 6, 5, 5, 4, 4, 4,
	3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 0
};
#define LAST	(sizeof(more) / sizeof(more[0]) - 1)

uint32_t
qt__score_add(uint32_t score, uint64_t start_us)
{
	uint64_t	at = ((start_us / 1000000) << BITS) / QT_HIST_HALF_S;
	uint32_t	low, high, i, part;

	low = at > UINT32_MAX ? UINT32_MAX : at == 0 ? 1 : (uint32_t)at;
	if (score == 0)
		return low;
	high = score > low ? score : low;
	low = score > low ? low : score;
	i = (high - low) >> STEP;
	if (i >= LAST)
		return high;
	part = (high - low) & ((1u << STEP) - 1);
	low = more[i] - (uint32_t)(((uint64_t)(more[i] - more[i + 1]) * part)
	    >> STEP);
	return high > UINT32_MAX - low ? UINT32_MAX : high + low;
}
