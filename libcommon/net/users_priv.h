/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_USERS_PRIV_H
#define QT_NET_USERS_PRIV_H

#include <sys/types.h>
#include <time.h>

#include <qt/net/users.h>

struct qt__accounts {
	struct qt_net_account	*items;
	size_t			 count;
	size_t			 room;
};

struct qt__file_id {
	dev_t		dev;
	ino_t		ino;
	off_t		size;
	struct timespec	mtime;
	struct timespec	ctime;
};

struct qt_net_users {
	char			*path;
	struct qt__accounts	 list;
	struct qt__file_id	 id;
	uint64_t		 loads;
};

int	qt__net_user_name_is(const char *name, size_t len);
/* One line without its newline. 0 or -EINVAL. */
int	qt__net_user_line_parse(const char *line, size_t len,
	    struct qt_net_account *out);
/* A whole file; on failure *line is the bad one. */
int	qt__net_users_parse(const char *text, size_t len,
	    struct qt__accounts *out, size_t *line);
int	qt__net_users_load(const char *path, struct qt__accounts *out,
	    struct qt__file_id *id, struct qt_err *err);
void	qt__net_accounts_clear(struct qt__accounts *list);

#endif /* QT_NET_USERS_PRIV_H */
