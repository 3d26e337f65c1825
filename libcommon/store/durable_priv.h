/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_DURABLE_PRIV_H
#define QT_STORE_DURABLE_PRIV_H
/*
 * Small files that are written as a whole, and the names of files. A file is
 * durable with its name when both the file and its folder have been synced.
 */
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

/*
 * Creates a file or a folder in dirfd, a folder of a store. Who may read or
 * write the folder may do so with a file in it, as far as the umask lets him;
 * where the group may write to dirfd it may use what is in it, whoever makes it
 * and whatever his umask is. flags: besides O_CREAT.
 */
int	qt__create_file(int dirfd, const char *name, int flags);
int	qt__create_folder(int dirfd, const char *name);
/*
 * A new file of these bytes in place of what was there, which whoever has it
 * open keeps. Durable, its name not. When it fails, part of it may be there.
 */
int	qt__durable_write(int dirfd, const char *name, const void *data,
	    size_t len);
/*
 * Removes a file that nobody needs, and gives its blocks back at once, also where
 * others have it open. It has no other name. -ENOENT, also when somebody renamed
 * it meanwhile.
 */
int	qt__durable_remove(int dirfd, const char *name);
/* Makes the names in a folder durable; "." is dirfd itself. */
int	qt__durable_names(int dirfd, const char *folder);
/* The files of a folder, without "." and "..": calls each until it says not 0,
 * which is the answer then. */
int	qt__each_name(int dirfd, const char *folder,
	    int (*each)(void *arg, const char *name), void *arg);
/*
 * The number of a file that is named by at least 12 digits and suffix, or 0
 * where it is not.
 */
uint64_t qt__number_of(const char *name, const char *suffix);

#endif /* QT_STORE_DURABLE_PRIV_H */
