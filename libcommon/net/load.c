/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a file for the cache. See file_priv.h.
 *
 * Small files are copied, not mapped: a mapping of a file that somebody cuts
 * is a SIGBUS, and one that somebody writes to would be sent half old and
 * half new under one ETag.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "beneath_priv.h"
#include "file_priv.h"

static int64_t
mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 +
	    st->st_mtim.tv_nsec;
}

/* The same for every worker and run: only what identifies the contents. */
static void
make_etag(const struct qt__file *file, const char *suffix, char *out)
{
	static const struct qt_hash_key	key = { { 0x7174, 1 } };
	uint64_t			id[4] = { (uint64_t)file->dev,
	    (uint64_t)file->ino, file->size, (uint64_t)file->mtime_ns };

	snprintf(out, QT__ETAG_SIZE, "\"%016llx%s\"",
	    (unsigned long long)qt_hash(&key, id, sizeof(id)), suffix);
}

int
qt__net_body_make(struct qt_net_static *st, const struct qt__file *file,
    struct qt__body *body, const char *encoding, const void *p, size_t len)
{
	struct qt_net_server	*s = st->server;
	char			 head[1024];
	int			 n;

	n = snprintf(head, sizeof(head), "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\nETag: %s\r\nLast-Modified: %s\r\n"
	    "Cache-Control: %.200s\r\nAccept-Ranges: bytes\r\n"
	    "Vary: Accept-Encoding\r\n%s%s%s", file->type, len, body->etag,
	    file->modified, st->cache_control,
	    encoding != NULL ? "Content-Encoding: " : "",
	    encoding != NULL ? encoding : "", encoding != NULL ? "\r\n" : "");
	body->head_len = (size_t)n + s->headers_len + 2;
	body->data = malloc(body->head_len + len);
	if (body->data == NULL)
		return -ENOMEM;
	memcpy(body->data, head, (size_t)n);
	memcpy(body->data + n, s->headers, s->headers_len);
	memcpy(body->data + n + s->headers_len, "\r\n", 2);
	if (len > 0)
		memcpy(body->data + body->head_len, p, len);
	body->len = len;
	return 0;
}

/*
 * Reads fd into body. The head goes before it, so the bytes are read behind
 * room for it first; a file that is being written gets the length it had.
 */
static int
read_body(struct qt_net_static *st, struct qt__file *file,
    struct qt__body *body, int fd, uint64_t size, const char *encoding)
{
	char	*p = malloc(size > 0 ? (size_t)size : 1);
	size_t	 len = 0;
	ssize_t	 n = 0;
	int	 rc;

	if (p == NULL)
		return -ENOMEM;
	while (len < size) {
		n = qt_sys_pread(fd, p + len, (size_t)size - len, (off_t)len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	rc = n < 0 ? (int)n :
	    qt__net_body_make(st, file, body, encoding, p, len);
	free(p);
	return rc;
}

/* Takes fd over. */
static int
fill_body(struct qt_net_static *st, struct qt__file *file,
    struct qt__body *body, int fd, uint64_t size, const char *encoding)
{
	int	rc;

	if (size > st->conf.small_max || size > st->conf.cache_max / 4) {
		body->fd = fd;
		body->len = size;
		return 0;
	}
	rc = read_body(st, file, body, fd, size, encoding);
	close(fd);
	file->cost += body->head_len + (size_t)body->len;
	return rc;
}

/* FILE.gz beside it, when it is a file and not older. */
static void
load_gzip(struct qt_net_static *st, struct qt__file *file)
{
	char		name[QT_NET_TARGET_MAX + 16];
	struct stat	sb;
	int		fd;

	if (!qt__net_gzip_is_wanted(file))
		return;
	snprintf(name, sizeof(name), "%s.gz", file->path);
	fd = qt__net_open_beneath(st->root, name);
	if (fd < 0)
		return;
	if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode) ||
	    mtime_of(&sb) < file->mtime_ns) {
		close(fd);
		return;
	}
	file->gzip.mtime_ns = mtime_of(&sb);
	if (fill_body(st, file, &file->gzip, fd, (uint64_t)sb.st_size,
	    "gzip") == 0) {
		file->gzip_state = QT__GZIP_READY;
		file->is_gzip_file = 1;
	}
}

static void
body_clear(struct qt__body *body)
{
	free(body->data);
	if (body->fd >= 0)
		close(body->fd);
}

static void
file_free(struct qt__ref *ref)
{
	struct qt__file	*file = (struct qt__file *)ref;

	body_clear(&file->plain);
	body_clear(&file->gzip);
	free(file);
}

static struct qt__file *
file_new(const char *path, size_t len, const struct stat *sb)
{
	struct qt__file	*file = calloc(1, sizeof(*file) + len + 1);

	if (file == NULL)
		return NULL;
	memcpy(file->path, path, len);
	file->ref = (struct qt__ref){ 1, file_free };
	file->plain.fd = file->gzip.fd = -1;
	file->cost = QT__FILE_COST;
	file->dev = sb->st_dev;
	file->ino = sb->st_ino;
	file->size = (uint64_t)sb->st_size;
	file->mtime_ns = mtime_of(sb);
	file->type = qt_net_mime_type((struct qt_net_str){ path, len });
	qt_net_date_format(sb->st_mtim.tv_sec, file->modified);
	make_etag(file, "", file->plain.etag);
	make_etag(file, "-gz", file->gzip.etag);
	return file;
}

int
qt__net_file_load(struct qt_net_static *st, const char *path, size_t len,
    struct qt__file **out)
{
	char		 name[QT_NET_TARGET_MAX + 16];
	struct qt__file	*file;
	struct stat	 sb;
	int		 fd, rc;

	if (len >= QT_NET_TARGET_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path, len);
	name[len] = '\0';
	fd = qt__net_open_beneath(st->root, len > 0 ? name : ".");
	if (fd < 0)
		return fd;
	rc = fstat(fd, &sb) < 0 ? -errno : S_ISDIR(sb.st_mode) ? -EISDIR :
	    !S_ISREG(sb.st_mode) ? -EACCES : 0;
	file = rc == 0 ? file_new(path, len, &sb) : NULL;
	if (file == NULL) {
		close(fd);
		return rc < 0 ? rc : -ENOMEM;
	}
	rc = fill_body(st, file, &file->plain, fd, file->size, NULL);
	if (rc < 0) {
		qt__net_ref_put(&file->ref);
		return rc;
	}
	load_gzip(st, file);
	*out = file;
	return 0;
}

int
qt__net_file_is_current(struct qt_net_static *st, const struct qt__file *file)
{
	char		name[QT_NET_TARGET_MAX + 16];
	struct stat	sb;

	if (fstatat(st->root, file->path, &sb, AT_SYMLINK_NOFOLLOW) < 0 ||
	    sb.st_dev != file->dev || sb.st_ino != file->ino ||
	    (uint64_t)sb.st_size != file->size ||
	    mtime_of(&sb) != file->mtime_ns)
		return 0;
	if (!file->is_gzip_file)
		return 1;
	snprintf(name, sizeof(name), "%s.gz", file->path);
	return fstatat(st->root, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    mtime_of(&sb) == file->gzip.mtime_ns;
}
