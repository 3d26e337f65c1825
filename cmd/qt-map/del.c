/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qt-map del - delete keys
 *
 * Each is deleted as soon as it is read; all are made durable together at the
 * end, so that many cost the disk no more than one.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "map.h"
#include "verbs.h"

enum { OPT_VERSION = 256 };

static const struct qt_opt opts[] = {
	{ OPT_VERSION, "if-version", "N", "only if that is its version, or 4" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb del_verb = {
	"del", del_main, "KEY ...", "delete keys", opts,
};

struct deleting {
	struct qt_store		*store;
	struct qt_store_put	 put;
	uint64_t		 version;	/* of the last one */
};

static int
delete(struct deleting *d, const void *key, size_t len, struct qt_err *err)
{
	d->put.key = key;
	d->put.key_len = len;
	return qt_store_put(d->store, &d->version, &d->put, err);
}

static int
delete_keys(struct deleting *d, int count, char **keys, struct qt_err *err)
{
	int	rc = 0, status = QT_EXIT_OK;

	for (int i = 0; i < count && (rc == 0 || rc == -ENOENT); i++) {
		rc = delete(d, keys[i], strlen(keys[i]), err);
		if (rc == -ENOENT) {
			qt_warn("no key '%s' in map '%s'", keys[i], map_text());
			status = QT_EXIT_NO;
		} else if (rc == -ESTALE) {
			qt_warn("key '%s' has another version ('qt-map get -J' "
			    "says which)", keys[i]);
			return MAP_EXIT_CONFLICT;
		}
	}
	if (rc < 0 && rc != -ENOENT)
		map_die(NULL, rc, err);
	return status;
}

int
del_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&del_verb, argc, argv);
	struct deleting		d = { .put.flags = QT_STORE_DEL };
	struct qt_err		err = QT_ERR_INIT;
	int			rc = 0, status, count;

	while (qt_opts_next(&o) != 0) {
		d.put.flags |= QT_STORE_IF_VERSION;
		d.put.if_version = qt_opt_ulong("--if-version", o.value, 1,
		    ULONG_MAX);
	}
	count = argc - o.index;
	if (count == 0 || ((d.put.flags & QT_STORE_IF_VERSION) && count != 1))
		qt_usage(&del_verb);
	for (int i = o.index; i < argc; i++)
		(void)map_key_len(argv[i]);
	d.store = map_open(0);
	if (count != 1)
		d.put.flags |= QT_STORE_ASYNC_NOW;
	status = delete_keys(&d, count, argv + o.index, &err);
	if (count != 1)
		rc = map_settle(d.version, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_done();
	return status;
}
