/* SPDX-License-Identifier: Apache-2.0 */
/* The store as an engine of the work, by its public interface. work.h */

#include <errno.h>
#include <stdlib.h>

#include "store_rows.h"

struct session {
	struct qt_store		*store;
	struct qt_store_value	 value;
};

static void
must(int rc, const char *what, const struct qt_err *err)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s: %s", what, err->text,
		    qt_strerror(rc));
}

void
store_in_memory(struct qt_store_settings *s, enum qt_store_mode mode,
    uint64_t records)
{
	qt_store_settings_init(s);
	s->mode = mode;
	/* A frame is 32 bytes and the record. */
	s->memtable_size = records * 256 > s->memtable_size ? records * 256 :
	    s->memtable_size;
	if (s->wal_max < 2 * s->memtable_size)
		s->wal_max = 2 * s->memtable_size;
}

static void *
engine_open(const struct work *w, int is_new)
{
	struct qt_store_settings	 s;
	struct qt_store_options		 o = { .settings = &s };
	struct qt_store			*store;
	struct qt_err			 err = QT_ERR_INIT;

	if (w->settings != NULL)
		s = *(const struct qt_store_settings *)w->settings;
	else
		qt_store_settings_init(&s);
	if (w->is_sync)
		s.mode = QT_STORE_SYNC;
	else if (s.mode == QT_STORE_SYNC)
		s.mode = QT_STORE_ASYNC;
	if (is_new)
		must(qt_store_init(w->dir, &s, &err), "make", &err);
	must(qt_store_open(w->dir, &o, &store, &err), "open", &err);
	return store;
}

static void
engine_sync(void *db)
{
	struct qt_err	err = QT_ERR_INIT;

	must(qt_store_sync(db, 0, &err), "sync", &err);
}

static void
engine_close(void *db)
{
	struct qt_err	err = QT_ERR_INIT;

	must(qt_store_close(db, &err), "close", &err);
}

static void *
engine_join(void *db)
{
	struct session	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		work_die(OURS, "out of memory");
	s->store = db;
	return s;
}

static void
engine_leave(void *session)
{
	qt_store_value_clear(&((struct session *)session)->value);
	free(session);
}

static void
engine_put(void *session, const void *key, const void *value)
{
	struct session		*s = session;
	struct qt_store_put	 p = { .key = key, .key_len = WORK_KEY,
	    .value = value, .value_len = WORK_VALUE };
	struct qt_err		 err;
	int			 rc = qt_store_put(s->store, NULL, &p, NULL);

	if (rc == 0)
		return;
	/* Once more, to know why. */
	err = (struct qt_err)QT_ERR_INIT;
	must(qt_store_put(s->store, NULL, &p, &err), "put", &err);
}

static int
engine_get(void *session, const void *key, const void **value, size_t *len)
{
	struct session	*s = session;
	int		 rc;

	qt_store_value_clear(&s->value);
	rc = qt_store_get(s->store, NULL, &s->value, key, WORK_KEY, NULL);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		work_die("get", qt_strerror(rc));
	*value = s->value.data;
	*len = s->value.len;
	return 1;
}

static uint64_t
engine_scan(void *session)
{
	const struct qt_store_range	 all = { .from = NULL };
	struct session			*s = session;
	struct qt_store_scan		*scan;
	struct qt_store_item		 item;
	struct qt_err			 err = QT_ERR_INIT;
	uint64_t			 count = 0;
	int				 rc;

	must(qt_store_scan_open(s->store, NULL, &all, &scan, &err), "scan",
	    &err);
	while ((rc = qt_store_scan_next(scan, &item, &err)) == 1) {
		work_seen(item.key, item.value, item.value_len);
		count++;
	}
	must(rc, "scan", &err);
	qt_store_scan_close(scan);
	return count;
}

const struct work_engine store_engine = {
	.name = OURS, .is_for_processes = 1,
	.open = engine_open, .sync = engine_sync, .close = engine_close,
	.join = engine_join, .leave = engine_leave, .put = engine_put,
	.get = engine_get, .scan = engine_scan,
};
