/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as keys, strings and numbers, in any nesting: jansson reads what
 * came out, and valid UTF-8 comes back as it was. clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <qt/base/json.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

/* The bytes as one string; jansson says itself when they were UTF-8. */
static void
round_trip(const char *text, size_t len)
{
	struct qt_buf	 buf = QT_BUF_INIT;
	struct qt_json	 j = QT_JSON_INIT(&buf);
	json_t		*want = json_stringn(text, len);
	json_t		*got;
	json_error_t	 error;

	qt_json_array(&j, NULL);
	qt_json_strn(&j, NULL, text, len);
	qt_json_end(&j);
	check(qt_json_status(&j) == 0);
	got = json_loadb(buf.data, buf.len, JSON_ALLOW_NUL, &error);
	check(got != NULL);
	check(want == NULL || json_equal(want, json_array_get(got, 0)));
	check(memchr(buf.data, '\n', buf.len) == NULL);
	check(memchr(buf.data, '\033', buf.len) == NULL);
	json_decref(want);
	json_decref(got);
	qt_buf_clear(&buf);
}

/* Reads up to 8 bytes as a number, and moves on. */
static uint64_t
take(const uint8_t **p, const uint8_t *end)
{
	uint64_t	n = 0;
	size_t		len = (size_t)(end - *p) < 8 ? (size_t)(end - *p) : 8;

	memcpy(&n, *p, len);
	*p += len;
	return n;
}

/* The bytes as a program of calls; text is the rest of them, as a string. */
static void
run(const uint8_t *p, const uint8_t *end, const char *text)
{
	struct qt_buf	 buf = QT_BUF_INIT;
	struct qt_json	 j = QT_JSON_INIT(&buf);
	json_t		*got;
	json_error_t	 error;
	const char	*key;
	uint64_t	 n;
	double		 d;

	qt_json_array(&j, NULL);
	while (p < end) {
		key = j.is_array >> (j.depth - 1) & 1 ? NULL : text;
		switch (*p++ % 9) {
		case 0: if (j.depth < 64) qt_json_object(&j, key); break;
		case 1: if (j.depth < 64) qt_json_array(&j, key); break;
		case 2: if (j.depth > 1) qt_json_end(&j); break;
		case 3: qt_json_str(&j, key, text); break;
		case 4: qt_json_null(&j, key); break;
		case 5: qt_json_bool(&j, key, *text); break;
		case 6: qt_json_int(&j, key, (int64_t)take(&p, end)); break;
		case 7:
			n = take(&p, end);
			qt_json_uint(&j, key, n & INT64_MAX);
			break;
		default:
			n = take(&p, end);
			memcpy(&d, &n, sizeof(d));
			qt_json_double(&j, key, d);
			break;
		}
	}
	while (j.depth > 0)
		qt_json_end(&j);
	check(qt_json_status(&j) == 0);
	got = json_loadb(buf.data, buf.len, JSON_ALLOW_NUL, &error);
	check(got != NULL);
	json_decref(got);
	qt_buf_clear(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = calloc(1, size + 1);

	check(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	round_trip(text, size);
	run(data, data + size, size > 4 ? text + size / 2 : "");
	free(text);
	return 0;
}
