/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to who sits at a terminal. See ask.h. */

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "ask.h"

int
ask(const char *fmt, ...)
{
	char	answer[16] = "";
	va_list	ap;

	if (!isatty(STDIN_FILENO))
		return 1;
	fprintf(stderr, "%s: ", qt_prog);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " [y/N] ");
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		fputc('\n', stderr);
	return answer[0] == 'y' || answer[0] == 'Y';
}
