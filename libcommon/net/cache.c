/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of static files: a hash table and a list by last use.
 * See file_priv.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "file_priv.h"

#define CHECK_MS 1000	/* a file is stat'ed at most this often */

static void
list_del(struct qt_net_static *st, struct qt__file *f)
{
	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		st->first = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	else
		st->last = f->prev;
}

static void
list_add(struct qt_net_static *st, struct qt__file *f)
{
	f->prev = NULL;
	f->next = st->first;
	if (st->first != NULL)
		st->first->prev = f;
	else
		st->last = f;
	st->first = f;
}

static void
grow(struct qt_net_static *st, size_t more)
{
	st->bytes += more;
	qt_net_count(&st->server->stats->static_bytes, more);
}

/* Out of the cache; whoever is sending it keeps it alive. */
static void
drop(struct qt_net_static *st, struct qt__file *file)
{
	struct qt__file	**link = &st->buckets[file->hash &
	    (st->nbuckets - 1)];

	while (*link != file)
		link = &(*link)->chain;
	*link = file->chain;
	list_del(st, file);
	st->count--;
	grow(st, (size_t)0 - file->cost);
	file->st = NULL;
	qt__net_ref_put(&file->ref);
}

/* Makes room, but never drops the file in front, which is in use. */
static void
evict(struct qt_net_static *st)
{
	while (st->last != st->first && (st->bytes > st->conf.cache_max ||
	    st->count > st->conf.files_max)) {
		qt_net_count(&st->server->stats->static_evicted, 1);
		drop(st, st->last);
	}
}

static void
insert(struct qt_net_static *st, struct qt__file *file, uint64_t hash)
{
	struct qt__file	**bucket = &st->buckets[hash & (st->nbuckets - 1)];

	file->st = st;
	file->hash = hash;
	file->checked_ms = qt__net_now(st->server);
	file->chain = *bucket;
	*bucket = file;
	list_add(st, file);
	st->count++;
	grow(st, file->cost);
	evict(st);
}

void
qt__net_cache_grew(struct qt__file *file, size_t more)
{
	if (file->st == NULL)
		return;
	file->cost += more;
	grow(file->st, more);
	if (file->st->first != file) {
		list_del(file->st, file);
		list_add(file->st, file);
	}
	evict(file->st);
}

int
qt__net_cache_get(struct qt_net_static *st, const char *path, size_t len,
    struct qt__file **out)
{
	uint64_t	 hash = qt_hash(&st->key, path, len);
	uint64_t	 now = qt__net_now(st->server);
	struct qt__file	*f = st->buckets[hash & (st->nbuckets - 1)];
	int		 rc;

	while (f != NULL && (f->hash != hash || strlen(f->path) != len ||
	    memcmp(f->path, path, len) != 0))
		f = f->chain;
	if (f != NULL && now - f->checked_ms >= CHECK_MS) {
		f->checked_ms = now;
		if (!qt__net_file_is_current(st, f)) {
			drop(st, f);
			f = NULL;
		}
	}
	if (f != NULL) {
		qt_net_count(&st->server->stats->static_hits, 1);
		if (st->first != f) {
			list_del(st, f);
			list_add(st, f);
		}
		*out = f;
		return 0;
	}
	qt_net_count(&st->server->stats->static_misses, 1);
	rc = qt__net_file_load(st, path, len, &f);
	if (rc < 0)
		return rc;
	insert(st, f, hash);
	*out = f;
	return 0;
}

void
qt__net_cache_clear(struct qt_net_static *st)
{
	while (st->first != NULL)
		drop(st, st->first);
}

void
qt__net_static_put(struct qt_net_static *st)
{
	if (--st->refs > 0)
		return;
	if (st->root >= 0)
		close(st->root);
	free(st->cache_control);
	free(st->buckets);
	free(st);
}
