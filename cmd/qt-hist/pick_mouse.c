/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mouse does in the picker: the wheel moves, a click selects, a second
 * one soon after it on the same command runs it. See pick.h.
 *
 * It tells rows of the screen, and inline nobody knows which ones are ours; so
 * the first click asks the terminal where the cursor is, and waits. Not before:
 * an answer that comes when the picker has gone would be typed into the shell.
 */

#include <string.h>

#include <qt/base/clock.h>

#include "pick.h"
#include "pick_draw.h"

#define DOUBLE_MS	500

static void
click(struct pick *p, const struct pick_key *k)
{
	struct pick_layout	l = pick_layout(p->area_rows, false);
	uint64_t		now_ms = qt_clock_mono_ms();
	uint32_t		at;
	bool			is_second;

	if (k->row < p->row + l.list_row ||
	    k->row >= p->row + l.list_row + p->list_rows)
		return;
	at = p->list.top + (k->row - p->row - l.list_row);
	if (at >= p->list.count)
		return;
	is_second = at == p->click_on && p->click_ms != 0 &&
	    now_ms - p->click_ms < DOUBLE_MS;
	p->list.cursor = p->click_on = at;
	p->click_ms = is_second ? 0 : now_ms;
	if (is_second)
		pick_choose(p, false);
}

void
pick_mouse(struct pick *p, const struct pick_key *k)
{
	static const char	where[] = "\033[6n";

	if (k->code == PICK_PLACE) {
		p->row = p->has_click ? k->row : p->row;
		if (p->has_click)
			click(p, &p->click);
		p->has_click = false;
		return;
	}
	if (p->mode == PICK_HELP && k->button == PICK_BUTTON_LEFT)
		p->mode = PICK_LIST;
	else if (p->mode != PICK_LIST)
		return;		/* a question waits for its answer */
	else if (k->button == PICK_WHEEL_UP)
		pick_list_move(&p->list, -1);
	else if (k->button == PICK_WHEEL_DOWN)
		pick_list_move(&p->list, 1);
	else if (k->button == PICK_BUTTON_LEFT && p->row > 0)
		click(p, k);
	else if (k->button == PICK_BUTTON_LEFT && !p->has_click) {
		p->has_click = true;
		p->click = *k;
		(void)pick_term_write(&p->term, where, sizeof(where) - 1);
	}
}
