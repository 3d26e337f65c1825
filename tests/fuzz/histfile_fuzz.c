/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a shell's history file, less any commands: what is left is what
 * was there in its order, and nothing is left out that is not counted. The first
 * NUL byte parts them; commands end in \x01. clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/qt-hist/histfile.c"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static void
add_all(struct histfile *h, const char *text, size_t len)
{
	for (const char *p = text, *end = text + len; p < end;) {
		const char	*q = memchr(p, '\x01', (size_t)(end - p));

		if (q == NULL)
			q = end;
		check(histfile_add(h, &(struct qt_hist_bytes){ p,
		    (size_t)(q - p) }) == 0);
		p = q + 1;
	}
}

/* Is it what some bytes of the other are, in their order? */
static int
is_part(const struct qt_buf *part, const char *all, size_t len)
{
	size_t	at = 0;

	for (size_t i = 0; i < len && at < part->len; i++)
		at += all[i] == part->data[at];
	return at == part->len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data, *file, *end = text + size;
	const char	*nul = size == 0 ? NULL : memchr(text, '\0', size);
	struct histfile	 h = { .heap = QT_BUF_INIT };
	struct qt_buf	 out = QT_BUF_INIT;
	uint64_t	 count = 0;

	if (nul == NULL)
		return 0;
	file = nul + 1;
	add_all(&h, text, (size_t)(nul - text));
	check(histfile_filter(&h, &out, file, (size_t)(end - file), &count) ==
	    0);
	check(is_part(&out, file, (size_t)(end - file)));
	check((count == 0) == (out.len == (size_t)(end - file)));
	qt_buf_clear(&out);
	histfile_clear(&h);
	return 0;
}
