/* SPDX-License-Identifier: Apache-2.0 */
/* The states that a cut may leave on a disk. See disk.h. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_priv.h"

#define PATH_ROOM	4096

size_t
disk_count(const struct disk *d)
{
	return d->count;
}

uint64_t
disk_record(const struct disk *d, size_t effect)
{
	return d->effect[effect].record;
}

const char *
disk_say(const struct disk *d, size_t effect)
{
	const struct effect	*e = &d->effect[effect];
	char			*text = ((struct disk *)(uintptr_t)d)->text;

	switch (e->kind) {
	case DATA:
		snprintf(text, sizeof(d->text), "inode %llu at %zu",
		    (unsigned long long)e->node->ino, e->unit * d->unit);
		break;
	case SIZE:
		snprintf(text, sizeof(d->text), "inode %llu of size %llu",
		    (unsigned long long)e->node->ino,
		    (unsigned long long)e->size);
		break;
	case NAME:
		snprintf(text, sizeof(d->text), "'%s'%s%s", e->name,
		    e->node == NULL ? " removed" : e->from != NULL ?
		    " renamed from " : "", e->from != NULL ? e->from_name : "");
	}
	return text;
}

/* --- Which are legal ------------------------------------------------------ */

static bool
has_name(const struct effect *e, const struct node *dir, const char *name)
{
	return (e->dir == dir && strcmp(e->name, name) == 0) ||
	    (e->from == dir && strcmp(e->from_name, name) == 0);
}

static size_t
name_before(const struct disk *d, size_t i, const struct node *dir,
    const char *name)
{
	if (dir == NULL)
		return NONE;
	while (i-- > 0)
		if (d->effect[i].kind == NAME && (d->is_kind ||
		    has_name(&d->effect[i], dir, name)))
			return i;
	return NONE;
}

/* The last of what touches the same unit, or the size (unit -1). */
static size_t
bytes_before(struct node *n, size_t i, size_t slot)
{
	size_t	before;

	if (slot >= n->last_count) {
		n->last = disk_room(n->last, slot + 1, sizeof(*n->last));
		while (n->last_count <= slot)
			n->last[n->last_count++] = NONE;
	}
	before = n->last[slot];
	n->last[slot] = i;
	return before;
}

void
disk_link(struct disk *d)
{
	for (struct node *n = d->nodes; n != NULL; n = n->next)
		n->last_count = 0;
	for (size_t i = 0; i < d->count; i++) {
		struct effect	*e = &d->effect[i];

		e->before[1] = NONE;
		if (e->kind != NAME) {
			e->before[0] = bytes_before(e->node, i,
			    e->kind == DATA ? e->unit + 1 : 0);
			continue;
		}
		e->before[0] = name_before(d, i, e->dir, e->name);
		e->before[1] = name_before(d, i, e->from, e->from_name);
	}
}

void
disk_lose(const struct disk *d, unsigned char *keep)
{
	disk_link((struct disk *)(uintptr_t)d);
	for (size_t i = 0; i < d->count; i++)
		for (int k = 0; k < 2; k++) {
			size_t	before = d->effect[i].before[k];

			if (before != NONE && !keep[before])
				keep[i] = 0;
		}
}

void
disk_keep(const struct disk *d, unsigned char *keep)
{
	disk_link((struct disk *)(uintptr_t)d);
	for (size_t i = d->count; i-- > 0;)
		for (int k = 0; k < 2; k++) {
			size_t	before = d->effect[i].before[k];

			if (before != NONE && keep[i])
				keep[before] = 1;
		}
}

/* --- One of them ---------------------------------------------------------- */

static void
names_clear(struct names *n)
{
	while (n->count > 0)
		free(n->entry[--n->count].name);
}

static void
start_pick(struct node *n)
{
	n->pick.size = n->held.size;
	for (size_t i = 0; i < n->pick.count; i++)
		n->pick.unit[i] = NULL;
	for (size_t i = 0; i < n->held.count; i++)
		disk_unit_set(&n->pick, i, n->held.unit[i]);
	names_clear(&n->pick_names);
	for (size_t i = 0; i < n->held_names.count; i++)
		disk_name_set(&n->pick_names, n->held_names.entry[i].name,
		    n->held_names.entry[i].node);
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0xff51afd7ed558ccd);
	return a ^ a >> 32;
}

static uint64_t
hash_of(const struct disk *d, const struct node *n)
{
	uint64_t	sum = n->is_dir;

	if (!n->is_dir) {
		for (size_t i = 0; i < n->pick.count &&
		    i * d->unit < n->pick.size; i++)
			if (n->pick.unit[i] != NULL)
				sum += mix(i + 1, n->pick.unit[i]->hash);
		return mix(sum, n->pick.size + 2);
	}
	for (size_t i = 0; i < n->pick_names.count; i++) {
		const struct entry	*e = &n->pick_names.entry[i];
		uint64_t		 h = 7;

		for (const char *p = e->name; *p != '\0'; p++)
			h = mix(h, (unsigned char)*p);
		sum += mix(h, hash_of(d, e->node));
	}
	return mix(sum, 3);
}

uint64_t
disk_choose(struct disk *d, const unsigned char *keep)
{
	for (struct node *n = d->nodes; n != NULL; n = n->next)
		start_pick(n);
	for (size_t i = 0; i < d->count; i++) {
		const struct effect	*e = &d->effect[i];

		if (!keep[i])
			continue;
		if (e->kind == DATA) {
			disk_unit_set(&e->node->pick, e->unit, e->blob);
		} else if (e->kind == SIZE) {
			e->node->pick.size = e->size;
		} else {
			disk_name_set(&e->dir->pick_names, e->name, e->node);
			if (e->from != NULL)
				disk_name_set(&e->from->pick_names,
				    e->from_name, NULL);
		}
	}
	return hash_of(d, d->root);
}

static void
build_file(const struct disk *d, const struct node *n, const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)n->pick.size) < 0)
		disk_fail(path);
	for (size_t i = 0; i < n->pick.count; i++) {
		uint64_t	at = i * d->unit;
		size_t		len = d->unit;

		if (n->pick.unit[i] == NULL || at >= n->pick.size)
			continue;
		if (len > n->pick.size - at)
			len = (size_t)(n->pick.size - at);
		if (pwrite(fd, n->pick.unit[i]->data, len, (off_t)at) !=
		    (ssize_t)len)
			disk_fail(path);
	}
	close(fd);
}

static void
build(const struct disk *d, const struct node *n, const char *path)
{
	char	sub[PATH_ROOM];

	for (size_t i = 0; i < n->pick_names.count; i++) {
		const struct entry	*e = &n->pick_names.entry[i];

		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->name) >=
		    (int)sizeof(sub))
			disk_fail("a long name");
		if (!e->node->is_dir) {
			build_file(d, e->node, sub);
			continue;
		}
		if (mkdir(sub, 0700) < 0)
			disk_fail(sub);
		build(d, e->node, sub);
	}
}

void
disk_build(const struct disk *d, const char *dir)
{
	build(d, d->root, dir);
}

/* --- The first one -------------------------------------------------------- */

static struct node *
new_node(struct disk *d, const struct stat *st)
{
	struct node	*n = disk_room(NULL, 1, sizeof(*n));

	n->ino = st->st_ino;
	n->is_dir = S_ISDIR(st->st_mode);
	n->next = d->nodes;
	d->nodes = n;
	return n;
}

static void
load_file(struct disk *d, struct node *n, const char *path, uint64_t size)
{
	struct qt_sys_event	*e = disk_room(NULL, 1, sizeof(*e) + size);
	int			 fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, e + 1, size) != (ssize_t)size)
		disk_fail(path);
	close(fd);
	e->call = QT_SYS_PWRITE;
	e->dev = d->dev;
	e->ino = n->ino;
	e->len = (int64_t)size;
	(void)disk_apply(d, e);
	free(e);
}

static void
load(struct disk *d, struct node *dir, const char *path)
{
	char		 sub[PATH_ROOM];
	struct dirent	*entry;
	struct stat	 st;
	struct node	*n;
	DIR		*list = opendir(path);

	if (list == NULL)
		disk_fail(path);
	while ((entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, entry->d_name);
		if (lstat(sub, &st) < 0)
			disk_fail(sub);
		n = new_node(d, &st);
		disk_name_set(&dir->live_names, entry->d_name, n);
		disk_name_set(&dir->held_names, entry->d_name, n);
		if (n->is_dir)
			load(d, n, sub);
		else
			load_file(d, n, sub, (uint64_t)st.st_size);
	}
	closedir(list);
}

struct disk *
disk_new(const char *root, size_t unit, int is_kind)
{
	struct disk	*d = disk_room(NULL, 1, sizeof(*d));
	struct stat	 st;

	if (stat(root, &st) < 0)
		disk_fail(root);
	d->unit = unit;
	d->is_kind = is_kind;
	d->dev = st.st_dev;
	d->root = new_node(d, &st);
	load(d, d->root, root);
	for (size_t i = 0; i < d->count; i++)
		disk_settle(&d->effect[i]);
	d->count = 0;
	d->record = 0;
	return d;
}

static void
copy_names(struct names *out, const struct names *in)
{
	for (size_t i = 0; i < in->count; i++)
		disk_name_set(out, in->entry[i].name, in->entry[i].node->copy);
}

/* The bytes are shared. */
struct disk *
disk_dup(const struct disk *d)
{
	struct disk	*out = disk_room(NULL, 1, sizeof(*out));
	struct node	*n;

	out->unit = d->unit;
	out->is_kind = d->is_kind;
	out->dev = d->dev;
	for (n = d->nodes; n != NULL; n = n->next) {
		n->copy = disk_room(NULL, 1, sizeof(*n));
		n->copy->ino = n->ino;
		n->copy->is_dir = n->is_dir;
		n->copy->next = out->nodes;
		out->nodes = n->copy;
		for (size_t i = 0; i < n->held.count; i++) {
			disk_unit_set(&n->copy->held, i, n->held.unit[i]);
			disk_unit_set(&n->copy->live, i, n->held.unit[i]);
		}
		n->copy->held.size = n->copy->live.size = n->held.size;
	}
	for (n = d->nodes; n != NULL; n = n->next) {
		copy_names(&n->copy->held_names, &n->held_names);
		copy_names(&n->copy->live_names, &n->held_names);
	}
	out->root = d->root->copy;
	return out;
}

void
disk_free(struct disk *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->effect[i].name);
		free(d->effect[i].from_name);
	}
	for (struct node *n = d->nodes, *next; n != NULL; n = next) {
		struct names	*all[] = { &n->held_names, &n->live_names,
		    &n->pick_names };

		next = n->next;
		for (int i = 0; i < 3; i++) {
			names_clear(all[i]);
			free(all[i]->entry);
		}
		free(n->held.unit);
		free(n->live.unit);
		free(n->pick.unit);
		free(n->last);
		free(n);
	}
	for (struct blob *b = d->blobs, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(d->effect);
	free(d->sync);
	free(d);
}
