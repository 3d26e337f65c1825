/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_FORMAT_PRIV_H
#define QT_STORE_FORMAT_PRIV_H
/* The file FORMAT: that this is a store, which one, and what it is set to. */
#include <qt/store/store.h>

struct qt__format {
	uint8_t		id[16];
	uint64_t	made_ms;
	struct qt_store_settings set;
};
/*
 * dirfd is the store's folder. One open, one read. -QT_EFORMAT when there is no
 * FORMAT in the folder or it is something else, -QT_EVERSION, -EINVAL a setting
 * that is not known, with its line.
 */
int	qt__format_load(struct qt__format *out, int dirfd, struct qt_err *err);
/* Durably, in one step. */
int	qt__format_save(const struct qt__format *f, int dirfd,
	    struct qt_err *err);
/*
 * A descriptor of the folder that holds the logs: wal/, or the one of this
 * store below the setting wal-path. -ENOENT names it.
 */
int	qt__format_wal_dir(const struct qt__format *f, int dirfd,
	    struct qt_err *err);

#endif /* QT_STORE_FORMAT_PRIV_H */
