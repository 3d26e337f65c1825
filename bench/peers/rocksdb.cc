// SPDX-License-Identifier: Apache-2.0
//
// RocksDB by its C++ interface. No compression, a Bloom filter of 10 bits, a
// write buffer of 64 MiB, which is its default; else as it comes.

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "../../cmd/qt-bench/work.h"

namespace {

struct database {
	rocksdb::DB *db;
	rocksdb::WriteOptions write;
};

struct session {
	database *owner;
	rocksdb::PinnableSlice value;
};

void
must(const rocksdb::Status &s, const char *what)
{
	if (!s.ok())
		work_die(what, s.ToString().c_str());
}

void *
open_it(const struct work *w, int is_new)
{
	auto *d = new database;
	rocksdb::Options o;
	rocksdb::BlockBasedTableOptions t;

	t.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
	d->write.sync = w->is_sync != 0;
	o.create_if_missing = is_new != 0;
	o.error_if_exists = is_new != 0;
	o.compression = rocksdb::kNoCompression;
	o.write_buffer_size = 64 << 20;
	o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(t));
	must(rocksdb::DB::Open(o, w->dir, &d->db), w->dir);
	return d;
}

void
sync_it(void *db)
{
	must(static_cast<database *>(db)->db->SyncWAL(), "sync");
}

void
close_it(void *db)
{
	auto *d = static_cast<database *>(db);

	must(d->db->Close(), "close");
	delete d->db;
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

rocksdb::Slice
slice(const void *p, size_t len)
{
	return { static_cast<const char *>(p), len };
}

void
put(void *s, const void *key, const void *value)
{
	auto *d = static_cast<session *>(s)->owner;

	must(d->db->Put(d->write, slice(key, WORK_KEY),
	    slice(value, WORK_VALUE)), "put");
}

int
get(void *arg, const void *key, const void **value, size_t *len)
{
	auto *s = static_cast<session *>(arg);

	s->value.Reset();
	rocksdb::Status st = s->owner->db->Get(rocksdb::ReadOptions(),
	    s->owner->db->DefaultColumnFamily(), slice(key, WORK_KEY),
	    &s->value);

	if (st.IsNotFound())
		return 0;
	must(st, "get");
	*value = s->value.data();
	*len = s->value.size();
	return 1;
}

uint64_t
scan(void *s)
{
	rocksdb::Iterator *it = static_cast<session *>(s)->owner->db->
	    NewIterator(rocksdb::ReadOptions());
	uint64_t count = 0;

	for (it->SeekToFirst(); it->Valid(); it->Next(), count++)
		work_seen(it->key().data(), it->value().data(),
		    it->value().size());
	must(it->status(), "scan");
	delete it;
	return count;
}

} // namespace

const struct work_engine peer_engine = { "rocksdb", 0, open_it, sync_it,
	close_it, join, leave, put, get, scan };
