/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_USERS_H
#define QT_NET_USERS_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

/*
 * The users file, one user a line:
 *
 *	name:role:$2b$12$....		60 characters of bcrypt
 *
 * name is 1 to 63 of A-Z a-z 0-9 . _ - @, not beginning with '-' or '.'; role is
 * admin, writer or reader; '#' begins a comment line. Every edit writes a new
 * file (0600) beside it and renames it into place under a lock file's lock, so
 * a reader sees the old file or the new one. Others' write permission on the
 * file is refused (-QT_EOWNER).
 */
#define QT_NET_NAME_MAX		63
#define QT_NET_HASH_SIZE	61		/* with the final '\0' */
#define QT_NET_PASSWORD_MAX	72		/* bcrypt reads no more */
#define QT_NET_BCRYPT_COST	12
#define QT_NET_USERS_MAX	10000

enum qt_net_role {
	QT_NET_ROLE_NONE, QT_NET_ROLE_READER, QT_NET_ROLE_WRITER,
	QT_NET_ROLE_ADMIN,
};
/* "none", "reader", "writer", "admin". */
const char *qt_net_role_name(enum qt_net_role role);
/* QT_NET_ROLE_NONE for anything else. */
enum qt_net_role qt_net_role_parse(const char *text);

struct qt_net_account {
	char			name[QT_NET_NAME_MAX + 1];
	enum qt_net_role	role;
	char			hash[QT_NET_HASH_SIZE];
};

/*
 * What an account was, in a word, never 0: another password, another role or
 * another user of the same name gives another. What is granted to an account
 * (a cookie, a WebSocket) keeps it, and is void once it differs.
 */
uint64_t qt_net_account_stamp(const struct qt_net_account *account);

/* A loaded file. Not for two threads at once. */
struct qt_net_users;

/* -EINVAL with "path:line: ..." in err for a bad line; -ENOENT. */
int	qt_net_users_open(const char *path, struct qt_net_users **out,
	    struct qt_err *err);
void	qt_net_users_close(struct qt_net_users *users);
/*
 * Loads the file again if it changed (one stat). A file that went bad keeps
 * the old contents in force and is reported by the return value, each time.
 */
int	qt_net_users_refresh(struct qt_net_users *users, struct qt_err *err);
/* 1 and a copy, or 0. */
int	qt_net_users_get(const struct qt_net_users *users, const char *name,
	    struct qt_net_account *out);
/* Grows with each load that refresh made. */
uint64_t qt_net_users_loads(const struct qt_net_users *users);
size_t	qt_net_users_count(const struct qt_net_users *users);
/* The i-th in the file's order, or NULL. Borrowed until the next refresh. */
const struct qt_net_account *qt_net_users_at(const struct qt_net_users *users,
	    size_t i);

/*
 * Edits of the file at path; add makes it. password is len bytes, see
 * qt_net_password_check. -EEXIST, -ENOENT, -EINVAL with the reason in err.
 * Each takes a bcrypt hash's time (add, passwd).
 */
int	qt_net_users_add(const char *path, const char *name,
	    enum qt_net_role role, const char *password, size_t len,
	    struct qt_err *err);
int	qt_net_users_del(const char *path, const char *name,
	    struct qt_err *err);
int	qt_net_users_passwd(const char *path, const char *name,
	    const char *password, size_t len, struct qt_err *err);
int	qt_net_users_set_role(const char *path, const char *name,
	    enum qt_net_role role, struct qt_err *err);

/* 0, or -EINVAL and why in err: empty, over 72 bytes, or with a NUL. */
int	qt_net_password_check(const char *password, size_t len,
	    struct qt_err *err);
/*
 * bcrypt ($2b$) of a checked password; cost 4 to 31, QT_NET_BCRYPT_COST for
 * real use. 0, -EINVAL, -ENOMEM. Slow: a quarter of a second or more.
 */
int	qt_net_password_hash(const char *password, size_t len,
	    unsigned int cost, char out[QT_NET_HASH_SIZE]);
/* 1 when it is the hash's password. As slow; any thread. */
int	qt_net_password_verify(const char *password, size_t len,
	    const char *hash);

#endif /* QT_NET_USERS_H */
