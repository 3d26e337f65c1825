/* SPDX-License-Identifier: Apache-2.0 */
/* The index's segment: its name, its areas, and what they may not be. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "index_priv.h"

#define PAGE		((uint64_t)65536)	/* as large as pages get */

static const uint32_t sizes[QT__IX_AREA_COUNT] = {
#define X(name, of) sizeof(of),
	QT__IX_AREAS(X)
#undef X
};

/* --- Names ---------------------------------------------------------------- */

/*
 * Of the history's folder: of its LOCK file, as the store's segments, so a copy
 * put in its place has another one.
 */
int
qt__ix_name(char out[QT__IX_NAME], const char *path, const char *suffix)
{
	struct {
		uint64_t	dev, ino, birth, user;
	} of = { 0 };
	static const struct qt_hash_key key = { { 0x71742d68697374, 1 } };
	struct statx	st;
	char		lock[4096];

	if ((size_t)snprintf(lock, sizeof(lock), "%s/LOCK", path) >=
	    sizeof(lock))
		return -ENAMETOOLONG;
	if (statx(AT_FDCWD, lock, 0, STATX_INO | STATX_BTIME, &st) < 0)
		return -errno;
	of.dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	of.ino = st.stx_ino;
	if (st.stx_mask & STATX_BTIME)
		of.birth = (uint64_t)st.stx_btime.tv_sec *
		    UINT64_C(1000000000) + st.stx_btime.tv_nsec;
	of.user = geteuid();
	snprintf(out, QT__IX_NAME, "/qt-hist-%016" PRIx64 "%s",
	    qt_hash(&key, &of, sizeof(of)), suffix);
	return 0;
}

void
qt__ix_outdate(const char *name)
{
	struct qt_hist_index	*ix;

	if (qt__ix_open(&ix, name, QT_SEG_WRITE, NULL) < 0)
		return;
	atomic_store(&ix->head->is_outdated, 1);
	qt_hist_index_close(ix);
}

int
qt_hist_index_remove(const char *path)
{
	char	name[QT__IX_NAME];
	int	rc = qt__ix_name(name, path, ".new");

	if (rc < 0)
		return rc;
	(void)qt_seg_unlink(name);
	(void)qt__ix_name(name, path, "");
	qt__ix_outdate(name);
	return qt_seg_unlink(name);
}

/* --- Areas ---------------------------------------------------------------- */

static void
set_lens(uint64_t len[QT__IX_AREA_COUNT], const struct qt__ix_room *r)
{
	for (int i = QT__IX_SIGNATURE; i <= QT__IX_NEXT; i++)
		len[i] = r->commands;
	len[QT__IX_RING] = r->ring;
	len[QT__IX_C_INDEX] = r->c_slots;
	len[QT__IX_BLOOM] = r->bloom;
	len[QT__IX_F_INDEX] = r->f_slots;
	len[QT__IX_FACT] = r->facts;
	len[QT__IX_WORD] = r->words;
	len[QT__IX_NODE] = r->nodes;
	len[QT__IX_TEXT] = r->text;
	for (int i = 0; i < QT__IX_AREA_COUNT; i++)
		len[i] *= sizes[i];
}

static uint64_t
things(const struct qt__ix_head *h, enum qt__ix_area_id i)
{
	return h->area[i].size / sizes[i];
}

static bool
is_power(uint64_t x)
{
	return x > 0 && x <= UINT32_MAX && (x & (x - 1)) == 0;
}

/* What fits, of what the head says; false: that cannot be. */
static bool
get_room(struct qt__ix_room *r, const struct qt__ix_head *h)
{
	uint64_t	len[QT__IX_AREA_COUNT];

	for (int i = 0; i < QT__IX_AREA_COUNT; i++)
		if (h->area[i].size / sizes[i] >= UINT32_MAX)
			return false;
	*r = (struct qt__ix_room){
		.ring = (uint32_t)things(h, QT__IX_RING),
		.commands = (uint32_t)things(h, QT__IX_SIGNATURE),
		.facts = (uint32_t)things(h, QT__IX_FACT),
		.words = (uint32_t)things(h, QT__IX_WORD),
		.nodes = (uint32_t)things(h, QT__IX_NODE),
		.c_slots = (uint32_t)things(h, QT__IX_C_INDEX),
		.f_slots = (uint32_t)things(h, QT__IX_F_INDEX),
		.bloom = (uint32_t)things(h, QT__IX_BLOOM),
		.text = things(h, QT__IX_TEXT),
	};
	set_lens(len, r);
	for (int i = 0; i < QT__IX_AREA_COUNT; i++)
		if (len[i] != h->area[i].size)
			return false;
	return is_power(r->ring) && is_power(r->c_slots) &&
	    is_power(r->f_slots) && is_power(r->bloom) && r->nodes > 2;
}

static bool
attach(struct qt_hist_index *ix)
{
	struct qt__ix_head	h;
	void			*at[QT__IX_AREA_COUNT];

	/* What it says now is what holds. */
	memcpy(&h, ix->head, sizeof(h));
	if (!get_room(&ix->room, &h))
		return false;
	for (int i = 0; i < QT__IX_AREA_COUNT; i++) {
		if (h.area[i].offset % 8 != 0)
			return false;
		at[i] = qt_seg_at(ix->seg, h.area[i].offset, h.area[i].size);
		if (at[i] == NULL)
			return false;
	}
	ix->key = h.key;
	ix->ring = at[QT__IX_RING];
	ix->signature = at[QT__IX_SIGNATURE];
	ix->c_text = at[QT__IX_C_TEXT];
	ix->c_len = at[QT__IX_C_LEN];
	ix->count = at[QT__IX_COUNT];
	ix->last = at[QT__IX_LAST];
	ix->successes = at[QT__IX_SUCCESSES];
	ix->score = at[QT__IX_SCORE];
	ix->next = at[QT__IX_NEXT];
	ix->c_index = at[QT__IX_C_INDEX];
	ix->bloom = at[QT__IX_BLOOM];
	ix->f_index = at[QT__IX_F_INDEX];
	ix->fact = at[QT__IX_FACT];
	ix->word = at[QT__IX_WORD];
	ix->node = at[QT__IX_NODE];
	ix->text = at[QT__IX_TEXT];
	return true;
}

int
qt__ix_open(struct qt_hist_index **out, const char *name, unsigned int flags,
    struct qt_err *err)
{
	struct qt_hist_index	*ix = calloc(1, sizeof(*ix));
	struct qt_seg_entry	 e;
	int			 rc = -ENOMEM;

	*out = NULL;
	if (ix != NULL)
		rc = qt_seg_open(name, QT__IX_KIND, flags, &ix->seg, err);
	if (rc < 0) {
		free(ix);
		return rc;
	}
	rc = -QT_ECORRUPT;
	if (qt_seg_entry_get(ix->seg, QT__IX_ENTRY, &e) == 0 &&
	    e.offset % 8 == 0)
		ix->head = qt_seg_at(ix->seg, e.offset, sizeof(*ix->head));
	if (ix->head != NULL && ix->head->layout != QT__IX_LAYOUT)
		rc = -QT_EVERSION;
	else if (ix->head != NULL && e.size == sizeof(*ix->head) && attach(ix))
		rc = 0;
	if (rc < 0) {
		qt_err_set(err, "segment '%s': no index of this version",
		    name);
		qt_hist_index_close(ix);
		return rc;
	}
	*out = ix;
	return 0;
}

int
qt__ix_back(struct qt_hist_index *ix, enum qt__ix_area_id i, uint64_t count)
{
	struct qt__ix_area	*a = &ix->head->area[i];
	uint64_t		 backed = atomic_load(&a->backed);
	uint64_t		 len = count * sizes[i];
	int			 rc;

	if (len <= backed)
		return 0;
	if (len > a->size)
		return -QT_EFULL;
	len += QT__IX_STEP - len % QT__IX_STEP;
	if (len > a->size)
		len = a->size;
	rc = qt_seg_back(ix->seg, a->offset + backed, len - backed);
	if (rc == 0)
		atomic_store(&a->backed, len);
	/* Not in the segment: the head is damaged. */
	return rc == -EINVAL ? -QT_ECORRUPT : rc;
}

static int
make_areas(struct qt_seg *seg, struct qt__ix_head *h,
    const struct qt__ix_room *room)
{
	uint64_t	len[QT__IX_AREA_COUNT];
	int		rc = 0;

	set_lens(len, room);
	for (int i = 0; i < QT__IX_AREA_COUNT && rc == 0; i++) {
		h->area[i].size = len[i];
		rc = qt_seg_reserve(seg, len[i], &h->area[i].offset);
	}
	return rc;
}

/* Areas that are looked at all over. */
static int
back_whole(struct qt_hist_index *ix)
{
	static const enum qt__ix_area_id	whole[] = {
		QT__IX_C_INDEX, QT__IX_BLOOM, QT__IX_F_INDEX };
	int	rc = 0;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]) && rc == 0;
	    i++)
		rc = qt__ix_back(ix, whole[i], things(ix->head, whole[i]));
	return rc;
}

int
qt__ix_create(struct qt_hist_index **out, const char *name,
    const struct qt__ix_room *room, uint64_t history, struct qt_err *err)
{
	struct qt_seg_spec	s = { .entries = 8, .participants = 8,
		.mode = 0600, .group = (gid_t)-1, .kind = QT__IX_KIND,
		.size = (uint64_t)4 << 20 };
	struct qt_seg_entry	e = { .name = QT__IX_ENTRY, .dtype = "|u1",
		.type = QT_TYPE_RAW, .size = sizeof(struct qt__ix_head) };
	uint64_t		len[QT__IX_AREA_COUNT];
	struct qt__ix_head	*h;
	struct qt_seg		*seg;
	int			 rc;

	*out = NULL;
	set_lens(len, room);
	for (int i = 0; i < QT__IX_AREA_COUNT; i++)
		s.size += len[i] + len[i] / 256 + PAGE;
	(void)qt_seg_unlink(name);
	rc = qt_seg_create(name, &s, &seg, err);
	if (rc < 0)
		return rc;
	rc = qt_seg_alloc(seg, sizeof(*h), &e.offset);
	if (rc == 0) {
		h = qt_seg_at(seg, e.offset, sizeof(*h));
		h->layout = QT__IX_LAYOUT;
		h->ring = room->ring;
		h->history = history;
		qt_hash_key_init(&h->key);
		rc = make_areas(seg, h, room);
	}
	if (rc == 0) {
		e.shape[0] = e.size;
		rc = qt_seg_entry_add(seg, &e);
	}
	qt_seg_close(seg);
	/* Again, as who writes later does: no participant. */
	if (rc == 0)
		rc = qt__ix_open(out, name, QT_SEG_WRITE, err);
	if (rc == 0)
		rc = back_whole(*out);
	if (rc < 0) {
		qt_err_wrap(err, "shared memory for the history's index");
		qt_hist_index_close(*out);
		*out = NULL;
		(void)qt_seg_unlink(name);
	}
	return rc;
}
