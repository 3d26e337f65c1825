/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_DISK_H
#define QT_TEST_DISK_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/sys.h>

/*
 * A model of a folder on a disk: what is there, and which of it a power cut
 * may still take away. It is told what was done by the records of
 * qt_sys_record(); each leaves effects, of three kinds:
 *
 *	a unit of a file has new bytes	a page, or a sector
 *	a file has a new size
 *	a name is another file's	made, linked, renamed, removed
 *
 * A sync settles the effects on the file, or on the names of the folder, of
 * what was recorded before it began. Of the others any may be there after the
 * cut, or not, as long as, of those that touch the same unit, size or name, the
 * earlier ones are there, too. What a failed sync was to settle is never settled
 * but by writing it again. A rename touches two names and is one effect.
 *
 * So a synced file without a synced name may be missing, which is less than
 * what file systems with a journal give; is_kind: names come in order, and any
 * sync settles them all.
 */
struct disk;

/* What is in root now is settled. unit: bytes, 512 or 4096. */
struct disk *disk_new(const char *root, size_t unit, int is_kind);
void	disk_free(struct disk *d);
/* Of one that was told nothing yet, and has to outlive it. */
struct disk *disk_dup(const struct disk *d);
/* In order; 1 when the set of states may have changed by it. */
int	disk_apply(struct disk *d, const struct qt_sys_event *e);

/* Effects not settled, oldest first; each is of the record with that number. */
size_t	disk_count(const struct disk *d);
uint64_t disk_record(const struct disk *d, size_t effect);
/* What it is, for people; until the next call. */
const char *disk_say(const struct disk *d, size_t effect);

/*
 * keep has a byte for each effect. Makes it legal: by losing what follows
 * something lost, or by keeping what something kept follows.
 */
void	disk_lose(const struct disk *d, unsigned char *keep);
void	disk_keep(const struct disk *d, unsigned char *keep);
/* The state with these effects, until the next call: its hash; in a folder. */
uint64_t disk_choose(struct disk *d, const unsigned char *keep);
void	disk_build(const struct disk *d, const char *dir);

#endif /* QT_TEST_DISK_H */
