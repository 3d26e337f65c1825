/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people. See <qt/store/store.h>. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "durable_priv.h"
#include "store_priv.h"
#include "super_priv.h"

struct total {
	int		 dirfd;
	uint64_t	*bytes;
};

static int
add_file(void *arg, const char *name)
{
	struct total	*t = arg;
	struct stat	 st;

	if (fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	*t->bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

static int
add_folder(struct qt_store *s, const char *name, uint64_t *bytes)
{
	int		fd = qt_sys_open(s->dirfd, name,
	    O_RDONLY | O_DIRECTORY, 0), rc;
	struct total	t = { fd, bytes };

	if (fd < 0)
		return fd;
	rc = qt__each_name(fd, ".", add_file, &t);
	close(fd);
	return rc;
}

static int
disk_bytes(struct qt_store *s, uint64_t *bytes, struct qt_err *err)
{
	struct total	t = { s->wal_dirfd, bytes };
	int		rc = qt__each_name(s->wal_dirfd, ".", add_file, &t);

	if (rc == 0)
		rc = add_folder(s, "manifest", bytes);
	if (rc == 0)
		rc = add_folder(s, "run", bytes);
	if (rc == 0)
		rc = add_folder(s, "big", bytes);
	if (rc < 0)
		qt_err_set(err, "add up its files");
	return rc;
}

static void
memtables(const struct qt__super *super, struct qt_store_stat *out)
{
	uint64_t	end;

	out->memtables = super->mem_count;
	for (uint32_t i = 0; i < super->mem_count; i++) {
		const struct qt__mem_head *h = super->mems[i]->head;

		out->memtable_bytes += atomic_load(&h->head) - QT__LOG_FIRST;
		out->memtable_records += atomic_load(&h->puts);
	}
	end = qt__mem_end(super->mems[0]);
	out->version = end > 0 ? end - 1 : 0;
}

static void
runs(const struct qt__manifest *m, struct qt_store_stat *out)
{
	out->manifest = m->number;
	out->runs = m->run_count;
	out->slices = m->slice_count;
	for (uint32_t i = 0; i < m->slice_count; i++) {
		out->run_bytes += m->slices[i].info.size;
		out->run_records += m->slices[i].info.records;
	}
}

static void
counts(struct qt_store *s, struct qt_store_stat *out)
{
	const struct {
		enum qt__count	 which;
		uint64_t	*to;
	} all[] = {
		{ QT__PUTS, &out->puts }, { QT__GETS, &out->gets },
		{ QT__DELS, &out->dels }, { QT__SCANS, &out->scans },
		{ QT__SYNCS, &out->syncs },
		{ QT__SYNCED_BYTES, &out->synced_bytes },
		{ QT__FLUSHES, &out->flushes },
		{ QT__COMPACTIONS, &out->compactions },
		{ QT__WRITTEN_BYTES, &out->written_bytes },
		{ QT__STALLS, &out->stalls },
		{ QT__CACHE_HITS, &out->cache_hits },
		{ QT__CACHE_MISSES, &out->cache_misses },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i].to = atomic_load(&s->ctl->counts[all[i].which]);
}

static int
count_writers(struct qt_store *s, uint64_t *count)
{
	uint32_t	n = 0;
	int		fd = qt_sys_open(s->dirfd, "LOCK", O_RDONLY |
	    O_NONBLOCK, 0), rc;

	if (fd < 0)
		return fd;
	rc = qt__user_count(fd, &n);
	*count = n;
	close(fd);
	return rc;
}

int
qt_store_stat(struct qt_store *s, struct qt_store_stat *out,
    struct qt_err *err)
{
	const struct qt__manifest	*m;
	struct qt__stripe		*stripe;
	bool				 is_again;
	int				 rc;

	memset(out, 0, sizeof(*out));
	qt__format_id(&s->format, out->id);
	do {
		rc = qt__super_get(s, &stripe, err);
		if (rc < 0)
			return rc;
		rc = qt__super_manifest(s, stripe->super, &m, err);
		is_again = rc == -ENOENT;
		if (is_again)
			rc = qt__super_moved(s, stripe->super, err);
		if (rc < 0 || is_again)
			qt__super_release(stripe);
	} while (rc == 0 && is_again);
	if (rc < 0)
		return rc;
	memtables(stripe->super, out);
	runs(m, out);
	qt__super_release(stripe);
	counts(s, out);
	out->durable = qt_store_durable(s);
	out->poisoned = atomic_load(&s->ctl->poison);
	for (uint32_t i = 0; i < atomic_load(&s->ctl->slot_high) &&
	    i < QT__SLOTS; i++)
		out->snapshots += atomic_load(&s->ctl->slots[i].owner) != 0;
	rc = count_writers(s, &out->writers);
	if (rc < 0) {
		qt_err_set(err, "ask for locks of 'LOCK'");
		return rc;
	}
	return disk_bytes(s, &out->disk_bytes, err);
}
