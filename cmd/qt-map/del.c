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
#include "range.h"
#include "verbs.h"

enum { OPT_VERSION = 256 };

static const struct qt_opt opts[] = {
	RANGE_OPTIONS,
	{ OPT_VERSION, "if-version", "N", "only if that is its version, or 4" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb del_verb = {
	"del", del_main, "[KEY ...]", "delete keys, or all of a range", opts,
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

/* What another process deletes meanwhile is deleted; what it puts stays. */
static int
delete_range(struct deleting *d, const struct qt_store_range *range,
    struct qt_err *err)
{
	struct qt_store_range	 keys = *range;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	keys.is_keys_only = 1;
	rc = qt_store_scan_open(d->store, NULL, &keys, &scan, err);
	if (rc < 0)
		return rc;
	d->put.flags |= QT_STORE_IF_VERSION;
	while ((rc = qt_store_scan_next(scan, &item, err)) > 0) {
		d->put.if_version = item.version;
		rc = delete(d, item.key, item.key_len, err);
		if (rc < 0 && rc != -ENOENT && rc != -ESTALE)
			break;
	}
	qt_store_scan_close(scan);
	return rc;
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
			qt_warn("key '%s' has another version, or is not there "
			    "('qt-map get -J' says which)", keys[i]);
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
	struct qt_store_range	range = { .prefix = NULL };
	struct deleting		d = { .put.flags = QT_STORE_DEL };
	struct qt_err		err = QT_ERR_INIT;
	int			id, rc = 0, status = QT_EXIT_OK, count;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == OPT_VERSION) {
			d.put.flags |= QT_STORE_IF_VERSION;
			d.put.if_version = qt_opt_ulong("--if-version",
			    o.value, 1, ULONG_MAX);
		} else
			(void)range_option(&range, id, o.value);
	range_check(&range);
	count = argc - o.index;
	/* Nothing at all would be everything: that is 'clear'. */
	if (count == 0 && range_is_all(&range))
		qt_usage(&del_verb);
	if (count > 0 && !range_is_all(&range))
		qt_die(QT_EXIT_USAGE, "keys or a range, not both");
	if ((d.put.flags & QT_STORE_IF_VERSION) && count != 1)
		qt_die(QT_EXIT_USAGE, "--if-version is of one key, not of %s",
		    count == 0 ? "a range" : "several");
	/* As where a variable of a script is not set. */
	if (count == 0 && range.prefix_len == 0 && range.from_len == 0 &&
	    range.to == NULL)
		qt_die(QT_EXIT_USAGE, "'' is where all keys begin: 'qt-map "
		    "clear' removes them all");
	for (int i = o.index; i < argc; i++)
		(void)map_key_len(argv[i]);
	d.store = map_open(MAP_LEAVE);
	if (count != 1)
		d.put.flags |= QT_STORE_ASYNC_NOW;
	if (count > 0)
		status = delete_keys(&d, count, argv + o.index, &err);
	else
		rc = delete_range(&d, &range, &err);
	if (rc == 0 && count != 1)
		rc = map_settle(d.version, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_close();
	return status;
}
