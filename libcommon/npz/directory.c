/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of a ZIP archive. See zip_priv.h.
 *
 * It is found from the end of the file. Every offset and size is somebody's
 * word: it is compared with the file's size before it is used, and what is
 * said in two places must be said the same.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <qt/base/sys.h>

#include "zip_priv.h"

#define COMMENT_MAX	65535u

int
qt__zip_read(struct qt__zip *z, uint64_t at, void *out, size_t len)
{
	unsigned char	*to = out;
	size_t		 done = 0, want = len;
	ssize_t		 n = 1;

	if (at > z->size || len > z->size - at)
		return -QT_ECORRUPT;
	if (at >= z->window_at && at - z->window_at <= z->window_len &&
	    len <= z->window_len - (at - z->window_at)) {
		memcpy(out, z->window + (at - z->window_at), len);
		return 0;
	}
	if (len <= sizeof(z->window)) {
		to = z->window;
		want = sizeof(z->window);
	}
	while (done < len && n > 0) {
		n = qt_sys_pread(z->fd, to + done, want - done,
		    (off_t)(at + done));
		done += n > 0 ? (size_t)n : 0;
	}
	if (to == z->window) {
		z->window_at = at;
		z->window_len = done;
		if (done >= len)
			memcpy(out, to, len);
	}
	return n < 0 ? (int)n : done < len ? -QT_ECORRUPT : 0;
}

/* --- The end ------------------------------------------------------------- */

/* Where 32 bits are not enough, the end stands once more before it. */
static int
read_end64(struct qt__zip *z, uint64_t end_at)
{
	unsigned char	p[QT__ZIP_END64_SIZE];
	uint64_t	at;
	int		rc;

	if (end_at < QT__ZIP_LOCATOR_SIZE)
		return -QT_ECORRUPT;
	rc = qt__zip_read(z, end_at - QT__ZIP_LOCATOR_SIZE, p,
	    QT__ZIP_LOCATOR_SIZE);
	if (rc < 0)
		return rc;
	at = qt__zip_number(p + 8, 8);
	if (qt__zip_number(p, 4) != QT__ZIP_LOCATOR ||
	    qt__zip_number(p + 4, 4) != 0 || qt__zip_number(p + 16, 4) > 1)
		return -QT_ECORRUPT;
	rc = qt__zip_read(z, at, p, sizeof(p));
	if (rc < 0)
		return rc;
	z->count = qt__zip_number(p + 32, 8);
	z->dir_len = qt__zip_number(p + 40, 8);
	z->dir_at = qt__zip_number(p + 48, 8);
	return qt__zip_number(p, 4) != QT__ZIP_END64 ||
	    qt__zip_number(p + 16, 8) != 0 ||
	    qt__zip_number(p + 24, 8) != z->count ? -QT_ECORRUPT : 0;
}

static int
read_end(struct qt__zip *z, const unsigned char *p, uint64_t end_at)
{
	int	rc = 0;

	z->count = qt__zip_number(p + 10, 2);
	z->dir_len = qt__zip_number(p + 12, 4);
	z->dir_at = qt__zip_number(p + 16, 4);
	if (z->count == UINT16_MAX || z->dir_len == UINT32_MAX ||
	    z->dir_at == UINT32_MAX)
		rc = read_end64(z, end_at);
	else if (qt__zip_number(p + 4, 4) != 0 ||
	    qt__zip_number(p + 8, 2) != z->count)
		rc = -QT_ECORRUPT;
	if (rc == 0 && (z->dir_at > end_at || z->dir_len > end_at - z->dir_at ||
	    z->count > z->dir_len / QT__ZIP_ENTRY_SIZE))
		rc = -QT_ECORRUPT;
	return rc;
}

/* It is the last thing, but for a comment. */
static int
find_end(struct qt__zip *z)
{
	size_t		 len = QT__ZIP_END_SIZE + COMMENT_MAX, at;
	unsigned char	*tail;
	int		 rc = -QT_EFORMAT;

	if (z->size < QT__ZIP_END_SIZE)
		return -QT_EFORMAT;
	if (z->size < len)
		len = (size_t)z->size;
	tail = malloc(len);
	if (tail == NULL)
		return -ENOMEM;
	rc = qt__zip_read(z, z->size - len, tail, len);
	at = len - QT__ZIP_END_SIZE + 1;
	while (rc == 0 && at-- > 0) {
		if (qt__zip_number(tail + at, 4) == QT__ZIP_END &&
		    qt__zip_number(tail + at + 20, 2) ==
		    len - at - QT__ZIP_END_SIZE)
			break;
		if (at == 0)
			rc = -QT_EFORMAT;
	}
	if (rc == 0)
		rc = read_end(z, tail + at, z->size - len + at);
	free(tail);
	return rc;
}

int
qt__zip_open(struct qt__zip *z, int fd, struct qt_err *err)
{
	struct stat	st;
	int		rc;

	memset(z, 0, sizeof(*z));
	z->fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	z->size = (uint64_t)st.st_size;
	rc = find_end(z);
	if (rc == -QT_EFORMAT)
		qt_err_set(err, "it is no .npz file, or its end is missing");
	else if (rc == -QT_ECORRUPT)
		qt_err_set(err, "its end does not say where its directory is");
	else if (rc < 0)
		qt_err_set(err, "read: %s", qt_strerror(rc));
	return rc;
}

/* --- Its rows ------------------------------------------------------------ */

/* Sizes that are all ones stand in an extra field, those alone, in order. */
static int
read_extra(struct qt__zip *z, uint64_t at, size_t len,
    struct qt__zip_entry *e)
{
	uint64_t	*large[] = { &e->size, &e->packed, &e->offset };
	unsigned char	 p[8];
	uint64_t	 id, size;
	int		 rc = 0;

	if (e->size != UINT32_MAX && e->packed != UINT32_MAX &&
	    e->offset != UINT32_MAX)
		return 0;
	for (;; at += size, len -= size) {
		if (len < 4)
			return -QT_ECORRUPT;
		rc = qt__zip_read(z, at, p, 4);
		if (rc < 0)
			return rc;
		id = qt__zip_number(p, 2);
		size = qt__zip_number(p + 2, 2);
		at += 4;
		len -= 4;
		if (size > len)
			return -QT_ECORRUPT;
		if (id == QT__ZIP_EXTRA64)
			break;
	}
	for (int i = 0; i < 3 && rc == 0; i++) {
		if (*large[i] != UINT32_MAX)
			continue;
		if (size < 8)
			return -QT_ECORRUPT;
		rc = qt__zip_read(z, at, p, 8);
		*large[i] = qt__zip_number(p, 8);
		at += 8;
		size -= 8;
	}
	return rc;
}

int
qt__zip_next(struct qt__zip *z, uint64_t *at, struct qt__zip_entry *out)
{
	unsigned char	p[QT__ZIP_ENTRY_SIZE];
	uint64_t	name_at, left;
	size_t		extra;
	int		rc;

	if (*at == 0)
		*at = z->dir_at;
	left = z->dir_at + z->dir_len - *at;
	if (left == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	rc = left < sizeof(p) ? -QT_ECORRUPT :
	    qt__zip_read(z, *at, p, sizeof(p));
	if (rc < 0)
		return rc;
	out->flags = (uint32_t)qt__zip_number(p + 8, 2);
	out->method = (uint32_t)qt__zip_number(p + 10, 2);
	out->crc = (uint32_t)qt__zip_number(p + 16, 4);
	out->packed = qt__zip_number(p + 20, 4);
	out->size = qt__zip_number(p + 24, 4);
	out->name_len = (size_t)qt__zip_number(p + 28, 2);
	extra = (size_t)qt__zip_number(p + 30, 2);
	out->offset = qt__zip_number(p + 42, 4);
	name_at = *at + sizeof(p);
	*at = name_at + out->name_len + extra + qt__zip_number(p + 32, 2);
	if (qt__zip_number(p, 4) != QT__ZIP_ENTRY ||
	    *at > z->dir_at + z->dir_len || qt__zip_number(p + 34, 2) != 0)
		return -QT_ECORRUPT;
	rc = qt__zip_read(z, name_at, out->name, out->name_len <
	    sizeof(out->name) ? out->name_len : sizeof(out->name));
	if (rc == 0)
		rc = read_extra(z, name_at + out->name_len, extra, out);
	return rc < 0 ? rc : 1;
}

int
qt__zip_locate(struct qt__zip *z, struct qt__zip_entry *e)
{
	unsigned char	p[QT__ZIP_LOCAL_SIZE];
	char		name[QT__ZIP_NAME];
	int		rc = qt__zip_read(z, e->offset, p, sizeof(p));

	if (rc < 0)
		return rc;
	if (qt__zip_number(p, 4) != QT__ZIP_LOCAL ||
	    qt__zip_number(p + 8, 2) != e->method ||
	    qt__zip_number(p + 26, 2) != e->name_len ||
	    e->name_len > sizeof(name))
		return -QT_ECORRUPT;
	rc = qt__zip_read(z, e->offset + sizeof(p), name, e->name_len);
	if (rc < 0)
		return rc;
	e->data_at = e->offset + sizeof(p) + e->name_len +
	    qt__zip_number(p + 28, 2);
	/* Members are before the directory. */
	return memcmp(name, e->name, e->name_len) != 0 ||
	    e->data_at > z->dir_at || e->packed > z->dir_at - e->data_at ?
	    -QT_ECORRUPT : 0;
}
