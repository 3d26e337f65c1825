/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what is in shared memory of the folder's history? See store_priv.h.
 *
 * A backup that rsync(1) or cp(1) puts over the folder of a store leaves LOCK the
 * same file. So shared memory of the store that was replaced is still found by
 * its name, and has the right stamp if it was made before the backup was. Reads
 * from it would give what was replaced, and the next flush would mix the two.
 *
 * In one history the folder is behind memory by what is not durable, and CURRENT
 * is ahead of it by one where a maintainer died before he told readers: he tells
 * before he saves another. These cannot be, so the folder is of another moment:
 *
 *	CURRENT names an older manifest than readers know, or one that is newer
 *	by two, or another one of the same number
 *	a log has the number of a memtable, and another id
 *	the last frame of a memtable that is durable is not in its log
 *
 * A log that is not there, or has no head, may be lost as well as never have been
 * in the backup. Memory may be all that is left of it: that is an error.
 *
 * It is asked by each process that opens the store, so it reads no more than
 * CURRENT, and of each log its head and the page where durability ends.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "log_priv.h"
#include "manifest_file_priv.h"
#include "open_memory_priv.h"
#include "store_priv.h"
#include "super_priv.h"

#define PIECE	4096u		/* of what is durable, its end */

/* --- CURRENT -------------------------------------------------------------- */

static bool
is_current(const struct qt__where *before, const struct qt__where *after,
    uint64_t number, uint32_t sum)
{
	if (number == before->manifest)
		return sum == before->sum;
	if (number == after->manifest)
		return sum == after->sum;
	return number > before->manifest && number <= after->manifest + 1;
}

static int
check_current(const struct qt_store *s, struct qt_err *err)
{
	struct qt__where	before, after;
	uint64_t		number;
	uint32_t		sum;

	/* Others go on meanwhile. Where it cannot be read, who needs it says
	   so. */
	(void)qt__where_get(s->ctl, &before);
	if (qt__current_read(s->dirfd, &number, &sum, NULL) < 0)
		return 0;
	(void)qt__where_get(s->ctl, &after);
	if (is_current(&before, &after, number, sum))
		return 0;
	qt_err_set(err, "CURRENT names manifest %" PRIu64 "%s, shared memory "
	    "is at %" PRIu64, number, number == after.manifest ?
	    ", another one" : "", after.manifest);
	return 1;
}

/* --- Logs ----------------------------------------------------------------- */

/* How much there is. */
static ssize_t
read_at(int fd, void *data, size_t len, uint64_t at)
{
	size_t	done = 0;
	ssize_t	n = 1;

	for (; done < len && n > 0; done += n > 0 ? (size_t)n : 0)
		n = qt_sys_pread(fd, (uint8_t *)data + done, len - done,
		    (off_t)(at + done));
	return n < 0 ? n : (ssize_t)done;
}

/* Is it the log of that memtable? 0, 1, or -ENOENT: it has no head. */
static int
check_head(const struct qt_store *s, const struct qt__mem *m, const void *data,
    size_t len)
{
	const struct qt__log_head	*image = (const void *)m->log;
	const struct qt__log_head	*head = data;

	/* Or that, damaged: that is for verify to say. */
	if (len >= sizeof(*head) && (head->id == image->id ||
	    head->crc == image->crc))
		return 0;
	return qt__log_check(head, len, m->number, s->store_id, NULL) < 0 ?
	    -ENOENT : 1;
}

/* Where the frame begins that ends at end; frames before it are whole. */
static uint64_t
last_frame(const struct qt__mem *m, uint64_t end)
{
	uint64_t	at = QT__LOG_FIRST, last = at;

	while (at < end) {
		const struct qt__frame	*f = qt__mem_frame(m, at, end);

		if (f == NULL)
			break;
		last = at;
		at += qt__frame_size(f);
	}
	return last;
}

/*
 * Whether the file has the last durable frame, be it a damaged one: an older copy
 * has nothing there, and another history another one.
 */
static int
check_last(const struct qt__mem *m, int fd, uint64_t end)
{
	uint64_t		 at = last_frame(m, end);
	const struct qt__frame	*image = (const void *)(m->log + at);
	struct qt__frame	 f;
	ssize_t			 n = read_at(fd, &f, sizeof(f), at);

	if (n < 0)
		return 0;
	return (size_t)n < sizeof(f) || ((f.crc != image->crc ||
	    f.chain != image->chain) && f.time_node != image->time_node);
}

/* And does it hold what is durable of it, up to end? */
static int
check_file(const struct qt_store *s, const struct qt__mem *m, int fd,
    uint64_t end)
{
	uint64_t	piece[PIECE / 8];
	uint64_t	at = end > PIECE ? end - PIECE : 0;
	size_t		len = end > 0 ? end - at : QT__LOG_FIRST;
	ssize_t		n = read_at(fd, piece, len, at);
	uint64_t	head[QT__LOG_FIRST / 8];
	ssize_t		head_len = at == 0 ? n : read_at(fd, head,
	    sizeof(head), 0);
	int		rc;

	if (n < 0 || head_len < 0)
		return 0;
	rc = check_head(s, m, at == 0 ? piece : head, (size_t)head_len);
	/* While a failed or stopped leader's file has the name, it may hold
	   anything. */
	if (rc != 0 || end == 0 || atomic_load(&s->ctl->poison) != 0 ||
	    atomic_load(&s->ctl->has_deposed) != 0)
		return rc;
	return (size_t)n == len && memcmp(piece, m->log + at, len) == 0 ? 0 :
	    check_last(m, fd, end);
}

static int
check_log(const struct qt_store *s, const struct qt__mem *m, struct qt_err *err)
{
	uint64_t	durable = atomic_load(&s->ctl->durable);
	uint64_t	end = durable > m->base ? durable - m->base : 0;
	uint64_t	head = atomic_load_explicit(&m->head->head,
	    memory_order_acquire);
	char		name[QT__WAL_NAME_SIZE];
	int		fd, rc;

	if (end > head)
		end = head;
	if (end <= QT__LOG_FIRST)
		end = 0;
	qt__wal_name(name, m->number);
	fd = qt_sys_open(s->wal_dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 && fd != -ENOENT)
		return 0;
	rc = fd < 0 ? fd : check_file(s, m, fd, end);
	if (fd >= 0)
		close(fd);
	if (rc == 1)
		qt_err_set(err, "log '%s' is not that of shared memory", name);
	if (rc == 0 || rc == 1 || end == 0)
		return rc == 1;
	qt_err_set(err, "log '%s', which had been durable, is not there, or has "
	    "lost its head: put it back; or, if an older copy of the store was "
	    "put in its place, remove what shared memory has: rm /dev/shm%s*",
	    name, s->name);
	return -QT_ECORRUPT;
}

static int
check_logs(const struct qt_store *s, const struct qt__super *super,
    struct qt_err *err)
{
	struct qt__where	w;
	int			rc, worst = 0;

	for (uint32_t i = 0; i < super->mem_count; i++) {
		rc = check_log(s, super->mems[i], err);
		(void)qt__where_get(s->ctl, &w);
		/* In a run meanwhile: its file is the next log's. */
		if (super->mems[i]->number < w.first_wal)
			break;
		if (rc == 1)
			return 1;
		if (rc < 0)
			worst = rc;
	}
	return worst;
}

int
qt__lineage_check(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	int			 rc = check_current(s, err);

	if (rc != 0)
		return rc;
	rc = qt__super_get(s, &stripe, err);
	if (rc < 0)
		return rc;
	rc = check_logs(s, stripe->super, err);
	qt__super_release(stripe);
	return rc;
}
