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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "big_priv.h"
#include "durable_priv.h"

#define NAME_SIZE	32
#define VERSION		1u
#define CRC_AT		36u
#define CLAIMS		(UINT64_C(1) << 40)	/* then numbers share bytes */

static const char	magic[8] = "qt-big";

void
qt__big_name(char name[NAME_SIZE], uint64_t number)
{
	snprintf(name, NAME_SIZE, "%012" PRIu64 ".big", number);
}

void
qt__big_ref_pack(uint8_t out[QT__BIG_REF_SIZE], const struct qt__big_ref *ref)
{
	qt_le_store64(out, ref->number);
	qt_le_store64(out + 8, ref->len);
	qt_le_store32(out + 16, ref->crc);
}

int
qt__big_ref_unpack(struct qt__big_ref *out, const void *value, size_t len)
{
	const uint8_t	*p = value;

	if (len != QT__BIG_REF_SIZE)
		return -QT_ECORRUPT;
	out->number = qt_le_load64(p);
	out->len = qt_le_load64(p + 8);
	out->crc = qt_le_load32(p + 16);
	return out->number == 0 || out->len > QT_STORE_VALUE_MAX ?
	    -QT_ECORRUPT : 0;
}

/* --- The header ----------------------------------------------------------- */

/* Where the value begins. */
static size_t
value_at(size_t key_len)
{
	return (QT__BIG_HEADER + key_len + 7) & ~(size_t)7;
}

static uint32_t
header_crc(const uint8_t *h, const void *key, size_t key_len)
{
	return qt_crc32c(qt_crc32c(0, h, CRC_AT), key, key_len);
}

static void
pack_header(uint8_t h[QT__BIG_HEADER], const struct qt__big_ref *ref,
    const void *key, size_t key_len)
{
	memset(h, 0, QT__BIG_HEADER);
	memcpy(h, magic, sizeof(magic));
	qt_le_store32(h + 8, VERSION);
	qt_le_store32(h + 12, (uint32_t)key_len);
	qt_le_store64(h + 16, ref->number);
	qt_le_store64(h + 24, ref->len);
	qt_le_store32(h + 32, ref->crc);
	qt_le_store32(h + CRC_AT, header_crc(h, key, key_len));
}

/* The length of its key, when it is the header of that file; else 0. */
static size_t
unpack_header(struct qt__big_ref *ref, const uint8_t h[QT__BIG_HEADER],
    uint64_t number)
{
	size_t	key_len = qt_le_load32(h + 12);

	ref->number = qt_le_load64(h + 16);
	ref->len = qt_le_load64(h + 24);
	ref->crc = qt_le_load32(h + 32);
	return memcmp(h, magic, sizeof(magic)) == 0 &&
	    qt_le_load32(h + 8) == VERSION && ref->number == number &&
	    key_len <= QT_STORE_KEY_MAX && ref->len <= QT_STORE_VALUE_MAX ?
	    key_len : 0;
}

/* --- Writing -------------------------------------------------------------- */

static int
write_head(int fd, const struct qt__big_value *v, const struct qt__big_ref *ref)
{
	size_t	 len = value_at(v->key_len);
	uint8_t	*head = calloc(1, len);
	int	 rc;

	if (head == NULL)
		return -ENOMEM;
	pack_header(head, ref, v->key, v->key_len);
	memcpy(head + QT__BIG_HEADER, v->key, v->key_len);
	rc = qt_sys_write_all(fd, head, len);
	free(head);
	return rc;
}

static int
fill(int fd, const struct qt__big_value *v, const struct qt__big_ref *ref)
{
	/* In one piece, and the disk is full before much was written. */
	int	rc = qt_sys_fallocate(fd, 0, 0,
	    (off_t)(value_at(v->key_len) + v->len));

	if (rc < 0 && rc != -EOPNOTSUPP && rc != -ENOSYS)
		return rc;
	rc = write_head(fd, v, ref);
	if (rc == 0)
		rc = qt_sys_write_all(fd, v->data, v->len);
	return rc == 0 ? qt_sys_fsync(fd) : rc;
}

int
qt__big_write(int dirfd, uint64_t number, const struct qt__big_value *v,
    struct qt__big_ref *ref, struct qt_err *err)
{
	char	name[NAME_SIZE];
	int	fd, rc;

	if (v->len > QT_STORE_VALUE_MAX || v->key_len > QT_STORE_KEY_MAX ||
	    v->key_len == 0)
		return -EMSGSIZE;
	*ref = (struct qt__big_ref){ number, v->len,
	    qt_crc32c(0, v->data, v->len) };
	qt__big_name(name, number);
	fd = qt__create_file(dirfd, name, O_WRONLY | O_EXCL);
	if (fd < 0) {
		qt_err_set(err, "create 'big/%s'", name);
		return fd;
	}
	rc = fill(fd, v, ref);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0)
		rc = qt__durable_names(dirfd, ".");
	if (rc < 0) {
		qt_err_set(err, "write 'big/%s'", name);
		(void)qt_sys_unlink(dirfd, name);
	}
	return rc;
}

int
qt__big_remove(int dirfd, uint64_t number)
{
	char	name[NAME_SIZE];

	qt__big_name(name, number);
	return qt_sys_unlink(dirfd, name);
}

/* --- Reading -------------------------------------------------------------- */

/* NULL, or what is not as the record says. */
static const char *
fault_of(const struct qt__big *big, size_t at, const struct qt__big_ref *ref,
    unsigned int flags)
{
	static const uint8_t	 zeros[8];
	const uint8_t		*h = big->map_;
	struct qt__big_ref	 own;
	size_t			 key_len = unpack_header(&own, h, ref->number);

	if (key_len == 0 || value_at(key_len) != at || own.len != ref->len ||
	    own.crc != ref->crc)
		return "its header is not what its record says";
	if (!(flags & QT__BIG_VERIFY))
		return NULL;
	if (qt_le_load32(h + CRC_AT) != header_crc(h, h + QT__BIG_HEADER,
	    key_len) || memcmp(h + QT__BIG_HEADER + key_len, zeros,
	    at - QT__BIG_HEADER - key_len) != 0)
		return "its header or key is not what was written";
	if (qt_crc32c(0, big->data, big->len) != ref->crc)
		return "its bytes are not those that were written";
	return NULL;
}

/* Its size first: what lies behind the end of a file is not to be touched. */
static int
map_it(struct qt__big *out, int fd, const struct qt__big_ref *ref,
    size_t *at, const char *name, struct qt_err *err)
{
	struct stat	st;
	uint64_t	size;
	int		rc;

	if (fstat(fd, &st) < 0) {
		rc = -errno;
		qt_err_set(err, "look at 'big/%s'", name);
		return rc;
	}
	size = (uint64_t)st.st_size;
	if (!S_ISREG(st.st_mode) || size < value_at(1) + ref->len ||
	    size > value_at(QT_STORE_KEY_MAX) + ref->len) {
		qt_err_set(err, "'big/%s': it has %llu bytes, which cannot be "
		    "for a value of %llu", name, (unsigned long long)size,
		    (unsigned long long)ref->len);
		return -QT_ECORRUPT;
	}
	*at = (size_t)(size - ref->len);
	rc = qt_sys_mmap(fd, (size_t)size, PROT_READ, &out->map_);
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
	size_t		 at = 0;
	int		 fd, rc;

	*out = (struct qt__big){ NULL, 0, NULL };
	qt__big_name(name, ref->number);
	fd = qt_sys_open(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0) {
		qt_err_set(err, "open 'big/%s'", name);
		return fd;
	}
	rc = map_it(out, fd, ref, &at, name, err);
	close(fd);
	if (rc < 0)
		return rc;
	out->data = (const uint8_t *)out->map_ + at;
	out->len = (size_t)ref->len;
	wrong = fault_of(out, at, ref, flags);
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
		munmap(big->map_, (size_t)(big->data -
		    (const uint8_t *)big->map_) + big->len);
	*big = (struct qt__big){ NULL, 0, NULL };
}

/* --- What it says of itself ----------------------------------------------- */

static int
read_at(int fd, void *to, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t	n = qt_sys_pread(fd, to, len, at);

		if (n <= 0)
			return n < 0 ? (int)n : -QT_ECORRUPT;
		to = (uint8_t *)to + n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static int
describe(int fd, uint64_t number, struct qt_buf *key, struct qt__big_ref *ref)
{
	static const uint8_t	zeros[QT__BIG_HEADER];
	uint8_t			h[QT__BIG_HEADER];
	struct stat		st;
	size_t			len;
	int			rc;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -QT_ECORRUPT;
	if (st.st_size == 0)
		return 0;
	rc = read_at(fd, h, sizeof(h), 0);
	if (rc < 0)
		return rc;
	if (memcmp(h, zeros, sizeof(h)) == 0)
		return 0;
	len = unpack_header(ref, h, number);
	if (len == 0)
		return -QT_ECORRUPT;
	qt_buf_reset(key);
	rc = qt_buf_reserve(key, len);
	if (rc == 0)
		rc = read_at(fd, key->data, len, QT__BIG_HEADER);
	if (rc < 0)
		return rc;
	key->len = len;
	return qt_le_load32(h + CRC_AT) == header_crc(h, key->data, len) ?
	    1 : -QT_ECORRUPT;
}

int
qt__big_describe(int dirfd, uint64_t number, struct qt_buf *key,
    struct qt__big_ref *ref)
{
	char	name[NAME_SIZE];
	int	fd, rc;

	qt__big_name(name, number);
	fd = qt_sys_open(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	rc = describe(fd, number, key, ref);
	close(fd);
	return rc;
}

/* --- Claims --------------------------------------------------------------- */

static off_t
byte_of(uint64_t number)
{
	return (off_t)(QT__BIG_BASE + (int64_t)(number % CLAIMS));
}

int
qt__big_claim(const struct qt__user *u, _Atomic uint64_t *next,
    uint64_t *number)
{
	int	rc;

	do {
		*number = atomic_fetch_add(next, 1);
		rc = qt_sys_lock(u->fd, F_WRLCK, byte_of(*number), 1);
	} while (rc == -EAGAIN);
	return rc;
}

void
qt__big_unclaim(const struct qt__user *u, uint64_t number)
{
	(void)qt_sys_lock(u->fd, F_UNLCK, byte_of(number), 1);
}

int
qt__big_is_claimed(int lock_fd, uint64_t number)
{
	return qt_sys_is_locked(lock_fd, byte_of(number), 1);
}
