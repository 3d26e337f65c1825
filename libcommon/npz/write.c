/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing .npz files. See <qt/npz/npz.h>, and zip_priv.h for what they are.
 *
 * How long a member will be is known before; its checksum is filled in when it
 * is written. So what is written to must be a file, not a pipe.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/sys.h>
#include <qt/npz/npz.h>

#include "name_priv.h"
#include "zip_priv.h"

#define DOS_1980	0x0021u		/* the 1st of January; at 00:00 */
#define MADE_BY		(3u << 8 | 45u)	/* Unix; ZIP 4.5 */
#define MODE_0644	(0100644u << 16)
#define CRC_AT		14u		/* in a local head */

struct written {
	char		name[QT_NPZ_NAME_SIZE + sizeof(QT__NPZ_SUFFIX)];
	uint32_t	crc;
	uint64_t	size, offset;
};

struct qt_npz_writer {
	int		 fd;		/* borrowed */
	uint64_t	 at;
	struct written	*members;
	size_t		 count, room;
	uint64_t	 left;		/* bytes of the last one */
};

int
qt_npz_new(struct qt_npz_writer **out, int fd)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	(*out)->fd = fd;
	return 0;
}

void
qt_npz_free(struct qt_npz_writer *w)
{
	if (w == NULL)
		return;
	free(w->members);
	free(w);
}

static int
write_at(const struct qt_npz_writer *w, uint64_t at, const void *data,
    size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	for (; len > 0; p += n, at += (uint64_t)n, len -= (size_t)n) {
		n = qt_sys_pwrite(w->fd, p, len, (off_t)at);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

static int
append(struct qt_npz_writer *w, const void *data, size_t len)
{
	int	rc = write_at(w, w->at, data, len);

	w->at += rc == 0 ? len : 0;
	return rc;
}

/* Numbers little-endian, one after the other: size, number, ..., 0. */
struct number {
	unsigned int	size;
	uint64_t	n;
};

static int
add_numbers(struct qt_buf *out, const struct number *numbers)
{
	unsigned char	p[8];
	int		rc = 0;

	for (; numbers->size > 0 && rc == 0; numbers++) {
		for (unsigned int i = 0; i < numbers->size; i++)
			p[i] = (unsigned char)(numbers->n >> 8 * i);
		rc = qt_buf_add(out, p, numbers->size);
	}
	return rc;
}

static uint64_t
narrow(uint64_t n)
{
	return n < UINT32_MAX ? n : UINT32_MAX;
}

static unsigned int
flags_of(const struct written *m)
{
	return qt__npz_is_ascii(m->name, strlen(m->name)) ? 0 : QT__ZIP_UTF8;
}

/* --- Members ------------------------------------------------------------- */

/* A local head has both sizes in its extra field, or none. */
static int
add_local(struct qt_buf *out, const struct written *m)
{
	int	is_large = m->size >= UINT32_MAX, rc;

	rc = add_numbers(out, (const struct number[]){
	    { 4, QT__ZIP_LOCAL }, { 2, is_large ? 45 : 20 }, { 2, flags_of(m) },
	    { 2, QT__ZIP_STORED }, { 2, 0 }, { 2, DOS_1980 }, { 4, 0 },
	    { 4, narrow(m->size) }, { 4, narrow(m->size) },
	    { 2, strlen(m->name) }, { 2, is_large ? 20 : 0 }, { 0, 0 } });
	if (rc == 0)
		rc = qt_buf_add(out, m->name, strlen(m->name));
	if (rc == 0 && is_large)
		rc = add_numbers(out, (const struct number[]){
		    { 2, QT__ZIP_EXTRA64 }, { 2, 16 }, { 8, m->size },
		    { 8, m->size }, { 0, 0 } });
	return rc;
}

/* What is known now of the last one: its checksum. */
static int
end_member(struct qt_npz_writer *w)
{
	const struct written	*m;
	unsigned char		 crc[4];

	if (w->count == 0)
		return 0;
	if (w->left > 0)
		return -EINVAL;
	m = &w->members[w->count - 1];
	for (int i = 0; i < 4; i++)
		crc[i] = (unsigned char)(m->crc >> 8 * i);
	return write_at(w, m->offset + CRC_AT, crc, sizeof(crc));
}

static struct written *
more_room(struct qt_npz_writer *w)
{
	size_t		 room = w->room > 0 ? w->room * 2 : 8;
	struct written	*more = w->members;

	if (w->count == w->room) {
		more = realloc(more, room * sizeof(*more));
		if (more == NULL)
			return NULL;
		w->members = more;
		w->room = room;
	}
	memset(&more[w->count], 0, sizeof(*more));
	return &more[w->count];
}

int
qt_npz_add(struct qt_npz_writer *w, const char *name, const struct qt_npy *npy)
{
	struct qt_buf	 local = QT_BUF_INIT, head = QT_BUF_INIT;
	struct written	*m;
	size_t		 len = strlen(name);
	uint64_t	 size;
	int		 rc;

	if (!qt_npz_is_name(name, len) ||
	    __builtin_mul_overflow(npy->count, npy->dtype.size, &size) ||
	    size > INT64_MAX / 2)
		return -EINVAL;
	rc = end_member(w);
	m = rc == 0 ? more_room(w) : NULL;
	if (m == NULL)
		return rc < 0 ? rc : -ENOMEM;
	memcpy(m->name, name, len);
	memcpy(m->name + len, QT__NPZ_SUFFIX, sizeof(QT__NPZ_SUFFIX));
	m->crc = (uint32_t)crc32(0, NULL, 0);
	m->offset = w->at;
	rc = qt_npy_format(npy, &head);
	m->size = size + head.len;
	if (rc == 0)
		rc = add_local(&local, m);
	if (rc == 0)
		rc = append(w, local.data, local.len);
	if (rc == 0) {
		w->count++;
		w->left = m->size;
		rc = qt_npz_put(w, head.data, head.len);
	}
	qt_buf_clear(&local);
	qt_buf_clear(&head);
	return rc;
}

int
qt_npz_put(struct qt_npz_writer *w, const void *data, size_t len)
{
	const size_t		 piece = (size_t)1 << 30;
	const unsigned char	*p = data;
	struct written		*m;
	size_t			 n;
	int			 rc = 0;

	if (w->count == 0 || len > w->left)
		return -EINVAL;
	m = &w->members[w->count - 1];
	for (; len > 0 && rc == 0; p += n, len -= n) {
		n = len < piece ? len : piece;
		m->crc = (uint32_t)crc32(m->crc, p, (uInt)n);
		w->left -= n;
		rc = append(w, p, n);
	}
	return rc;
}

/* --- The directory ------------------------------------------------------- */

/* In a row each number that is too large is in the extra field, alone. */
static int
add_entry(struct qt_buf *out, const struct written *m)
{
	int		is_large = m->size >= UINT32_MAX;
	int		is_far = m->offset >= UINT32_MAX;
	unsigned int	extra = (is_large ? 16 : 0) + (is_far ? 8 : 0);
	int		rc;

	rc = add_numbers(out, (const struct number[]){
	    { 4, QT__ZIP_ENTRY }, { 2, MADE_BY }, { 2, extra > 0 ? 45 : 20 },
	    { 2, flags_of(m) }, { 2, QT__ZIP_STORED }, { 2, 0 },
	    { 2, DOS_1980 }, { 4, m->crc }, { 4, narrow(m->size) },
	    { 4, narrow(m->size) }, { 2, strlen(m->name) },
	    { 2, extra > 0 ? extra + 4 : 0 }, { 2, 0 }, { 2, 0 }, { 2, 0 },
	    { 4, MODE_0644 }, { 4, narrow(m->offset) }, { 0, 0 } });
	if (rc == 0)
		rc = qt_buf_add(out, m->name, strlen(m->name));
	if (rc == 0 && extra > 0)
		rc = add_numbers(out, (const struct number[]){
		    { 2, QT__ZIP_EXTRA64 }, { 2, extra }, { 0, 0 } });
	if (rc == 0 && is_large)
		rc = add_numbers(out, (const struct number[]){
		    { 8, m->size }, { 8, m->size }, { 0, 0 } });
	if (rc == 0 && is_far)
		rc = add_numbers(out, (const struct number[]){
		    { 8, m->offset }, { 0, 0 } });
	return rc;
}

static int
add_end(struct qt_buf *out, uint64_t count, uint64_t dir_at)
{
	uint64_t	len = out->len, end_at = dir_at + len;
	uint64_t	few = count < UINT16_MAX ? count : UINT16_MAX;
	int		rc = 0;

	if (count >= UINT16_MAX || len >= UINT32_MAX || dir_at >= UINT32_MAX)
		rc = add_numbers(out, (const struct number[]){
		    { 4, QT__ZIP_END64 }, { 8, QT__ZIP_END64_SIZE - 12 },
		    { 2, MADE_BY }, { 2, 45 }, { 4, 0 }, { 4, 0 },
		    { 8, count }, { 8, count }, { 8, len }, { 8, dir_at },
		    { 4, QT__ZIP_LOCATOR }, { 4, 0 }, { 8, end_at }, { 4, 1 },
		    { 0, 0 } });
	if (rc == 0)
		rc = add_numbers(out, (const struct number[]){
		    { 4, QT__ZIP_END }, { 2, 0 }, { 2, 0 }, { 2, few },
		    { 2, few }, { 4, narrow(len) }, { 4, narrow(dir_at) },
		    { 2, 0 }, { 0, 0 } });
	return rc;
}

int
qt_npz_finish(struct qt_npz_writer *w)
{
	struct qt_buf	out = QT_BUF_INIT;
	int		rc = end_member(w);

	for (size_t i = 0; i < w->count && rc == 0; i++)
		rc = add_entry(&out, &w->members[i]);
	if (rc == 0)
		rc = add_end(&out, w->count, w->at);
	if (rc == 0)
		rc = append(w, out.data, out.len);
	qt_buf_clear(&out);
	return rc;
}
