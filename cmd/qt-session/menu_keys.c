/* SPDX-License-Identifier: Apache-2.0 */
/* What a key does in the interactive list. See menu.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ending.h"
#include "menu.h"
#include "start.h"
#include "width.h"

void
menu_choose(struct menu *m, const struct qt_uuid *id)
{
	const char	*own = getenv("QT_SESSION");

	if (own != NULL && own[0] != '\0') {
		snprintf(m->note, sizeof(m->note), "already inside session "
		    "%s: detach from it first", own);
		return;
	}
	m->chosen = *id;
	m->has_choice = 1;
	m->is_done = 1;
}

static void
do_new(struct menu *m)
{
	struct start_spec	spec = START_SPEC_INIT;
	struct world		w;
	struct qt_session	s;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	m->mode = MENU_LIST;
	if (m->text[0] != '\0' && qt_session_name_check(m->text) < 0) {
		snprintf(m->note, sizeof(m->note), "'%s' is not a name: no "
		    "'/', ':' or leading '-'", m->text);
		return;
	}
	if (menu_connect(m, QT_CLIENT_START, &w) < 0)
		return;
	spec.name = m->text[0] != '\0' ? m->text : NULL;
	spec.cols = m->term.cols;
	spec.rows = m->term.rows;
	qt_session_size_clamp(&spec.cols, &spec.rows);
	rc = start_try(&w, &spec, &s, &err);
	world_close(&w);
	if (rc < 0)
		snprintf(m->note, sizeof(m->note), "%.100s: %s", err.text,
		    qt_strerror(rc));
	else
		menu_choose(m, &s.id);
	menu_load(m);
}

static void
do_rename(struct menu *m)
{
	const struct row	*r = menu_selected(m);
	struct world		 w;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	m->mode = MENU_LIST;
	if (r == NULL || strcmp(m->text, r->session.name) == 0)
		return;
	if (qt_session_name_check(m->text) < 0) {
		snprintf(m->note, sizeof(m->note), "'%s' is not a name: no "
		    "'/', ':' or leading '-'", m->text);
		return;
	}
	if (menu_connect(m, 0, &w) < 0)
		return;
	rc = qt_client_rename(w.client, &r->session.id, m->text, &err);
	world_close(&w);
	if (rc < 0)
		snprintf(m->note, sizeof(m->note), "%.100s: %s", err.text,
		    qt_strerror(rc));
	menu_load(m);
}

static void
do_kill(struct menu *m)
{
	const struct row	*r = menu_selected(m);
	struct world		 w;
	struct qt_session	 s;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	m->mode = MENU_LIST;
	/* A lost session's record belongs to the host that adopts it. */
	if (r == NULL || menu_connect(m, QT_CLIENT_START, &w) < 0)
		return;
	rc = qt_session_find(w.table, &r->session.id, &s);
	if (rc == 0)
		rc = session_end(&w, &s, &err);
	world_close(&w);
	if (rc < 0)
		snprintf(m->note, sizeof(m->note), "kill '%s': %.60s: %s",
		    r->session.name, err.text, qt_strerror(rc));
	menu_load(m);
}

void
menu_move(struct menu *m, size_t index)
{
	if (m->nshown > 0)
		m->selected = index < m->nshown ? index : m->nshown - 1;
}

/* Keys that move in the list, in any mode that shows it. 1 when taken. */
static int
key_moves(struct menu *m, int32_t key)
{
	size_t	page = m->page > 1 ? m->page - 1 : 1;

	switch (key) {
	case KEY_UP:
		menu_move(m, m->selected > 0 ? m->selected - 1 : 0);
		return 1;
	case KEY_DOWN:
		menu_move(m, m->selected + 1);
		return 1;
	case KEY_PAGE_UP:
		menu_move(m, m->selected > page ? m->selected - page : 0);
		return 1;
	case KEY_PAGE_DOWN:
		menu_move(m, m->selected + page);
		return 1;
	case KEY_HOME:
		menu_move(m, 0);
		return 1;
	case KEY_END:
		menu_move(m, m->nshown);
		return 1;
	default:
		return 0;
	}
}

static void
key_in_list(struct menu *m, int32_t key)
{
	const struct row	*r = menu_selected(m);

	switch (key) {
	case 'j':
		key_moves(m, KEY_DOWN);
		break;
	case 'k':
		key_moves(m, KEY_UP);
		break;
	case 'g':
		key_moves(m, KEY_HOME);
		break;
	case 'G':
		key_moves(m, KEY_END);
		break;
	case KEY_ENTER:
		if (r != NULL)
			menu_choose(m, &r->session.id);
		break;
	case '/':
		m->mode = MENU_FILTER;
		break;
	case 'n':
		m->mode = MENU_NEW;
		m->text[0] = '\0';
		break;
	case 'r':
		if (r != NULL) {
			m->mode = MENU_RENAME;
			snprintf(m->text, sizeof(m->text), "%s",
			    r->session.name);
		}
		break;
	case 'x':
		m->mode = r != NULL ? MENU_KILL : MENU_LIST;
		break;
	case '?':
		m->mode = MENU_HELP;
		break;
	case KEY_ESCAPE:
		if (m->filter[0] != '\0') {
			m->filter[0] = '\0';
			menu_filter(m);
			break;
		}
		m->is_done = 1;
		break;
	case 'q':
		m->is_done = 1;
		break;
	default:
		key_moves(m, key);
	}
}

/* Edits a line of text. 1 when it changed. */
static int
key_edits(char text[MENU_TEXT_SIZE], int32_t key, const char *bytes, size_t n)
{
	size_t	len = strlen(text);

	if (key == KEY_ERASE) {
		while (len > 0 && (text[len - 1] & 0xc0) == 0x80)
			len--;
		text[len > 0 ? len - 1 : 0] = '\0';
	} else if (key == KEY_CLEAR) {
		text[0] = '\0';
	} else if (key >= ' ' && key < 0x110000 && key != 0x7f &&
	    len + n < MENU_TEXT_SIZE) {
		memcpy(text + len, bytes, n);
		text[len + n] = '\0';
	} else {
		return 0;
	}
	return 1;
}

static void
key_in_filter(struct menu *m, int32_t key, const char *bytes, size_t n)
{
	const struct row	*r = menu_selected(m);

	if (key == KEY_ESCAPE) {
		m->mode = MENU_LIST;
		m->filter[0] = '\0';
		menu_filter(m);
	} else if (key == KEY_ENTER && r != NULL) {
		menu_choose(m, &r->session.id);
	} else if (key == KEY_ENTER) {
		m->mode = MENU_LIST;
	} else if (!key_moves(m, key) && key_edits(m->filter, key, bytes, n)) {
		m->selected = 0;
		menu_filter(m);
	}
}

static void
key_in_text(struct menu *m, int32_t key, const char *bytes, size_t n)
{
	if (key == KEY_ESCAPE)
		m->mode = MENU_LIST;
	else if (key == KEY_ENTER && m->mode == MENU_NEW)
		do_new(m);
	else if (key == KEY_ENTER)
		do_rename(m);
	else
		key_edits(m->text, key, bytes, n);
}

static void
press(struct menu *m, int32_t key, const char *bytes, size_t n)
{
	m->is_dirty = 1;
	m->note[0] = '\0';
	switch (m->mode) {
	case MENU_LIST:
		key_in_list(m, key);
		break;
	case MENU_FILTER:
		key_in_filter(m, key, bytes, n);
		break;
	case MENU_KILL:
		if (key == 'y' || key == 'Y')
			do_kill(m);
		m->mode = MENU_LIST;
		break;
	case MENU_HELP:
		m->mode = MENU_LIST;
		break;
	default:
		key_in_text(m, key, bytes, n);
	}
}

/* The length of the CSI or SS3 sequence at p, 0 while its end is missing. */
static size_t
sequence_len(const char *p, size_t len)
{
	size_t	i = 2;

	while (i < len && p[1] == '[' && (p[i] < 0x40 || p[i] > 0x7e))
		i++;
	return i < len ? i + 1 : 0;
}

/* The key of a sequence of n bytes. */
static int32_t
sequence_key(const char *p, size_t n)
{
	switch (p[n - 1]) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case '~':
		switch (atoi(p + 2)) {
		case 1: case 7:
			return KEY_HOME;
		case 4: case 8:
			return KEY_END;
		case 5:
			return KEY_PAGE_UP;
		case 6:
			return KEY_PAGE_DOWN;
		}
		/* FALLTHROUGH */
	default:
		return KEY_NONE;
	}
}

static int32_t
control_key(int c)
{
	switch (c) {
	case '\r': case '\n':
		return KEY_ENTER;
	case 0x7f: case '\b':
		return KEY_ERASE;
	case 'U' & 0x1f:
		return KEY_CLEAR;
	case 'P' & 0x1f:
		return KEY_UP;
	case 'N' & 0x1f:
		return KEY_DOWN;
	case 'C' & 0x1f: case 'G' & 0x1f:
		return KEY_ESCAPE;
	default:
		return KEY_NONE;
	}
}

/* What begins with ESC: its length, 0 while its end is missing. */
static size_t
escape(struct menu *m, const char *data, size_t len)
{
	size_t	n;

	if (len == 1 || (data[1] != '[' && data[1] != 'O')) {
		press(m, KEY_ESCAPE, data, 1);
		return 1;
	}
	n = sequence_len(data, len);
	if (n == 0 && len < sizeof(m->held))
		return 0;
	if (n == 0)
		n = len;	/* no key and no mouse is that long */
	else if (!menu_mouse(m, data, n))
		press(m, sequence_key(data, n), data, n);
	return n;
}

size_t
menu_input(struct menu *m, const char *data, size_t len)
{
	size_t	used = 0, n;
	int32_t	key;
	int	columns;

	for (; used < len && !m->is_done; used += n) {
		const char	*p = data + used;

		n = 1;
		if (*p == '\033') {
			n = escape(m, p, len - used);
			if (n == 0)
				break;
		} else if ((unsigned char)*p < ' ' || *p == 0x7f) {
			press(m, control_key((unsigned char)*p), p, n);
		} else {
			n = width_next(p, len - used, &key, &columns);
			press(m, key, p, n);
		}
	}
	return used;
}
