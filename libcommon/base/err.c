/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes as text, and error context. See <qt/base/err.h>. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/err.h>

const char *
qt_strerror(int code)
{
	if (code > 0)
		code = -code;
	switch (-code) {
#define X(name, text) case QT_E##name: return text;
	QT_ERR_MAP(X)
#undef X
	default:
		return strerror(-code);
	}
}

void
qt_err_set(struct qt_err *err, const char *fmt, ...)
{
	va_list	ap;

	if (err == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
}

void
qt_err_wrap(struct qt_err *err, const char *fmt, ...)
{
	struct qt_err	inner;
	size_t		len;
	va_list		ap;

	if (err == NULL)
		return;
	inner = *err;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);

	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner.text);
}
