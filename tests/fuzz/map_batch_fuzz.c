/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line, and as the first field, of qt-map batch: what is taken
 * lies in them and is within the limits. And any record, as scan -B writes it,
 * is read as the same again. clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/qt-map/command.c"
#include "../../cmd/qt-map/show.c"
#include "../../cmd/qt-map/tags.c"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static int
lies_in(const char *p, size_t len, const char *in, size_t size)
{
	return len == 0 || (p >= in && p + len <= in + size);
}

static void
read_any(const uint8_t *data, size_t size)
{
	struct command	 c;
	struct qt_err	 err = QT_ERR_INIT;
	char		*copy = malloc(size + 1);

	check(copy != NULL);
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (command_parse(&c, copy, size, &err) == 0) {
		check(lies_in(c.key, c.key_len, copy, size));
		check(lies_in(c.value, c.value_len, copy, size));
		check(lies_in(c.prefix, c.prefix_len, copy, size));
		check(command_check(&c, &err) == 0);
	} else {
		check(err.text[0] != '\0' || size == 0);
	}
	memcpy(copy, data, size);
	(void)command_fields(copy, size);
	(void)command_parse_first(&c, copy, size, &err);
	free(copy);
}

static void
write_and_read(const uint8_t *data, size_t size)
{
	size_t			 key_len = 1 + data[0] % (size - 1);
	struct qt_store_item	 item = {
		.key = data + 1, .key_len = key_len,
		.value = data + 1 + key_len, .value_len = size - 1 - key_len,
		.tag = data[0],
	};
	struct command		 c;
	struct qt_err		 err = QT_ERR_INIT;

	/* Types that are checked take not any value. */
	if (item.tag < TAG_COUNT)
		item.tag = TAG_BYTES;
	add_command(&item);
	check(out.data[out.len - 1] == '\n');
	check(memchr(out.data, '\n', out.len - 1) == NULL);
	check(command_parse(&c, out.data, out.len - 1, &err) == 0);
	check(c.verb == COMMAND_PUT && c.tag == item.tag);
	check(c.key_len == key_len && memcmp(c.key, item.key, key_len) == 0);
	check(c.value_len == item.value_len &&
	    memcmp(c.value, item.value, c.value_len) == 0);
	qt_buf_reset(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_any(data, size);
	if (size > 1)
		write_and_read(data, size);
	return 0;
}
