/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading .npz files. See <qt/npz/npz.h>.
 *
 * The directory and the header of each member are looked at once, all of them
 * before any element: what is wrong with a file is known before anything is
 * done with it. A size in the directory counts only as far as the header of
 * the .npy file says the same.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <qt/npz/npz.h>

#include "name_priv.h"
#include "zip_priv.h"

#define PIECE	65536u

struct member {
	struct qt_npz_member	 pub;
	struct qt__zip_entry	 entry;
	uint64_t		 head_len;	/* bytes before its elements */
};

struct qt_npz {
	struct qt__zip		 zip;
	struct qt__zip_stream	 stream;
	struct member		*members;
	uint32_t		 count, room;
	uint32_t		 now;	/* the one that is read */
};

/* "member 'x': what", for a name that is not looked at yet too. */
static int
fail(struct qt_err *err, const struct qt__zip_entry *e, int rc,
    const char *what)
{
	char	shown[QT__NPZ_SHOWN];

	qt_err_set(err, "member '%s': %s", qt__npz_shown(shown, e->name,
	    e->name_len < sizeof(e->name) ? e->name_len : sizeof(e->name)),
	    what);
	return rc;
}

static int
fail_read(struct qt_err *err, const struct qt__zip_entry *e, int rc)
{
	return fail(err, e, rc, rc == -QT_ECORRUPT ? "it is damaged" :
	    qt_strerror(rc));
}

/* --- A member ------------------------------------------------------------ */

/* Its name, and how it is packed. */
static int
check_entry(struct member *m, struct qt_err *err)
{
	const struct qt__zip_entry	*e = &m->entry;
	const size_t			 suffix = sizeof(QT__NPZ_SUFFIX) - 1;
	size_t				 len = e->name_len;

	if (len <= sizeof(e->name) && (len < suffix || memcmp(e->name + len -
	    suffix, QT__NPZ_SUFFIX, suffix) != 0))
		return fail(err, e, -EINVAL, "it is no .npy file");
	if (len > sizeof(e->name) || !qt_npz_is_name(e->name, len - suffix) ||
	    (!(e->flags & QT__ZIP_UTF8) && !qt__npz_is_ascii(e->name, len)))
		return fail(err, e, -EINVAL, "no structure can have this name: "
		    "1 to 63 bytes of UTF-8 without slashes");
	if ((e->flags & QT__ZIP_SECRET) != 0)
		return fail(err, e, -EINVAL, "it is encrypted");
	if (e->method != QT__ZIP_STORED && e->method != QT__ZIP_DEFLATED)
		return fail(err, e, -EINVAL,
		    "it is packed in a way that NumPy does not use");
	memcpy(m->pub.name, e->name, len - suffix);
	m->pub.name[len - suffix] = '\0';
	return 0;
}

/* All of its header, in memory that the caller frees; or negative. */
static ssize_t
get_head(struct qt_npz *z, const struct member *m, char **out,
    struct qt_err *err)
{
	unsigned char	first[QT_NPY_FIRST];
	ssize_t		len;
	int		rc;

	*out = NULL;
	if (m->entry.size < sizeof(first))
		return fail(err, &m->entry, -EINVAL,
		    "it is too short to be a .npy file");
	rc = qt__zip_start(&z->stream, &z->zip, &m->entry);
	if (rc == 0)
		rc = qt__zip_get(&z->stream, first, sizeof(first));
	if (rc < 0)
		return fail_read(err, &m->entry, rc);
	len = qt_npy_head_size(first, err);
	if (len < 0)
		return fail(err, &m->entry, (int)len, err != NULL ? err->text :
		    "");
	*out = malloc((size_t)len);
	if (*out == NULL)
		return -ENOMEM;
	memcpy(*out, first, sizeof(first));
	rc = qt__zip_get(&z->stream, *out + sizeof(first),
	    (size_t)len - sizeof(first));
	return rc < 0 ? fail_read(err, &m->entry, rc) : len;
}

/* The header of the .npy file, and that it fits the directory. */
static int
read_head(struct qt_npz *z, struct member *m, struct qt_err *err)
{
	struct qt_err	 why = QT_ERR_INIT;
	char		*head;
	ssize_t		 len = get_head(z, m, &head, err);
	int		 rc = len < 0 ? (int)len : 0;

	qt__zip_stop(&z->stream);
	if (rc == 0) {
		rc = qt_npy_parse(&m->pub.npy, head, (size_t)len, &why);
		if (rc < 0)
			(void)fail(err, &m->entry, rc, why.text);
	}
	free(head);
	if (rc < 0)
		return rc;
	m->head_len = (uint64_t)len;
	if (m->head_len + m->pub.npy.size == m->entry.size)
		return 0;
	qt_err_set(&why, "it has %" PRIu64 " bytes, and its header says %"
	    PRIu64, m->entry.size, m->head_len + m->pub.npy.size);
	return fail(err, &m->entry, -EINVAL, why.text);
}

/* --- All of them --------------------------------------------------------- */

static struct member *
more_room(struct qt_npz *z)
{
	uint32_t	 room = z->room > 0 ? z->room * 2 : 8;
	struct member	*more = z->members;

	if (z->count == z->room) {
		more = realloc(more, room * sizeof(*more));
		if (more == NULL)
			return NULL;
		z->members = more;
		z->room = room;
	}
	memset(&more[z->count], 0, sizeof(*more));
	return &more[z->count];
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(const struct member *const *)a)->pub.name,
	    (*(const struct member *const *)b)->pub.name);
}

static int
by_offset(const void *a, const void *b)
{
	uint64_t	x = (*(const struct member *const *)a)->entry.offset;
	uint64_t	y = (*(const struct member *const *)b)->entry.offset;

	return (x > y) - (x < y);
}

/* No name twice; no byte that is two members', as archives have that burst. */
static int
check_pairs(const struct qt_npz *z, struct qt_err *err)
{
	const struct qt__zip_entry	 *e, *next;
	const struct member		**m;
	int				  rc = 0;

	m = malloc(z->count * sizeof(const struct member *));
	if (m == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < z->count; i++)
		m[i] = &z->members[i];
	qsort(m, z->count, sizeof(m[0]), by_name);
	for (uint32_t i = 1; i < z->count && rc == 0; i++)
		if (by_name(&m[i - 1], &m[i]) == 0)
			rc = fail(err, &m[i]->entry, -EINVAL,
			    "it is there twice");
	qsort(m, z->count, sizeof(m[0]), by_offset);
	for (uint32_t i = 1; i < z->count && rc == 0; i++) {
		e = &m[i - 1]->entry;
		next = &m[i]->entry;
		if (next->offset < e->data_at + e->packed)
			rc = fail(err, next, -QT_ECORRUPT,
			    "another member has the same bytes");
	}
	free(m);
	return rc;
}

/* The next of the directory: 1, 0 at its end. */
static int
read_member(struct qt_npz *z, uint64_t *at, struct qt_err *err)
{
	struct member	*m = more_room(z);
	int		 rc;

	if (m == NULL)
		return -ENOMEM;
	rc = qt__zip_next(&z->zip, at, &m->entry);
	if (rc < 0)
		qt_err_set(err, "its directory: %s", rc == -QT_ECORRUPT ?
		    "it is damaged" : qt_strerror(rc));
	if (rc <= 0)
		return rc;
	rc = check_entry(m, err);
	if (rc < 0)
		return rc;
	rc = qt__zip_locate(&z->zip, &m->entry);
	if (rc < 0)
		return fail_read(err, &m->entry, rc);
	rc = read_head(z, m, err);
	if (rc < 0)
		return rc;
	z->count++;
	return 1;
}

static int
read_members(struct qt_npz *z, uint32_t members_max, uint64_t size_max,
    struct qt_err *err)
{
	uint64_t	at = 0, size = 0;
	int		rc = 1;

	if (z->zip.count == 0) {
		qt_err_set(err, "it has no members");
		return -EINVAL;
	}
	if (z->zip.count > members_max) {
		qt_err_set(err, "it has %" PRIu64 " members, more than the %"
		    PRIu32 " that there is room for", z->zip.count,
		    members_max);
		return -EINVAL;
	}
	while (rc == 1 && z->count < z->zip.count) {
		rc = read_member(z, &at, err);
		if (rc == 1)
			size += z->members[z->count - 1].pub.npy.size;
		/* Neither is above 2^48, so this never wraps. */
		if (rc == 1 && size > size_max) {
			qt_err_set(err, "its members have more than %" PRIu64
			    " bytes, which is all that there is room for",
			    size_max);
			return -EINVAL;
		}
	}
	if (rc < 0)
		return rc;
	if (rc == 0 || at != z->zip.dir_at + z->zip.dir_len) {
		qt_err_set(err, "its directory: it has not as many members as "
		    "its end says");
		return -QT_ECORRUPT;
	}
	return check_pairs(z, err);
}

int
qt_npz_open(struct qt_npz **out, int fd, uint32_t members_max,
    uint64_t size_max, struct qt_err *err)
{
	struct qt_npz	*z = calloc(1, sizeof(*z));
	int		 rc;

	*out = NULL;
	if (z == NULL)
		return -ENOMEM;
	rc = qt__zip_open(&z->zip, fd, err);
	if (rc == 0)
		rc = read_members(z, members_max, size_max, err);
	if (rc < 0)
		qt_npz_close(z);
	else
		*out = z;
	return rc;
}

void
qt_npz_close(struct qt_npz *z)
{
	if (z == NULL)
		return;
	qt__zip_stop(&z->stream);
	free(z->members);
	free(z);
}

uint32_t
qt_npz_count(const struct qt_npz *z)
{
	return z->count;
}

const struct qt_npz_member *
qt_npz_member(const struct qt_npz *z, uint32_t index)
{
	return index < z->count ? &z->members[index].pub : NULL;
}

/* --- Elements ------------------------------------------------------------ */

int
qt_npz_start(struct qt_npz *z, uint32_t index, struct qt_err *err)
{
	const struct member	*m = &z->members[index];
	char			 skipped[1024];
	uint64_t		 left = m->head_len;
	size_t			 n;
	int			 rc;

	z->now = index;
	rc = qt__zip_start(&z->stream, &z->zip, &m->entry);
	for (; left > 0 && rc == 0; left -= n) {
		n = left < sizeof(skipped) ? (size_t)left : sizeof(skipped);
		rc = qt__zip_get(&z->stream, skipped, n);
	}
	return rc < 0 ? fail_read(err, &m->entry, rc) : 0;
}

int
qt_npz_get(struct qt_npz *z, void *out, size_t len, struct qt_err *err)
{
	int	rc = qt__zip_get(&z->stream, out, len);

	return rc < 0 ? fail_read(err, &z->members[z->now].entry, rc) : 0;
}

int
qt_npz_end(struct qt_npz *z, struct qt_err *err)
{
	int	rc = qt__zip_end(&z->stream);

	return rc == -QT_ECORRUPT ? fail(err, &z->members[z->now].entry, rc,
	    "it is damaged: its checksum is another") :
	    rc < 0 ? fail_read(err, &z->members[z->now].entry, rc) : 0;
}

int
qt_npz_check(struct qt_npz *z, struct qt_err *err)
{
	char		*buf = malloc(PIECE);
	uint64_t	 left;
	size_t		 n;
	int		 rc = buf != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < z->count && rc == 0; i++) {
		rc = qt_npz_start(z, i, err);
		left = z->members[i].pub.npy.size;
		for (; left > 0 && rc == 0; left -= n) {
			n = left < PIECE ? (size_t)left : PIECE;
			rc = qt_npz_get(z, buf, n, err);
		}
		if (rc == 0)
			rc = qt_npz_end(z, err);
	}
	free(buf);
	return rc;
}
