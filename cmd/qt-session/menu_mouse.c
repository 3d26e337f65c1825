/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mouse does in the interactive list: the wheel moves, a click
 * selects, and a second click soon after it on the same line attaches. See
 * menu.h. Reports are those of xterm's mode 1006, "ESC [ < button ; column ;
 * row M" for a press and "m" for a release, counted from 1.
 */

#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>

#include "menu.h"

#define DOUBLE_MS	500

#define BUTTON_LEFT	0u
#define BUTTON_UP	64u	/* of the wheel */
#define BUTTON_DOWN	65u

static void
click(struct menu *m, unsigned int col, unsigned int row)
{
	uint64_t	now_ms = qt_clock_mono_ms();
	size_t		at = m->top + (row - m->list_row);
	int		is_second;

	if (row < m->list_row || row - m->list_row >= m->page ||
	    col >= m->list_cols || at >= m->nshown)
		return;
	is_second = at == m->selected && m->click_ms != 0 &&
	    now_ms - m->click_ms < DOUBLE_MS;
	m->selected = at;
	m->click_ms = is_second ? 0 : now_ms;
	if (is_second)
		menu_choose(m, &menu_selected(m)->session.id);
}

int
menu_mouse(struct menu *m, const char *sequence, size_t len)
{
	char		text[32];
	unsigned int	button, col, row;
	char		end;

	if (len < 3 || len >= sizeof(text) ||
	    memcmp(sequence, "\033[<", 3) != 0)
		return 0;
	memcpy(text, sequence, len);
	text[len] = '\0';
	if (sscanf(text + 3, "%5u;%5u;%5u%c", &button, &col, &row, &end) != 4 ||
	    end != 'M' || col == 0 || row == 0)
		return 1;
	if (m->mode == MENU_HELP && button == BUTTON_LEFT)
		m->mode = MENU_LIST;
	else if (m->mode != MENU_LIST && m->mode != MENU_FILTER)
		return 1;	/* a question waits for its answer */
	else if (button == BUTTON_UP)
		menu_move(m, m->selected > 0 ? m->selected - 1 : 0);
	else if (button == BUTTON_DOWN)
		menu_move(m, m->selected + 1);
	else if (button == BUTTON_LEFT)
		click(m, col - 1, row - 1);
	m->is_dirty = 1;
	return 1;
}
