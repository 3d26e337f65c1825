/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a spool, whole and as they come: records lie in them, each byte
 * is counted once, and who reads it piece by piece finds the same records.
 * clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/spool.h>

#define TOKEN	"0123456789abcdef"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static uint64_t
sum_of(const struct qt_hist_bytes *b, const uint8_t *data, size_t size)
{
	uint64_t	sum = b->len;

	check(b->len == 0 || (b->data >= (const char *)data &&
	    b->data + b->len <= (const char *)data + size));
	for (size_t i = 0; i < b->len; i++)
		sum = sum * 31 + (unsigned char)b->data[i];
	return sum;
}

/* Something that depends on all of them; step: bytes that come at once. */
static uint64_t
read_all(const uint8_t *data, size_t size, size_t step)
{
	struct qt_hist_spool_record	r;
	uint64_t			lost = 0, sum = 0;
	size_t				at = 0, used, end = 0;

	while (end < size) {
		end = size - end > step ? end + step : size;
		while (qt_hist_spool_next(&r, TOKEN, data + at, end - at,
		    &used, &lost) == 1) {
			check(used > 0 && used <= end - at);
			check(r.pipe_count <= QT_HIST_PIPE_MAX);
			at += used;
			sum = sum * 31 + sum_of(&r.text, data, size) +
			    sum_of(&r.cwd, data, size) +
			    sum_of(&r.host, data, size) + r.number +
			    (unsigned int)r.kind;
		}
		at += used;
		check(at <= end && lost <= at);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	token[QT_HIST_TOKEN];

	(void)qt_hist_spool_token(token, data, size);
	check(read_all(data, size, SIZE_MAX) == read_all(data, size, 7));
	return 0;
}
