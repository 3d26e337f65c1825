/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to a disk, and what of it is settled. See disk.h. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_priv.h"

void
disk_fail(const char *what)
{
	printf("Bail out! disk: %s: %s\n", what, strerror(errno));
	exit(1);
}

void *
disk_room(void *old, size_t count, size_t size)
{
	void	*p = old == NULL ? calloc(count > 0 ? count : 1, size) :
	    realloc(old, (count > 0 ? count : 1) * size);

	if (p == NULL)
		disk_fail("memory");
	return p;
}

/* --- Names and bytes ------------------------------------------------------ */

struct node *
disk_name_get(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->entry[i].name, name) == 0)
			return n->entry[i].node;
	return NULL;
}

/* node NULL takes the name away. */
void
disk_name_set(struct names *n, const char *name, struct node *node)
{
	size_t	i = 0;

	while (i < n->count && strcmp(n->entry[i].name, name) != 0)
		i++;
	if (i < n->count && node != NULL) {
		n->entry[i].node = node;
	} else if (i < n->count) {
		free(n->entry[i].name);
		n->entry[i] = n->entry[--n->count];
	} else if (node != NULL) {
		n->entry = disk_room(n->entry, n->count + 1,
		    sizeof(*n->entry));
		n->entry[n->count].name = strdup(name);
		n->entry[n->count++].node = node;
	}
}

void
disk_unit_set(struct bytes *b, size_t unit, const struct blob *blob)
{
	size_t	count = b->count;

	if (unit >= count) {
		if (blob == NULL)
			return;
		b->count = unit + 1 > count * 2 ? unit + 1 : count * 2;
		b->unit = disk_room(b->unit, b->count, sizeof(*b->unit));
		for (; count < b->count; count++)
			b->unit[count] = NULL;
	}
	b->unit[unit] = blob;
}

static const struct blob *
unit_get(const struct bytes *b, size_t unit)
{
	return unit < b->count ? b->unit[unit] : NULL;
}

static bool
is_same(const struct disk *d, const struct blob *a, const struct blob *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->hash == b->hash && memcmp(a->data, b->data, d->unit) == 0;
}

/* Old bytes of a unit with new ones over them; data NULL: zeros. */
static const struct blob *
blob_of(struct disk *d, const struct blob *old, size_t at,
    const unsigned char *data, size_t len)
{
	struct blob	*b = disk_room(NULL, 1, sizeof(*b) + d->unit);
	uint64_t	 hash = 0, word;
	int		 is_zero = 1;

	if (old != NULL)
		memcpy(b->data, old->data, d->unit);
	if (data != NULL)
		memcpy(b->data + at, data, len);
	else
		memset(b->data + at, 0, len);
	for (size_t i = 0; i < d->unit; i += sizeof(word)) {
		memcpy(&word, b->data + i, sizeof(word));
		is_zero &= word == 0;
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	if (is_zero) {
		free(b);
		return NULL;
	}
	b->hash = hash;
	b->next = d->blobs;
	d->blobs = b;
	return b;
}

/* --- Effects -------------------------------------------------------------- */

static struct effect *
effect_add(struct disk *d, enum kind kind, struct node *node)
{
	struct effect	*e;

	if (d->count == d->room) {
		d->room = d->room * 2 + 64;
		d->effect = disk_room(d->effect, d->room, sizeof(*d->effect));
	}
	e = &d->effect[d->count++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->node = node;
	e->record = d->record;
	return e;
}

/* len bytes at at, within the file or beyond its end. */
static void
change(struct disk *d, struct node *n, uint64_t at, const unsigned char *data,
    uint64_t len)
{
	while (len > 0) {
		size_t			 unit = (size_t)(at / d->unit);
		size_t			 from = (size_t)(at % d->unit);
		size_t			 part = d->unit - from;
		const struct blob	*old = unit_get(&n->live, unit), *b;

		if (part > len)
			part = (size_t)len;
		b = blob_of(d, old, from, data, part);
		if (!is_same(d, old, b)) {
			struct effect	*e = effect_add(d, DATA, n);

			e->unit = unit;
			e->blob = b;
			disk_unit_set(&n->live, unit, b);
		}
		at += part;
		len -= part;
		if (data != NULL)
			data += part;
	}
}

/* What a file is cut off by is gone, and is zeros when it grows again. */
static void
resize(struct disk *d, struct node *n, uint64_t size)
{
	uint64_t	room = n->live.count * d->unit;

	if (size == n->live.size)
		return;
	if (size < n->live.size && size < room)
		change(d, n, size, NULL, room - size);
	effect_add(d, SIZE, n)->size = size;
	n->live.size = size;
}

static void
name(struct disk *d, struct node *dir, const char *text, struct node *node)
{
	struct effect	*e = effect_add(d, NAME, node);

	e->dir = dir;
	e->name = strdup(text);
	disk_name_set(&dir->live_names, text, node);
}

/* --- What a sync settles -------------------------------------------------- */

void
disk_settle(const struct effect *e)
{
	switch (e->kind) {
	case DATA:
		disk_unit_set(&e->node->held, e->unit, e->blob);
		break;
	case SIZE:
		e->node->held.size = e->size;
		break;
	case NAME:
		disk_name_set(&e->dir->held_names, e->name, e->node);
		if (e->from != NULL)
			disk_name_set(&e->from->held_names, e->from_name,
			    NULL);
	}
}

/* Marks what a sync of the node, begun at that record, settles by itself. */
static void
find_settled(const struct disk *d, const struct node *n, uint64_t begun,
    unsigned char *settled)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct effect	*e = &d->effect[i];

		if (e->record >= begun)
			break;
		if (e->kind == NAME)
			settled[i] = d->is_kind || e->dir == n ||
			    e->from == n;
		else
			settled[i] = e->node == n && !e->is_doomed;
	}
}

/*
 * After a failed sync the pages count as clean: no later sync writes them, and
 * yet they may have been written. Whoever writes a page anew makes up for it.
 */
static void
doom(struct disk *d, const struct node *n, uint64_t begun)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->effect[i].kind == DATA && d->effect[i].node == n &&
		    d->effect[i].record < begun)
			d->effect[i].is_doomed = true;
}

static void
settle(struct disk *d, const struct node *n, uint64_t begun)
{
	unsigned char	*settled = disk_room(NULL, d->count, 1);
	size_t		 left = 0;

	find_settled(d, n, begun, settled);
	disk_keep(d, settled);	/* a rename in two folders: what it follows */
	for (size_t i = 0; i < d->count; i++) {
		struct effect	*e = &d->effect[i];

		if (settled[i]) {
			disk_settle(e);
			free(e->name);
			free(e->from_name);
		} else {
			d->effect[left++] = *e;
		}
	}
	d->count = left;
	free(settled);
}

/* --- Records -------------------------------------------------------------- */

static struct node *
node_new(struct disk *d, uint64_t ino, bool is_dir)
{
	struct node	*n = disk_room(NULL, 1, sizeof(*n));

	n->ino = ino;
	n->is_dir = is_dir;
	n->next = d->nodes;
	d->nodes = n;
	return n;
}

/* The newest with that number: they are given again. */
static struct node *
node_of(const struct disk *d, uint64_t ino)
{
	struct node	*n = d->nodes;

	while (n != NULL && n->ino != ino)
		n = n->next;
	return n;
}

static struct node *
dir_of(const struct disk *d, uint64_t ino)
{
	struct node	*n = node_of(d, ino);

	return n != NULL && n->is_dir ? n : NULL;
}

static struct node *
file_of(struct disk *d, uint64_t ino)
{
	struct node	*n = node_of(d, ino);

	/* Who opened it was recorded before who made it. */
	if (n == NULL) {
		n = node_new(d, ino, false);
		n->is_lazy = true;
	}
	return n->is_dir ? NULL : n;
}

static void
opened(struct disk *d, const struct qt_sys_event *e, const char *text)
{
	struct node	*dir = dir_of(d, e->dir), *n = node_of(d, e->ino);

	if ((e->flags & O_TMPFILE) == O_TMPFILE) {
		node_new(d, e->ino, false);
		return;
	}
	if (dir == NULL)
		return;
	if (n == NULL || disk_name_get(&dir->live_names, text) != n) {
		if (n == NULL || !n->is_lazy)
			n = node_new(d, e->ino, false);
		n->is_lazy = false;
		name(d, dir, text, n);
	}
	if ((e->flags & O_TRUNC) != 0)
		resize(d, n, 0);
}

static void
wrote(struct disk *d, const struct qt_sys_event *e, const void *data)
{
	struct node	*n = file_of(d, e->ino);
	uint64_t	 end = (uint64_t)(e->at + e->len);

	if (n == NULL)
		return;
	change(d, n, (uint64_t)e->at, data, (uint64_t)e->len);
	if (end > n->live.size)
		resize(d, n, end);
}

static void
allocated(struct disk *d, const struct qt_sys_event *e)
{
	struct node	*n = file_of(d, e->ino);
	uint64_t	 end = (uint64_t)(e->at + e->len);
	int		 zeros = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

	if (n == NULL)
		return;
	if ((e->flags & (unsigned int)zeros) != 0)
		change(d, n, (uint64_t)e->at, NULL, (uint64_t)e->len);
	if ((e->flags & FALLOC_FL_KEEP_SIZE) == 0 && end > n->live.size)
		resize(d, n, end);
}

static void
renamed(struct disk *d, const struct qt_sys_event *e, const char *from_name,
    const char *to_name)
{
	struct node	*from = dir_of(d, e->dir), *to = dir_of(d, e->to_dir);
	struct node	*n = node_of(d, e->ino);

	if (from != NULL && disk_name_get(&from->live_names, from_name) != NULL)
		n = disk_name_get(&from->live_names, from_name);
	if (n == NULL)
		return;
	if (to == NULL) {
		if (from != NULL)
			name(d, from, from_name, NULL);
		return;
	}
	name(d, to, to_name, n);
	if (from == NULL)
		return;
	d->effect[d->count - 1].from = from;
	d->effect[d->count - 1].from_name = strdup(from_name);
	disk_name_set(&from->live_names, from_name, NULL);
}

static int
synced(struct disk *d, const struct qt_sys_event *e)
{
	struct node	*n = node_of(d, e->ino);
	size_t		 before = d->count, i = 0;

	while (i < d->syncs && (d->sync[i].who != e->who ||
	    d->sync[i].ino != e->ino))
		i++;
	if (e->flags == QT_SYS_BEGINS) {
		if (i == d->syncs)
			d->sync = disk_room(d->sync, ++d->syncs,
			    sizeof(*d->sync));
		d->sync[i] = (struct sync){ e->ino, d->record, e->who };
	} else if (n != NULL && i < d->syncs) {
		if (e->flags == QT_SYS_FAILED)
			doom(d, n, d->sync[i].record);
		else
			settle(d, n, d->sync[i].record);
		d->sync[i] = d->sync[--d->syncs];
	}
	return d->count != before;
}

int
disk_apply(struct disk *d, const struct qt_sys_event *e)
{
	const char	*names = (const char *)(e + 1);
	char		*from = strndup(names, e->name_len);
	char		*to = strndup(names + e->name_len, e->to_len);
	struct node	*dir = dir_of(d, e->dir), *n;
	size_t		 before = d->count;
	int		 changed = 0;

	d->record++;
	if (e->call == QT_SYS_COUNT_ || e->dev != d->dev) {
		free(from);
		free(to);
		return 0;
	}
	switch (e->call) {
	case QT_SYS_OPEN:
		opened(d, e, from);
		break;
	case QT_SYS_PWRITE:
		wrote(d, e, names + e->name_len + e->to_len);
		break;
	case QT_SYS_FTRUNCATE:
		if ((n = file_of(d, e->ino)) != NULL)
			resize(d, n, (uint64_t)e->len);
		break;
	case QT_SYS_FALLOCATE:
		allocated(d, e);
		break;
	case QT_SYS_MKDIR:
		if (dir != NULL)
			name(d, dir, from, node_new(d, e->ino, true));
		break;
	case QT_SYS_LINK:
		if (dir != NULL)
			name(d, dir, from, file_of(d, e->ino));
		break;
	case QT_SYS_UNLINK:
		if (dir != NULL)
			name(d, dir, from, NULL);
		break;
	case QT_SYS_RENAME:
		renamed(d, e, from, to);
		break;
	case QT_SYS_FSYNC:
		changed = synced(d, e);
	}
	free(from);
	free(to);
	return changed || d->count > before;
}
