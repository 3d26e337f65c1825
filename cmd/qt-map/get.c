/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map get - print values */

#include <errno.h>

#include "map.h"
#include "show.h"
#include "verbs.h"

enum { OPT_DURABLE = 256 };

static const struct qt_opt opts[] = {
	{ 'n', "no-newline", NULL, "nothing behind a value" },
	{ '0', "null", NULL, "a NUL behind each instead of a new-line" },
	{ 'J', "json", NULL, "an object a line, with type and version" },
	{ OPT_DURABLE, "durable", NULL, "wait until it is durable" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb get_verb = {
	"get", get_main, "KEY ...", "print values", opts,
};

/* What was asked for. */
#define BARE	1u
#define NUL	2u
#define JSON	4u
#define DURABLE	8u

static const struct map_pair pairs[] = {
	{ BARE | NUL, "-n or -0" },
	{ BARE | JSON, "-n or -J" },
	{ NUL | JSON, "-0 or -J" },
	{ 0, NULL },
};

static void
show(const char *key, size_t len, const struct qt_store_value *v,
    unsigned int how)
{
	struct qt_store_item	item = { .key = key, .key_len = len,
	    .value = v->data, .value_len = v->len, .version = v->version,
	    .expires_ms = v->expires_ms, .tag = v->tag };

	if (how & JSON)
		show_item(&item, SHOW_JSON | SHOW_KEY | SHOW_VALUE);
	else
		show_value(v, how & BARE ? -1 : how & NUL ? '\0' : '\n');
}

static int
get_one(struct qt_store *store, const struct qt_store_snap *snap,
    const char *key, unsigned int how)
{
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	struct qt_err		err = QT_ERR_INIT;
	size_t			len = map_key_len(key);
	int			rc, status = QT_EXIT_OK;

	rc = qt_store_get(store, snap, &v, key, len, &err);
	if (rc == 0 && (how & DURABLE))
		rc = qt_store_sync(store, v.version, &err);
	if (rc == -ENOENT) {
		qt_warn("no key '%s' in map '%s'", key, map_text());
		status = QT_EXIT_NO;
	} else if (rc < 0)
		status = map_warn(NULL, rc, &err);
	else
		show(key, len, &v, how);
	qt_store_value_clear(&v);
	return status;
}

int
get_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&get_verb, argc, argv);
	unsigned int		 how = 0;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_store_snap	*snap = NULL;
	struct qt_store		*store;
	int			 id, rc, status = QT_EXIT_OK;

	while ((id = qt_opts_next(&o)) != 0)
		how |= id == 'n' ? BARE : id == '0' ? NUL : id == 'J' ? JSON :
		    DURABLE;
	if (o.index == argc)
		qt_usage(&get_verb);
	map_check_pairs(pairs, how);
	for (int i = o.index; i < argc; i++)
		(void)map_key_len(argv[i]);
	store = map_open(MAP_READ);
	/* Several are of one moment: what was put at once is seen at once. */
	if (argc - o.index > 1) {
		rc = qt_store_snap_open(store, &snap, &err);
		if (rc < 0)
			map_die(NULL, rc, &err);
	}
	for (; o.index < argc; o.index++) {
		rc = get_one(store, snap, argv[o.index], how);
		status = rc > status ? rc : status;
	}
	show_flush();
	if (snap != NULL)
		qt_store_snap_close(snap);
	map_close();
	return status;
}
