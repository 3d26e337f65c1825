/* SPDX-License-Identifier: Apache-2.0 */
/* What a key does in the picker. See pick.h. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/base64.h>

#include "pick.h"

#define COPY_MAX	(64u << 10)	/* bytes; terminals take no more */

void
pick_note(struct pick *p, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->note, sizeof(p->note), fmt, ap);
	va_end(ap);
}

void
pick_choose(struct pick *p, bool is_edit)
{
	p->is_waiting = p->list.ix == NULL && p->taker >= 0;
	p->is_edit = is_edit;
	if (p->is_waiting)
		return;
	if (p->list.marked.count == 0 && p->list.count == 0) {
		pick_note(p, "nothing matches; Esc leaves");
		return;
	}
	p->is_chosen = p->is_done = true;
}

static void
find_anew(struct pick *p)
{
	p->is_stale = p->is_reset = true;
}

/* --- Deleting ------------------------------------------------------------- */

/* Whoever is sure deletes what was there when he was asked. */
static void
ask_to_delete(struct pick *p)
{
	if (pick_list_doom(&p->list) < 0)
		pick_note(p, "out of memory");
	else if (p->list.doomed.count > 0)
		p->mode = PICK_SURE;
}

static void
delete(struct pick *p)
{
	size_t	n = p->list.doomed.count;

	p->line.is_typing = false;	/* what is typed now is another step */
	if (pick_list_delete(&p->list, p->line.steps) < 0)
		pick_note(p, "out of memory");
	else if (n == 1)
		pick_note(p, "deleted when you leave; C-_ brings it back");
	else
		pick_note(p, "%zu are deleted when you leave; C-_ brings them "
		    "back", n);
}

/* What was done last: the deletion, or what was typed. */
static bool
undelete(struct pick *p)
{
	size_t	n = p->list.deletion_count;

	if (n == 0 || p->list.deletions[n - 1].step < p->line.steps)
		return false;
	n = pick_list_undelete(&p->list);
	if (n == 1)
		pick_note(p, "it is back");
	else
		pick_note(p, "%zu are back", n);
	p->is_stale = true;
	return true;
}

/* --- The clipboard -------------------------------------------------------- */

/* OSC 52: also through ssh, where the terminal lets it. */
static void
copy(struct pick *p)
{
	struct qt_hist_bytes	text = pick_list_text(&p->list, p->list.cursor);
	struct qt_buf		out = QT_BUF_INIT;
	size_t			room = QT_BASE64_PADDED_LEN(text.len), n;

	if (p->list.count == 0)
		return;
	if (text.len > COPY_MAX) {
		pick_note(p, "too long for a terminal's clipboard");
		return;
	}
	if (qt_buf_addf(&out, "\033]52;c;") == 0 &&
	    qt_buf_reserve(&out, room + 1) == 0) {
		n = qt_base64_encode(out.data + out.len, text.data, text.len, 0);
		out.len += n;
		while (n++ < room)
			(void)qt_buf_add(&out, "=", 1);
		(void)qt_buf_add(&out, "\a", 1);
		(void)pick_term_write(&p->term, out.data, out.len);
		pick_note(p, "copied, if the terminal allows it (OSC 52)");
	}
	qt_buf_clear(&out);
}

/* --- Keys ----------------------------------------------------------------- */

static void
toggle(struct pick *p, int by)
{
	struct qt_hist_bytes	text = pick_list_text(&p->list, p->list.cursor);

	if (!p->is_multi) {
		if (by > 0)
			pick_choose(p, true);
		return;
	}
	if (p->list.cursor < p->list.count &&
	    pick_texts_toggle(&p->list.marked, &text) < 0)
		pick_note(p, "out of memory");
	pick_list_move(&p->list, by);
}

static bool
moves(struct pick *p, const struct pick_key *k)
{
	int64_t	page = p->list_rows > 1 ? p->list_rows - 1 : 1;
	bool	is_ctrl = k->mods == PICK_CTRL, is_alt = k->mods == PICK_ALT;

	if ((k->code == PICK_UP && k->mods == 0) || (k->code == 'p' && is_ctrl))
		pick_list_move(&p->list, -1);
	else if ((k->code == PICK_DOWN && k->mods == 0) ||
	    (k->code == 'n' && is_ctrl))
		pick_list_move(&p->list, 1);
	else if (k->code == PICK_PAGE_UP || (k->code == 'v' && is_alt))
		pick_list_move(&p->list, -page);
	else if (k->code == PICK_PAGE_DOWN || (k->code == 'v' && is_ctrl))
		pick_list_move(&p->list, page);
	else if ((k->code == PICK_HOME && is_ctrl) || (k->code == '<' && is_alt))
		pick_list_move(&p->list, INT32_MIN);
	else if ((k->code == PICK_END && is_ctrl) || (k->code == '>' && is_alt))
		pick_list_move(&p->list, INT32_MAX);
	else
		return false;
	return true;
}

static void
with_ctrl(struct pick *p, uint32_t code)
{
	switch (code) {
	case 'c':
	case 'g':
	case 'd':	/* where the line is empty */
		p->is_done = true;
		break;
	case 'r':
		pick_list_next_scope(&p->list);
		find_anew(p);
		break;
	case 's':
		p->list.order = p->list.order == QT_HIST_AUTO ?
		    QT_HIST_LATEST : p->list.order == QT_HIST_LATEST ?
		    QT_HIST_BEST : QT_HIST_AUTO;
		find_anew(p);
		break;
	case 'o':
		p->has_preview = !p->has_preview;
		break;
	case 'x':
		ask_to_delete(p);
		break;
	default:	/* C-l, and what means nothing */
		break;
	}
}

/* A letter of vi's normal mode that the line does not know. */
static void
with_letter(struct pick *p, uint32_t code)
{
	struct pick_key	insert = { .code = 'i' };

	switch (code) {
	case 'j':
		pick_list_move(&p->list, 1);
		break;
	case 'k':
		pick_list_move(&p->list, -1);
		break;
	case 'g':
		pick_list_move(&p->list, INT32_MIN);
		break;
	case 'G':
		pick_list_move(&p->list, INT32_MAX);
		break;
	case '/':
		(void)pick_line_key(&p->line, &insert);
		break;
	case '?':
		p->mode = PICK_HELP;
		break;
	case 'q':
		p->is_done = true;
		break;
	}
}

/* What is the picker's whatever the line says. */
static bool
is_own(const struct pick *p, const struct pick_key *k)
{
	if (k->mods == PICK_CTRL)
		return (k->code < 128 && strchr("cgrsoxlnpv", (int)k->code)) ||
		    (k->code == 'd' && p->line.len == 0) ||
		    k->code == PICK_HOME || k->code == PICK_END;
	return k->code == PICK_UP || k->code == PICK_DOWN ||
	    (k->code == PICK_DELETE && k->mods == PICK_SHIFT);
}

static void
own(struct pick *p, const struct pick_key *k)
{
	bool	is_at_end = p->line.at == p->line.len && !p->line.is_normal;

	/* What was typed before is found before the key means something. */
	if (p->is_stale)
		pick_find(p, false);
	if (moves(p, k))
		return;
	if (k->code == PICK_ENTER)
		pick_choose(p, (k->mods & PICK_ALT) != 0);
	else if (k->code == PICK_TAB)
		toggle(p, k->mods & PICK_SHIFT ? -1 : 1);
	else if (k->code == PICK_ESCAPE)
		p->is_done = true;
	else if (k->code == PICK_RIGHT && is_at_end)
		pick_choose(p, true);
	else if (k->code == PICK_F1 || (k->code == '?' && k->mods == PICK_ALT))
		p->mode = PICK_HELP;
	else if (k->code == 'w' && k->mods == PICK_ALT)
		copy(p);
	else if (k->code == PICK_DELETE && k->mods == PICK_SHIFT)
		with_ctrl(p, 'x');
	else if (k->mods == PICK_CTRL)
		with_ctrl(p, k->code);
	else if (p->line.is_normal && (k->mods & ~PICK_SHIFT) == 0)
		with_letter(p, k->code);
}

static void
in_list(struct pick *p, const struct pick_key *k)
{
	bool	is_at_end = p->line.at == p->line.len && !p->line.is_normal;
	bool	is_undo = (k->code == '_' && k->mods == PICK_CTRL) ||
		    (k->code == 'u' && k->mods == 0 && p->line.is_normal &&
		    p->line.operator == 0 && p->line.find == 0);

	if (is_undo && undelete(p))
		return;
	if (is_own(p, k) || (k->code == PICK_RIGHT && k->mods == 0 && is_at_end)) {
		own(p, k);
		return;
	}
	switch (pick_line_key(&p->line, k)) {
	case PICK_CHANGED:
		find_anew(p);
		break;
	case PICK_NOT_MINE:
		own(p, k);
		break;
	default:
		break;
	}
}

static void
in_help(struct pick *p, const struct pick_key *k)
{
	unsigned int	last = pick_help_count > p->list_rows ?
			    pick_help_count - p->list_rows : 0;
	unsigned int	top = p->help_top;

	if (k->code == PICK_DOWN || k->code == 'j')
		top++;
	else if (k->code == PICK_UP || k->code == 'k')
		top -= top > 0;
	else if (k->code == PICK_PAGE_DOWN || k->code == ' ')
		top += p->list_rows;
	else if (k->code == PICK_PAGE_UP)
		top -= top < p->list_rows ? top : p->list_rows;
	else
		p->mode = PICK_LIST, top = 0;
	p->help_top = top < last ? top : last;
}

void
pick_press(struct pick *p, const struct pick_key *k)
{
	if (k->code == PICK_NONE)
		return;
	p->is_dirty = true;
	p->is_waiting = false;
	if (k->code == PICK_MOUSE || k->code == PICK_PLACE) {
		pick_mouse(p, k);
		return;
	}
	p->note[0] = '\0';
	switch (p->mode) {
	case PICK_SURE:
		p->mode = PICK_LIST;
		if (k->code == 'y' || k->code == 'Y')
			delete(p);
		break;
	case PICK_HELP:
		in_help(p, k);
		break;
	default:
		in_list(p, k);
	}
}
