/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do in the picker, over a history's index and as a terminal of
   libvterm's shows it: cmd/qt-hist/pick_act.c, with the rest of it. */

#include "../hist/index_world.h"

#include <vterm.h>

#include "../../../cmd/qt-hist/pick.h"

#define COLS	60
#define ROWS	8
#define LEAD	10	/* columns before a command */

#define C_X	"\x18"
#define UNDO	"\x1f"
#define UP	"\033[A"
#define DOWN	"\033[B"

static const struct qt_hist_here	here = {
	.now_us = WORLD_START + UINT64_C(3600000000) * 2000,
};

struct driven {
	struct world	 w;
	struct pick	 p;
	VTerm		*vt;
	VTermScreen	*screen;
	char		 text[COLS * 4 + 1];
};

static void
use_index(struct driven *t)
{
	struct qt_hist_index	*ix;

	world_update(&t->w);
	assert_int_equal(qt_hist_index_open(&ix, t->w.path, NULL), 0);
	assert_int_equal(pick_list_use(&t->p.list, ix, NULL, NULL), 0);
	pick_find(&t->p, false);
}

/* Its list: d, c, b, a. */
static struct driven *
begin(void)
{
	struct driven	*t = calloc(1, sizeof(*t));

	assert_non_null(t);
	world_begin(&t->w, 64, 0);
	world_add(&t->w, 1, "run a", "s1", "/a", 0);
	world_add(&t->w, 2, "run b", "s1", "/a", 0);
	world_add(&t->w, 3, "do c", "s1", "/a", 0);
	world_add(&t->w, 4, "do d", "s1", "/a", 0);
	t->p.taker = -1;
	t->p.term.fd = -1;
	t->p.term.cols = COLS;
	t->p.term.rows = ROWS;
	t->p.place.is_full = true;
	t->p.is_multi = true;
	t->p.list.here = &here;
	pick_line_init(&t->p.line, "", 0, false);
	use_index(t);
	t->vt = vterm_new(ROWS, COLS);
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_reset(t->screen, 1);
	return t;
}

static void
end(struct driven *t)
{
	pick_list_clear(&t->p.list);
	pick_line_clear(&t->p.line);
	vterm_free(t->vt);
	world_end(&t->w);
	free(t);
}

static void
type(struct driven *t, const char *keys)
{
	struct pick_key	k;
	size_t		len = strlen(keys), n;

	for (; len > 0; keys += n, len -= n) {
		n = pick_keys_next(&t->p.keys, keys, len, true, &k);
		assert_true(n > 0);
		pick_press(&t->p, &k);
	}
	if (t->p.is_stale)
		pick_find(&t->p, false);
}

static const char *
row_of(struct driven *t, int row)
{
	VTermRect	r = { row, row + 1, 0, COLS };
	size_t		n = vterm_screen_get_text(t->screen, t->text,
		    sizeof(t->text) - 1, r);

	while (n > 0 && t->text[n - 1] == ' ')
		n--;
	t->text[n] = '\0';
	return t->text;
}

/* What is below the query; and what the list has, each with its first two
   columns, which are the pointer and the mark. */
static void
expect(struct driven *t, const char *status, const char *list)
{
	struct qt_buf	out = QT_BUF_INIT;
	const char	*row;

	pick_view(&t->p, &out);
	vterm_input_write(t->vt, out.data, out.len);
	row = row_of(t, 1);
	assert_int_equal(strncmp(row, "  ", 2), 0);
	if (strncmp(row + 2, status, strlen(status)) != 0)
		fail_msg("'%s' begins '%s'", row, status);
	qt_buf_reset(&out);
	for (int i = 2; i < ROWS && *(row = row_of(t, i)) != '\0'; i++)
		assert_int_equal(qt_buf_addf(&out, "%s%.2s%s",
		    i > 2 ? "|" : "", row, row + LEAD), 0);
	assert_string_equal(out.len > 0 ? out.data : "", list);
	qt_buf_clear(&out);
}

QT_TEST(without_marks_that_under_the_cursor_is_deleted)
{
	struct driven	*t = begin();

	(void)state;
	expect(t, "4/4  all  auto", "> do d|  do c|  run b|  run a");
	type(t, DOWN C_X);
	expect(t, "delete it, and all its runs? y n",
	    "  do d|> do c|  run b|  run a");
	type(t, "n");
	expect(t, "4/4  all", "  do d|> do c|  run b|  run a");
	type(t, C_X "y");
	expect(t, "deleted when you leave; C-_ brings it back",
	    "  do d|> run b|  run a");
	type(t, UNDO);
	expect(t, "it is back", "  do d|  do c|> run b|  run a");
	end(t);
}

QT_TEST(all_that_are_marked_are_deleted_and_are_back_at_once)
{
	struct driven	*t = begin();

	(void)state;
	type(t, "\t" DOWN "\t\t");
	expect(t, "4/4  all  auto  +3", " +do d|  do c| +run b|>+run a");
	type(t, C_X);
	expect(t, "delete the 3 marked, and all their runs? y n",
	    " +do d|  do c| +run b|>+run a");
	type(t, "y");
	expect(t, "3 are deleted when you leave; C-_ brings them back",
	    "> do c");
	assert_int_equal(t->p.list.deleted.count, 3);
	type(t, UP);
	expect(t, "1/4  all  auto ", "> do c");
	type(t, UNDO);
	expect(t, "3 are back", ">+do d|  do c| +run b| +run a");
	assert_int_equal(t->p.list.deleted.count, 0);
	type(t, UNDO);
	expect(t, "4/4  all  auto  +3", ">+do d|  do c| +run b| +run a");
	end(t);
}

QT_TEST(one_that_is_marked_goes_and_not_that_under_the_cursor)
{
	struct driven	*t = begin();

	(void)state;
	type(t, "\t" DOWN C_X);
	expect(t, "delete what is marked, and all its runs? y n",
	    " +do d|  do c|> run b|  run a");
	type(t, "y");
	expect(t, "deleted when you leave; C-_ brings it back",
	    "  do c|> run b|  run a");
	end(t);
}

QT_TEST(what_is_marked_goes_also_where_the_query_does_not_show_it)
{
	struct driven	*t = begin();

	(void)state;
	type(t, "\t\tnothing");
	expect(t, "0/4  all  auto  +2", "");
	type(t, C_X "y");
	expect(t, "2 are deleted", "");
	type(t, "\x15");	/* C-u */
	expect(t, "2/4  all  auto ", "> run b|  run a");
	end(t);
}

QT_TEST(what_was_done_last_is_taken_back_first)
{
	struct driven	*t = begin();

	(void)state;
	type(t, "\t\t" C_X "y");
	type(t, C_X "y");
	expect(t, "deleted when", "> run a");
	type(t, "x");
	expect(t, "0/4", "");
	type(t, UNDO);
	expect(t, "1/4", "> run a");
	type(t, UNDO);
	expect(t, "it is back", "> run b|  run a");
	type(t, DOWN UNDO);
	expect(t, "2 are back", " +do d| +do c|  run b|> run a");
	end(t);
}

QT_TEST(the_last_ones_of_the_list_go_and_there_is_one_to_choose)
{
	struct driven	*t = begin();

	(void)state;
	/* Typed ahead: nothing is drawn in between. */
	type(t, DOWN DOWN "\t\t" C_X "y\r");
	assert_true(t->p.is_chosen);
	assert_int_equal(t->p.list.cursor, 1);
	expect(t, "2/4", "  do d|> do c");
	end(t);
}

QT_TEST(what_it_asked_about_goes_also_when_another_has_come_meanwhile)
{
	struct driven	*t = begin();

	(void)state;
	type(t, C_X);
	expect(t, "delete it", "> do d|  do c|  run b|  run a");
	world_add(&t->w, 5, "new e", "s1", "/a", 0);
	use_index(t);
	type(t, "y");
	expect(t, "deleted when", "> new e|  do c|  run b|  run a");
	end(t);
}
