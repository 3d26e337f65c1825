/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm create - make a segment */

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "verbs.h"

#define SIZE_DEFAULT	(64ul << 20)
#define SIZE_MAX_	(1ul << 43)

enum { OPT_HUGE = 256, OPT_NUMA };

static const struct qt_opt opts[] = {
	{ 's', "size", "SIZE", "bytes at most (64M; K, M, G)" },
	{ 'm', "mode", "MODE", "0600, or 0660 with a group" },
	{ 'g', "group", "GROUP", "share it with a group (mode 0660)" },
	{ 'n', "entries", "N", "structures at most (64)" },
	{ 'p', "participants", "N", "processes at most (64)" },
	{ OPT_HUGE, "huge", NULL, "huge pages where they fit (qt-shm(1))" },
	{ OPT_NUMA, "numa", "NODE", "memory of this NUMA node first" },
	{ 'x', "exist-ok", NULL, "one that is there already is fine" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb create_verb = {
	"create", create_main, "SEG", "make a segment", opts,
};

/*
 * Of /etc/group, by name or number. Not by getgrnam(3), which maps whatever
 * libraries nsswitch.conf names: a group from elsewhere is given by number.
 */
static gid_t
read_group(const char *text)
{
	struct group	*g;
	gid_t		 gid = 0;
	char		*end;
	unsigned long	 n = strtoul(text, &end, 10);
	int		 is_found = 0;
	FILE		*f;

	if (*text >= '0' && *text <= '9' && *end == '\0' && n < (gid_t)-1)
		return (gid_t)n;
	f = fopen("/etc/group", "re");
	while (f != NULL && !is_found && (g = fgetgrent(f)) != NULL)
		if (strcmp(g->gr_name, text) == 0) {
			gid = g->gr_gid;
			is_found = 1;
		}
	if (f != NULL)
		fclose(f);
	if (!is_found)
		qt_die(QT_EXIT_USAGE, "-g '%s' is no group of /etc/group (one "
		    "from elsewhere is given by its number, 'getent group')",
		    text);
	return gid;
}

static mode_t
read_mode(const char *text)
{
	char		*end;
	unsigned long	 n = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' ||
	    (n != 0600 && n != 0660))
		qt_die(QT_EXIT_USAGE, "-m '%s': the mode is 0600, or 0660 "
		    "with -g GROUP", text);
	return (mode_t)n;
}

/* Fills in spec from the options; whether -x is one of them. */
static int
read_options(struct qt_opts *o, struct qt_seg_spec *spec)
{
	int	id, is_fine = 0;

	while ((id = qt_opts_next(o)) != 0)
		switch (id) {
		case 's':
			spec->size = qt_opt_size("-s", o->value, 4096,
			    SIZE_MAX_);
			break;
		case 'm':
			spec->mode = read_mode(o->value);
			break;
		case 'g':
			spec->group = read_group(o->value);
			break;
		case 'n':
			spec->entries = (uint32_t)qt_opt_ulong("-n", o->value,
			    1, 65536);
			break;
		case 'p':
			spec->participants = (uint32_t)qt_opt_ulong("-p",
			    o->value, 1, 4096);
			break;
		case OPT_HUGE:
			spec->flags |= QT_SEG_HUGE;
			break;
		case OPT_NUMA:
			spec->flags |= QT_SEG_ON_NODE;
			spec->node = (uint32_t)qt_opt_ulong("--numa", o->value,
			    0, 1023);
			break;
		default:
			is_fine = 1;
		}
	return is_fine;
}

static _Noreturn void
fail(const struct target *t, int rc, struct qt_err *err)
{
	char	clause[400];
	size_t	skip;

	if (rc == -EEXIST)
		qt_die(QT_EXIT_SYS, "%s: the name is taken ('qt-shm stat %s' "
		    "shows it, -x accepts it, 'qt-shm rm %s' removes it)",
		    t->text, t->seg, t->seg);
	skip = (size_t)snprintf(clause, sizeof(clause),
	    "make segment '/%s': ", t->seg);
	if (strncmp(err->text, clause, skip) == 0)
		memmove(err->text, err->text + skip,
		    strlen(err->text + skip) + 1);
	if (rc == -EPERM)
		qt_die(QT_EXIT_SYS, "%s: %s: %s ('id' lists your groups)",
		    t->text, err->text, qt_strerror(rc));
	target_die(t, rc, err);
}

int
create_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&create_verb, argc, argv);
	struct qt_seg_spec	 spec = { .size = SIZE_DEFAULT,
	    .group = (gid_t)-1, .kind = SEG_KIND };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_seg		*seg;
	struct target		 t;
	char			 name[sizeof(t.seg) + 1];
	int			 rc, is_fine;

	is_fine = read_options(&o, &spec);
	if (argc - o.index != 1)
		qt_usage(&create_verb);
	target_parse(&t, argv[o.index], TARGET_SEG);
	if (spec.mode == 0)
		spec.mode = spec.group != (gid_t)-1 ? 0660 : 0600;
	if (spec.mode == 0660 && spec.group == (gid_t)-1)
		qt_die(QT_EXIT_USAGE, "-m 0660 needs -g GROUP");
	snprintf(name, sizeof(name), "/%s", t.seg);
	rc = qt_seg_create(name, &spec, &seg, &err);
	if (rc == -EEXIST && is_fine) {
		/* Fine when it can be used. */
		seg = target_open(&t, QT_SEG_JOIN);
		rc = 0;
	}
	if (rc < 0)
		fail(&t, rc, &err);
	target_close(seg);
	return QT_EXIT_OK;
}
