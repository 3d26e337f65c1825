/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes as text, and error context. See <qt/base/err.h>. */

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/err.h>

const char *
qt_strerror(int code)
{
	if (code == INT_MIN)
		code = INT_MAX;
	if (code < 0)
		code = -code;
	switch (code) {
#define X(name, text) case QT_E##name: return text;
	QT_ERR_MAP(X)
#undef X
	default:
		return strerror(code);
	}
}

/* Appends what fits. */
static void
append(struct qt_err *err, const char *more)
{
	size_t	len = strlen(err->text);
	size_t	count = strnlen(more, sizeof(err->text) - 1 - len);

	memcpy(err->text + len, more, count);
	err->text[len + count] = '\0';
}

/*
 * Both format into a struct of their own first, because the arguments may
 * well be the text that is about to be replaced.
 */
void
qt_err_set(struct qt_err *err, const char *fmt, ...)
{
	struct qt_err	text;
	va_list		ap;

	if (err == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text.text, sizeof(text.text), fmt, ap);
	va_end(ap);
	memcpy(err->text, text.text, strlen(text.text) + 1);
}

void
qt_err_wrap(struct qt_err *err, const char *fmt, ...)
{
	struct qt_err	outer;
	va_list		ap;

	if (err == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(outer.text, sizeof(outer.text), fmt, ap);
	va_end(ap);

	if (err->text[0] != '\0') {
		append(&outer, ": ");
		append(&outer, err->text);
	}
	memcpy(err->text, outer.text, strlen(outer.text) + 1);
}
