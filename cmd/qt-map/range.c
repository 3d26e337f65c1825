/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys. See range.h. */

#include <string.h>

#include "map.h"
#include "range.h"

int
range_option(struct qt_store_range *r, int id, const char *value)
{
	switch (id) {
	case 'p':
		r->prefix = value;
		r->prefix_len = strlen(value);
		return 1;
	case RANGE_FROM:
		r->from = value;
		r->from_len = strlen(value);
		return 1;
	case RANGE_TO:
		r->to = value;
		r->to_len = strlen(value);
		return 1;
	default:
		return 0;
	}
}

void
range_check(const struct qt_store_range *r)
{
	if (r->prefix != NULL && (r->from != NULL || r->to != NULL))
		qt_die(QT_EXIT_USAGE, "--prefix or %s, not both",
		    r->from != NULL ? "--from" : "--to");
	if (r->prefix_len > QT_STORE_KEY_MAX || r->from_len > QT_STORE_KEY_MAX ||
	    r->to_len > QT_STORE_KEY_MAX)
		qt_die(QT_EXIT_USAGE, "a key has %u bytes at most",
		    QT_STORE_KEY_MAX);
}

int
range_is_all(const struct qt_store_range *r)
{
	return r->prefix == NULL && r->from == NULL && r->to == NULL;
}

int
range_count(struct qt_store *store, const struct qt_store_range *r,
    uint64_t *count, struct qt_err *err)
{
	struct qt_store_range	 keys = *r;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	*count = 0;
	keys.is_keys_only = 1;
	rc = qt_store_scan_open(store, NULL, &keys, &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_store_scan_next(scan, &item, err)) > 0)
		++*count;
	qt_store_scan_close(scan);
	return rc;
}
