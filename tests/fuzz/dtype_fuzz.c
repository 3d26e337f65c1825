/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dtype of any text, an element of any bytes, a value of any text: no crash;
 * and what an element is as text is read back to one that is the same text.
 *
 * The input: dtype, NUL, then bytes that are the element as well as the value.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/dtype.h>

#define ELEM_MAX	4096u

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct qt_dtype *d, const unsigned char *elem)
{
	static unsigned char	again[ELEM_MAX];
	struct qt_buf		text = QT_BUF_INIT, second = QT_BUF_INIT;

	if (qt_dtype_format(d, elem, &text) < 0)
		abort();
	if (qt_dtype_scan(d, text.data == NULL ? "" : text.data, text.len,
	    again, NULL) < 0 || qt_dtype_format(d, again, &second) < 0)
		abort();
	if (text.len != second.len || (text.len > 0 &&
	    memcmp(text.data, second.data, text.len) != 0))
		abort();
	qt_buf_clear(&text);
	qt_buf_clear(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char	 elem[ELEM_MAX];
	const uint8_t		*end = memchr(data, 0, size);
	struct qt_dtype		 d, again;
	size_t			 left;

	if (end == NULL || qt_dtype_parse(&d, (const char *)data, NULL) < 0)
		return 0;
	if (d.size == 0 || d.field_count == 0 ||
	    d.field_count > QT_DTYPE_FIELDS)
		abort();
	if (qt_dtype_parse(&again, d.text, NULL) < 0 ||
	    !qt_dtype_is_same(&d, &again))
		abort();
	if (d.size > ELEM_MAX)
		return 0;
	left = size - (size_t)(end - data) - 1;
	memset(elem, 0, sizeof(elem));
	memcpy(elem, end + 1, left < d.size ? left : d.size);
	check(&d, elem);
	if (qt_dtype_scan(&d, (const char *)end + 1, left, elem, NULL) == 0)
		check(&d, elem);
	return 0;
}
