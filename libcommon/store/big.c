/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in files of their own. See big_priv.h.
 *
 * Numbers are handed out once, so the file has its name from the start: it is
 * nobody's until a record names it, which is written when the file and its name
 * are durable. A writer that is killed before leaves a file that no record
 * names; maintenance removes it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "big_priv.h"
#include "durable_priv.h"
#include "le_priv.h"

#define NAME_SIZE	32
#define VERSION		1u

static const char	magic[8] = "qt-big";

static void
name_of(char name[NAME_SIZE], uint64_t number)
{
	snprintf(name, NAME_SIZE, "%012" PRIu64 ".big", number);
}

void
qt__big_ref_pack(uint8_t out[QT__BIG_REF_SIZE], const struct qt__big_ref *ref)
{
	qt__le_store64(out, ref->number);
	qt__le_store64(out + 8, ref->len);
	qt__le_store32(out + 16, ref->crc);
}

int
qt__big_ref_unpack(struct qt__big_ref *out, const void *value, size_t len)
{
	const uint8_t	*p = value;

	if (len != QT__BIG_REF_SIZE)
		return -QT_ECORRUPT;
	out->number = qt__le_load64(p);
	out->len = qt__le_load64(p + 8);
	out->crc = qt__le_load32(p + 16);
	return out->number == 0 || out->len > QT_STORE_VALUE_MAX ?
	    -QT_ECORRUPT : 0;
}

static void
pack_header(uint8_t h[QT__BIG_HEADER], uint64_t number, uint64_t len)
{
	memset(h, 0, QT__BIG_HEADER);
	memcpy(h, magic, sizeof(magic));
	qt__le_store32(h + 8, VERSION);
	qt__le_store64(h + 16, number);
	qt__le_store64(h + 24, len);
}

/* --- Writing -------------------------------------------------------------- */

static int
fill(int fd, uint64_t number, const void *data, size_t len)
{
	uint8_t	header[QT__BIG_HEADER];
	/* In one piece, and the disk is full before much was written. */
	int	rc = qt_sys_fallocate(fd, 0, 0, (off_t)(QT__BIG_HEADER + len));

	if (rc < 0 && rc != -EOPNOTSUPP && rc != -ENOSYS)
		return rc;
	pack_header(header, number, len);
	rc = qt_sys_write_all(fd, header, sizeof(header));
	if (rc == 0)
		rc = qt_sys_write_all(fd, data, len);
	return rc == 0 ? qt_sys_fsync(fd) : rc;
}

int
qt__big_write(int dirfd, uint64_t number, const void *data, size_t len,
    struct qt__big_ref *ref, struct qt_err *err)
{
	char	name[NAME_SIZE];
	int	fd, rc;

	if (len > QT_STORE_VALUE_MAX)
		return -EMSGSIZE;
	name_of(name, number);
	fd = qt_sys_open(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd < 0) {
		qt_err_set(err, "create 'big/%s'", name);
		return fd;
	}
	rc = fill(fd, number, data, len);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0)
		rc = qt__durable_names(dirfd, ".");
	if (rc < 0) {
		qt_err_set(err, "write 'big/%s'", name);
		(void)qt_sys_unlink(dirfd, name);
		return rc;
	}
	*ref = (struct qt__big_ref){ number, len, qt_crc32c(0, data, len) };
	return 0;
}

int
qt__big_remove(int dirfd, uint64_t number)
{
	char	name[NAME_SIZE];

	name_of(name, number);
	return qt_sys_unlink(dirfd, name);
}

/* --- Reading -------------------------------------------------------------- */

/* NULL, or what is not as the record says. */
static const char *
fault_of(const struct qt__big *big, const struct qt__big_ref *ref,
    unsigned int flags)
{
	uint8_t	header[QT__BIG_HEADER];

	pack_header(header, ref->number, ref->len);
	if (memcmp(big->map_, header, sizeof(header)) != 0)
		return "its header is not what its record says";
	if ((flags & QT__BIG_VERIFY) &&
	    qt_crc32c(0, big->data, big->len) != ref->crc)
		return "its bytes are not those that were written";
	return NULL;
}

/* Its size first: what lies behind the end of a file is not to be touched. */
static int
map_it(struct qt__big *out, int fd, const struct qt__big_ref *ref,
    const char *name, struct qt_err *err)
{
	struct stat	st;
	int		rc;

	if (fstat(fd, &st) < 0) {
		rc = -errno;
		qt_err_set(err, "look at 'big/%s'", name);
		return rc;
	}
	if (!S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != QT__BIG_HEADER + ref->len) {
		qt_err_set(err, "'big/%s': it has %lld bytes and should have "
		    "%llu", name, (long long)st.st_size,
		    (unsigned long long)(QT__BIG_HEADER + ref->len));
		return -QT_ECORRUPT;
	}
	rc = qt_sys_mmap(fd, QT__BIG_HEADER + (size_t)ref->len, PROT_READ,
	    &out->map_);
	if (rc < 0)
		qt_err_set(err, "map 'big/%s'", name);
	return rc;
}

int
qt__big_open(struct qt__big *out, int dirfd, const struct qt__big_ref *ref,
    unsigned int flags, struct qt_err *err)
{
	char		 name[NAME_SIZE];
	const char	*wrong;
	int		 fd, rc;

	*out = (struct qt__big){ NULL, 0, NULL };
	name_of(name, ref->number);
	fd = qt_sys_open(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0) {
		qt_err_set(err, "open 'big/%s'", name);
		return fd;
	}
	rc = map_it(out, fd, ref, name, err);
	close(fd);
	if (rc < 0)
		return rc;
	out->data = (const uint8_t *)out->map_ + QT__BIG_HEADER;
	out->len = (size_t)ref->len;
	wrong = fault_of(out, ref, flags);
	if (wrong != NULL) {
		qt_err_set(err, "'big/%s': %s", name, wrong);
		qt__big_close(out);
		return -QT_ECORRUPT;
	}
	return 0;
}

void
qt__big_close(struct qt__big *big)
{
	if (big->map_ != NULL)
		munmap(big->map_, QT__BIG_HEADER + big->len);
	*big = (struct qt__big){ NULL, 0, NULL };
}
