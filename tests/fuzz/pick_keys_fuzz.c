/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a terminal sends: each is a key's, whole and byte by byte
 * the keys are the same; and the query's line takes them, in emacs and vi keys,
 * and is undone to what it was. clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/qt-hist/pick_glyph.c"
#include "../../cmd/qt-hist/pick_keys.c"
#include "../../cmd/qt-hist/pick_line.c"
#include "../../cmd/qt-hist/pick_vi.c"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pick_line	line;

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static uint64_t
add(uint64_t sum, const struct pick_key *k)
{
	check(k->len <= sizeof(k->text) && k->code <= PICK_PLACE);
	check(k->mods < 8);
	sum = sum * 31 + k->code;
	sum = sum * 31 + k->mods + k->button + k->col * 7 + k->row * 11;
	for (size_t i = 0; i < k->len; i++)
		sum = sum * 31 + (unsigned char)k->text[i];
	return sum;
}

/* All keys; as they come, or all there from the start. */
static uint64_t
read_keys(const char *p, size_t len, bool is_slow)
{
	struct pick_keys	keys = { false };
	struct pick_key		k;
	uint64_t		sum = 0;
	size_t			n, there = is_slow ? 1 : len;

	while (len > 0) {
		n = pick_keys_next(&keys, p, there < len ? there : len,
		    there >= len, &k);
		check(n <= len && (n > 0 || there < len));
		check(n > 0 || there < PICK_KEYS_MAX);
		if (n == 0) {
			there++;
			continue;
		}
		sum = k.code == PICK_NONE ? sum : add(sum, &k);
		p += n;
		len -= n;
		there = is_slow ? 1 : len;
		(void)pick_line_key(&line, &k);
		check(line.at <= line.len && line.len <= PICK_LINE_MAX);
		check(line.kill_len <= PICK_LINE_MAX);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char	copy[4096];
	uint64_t	sums[2];

	if (size > sizeof(copy))
		size = sizeof(copy);
	memcpy(copy, data, size);
	for (int i = 0; i < 2; i++) {
		pick_line_init(&line, "a b", 3, i == 1);
		sums[i] = read_keys(copy, size, i == 1);
		while (pick_line_undo(&line))
			check(line.at <= line.len);
		if (line.steps == 0)
			check(line.len == 3 && memcmp(line.text, "a b", 3) == 0);
		pick_line_clear(&line);
	}
	check(sums[0] == sums[1]);
	return 0;
}
