/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into zeroipc's segments. See <qt/shm/zipm.h>. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/shm/zipm.h>

#define DIR_SHM		"/dev/shm"
#define MAGIC		UINT32_C(0x5a49504d)
#define NARROW_HEAD	16u
#define NARROW_ENTRY	40u
#define WIDE_HEAD	32u
#define WIDE_ENTRY	48u
#define NAME		32u

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint64_t
get64(const unsigned char *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* Bytes of header and entries, or a negative code. */
static int64_t
read_head(struct qt_zipm *z, const unsigned char *p, size_t len,
    uint64_t size, struct qt_err *err)
{
	if (len < NARROW_HEAD || get32(p) != MAGIC) {
		qt_err_set(err, "it is no segment of zeroipc");
		return -QT_EFORMAT;
	}
	z->version = get32(p + 4);
	z->count = get32(p + 8);
	z->size = size;
	if (z->version != 1 && z->version != 2) {
		qt_err_set(err, "zeroipc format %u; 1 and 2 are known",
		    z->version);
		return -QT_EVERSION;
	}
	z->is_wide = z->version == 2 ||
	    (len >= WIDE_HEAD && get64(p + 16) == size);
	if (z->is_wide && len < WIDE_HEAD) {
		qt_err_set(err, "it is too short");
		return -QT_ECORRUPT;
	}
	if (z->count > QT_ZIPM_ENTRIES_MAX) {
		qt_err_set(err, "it says that it has %" PRIu32 " entries",
		    z->count);
		return -QT_ECORRUPT;
	}
	return z->is_wide ? WIDE_HEAD + (int64_t)z->count * WIDE_ENTRY :
	    NARROW_HEAD + (int64_t)z->count * NARROW_ENTRY;
}

static int
read_entry(const struct qt_zipm *z, const unsigned char *p, uint64_t tables,
    struct qt_zipm_entry *e)
{
	memcpy(e->name, p, NAME);
	e->name[NAME] = '\0';
	e->offset = z->is_wide ? get64(p + 32) : get32(p + 32);
	e->size = z->is_wide ? get64(p + 40) : get32(p + 36);
	return e->name[0] != '\0' && memchr(p, '\0', NAME) != NULL &&
	    e->offset >= tables && e->offset <= z->size &&
	    e->size <= z->size - e->offset ? 0 : -QT_ECORRUPT;
}

int
qt_zipm_parse(struct qt_zipm *z, const void *table, size_t len, uint64_t size,
    struct qt_err *err)
{
	const unsigned char	*p = table;
	uint64_t		 step;
	int64_t			 tables;
	int			 rc = 0;

	*z = (struct qt_zipm)QT_ZIPM_INIT;
	tables = read_head(z, p, len, size, err);
	if (tables < 0)
		return (int)tables;
	if ((uint64_t)tables > len) {
		qt_err_set(err, "it is too short for its %" PRIu32 " entries",
		    z->count);
		return -QT_ECORRUPT;
	}
	z->entry = calloc(z->count + 1u, sizeof(*z->entry));
	if (z->entry == NULL)
		return -ENOMEM;
	step = z->is_wide ? WIDE_ENTRY : NARROW_ENTRY;
	p += z->is_wide ? WIDE_HEAD : NARROW_HEAD;
	for (uint32_t i = 0; i < z->count && rc == 0; i++) {
		rc = read_entry(z, p + i * step, (uint64_t)tables,
		    &z->entry[i]);
		if (rc < 0)
			qt_err_set(err, "entry %" PRIu32 " has no name or is "
			    "not inside the file", i);
	}
	if (rc < 0)
		qt_zipm_close(z);
	return rc;
}

static int
read_table(struct qt_zipm *z, int fd, struct qt_err *err)
{
	unsigned char	 head[WIDE_HEAD];
	unsigned char	*table;
	struct stat	 st;
	int64_t		 tables;
	ssize_t		 n;
	int		 rc;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		qt_err_set(err, "it is not a regular file");
		return -QT_EFORMAT;
	}
	n = qt_sys_pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	tables = read_head(z, head, (size_t)n, (uint64_t)st.st_size, err);
	if (tables < 0)
		return (int)tables;
	table = malloc((size_t)tables);
	if (table == NULL)
		return -ENOMEM;
	n = qt_sys_pread(fd, table, (size_t)tables, 0);
	rc = n < 0 ? (int)n : qt_zipm_parse(z, table, (size_t)n,
	    (uint64_t)st.st_size, err);
	free(table);
	return rc;
}

int
qt_zipm_open(struct qt_zipm *z, const char *name, struct qt_err *err)
{
	char	path[300];
	int	fd, rc;

	*z = (struct qt_zipm)QT_ZIPM_INIT;
	if (name[0] != '/' || strchr(name + 1, '/') != NULL ||
	    strlen(name) > 255)
		return -EINVAL;
	snprintf(path, sizeof(path), "%s%s", DIR_SHM, name);
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
	    0);
	if (fd < 0) {
		qt_err_set(err, "open '%s'", path);
		return fd;
	}
	rc = read_table(z, fd, err);
	if (rc < 0)
		close(fd);
	else
		z->fd = fd;
	return rc;
}

void
qt_zipm_close(struct qt_zipm *z)
{
	if (z->fd >= 0)
		close(z->fd);
	free(z->entry);
	*z = (struct qt_zipm)QT_ZIPM_INIT;
}

const struct qt_zipm_entry *
qt_zipm_find(const struct qt_zipm *z, const char *name)
{
	for (uint32_t i = 0; i < z->count; i++)
		if (strcmp(z->entry[i].name, name) == 0)
			return &z->entry[i];
	return NULL;
}

int
qt_zipm_read(const struct qt_zipm *z, uint64_t offset, void *buf, size_t len)
{
	ssize_t	n;

	if (offset > z->size || len > z->size - offset)
		return -QT_ECORRUPT;
	while (len > 0) {
		n = qt_sys_pread(z->fd, buf, len, (off_t)offset);
		if (n <= 0)
			return n < 0 ? (int)n : -QT_ECORRUPT;
		buf = (char *)buf + n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
qt_zipm_array(const struct qt_zipm *z, const struct qt_zipm_entry *entry,
    uint64_t *elem_size, uint64_t *count)
{
	unsigned char	word[8];
	uint64_t	room;
	int		rc;

	if (entry->size < sizeof(word))
		return -EINVAL;
	rc = qt_zipm_read(z, entry->offset, word, sizeof(word));
	if (rc < 0)
		return rc;
	*count = get64(word);
	room = entry->size - sizeof(word);
	if (*count == 0 || *count > room)
		return -EINVAL;
	if (*elem_size == 0)
		*elem_size = room / *count;
	return *elem_size <= room / *count ? 0 : -EINVAL;
}
