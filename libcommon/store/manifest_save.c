/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests, written and removed. See manifest_priv.h.
 *
 * The steps, and what somebody who is killed, or a power cut, right behind each
 * of them leaves. "Old" and "new" is what counts then.
 *
 *	step			killed		power cut
 *	1 manifest/N made	old		old
 *	2 filled, fdatasync	old		old
 *	3 fsync of manifest/	old		old
 *	4 CURRENT.tmp made	old		old
 *	5 filled, fdatasync	old		old
 *	6 renamed to CURRENT	new		old or new
 *	7 fsync of the folder	new		new
 *
 * Up to 5, what is left is a file manifest/N that nothing names, of which not
 * even its name is sure, and perhaps CURRENT.tmp. The next one to save takes
 * the same number and makes both anew: it removes the old files first, so that
 * whoever still reads one keeps what he reads. From 3 on the new manifest is
 * durable with its name, so whenever CURRENT names it it is there and whole.
 *
 * Between 6 and 7 the new one counts for all who run, while a power cut may
 * bring the old one back. No harm is in that as long as all files that the old
 * one names are there; so nobody removes any before 7 is done: who takes over
 * from a dead maintainer calls qt__manifest_settle(). And when 7 fails nobody
 * ever knows, so that the store is poisoned.
 *
 * Why not a log of changes, as others have it: it must be replayed by every
 * short-lived process that opens the store, and cut off where it was torn.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "durable_priv.h"
#include "manifest_file_priv.h"

/* Step 7. */
static int
make_sure(int dirfd, struct qt_err *err)
{
	int	rc = qt__durable_names(dirfd, ".");

	if (rc == 0)
		return 0;
	qt_err_set(err, "sync the folder: %s; which manifest counts is not "
	    "known", qt_strerror(rc));
	return -ENOTRECOVERABLE;
}

static void
move_key(const struct qt__manifest_edit *e, uint8_t *heap, size_t *used,
    uint32_t *at, uint32_t len)
{
	if (len > 0)
		memcpy(heap + *used, e->heap + *at, len);
	*at = len > 0 ? (uint32_t)*used : 0;
	*used += len;
}

/* Only the keys that something points to, in a new heap; no remains of jobs. */
static int
tighten(struct qt__manifest_edit *e)
{
	struct qt__manifest	*m = &e->m;
	size_t			 size, used = 0;
	uint8_t			*heap;

	if (m->flush.output == 0)
		m->flush = (struct qt__job){ 0 };
	if (m->merge.output == 0)
		m->merge = (struct qt__job){ 0 };
	size = (size_t)m->flush.key_len + m->merge.key_len;
	for (uint32_t i = 0; i < m->slice_count; i++)
		size += (size_t)e->slices[i].min_len + e->slices[i].max_len;
	if (size > QT__MANIFEST_MAX)
		return -E2BIG;
	heap = malloc(size > 0 ? size : 1);
	if (heap == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->slice_count; i++) {
		struct qt__slice	*s = &e->slices[i];

		move_key(e, heap, &used, &s->min_at, s->min_len);
		move_key(e, heap, &used, &s->max_at, s->max_len);
	}
	move_key(e, heap, &used, &m->flush.key_at, m->flush.key_len);
	move_key(e, heap, &used, &m->merge.key_at, m->merge.key_len);
	free(e->heap);
	e->heap = heap;
	e->heap_room = size > 0 ? size : 1;
	m->heap = heap;
	m->heap_len = size;
	return 0;
}

/* CURRENT still names the manifest that the edit was made from? */
static int
check_from(int dirfd, uint64_t from, struct qt_err *err)
{
	uint64_t	current;
	uint32_t	crc;
	int		rc = qt__current_read(dirfd, &current, &crc, err);

	if (rc == -ENOENT && from == 0)
		return 0;
	if (rc == -ENOENT) {
		qt_err_set(err, "CURRENT is missing");
		return -QT_ECORRUPT;
	}
	if (rc < 0 || current == from)
		return rc;
	qt_err_set(err, "it follows manifest %" PRIu64 ", CURRENT names %"
	    PRIu64, from, current);
	return -ESTALE;
}

/* Steps 1 to 3. */
static int
write_manifest(int dirfd, const char *name, const void *data, size_t len,
    struct qt_err *err)
{
	int	rc = qt__durable_write(dirfd, name, data, len);

	if (rc < 0) {
		qt_err_set(err, "write %s", name);
		return rc;
	}
	rc = qt__durable_names(dirfd, "manifest");
	if (rc < 0)
		qt_err_set(err, "sync folder manifest");
	return rc;
}

/* Steps 4 to 6, and 7 with what is said of it above. */
static int
let_current_name(int dirfd, uint64_t number, const void *data, size_t len,
    struct qt_err *err)
{
	char		text[QT__CURRENT_SIZE];
	uint32_t	crc, there_crc;
	uint64_t	there;
	int		rc;

	memcpy(&crc, (const char *)data + len - 4, 4);
	snprintf(text, sizeof(text), "%012" PRIu64 " %08" PRIx32 "\n", number,
	    le32toh(crc));
	rc = qt__durable_write(dirfd, "CURRENT.tmp", text, strlen(text));
	if (rc < 0) {
		qt_err_set(err, "write CURRENT.tmp");
		return rc;
	}
	rc = qt_sys_rename(dirfd, "CURRENT.tmp", "CURRENT");
	if (rc < 0) {
		/* Was nothing done? Only then the old one is in force. */
		if (qt__current_read(dirfd, &there, &there_crc, NULL) == 0 &&
		    there == number) {
			qt_err_set(err, "rename CURRENT.tmp: %s; which "
			    "manifest counts is not known", qt_strerror(rc));
			return -ENOTRECOVERABLE;
		}
		qt_err_set(err, "rename CURRENT.tmp to CURRENT");
		return rc;
	}
	return make_sure(dirfd, err);
}

/* What is to be written, as load will see it; it becomes the answer. */
static int
preview(struct qt__manifest *m, const void *data, size_t len,
    struct qt_err *err)
{
	void	*mem = malloc(len);
	int	 rc;

	if (mem == NULL)
		return -ENOMEM;
	memcpy(mem, data, len);
	rc = qt__manifest_parse(m, mem, len, err);
	m->mem_ = mem;
	return rc;
}

/* Number, time, and no more keys than are needed; packed, and looked at. */
static int
prepare(struct qt__manifest_edit *e, struct qt__manifest *m, void **data,
    size_t *len, struct qt_err *err)
{
	uint64_t	from = e->m.number, made_ms = e->m.made_ms;
	int		rc = tighten(e);

	if (rc < 0)
		return rc;
	e->m.number = from + 1;
	e->m.made_ms = qt_clock_real_ms();
	rc = qt__manifest_pack(&e->m, data, len);
	e->m.number = from;
	e->m.made_ms = made_ms;
	return rc < 0 ? rc : preview(m, *data, *len, err);
}

int
qt__manifest_save(struct qt__manifest_edit *e, int dirfd,
    struct qt__manifest **out, struct qt_err *err)
{
	char			 name[QT__MANIFEST_NAME_SIZE];
	struct qt__manifest	*m = calloc(1, sizeof(*m));
	uint64_t		 from = e->m.number;
	void			*data = NULL;
	size_t			 len;
	int			 rc;

	*out = NULL;
	if (m == NULL)
		return -ENOMEM;
	qt__manifest_name(name, from + 1);
	rc = check_from(dirfd, from, err);
	if (rc < 0)
		goto out;
	qt_err_set(err, "what is to be written");
	rc = prepare(e, m, &data, &len, err);
	if (rc < 0) {
		qt_err_wrap(err, "%s", name);
		goto out;
	}
	rc = write_manifest(dirfd, name, data, len, err);
	if (rc == 0)
		rc = let_current_name(dirfd, from + 1, data, len, err);
	if (rc < 0 && rc != -ENOTRECOVERABLE) {
		(void)qt_sys_unlink(dirfd, name);
		(void)qt_sys_unlink(dirfd, "CURRENT.tmp");
	}
	if (rc < 0)
		goto out;
	*out = m;
	m = NULL;
	qt__manifest_edit_free(e);
out:
	free(data);
	qt__manifest_free(m);
	return rc;
}

int
qt__manifest_settle(int dirfd, struct qt_err *err)
{
	return make_sure(dirfd, err);
}

struct prune {
	int		dirfd;
	uint64_t	keep;
	int		rc;
};

static int
prune_one(void *arg, const char *name)
{
	struct prune	*p = arg;
	char		 path[QT__MANIFEST_NAME_SIZE];
	uint64_t	 n = qt__number_of(name, "");
	int		 rc;

	if (n == 0 || n >= p->keep)
		return 0;
	qt__manifest_name(path, n);
	rc = qt_sys_unlink(p->dirfd, path);
	if (rc < 0 && rc != -ENOENT)
		p->rc = rc;
	return 0;
}

int
qt__manifest_prune(int dirfd, uint64_t keep)
{
	struct prune	p = { .dirfd = dirfd, .keep = keep };
	uint64_t	current;
	int		rc;

	rc = qt__manifest_current(dirfd, &current, NULL);
	if (rc < 0)
		return rc;
	if (p.keep > current)
		p.keep = current;
	rc = qt__each_name(dirfd, "manifest", prune_one, &p);
	return rc < 0 ? rc : p.rc;
}
