/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input. See input.h. */

#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "input.h"

#define PIECE	65536u

static void
need(struct qt_buf *buf, size_t size)
{
	if (qt_buf_reserve(buf, size) < 0)
		qt_die(QT_EXIT_SYS, "standard input: no memory for %zu bytes",
		    buf->len + size);
}

static _Noreturn void
too_much(size_t max)
{
	qt_die(QT_EXIT_SYS, "standard input: more than %zu bytes", max);
}

size_t
input_more(struct qt_buf *buf, size_t max)
{
	ssize_t	n;

	if (buf->cap - buf->len < PIECE)
		need(buf, buf->len > PIECE ? buf->len : PIECE);
	n = qt_sys_read(STDIN_FILENO, buf->data + buf->len,
	    buf->cap - buf->len);
	if (n < 0)
		qt_die(QT_EXIT_SYS, "standard input: %s", qt_strerror((int)n));
	buf->len += (size_t)n;
	buf->data[buf->len] = '\0';
	if (buf->len > max)
		too_much(max);
	return (size_t)n;
}

void
input_value(struct qt_buf *buf)
{
	struct stat	st;

	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > 0) {
		if (st.st_size > (off_t)QT_STORE_VALUE_MAX)
			too_much(QT_STORE_VALUE_MAX);
		need(buf, (size_t)st.st_size + PIECE);
	}
	while (input_more(buf, QT_STORE_VALUE_MAX) > 0)
		;
}
