/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm peek - print the items that would come next, and leave them */

#include <limits.h>
#include <stdlib.h>

#include "thing.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'n', "count", "N", "so many (1)" },
	{ 'a', "all", NULL, "all that are there" },
	{ '0', "null", NULL, "end items with NUL instead of a new-line" },
	{ 'r', "raw", NULL, "bytes as they are, nothing between" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb peek_verb = {
	"peek", peek_main, "SEG/NAME", "print items and leave them", opts,
};

int
peek_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&peek_verb, argc, argv);
	struct sink	 sink = { .end = '\n' };
	struct thing	 t;
	uint64_t	 want = 1, i;
	ssize_t		 n = 0;
	void		*item;
	int		 id, is_all = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		is_all |= id == 'a';
		if (id == 'n')
			want = qt_opt_ulong("-n", o.value, 1, ULONG_MAX);
		if (id == 'r')
			sink = (struct sink){ .end = -1, .is_raw = 1 };
		if (id == '0')
			sink.end = '\0';
	}
	if (argc - o.index != 1)
		qt_usage(&peek_verb);
	thing_open(&t, argv[o.index], QT_SEG_RDONLY);
	if (t.type->peek == NULL)
		thing_cannot(&t, "peek");
	/* Bounded: while others push, it may go on and on. */
	if (is_all)
		want = t.stat.capacity;
	item = malloc(t.item_max > 0 ? t.item_max : 1);
	if (item == NULL)
		qt_die(QT_EXIT_SYS, "no memory for an item");
	for (i = 0; i < want && n >= 0; i += n >= 0) {
		n = t.type->peek(&t, i, item, t.item_max);
		if (n >= 0)
			item_print(thing_dtype(&t), item, (size_t)n, &sink);
	}
	free(item);
	if (n < 0 && n != -QT_EEMPTY)
		target_die(&t.target, (int)n, NULL);
	thing_close(&t);
	return i == want || (is_all && i > 0) ? QT_EXIT_OK : QT_EXIT_NO;
}
