/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB. A map of 8 GiB. Puts that need
 * not be durable: MDB_NOSYNC, and a load commits 1,000 at a time, since each
 * transaction costs it pages. Durable ones: no flag, a transaction each. A
 * get's read transaction is renewed every 100 gets, or after a put.
 */

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../cmd/qt-bench/work.h"

#define MAP_SIZE	((size_t)8 << 30)
#define BATCH		1000
#define RENEW		100

struct db {
	MDB_env	*env;
	MDB_dbi	 dbi;
	int	 batch;
};
struct session {
	struct db	*db;
	MDB_txn		*read, *write;
	int		 gets, puts, is_reset;
};

static void
must(int rc, const char *what)
{
	if (rc != 0)
		work_die(what, mdb_strerror(rc));
}

static void *
lmdb_open(const struct work *w, int is_new)
{
	struct db	*db = calloc(1, sizeof(*db));
	MDB_txn		*txn;

	if (db == NULL || (is_new && mkdir(w->dir, 0700) < 0))
		work_die(w->dir, strerror(errno));
	db->batch = w->kind == WORK_LOAD && !w->is_sync ? BATCH : 1;
	must(mdb_env_create(&db->env), "mdb_env_create");
	must(mdb_env_set_mapsize(db->env, MAP_SIZE), "mdb_env_set_mapsize");
	must(mdb_env_open(db->env, w->dir, w->is_sync ? 0 : MDB_NOSYNC, 0600),
	    "mdb_env_open");
	must(mdb_txn_begin(db->env, NULL, 0, &txn), "mdb_txn_begin");
	must(mdb_dbi_open(txn, NULL, MDB_CREATE, &db->dbi), "mdb_dbi_open");
	must(mdb_txn_commit(txn), "mdb_txn_commit");
	return db;
}

static void
lmdb_sync(void *arg)
{
	struct db	*db = arg;

	must(mdb_env_sync(db->env, 1), "mdb_env_sync");
}

static void
lmdb_close(void *arg)
{
	struct db	*db = arg;

	mdb_env_close(db->env);
	free(db);
}

static void *
lmdb_join(void *db)
{
	struct session	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		work_die("lmdb", "out of memory");
	s->db = db;
	return s;
}

static void
commit(struct session *s)
{
	if (s->write != NULL)
		must(mdb_txn_commit(s->write), "mdb_txn_commit");
	s->write = NULL;
	s->puts = 0;
}

static void
lmdb_leave(void *session)
{
	struct session	*s = session;

	commit(s);
	mdb_txn_abort(s->read);
	free(s);
}

static void
lmdb_put(void *session, const void *key, const void *value)
{
	struct session	*s = session;
	MDB_val		 k = { WORK_KEY, (void *)(uintptr_t)key };
	MDB_val		 v = { WORK_VALUE, (void *)(uintptr_t)value };

	if (s->read != NULL && !s->is_reset) {
		mdb_txn_reset(s->read);
		s->is_reset = 1;
	}
	if (s->write == NULL)
		must(mdb_txn_begin(s->db->env, NULL, 0, &s->write),
		    "mdb_txn_begin");
	must(mdb_put(s->write, s->db->dbi, &k, &v, 0), "mdb_put");
	if (++s->puts >= s->db->batch)
		commit(s);
}

static void
read_start(struct session *s)
{
	if (s->read == NULL)
		must(mdb_txn_begin(s->db->env, NULL, MDB_RDONLY, &s->read),
		    "mdb_txn_begin");
	if (s->gets++ % RENEW == 0 && !s->is_reset) {
		mdb_txn_reset(s->read);
		s->is_reset = 1;
	}
	if (s->is_reset)
		must(mdb_txn_renew(s->read), "mdb_txn_renew");
	s->is_reset = 0;
}

static int
lmdb_get(void *session, const void *key, const void **value, size_t *len)
{
	struct session	*s = session;
	MDB_val		 k = { WORK_KEY, (void *)(uintptr_t)key }, v;
	int		 rc;

	read_start(s);
	rc = mdb_get(s->read, s->db->dbi, &k, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	must(rc, "mdb_get");
	*value = v.mv_data;
	*len = v.mv_size;
	return 1;
}

static uint64_t
lmdb_scan(void *session)
{
	struct session	*s = session;
	MDB_cursor	*c;
	MDB_val		 k, v;
	uint64_t	 count = 0;
	int		 rc;

	read_start(s);
	must(mdb_cursor_open(s->read, s->db->dbi, &c), "mdb_cursor_open");
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		work_seen(k.mv_data, v.mv_data, v.mv_size);
		count++;
	}
	if (rc != MDB_NOTFOUND)
		must(rc, "mdb_cursor_get");
	mdb_cursor_close(c);
	return count;
}

const struct work_engine peer_engine = {
	.name = "lmdb", .is_for_processes = 1,
	.open = lmdb_open, .sync = lmdb_sync, .close = lmdb_close,
	.join = lmdb_join, .leave = lmdb_leave, .put = lmdb_put,
	.get = lmdb_get, .scan = lmdb_scan,
};
