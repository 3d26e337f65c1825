/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm who - the processes that use a segment */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>
#include <qt/shm/epoch.h>
#include <qt/shm/object.h>

#include "grid.h"
#include "names.h"
#include "target.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	GRID_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb who_verb = {
	"who", who_main, "SEG", "list the processes that use it", opts,
};

static const struct grid_column columns[] = {
	{ "id", GRID_NUMBER, 1 },
	{ "pid", GRID_NUMBER, 1 },
	{ "program", GRID_TEXT, 1 },
	{ "state", GRID_TEXT, 1 },
	{ "joined", GRID_TIME, 1 },
	{ "generation", GRID_NUMBER, 0 },
	{ "holds", GRID_TEXT, 1 },
	{ "held", GRID_NUMBER, 0 },
	{ "pinned", GRID_TEXT, 1 },
	{ "behind", GRID_NUMBER, 0 },
	{ NULL, GRID_TEXT, 0 },
};

/*
 * Alive or dead is the kernel's verdict, by its lock. Whether an alive one is
 * stopped is in /proc, if the process id there is still (and in our
 * namespace) the one that started then.
 */
static const char *
state_of(const struct qt_seg *seg, const struct qt_seg_participant *p)
{
	char	path[40], text[1024], *at;
	ssize_t	n = -1;
	int	fd;

	if (!qt_seg_is_alive(seg, p->id))
		return "dead";
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", p->pid);
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd >= 0) {
		n = qt_sys_read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return "alive";
	text[n] = '\0';
	at = strrchr(text, ')');
	if (at == NULL || at[1] != ' ')
		return "alive";
	n = at[2];
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL || strtoull(at, NULL, 10) != p->started)
		return "alive";
	return n == 'T' || n == 't' ? "stopped" : "alive";
}

/* What a participant has in all structures together. */
struct share {
	struct qt_buf	holds;		/* "name:what=count name:..." */
	uint64_t	held;
	struct qt_buf	pinned;		/* "name=behind name=..." */
	uint64_t	behind;		/* the most of these */
};

/* What participants hold in one structure. */
struct hold {
	struct qt_obj_hold	hold;
	struct hold		*next;
};

/* The oldest epoch of one structure that a participant has pinned. */
struct pin {
	uint64_t	behind;
	int		is_pinned;
};

struct looking {
	struct share	*share;		/* of participant i */
	struct pin	*pin;		/* likewise; of one structure */
	uint32_t	 count;
	struct hold	*holds;
};

static void
see_hold(void *arg, const struct qt_obj_hold *hold)
{
	struct looking	*l = arg;
	struct hold	*h;

	if (hold->participant >= l->count)
		return;		/* damaged: fsck says so */
	for (h = l->holds; h != NULL; h = h->next)
		if (h->hold.participant == hold->participant &&
		    h->hold.what == hold->what)
			break;
	if (h == NULL) {
		h = calloc(1, sizeof(*h));
		if (h == NULL)
			qt_die(QT_EXIT_SYS, "no memory for the list");
		h->hold = *hold;
		h->hold.count = 0;
		h->next = l->holds;
		l->holds = h;
	}
	h->hold.count += hold->count;
}

static void
see_pin(void *arg, const struct qt_epoch_pin *pin)
{
	struct looking	*l = arg;
	struct pin	*p;

	if (pin->participant == 0 || pin->participant >= l->count)
		return;
	p = &l->pin[pin->participant];
	p->is_pinned = 1;
	if (pin->behind > p->behind)
		p->behind = pin->behind;
}

static void
look_at_pins(struct looking *l, struct qt_seg *seg, const char *name)
{
	memset(l->pin, 0, l->count * sizeof(*l->pin));
	if (qt_epoch_each(seg, name, see_pin, l, NULL) <= 0)
		return;
	for (uint32_t i = 0; i < l->count; i++) {
		struct share	*s = &l->share[i];
		struct pin	*p = &l->pin[i];

		if (!p->is_pinned)
			continue;
		if (qt_buf_addf(&s->pinned, "%s%s=%" PRIu64,
		    s->pinned.len > 0 ? " " : "", name, p->behind) < 0)
			qt_die(QT_EXIT_SYS, "no memory for the list");
		if (p->behind > s->behind)
			s->behind = p->behind;
	}
}

/* What is damaged, or gone meanwhile, is passed over. */
static void
look_at(struct looking *l, struct qt_seg *seg, const char *name)
{
	struct hold	*h;
	struct share	*s;

	(void)qt_obj_each_hold(seg, name, see_hold, l, NULL);
	while ((h = l->holds) != NULL) {
		s = &l->share[h->hold.participant];
		if (qt_buf_addf(&s->holds, "%s%s:%s=%" PRIu64,
		    s->holds.len > 0 ? " " : "", name, h->hold.what,
		    h->hold.count) < 0)
			qt_die(QT_EXIT_SYS, "no memory for the list");
		s->held += h->hold.count;
		l->holds = h->next;
		free(h);
	}
	look_at_pins(l, seg, name);
}

static struct looking
look(struct qt_seg *seg)
{
	struct looking		 l = { .share = NULL };
	struct qt_seg_entry	*all;
	struct qt_seg_info	 info;
	size_t			 count;

	qt_seg_describe(seg, &info);
	l.count = info.participants + 1;
	l.share = calloc(l.count, sizeof(*l.share));
	l.pin = calloc(l.count, sizeof(*l.pin));
	if (l.share == NULL || l.pin == NULL)
		qt_die(QT_EXIT_SYS, "no memory for the list");
	count = names_all(seg, &all);
	for (size_t i = 0; i < count; i++)
		if (qt_obj_is_type(all[i].type))
			look_at(&l, seg, all[i].name);
	free(all);
	return l;
}

static void
fill_share(struct grid *g, struct share *s)
{
	if (s->holds.len > 0)
		grid_text(g, "holds", "%s", s->holds.data);
	grid_number(g, "held", s->held);
	if (s->pinned.len > 0)
		grid_text(g, "pinned", "%s", s->pinned.data);
	grid_number(g, "behind", s->behind);
}

static void
look_end(struct looking *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		qt_buf_clear(&l->share[i].holds);
		qt_buf_clear(&l->share[i].pinned);
	}
	free(l->share);
	free(l->pin);
}

int
who_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&who_verb, argc,
	    argv);
	struct qt_seg_participant	 p;
	struct qt_seg			*seg;
	struct target			 t;
	struct grid			 g;
	struct looking			 l;
	uint32_t			 cursor = 0;
	int				 id, count;

	grid_init(&g);
	while ((id = qt_opts_next(&o)) != 0)
		(void)grid_option(&g, id, o.value);
	if (argc - o.index != 1)
		qt_usage(&who_verb);
	target_parse(&t, argv[o.index], TARGET_SEG);
	grid_columns(&g, columns);
	seg = target_open(&t, QT_SEG_RDONLY);
	l = look(seg);
	while (qt_seg_participant_next(seg, &cursor, &p) == 1) {
		grid_row(&g);
		grid_number(&g, "id", p.id);
		grid_number(&g, "pid", p.pid);
		grid_text(&g, "program", "%s", p.name);
		grid_text(&g, "state", "%s", state_of(seg, &p));
		grid_number(&g, "joined", p.joined_ms);
		grid_number(&g, "generation", p.generation);
		fill_share(&g, &l.share[p.id]);
	}
	look_end(&l);
	target_close(seg);
	count = (int)g.row_count;
	if (count > 0 || g.is_json)
		grid_print(&g);
	else if (isatty(STDOUT_FILENO))
		qt_warn("%s: nobody uses it now", t.seg);
	return count > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
