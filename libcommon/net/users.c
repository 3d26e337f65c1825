/* SPDX-License-Identifier: Apache-2.0 */
/* The users file: reading it. See <qt/net/users.h>; users_edit.c writes. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/sys.h>

#include "users_priv.h"

#define FILE_MAX (4u << 20)

static const char *const	roles[] = { "none", "reader", "writer", "admin" };

const char *
qt_net_role_name(enum qt_net_role role)
{
	return (unsigned int)role < 4 ? roles[role] : "none";
}

enum qt_net_role
qt_net_role_parse(const char *text)
{
	for (int i = 1; i < 4; i++) {
		if (strcmp(text, roles[i]) == 0)
			return (enum qt_net_role)i;
	}
	return QT_NET_ROLE_NONE;
}

int
qt__net_user_name_is(const char *name, size_t len)
{
	if (len == 0 || len > QT_NET_NAME_MAX || name[0] == '-' ||
	    name[0] == '.')
		return 0;
	for (size_t i = 0; i < len; i++) {
		char	c = name[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || (c != '\0' &&
		    strchr("._-@", c) != NULL)))
			return 0;
	}
	return 1;
}

/* "$2b$", two digits, '$', 53 characters of bcrypt's alphabet. */
static int
is_bcrypt(const char *p, size_t len)
{
	if (len != QT_NET_HASH_SIZE - 1 || memcmp(p, "$2b$", 4) != 0 ||
	    p[6] != '$')
		return 0;
	for (size_t i = 4; i < len; i++) {
		char	c = p[i];

		if (i == 6)
			continue;
		if (!((c >= '0' && c <= '9') || (i > 6 &&
		    ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    c == '.' || c == '/'))))
			return 0;
	}
	return 1;
}

int
qt__net_user_line_parse(const char *line, size_t len,
    struct qt_net_account *out)
{
	const char	*end = line + len, *a, *b;
	char		 role[16];

	a = memchr(line, ':', len);
	if (a == NULL || !qt__net_user_name_is(line, (size_t)(a - line)))
		return -EINVAL;
	b = memchr(a + 1, ':', (size_t)(end - a - 1));
	if (b == NULL || (size_t)(b - a - 1) >= sizeof(role) ||
	    !is_bcrypt(b + 1, (size_t)(end - b - 1)))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(role, a + 1, (size_t)(b - a - 1));
	role[b - a - 1] = '\0';
	out->role = qt_net_role_parse(role);
	if (out->role == QT_NET_ROLE_NONE)
		return -EINVAL;
	memcpy(out->name, line, (size_t)(a - line));
	memcpy(out->hash, b + 1, QT_NET_HASH_SIZE - 1);
	return 0;
}

uint64_t
qt_net_account_stamp(const struct qt_net_account *a)
{
	static const struct qt_hash_key	key = { { 0x7174, 3 } };
	char				line[256];
	int				len;

	len = snprintf(line, sizeof(line), "%s:%s:%s", a->name,
	    qt_net_role_name(a->role), a->hash);
	return qt_hash(&key, line, (size_t)len) | 1;
}

static int
has_name(const struct qt__accounts *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, name) == 0)
			return 1;
	}
	return 0;
}

static int
add(struct qt__accounts *list, const struct qt_net_account *a)
{
	struct qt_net_account	*items;
	size_t			 room = list->room;

	if (list->count == QT_NET_USERS_MAX)
		return -QT_EFULL;
	if (list->count == room) {
		room = room > 0 ? room * 2 : 16;
		items = realloc(list->items, room * sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *a;
	return 0;
}

void
qt__net_accounts_clear(struct qt__accounts *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int
qt__net_users_parse(const char *text, size_t len, struct qt__accounts *out,
    size_t *line)
{
	const char		*p = text, *end = text + len, *eol;
	struct qt_net_account	 a;
	int			 rc;

	for (*line = 1; p < end; p = eol + 1, (*line)++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		if (eol == p || *p == '#')
			continue;
		rc = qt__net_user_line_parse(p, (size_t)(eol - p), &a);
		if (rc == 0 && has_name(out, a.name))
			rc = -EEXIST;
		if (rc == 0)
			rc = add(out, &a);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
read_all(int fd, size_t size, char **out, size_t *len)
{
	ssize_t	n = 0;

	*len = 0;
	*out = malloc(size + 1);
	if (*out == NULL)
		return -ENOMEM;
	while (*len < size) {
		n = qt_sys_read(fd, *out + *len, size - *len);
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	return n < 0 ? (int)n : 0;
}

/* Secrets that others may change are not secrets. */
static int
check_file(const struct stat *sb, const char *path, struct qt_err *err)
{
	if (!S_ISREG(sb->st_mode) || sb->st_size > FILE_MAX) {
		qt_err_set(err, "users file '%s': not a small file", path);
		return -EINVAL;
	}
	if ((sb->st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    (sb->st_uid != geteuid() && sb->st_uid != 0)) {
		qt_err_set(err, "users file '%s' (others may write it; "
		    "chmod 600, and own it)", path);
		return -QT_EOWNER;
	}
	return 0;
}

int
qt__net_users_load(const char *path, struct qt__accounts *out,
    struct qt__file_id *id, struct qt_err *err)
{
	struct stat	 sb;
	char		*text = NULL;
	size_t		 len, line;
	int		 fd, rc;

	/* Nonblocking: it may be a FIFO, which is found out below. */
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0) {
		qt_err_set(err, "users file '%s'", path);
		return fd;
	}
	rc = fstat(fd, &sb) < 0 ? -errno : check_file(&sb, path, err);
	if (rc < 0)
		goto out;
	rc = read_all(fd, (size_t)sb.st_size, &text, &len);
	if (rc < 0)
		goto out;
	rc = qt__net_users_parse(text, len, out, &line);
	if (rc < 0)
		qt_err_set(err, "users file '%s' line %zu: not "
		    "'name:role:$2b$...', or a name for the second time",
		    path, line);
	*id = (struct qt__file_id){ sb.st_dev, sb.st_ino, sb.st_size,
	    sb.st_mtim, sb.st_ctim };
out:
	if (rc < 0)
		qt__net_accounts_clear(out);
	free(text);
	close(fd);
	return rc;
}

int
qt_net_users_open(const char *path, struct qt_net_users **out,
    struct qt_err *err)
{
	struct qt_net_users	*u = calloc(1, sizeof(*u));
	int			 rc = -ENOMEM;

	*out = NULL;
	if (u != NULL)
		u->path = strdup(path);
	if (u != NULL && u->path != NULL)
		rc = qt__net_users_load(path, &u->list, &u->id, err);
	if (rc < 0) {
		qt_net_users_close(u);
		return rc;
	}
	*out = u;
	return 0;
}

void
qt_net_users_close(struct qt_net_users *u)
{
	if (u == NULL)
		return;
	qt__net_accounts_clear(&u->list);
	free(u->path);
	free(u);
}

static int
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int
qt_net_users_refresh(struct qt_net_users *u, struct qt_err *err)
{
	struct qt__accounts	list = { 0 };
	struct qt__file_id	id;
	struct stat		sb;
	int			rc;

	if (stat(u->path, &sb) < 0) {
		rc = -errno;
		qt_err_set(err, "users file '%s'", u->path);
		return rc;
	}
	if (sb.st_dev == u->id.dev && sb.st_ino == u->id.ino &&
	    sb.st_size == u->id.size && is_same_time(sb.st_mtim, u->id.mtime) &&
	    is_same_time(sb.st_ctim, u->id.ctime))
		return 0;
	rc = qt__net_users_load(u->path, &list, &id, err);
	if (rc < 0)
		return rc;
	qt__net_accounts_clear(&u->list);
	u->list = list;
	u->id = id;
	u->loads++;
	return 0;
}

uint64_t
qt_net_users_loads(const struct qt_net_users *u)
{
	return u->loads;
}

int
qt_net_users_get(const struct qt_net_users *u, const char *name,
    struct qt_net_account *out)
{
	for (size_t i = 0; i < u->list.count; i++) {
		if (strcmp(u->list.items[i].name, name) == 0) {
			*out = u->list.items[i];
			return 1;
		}
	}
	return 0;
}

size_t
qt_net_users_count(const struct qt_net_users *u)
{
	return u->list.count;
}

const struct qt_net_account *
qt_net_users_at(const struct qt_net_users *u, size_t i)
{
	return i < u->list.count ? &u->list.items[i] : NULL;
}
