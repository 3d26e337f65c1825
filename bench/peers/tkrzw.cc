// SPDX-License-Identifier: Apache-2.0
//
// Tkrzw's HashDBM on a memory-mapped file, in place, with two million buckets
// (its manual: once to twice the number of records). It keeps no log. Durable
// puts: Synchronize(true) after each. It has no order: nothing to scan.

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

#include <tkrzw_dbm_hash.h>

#include "../../cmd/qt-bench/work.h"

namespace {

struct database {
	tkrzw::HashDBM dbm;
	bool is_sync = false;
};

struct session {
	database *owner;
	std::string value;
};

void
must(const tkrzw::Status &s, const char *what)
{
	if (!s.IsOK())
		work_die(what, tkrzw::ToString(s).c_str());
}

void *
open_it(const struct work *w, int is_new)
{
	auto *d = new database;
	tkrzw::HashDBM::TuningParameters p;

	if (is_new && mkdir(w->dir, 0700) < 0)
		work_die(w->dir, strerror(errno));
	p.num_buckets = w->records < 1000000 ? 2000000 :
	    static_cast<int64_t>(w->records * 2);
	d->is_sync = w->is_sync != 0;
	must(d->dbm.OpenAdvanced(std::string(w->dir) + "/data.tkh", true,
	    tkrzw::File::OPEN_DEFAULT, p), w->dir);
	return d;
}

void
sync_it(void *db)
{
	must(static_cast<database *>(db)->dbm.Synchronize(true), "sync");
}

void
close_it(void *db)
{
	auto *d = static_cast<database *>(db);

	must(d->dbm.Close(), "close");
	delete d;
}

void *
join(void *db)
{
	return new session{ static_cast<database *>(db), {} };
}

void
leave(void *s)
{
	delete static_cast<session *>(s);
}

std::string_view
view(const void *p, size_t len)
{
	return { static_cast<const char *>(p), len };
}

void
put(void *s, const void *key, const void *value)
{
	auto *d = static_cast<session *>(s)->owner;

	must(d->dbm.Set(view(key, WORK_KEY), view(value, WORK_VALUE)), "set");
	if (d->is_sync)
		sync_it(d);
}

int
get(void *arg, const void *key, const void **value, size_t *len)
{
	auto *s = static_cast<session *>(arg);
	tkrzw::Status st = s->owner->dbm.Get(view(key, WORK_KEY), &s->value);

	if (st == tkrzw::Status::NOT_FOUND_ERROR)
		return 0;
	must(st, "get");
	*value = s->value.data();
	*len = s->value.size();
	return 1;
}

uint64_t
scan(void *)
{
	work_die("tkrzw", "a hash has no order");
}

} // namespace

const struct work_engine peer_engine = { "tkrzw", 0, open_it, sync_it,
	close_it, join, leave, put, get, scan };
