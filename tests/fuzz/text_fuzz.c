/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line: its words lie in it, one behind the other; and any bytes
 * come back from their escaped form, which has no control in it.
 * clang -fsanitize=fuzzer
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/text.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static void
words(char *line, size_t size, const uint8_t *data)
{
	char	*text = line, *end = line, *word;
	size_t	 len = size, word_len;
	int	 rc;

	while ((rc = qt_text_word(&text, &len, &word, &word_len)) == 1) {
		check(word >= end && word + word_len <= text);
		check(text + len == line + size);
		end = text;
	}
	check(rc == 0 || (rc == -EINVAL && size > 0 &&
	    (memchr(data, '\\', size) != NULL ||
	    memchr(data, '"', size) != NULL)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_buf	 buf = QT_BUF_INIT;
	char		*copy = malloc(size + 1);
	size_t		 len;

	check(copy != NULL);
	qt_text_escape(&buf, (const char *)data, size);
	for (size_t i = 0; i < buf.len; i++)
		check((unsigned char)buf.data[i] >= ' ' &&
		    buf.data[i] != 0x7f);
	len = buf.len;
	check(size == 0 || (qt_text_unescape(buf.data, &len) == 0 &&
	    len == size && memcmp(buf.data, data, size) == 0));
	memcpy(copy, data, size);
	len = size;
	check(qt_text_unescape(copy, &len) == 0 ? len <= size : len == size);
	memcpy(copy, data, size);
	words(copy, size, data);
	qt_buf_clear(&buf);
	free(copy);
	return 0;
}
