/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and resize policies on the command line. See size.h. */

#include <stdio.h>

#include <qt/base/prog.h>

#include "size.h"

void
size_parse(const char *what, const char *text, uint16_t *cols, uint16_t *rows)
{
	unsigned int	c, r;
	char		x, extra;

	if (text[0] < '0' || text[0] > '9' ||
	    sscanf(text, "%5u%c%5u%c", &c, &x, &r, &extra) != 3 ||
	    (x != 'x' && x != 'X') || c < 1 || r < 1 ||
	    c > UINT16_MAX || r > UINT16_MAX ||
	    qt_session_size_check((uint16_t)c, (uint16_t)r) < 0)
		qt_die(QT_EXIT_USAGE, "%s '%s' is not a size: COLSxROWS, "
		    "1x1 to %dx%d, at most %u cells", what, text,
		    QT_SESSION_COLS_MAX, QT_SESSION_ROWS_MAX,
		    QT_SESSION_CELLS_MAX);
	*cols = (uint16_t)c;
	*rows = (uint16_t)r;
}

enum qt_resize_policy
policy_parse(const char *text)
{
	int	policy = qt_resize_policy_parse(text);

	if (policy < 0)
		qt_die(QT_EXIT_USAGE, "--resize '%s' is not latest, smallest, "
		    "largest or fixed", text);
	return (enum qt_resize_policy)policy;
}
