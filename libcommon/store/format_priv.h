/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_FORMAT_PRIV_H
#define QT_STORE_FORMAT_PRIV_H
/*
 * The file FORMAT: that this is a store, which one, and what it is set to. Text:
 *
 *	qt-store 1
 *	id 00112233445566778899aabbccddeeff
 *	made 2026-11-21T09:08:07.123Z
 *	mode sync
 *	...
 *
 * From the fourth line on, a setting a line: its name, a blank, its value as
 * qt_text_escape() writes it. What is not there is as by default. A setting
 * that is not known is refused: it may mean something.
 */
#include <qt/base/buf.h>
#include <qt/store/store.h>

#define QT__FORMAT_VERSION	1u
#define QT__FORMAT_MAX		65536u		/* bytes */

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
/* The same of another file of it. */
int	qt__format_read(struct qt__format *out, int dirfd, const char *name,
	    struct qt_err *err);
/* The same of text in memory, which is changed. */
int	qt__format_parse(struct qt__format *out, char *text, size_t len,
	    struct qt_err *err);
int	qt__format_text(const struct qt__format *f, struct qt_buf *out);
/* To FORMAT.tmp, durably but for its name. */
int	qt__format_write(const struct qt__format *f, int dirfd,
	    struct qt_err *err);
/* Durably, in one step. Only under QT__LOCK_SETTINGS, or in a new store. */
int	qt__format_save(const struct qt__format *f, int dirfd,
	    struct qt_err *err);
/*
 * A descriptor of the folder that holds the logs: wal/, or the one of this
 * store below the setting wal-path. -ENOENT names it.
 */
int	qt__format_wal_dir(const struct qt__format *f, int dirfd,
	    struct qt_err *err);
/* Its name, as seen from the store's folder. */
#define QT__WAL_DIR_SIZE	(QT_STORE_PATH_SIZE + 34)
void	qt__format_wal_path(const struct qt__format *f,
	    char path[QT__WAL_DIR_SIZE]);
/* Makes it, durably; its parent, too, where the parent of that is there. */
int	qt__format_wal_make(const struct qt__format *f, int dirfd,
	    struct qt_err *err);
void	qt__format_id(const struct qt__format *f, char text[33]);

/* Do they go together? Each by itself was looked at when it was set. -EINVAL. */
int	qt__settings_check(const struct qt_store_settings *s,
	    struct qt_err *err);

/*
 * LOCK of a folder, made where it is not there, with that byte of it locked.
 * -EAGAIN: somebody else has it.
 */
int	qt__lock_file(int dirfd, int byte);
/* Waits for it. -ETIMEDOUT. */
int	qt__lock_file_wait(int dirfd, int byte, uint64_t timeout_ms);

/*
 * The stamp: which shared memory is the store's. Who makes it puts a new one
 * into LOCK first, and the same into the memory. Where the same folder is used
 * from another host, or another container, by turns, each finds what it left in
 * its own /dev/shm the last time; which is not to be used when somebody else
 * wrote to the files since. At byte 16 of LOCK, where no byte is ever locked.
 */
#define QT__STAMP_SIZE	16u
#define QT__STAMP_AT	16
/* fd: LOCK. Zeros, which is nobody's, where there is none yet. */
int	qt__stamp_get(int fd, uint8_t out[QT__STAMP_SIZE]);
/* Under QT__LOCK_FORMAT, with no user there. Durable when it returns. */
int	qt__stamp_make(int fd, uint8_t out[QT__STAMP_SIZE]);

#endif /* QT_STORE_FORMAT_PRIV_H */
