/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests, read. See manifest_priv.h.
 *
 * CURRENT holds a number and the checksum of the manifest of that number: one
 * wrong bit in it must not bring back an older one that is still there for a
 * snapshot.
 *
 * A reader that follows CURRENT may find its manifest gone, because meanwhile
 * a newer one was saved and the old ones pruned. Then CURRENT names another
 * one by now, and the reader begins anew; when it still names the missing one,
 * that is damage.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hex.h>
#include <qt/base/sys.h>

#include "manifest_file_priv.h"

#define NUMBER_DIGITS 12	/* at least */

void
qt__manifest_name(char name[QT__MANIFEST_NAME_SIZE], uint64_t number)
{
	snprintf(name, QT__MANIFEST_NAME_SIZE, "manifest/%0*" PRIu64,
	    NUMBER_DIGITS, number);
}

/* "000000000012 89abcdef\n", and nothing else. */
int
qt__current_parse(const char *text, size_t len, uint64_t *number,
    uint32_t *crc)
{
	char	again[QT__CURRENT_SIZE];
	size_t	i;
	int	digit;

	*number = 0;
	*crc = 0;
	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		if (*number > (UINT64_MAX - 9) / 10)
			return -QT_ECORRUPT;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	if (len != i + 10 || *number == 0)
		return -QT_ECORRUPT;
	for (i++; i < len - 1; i++) {
		digit = qt_hex_value(text[i]);
		*crc = *crc << 4 | (uint32_t)(digit & 15);
	}
	/* One way to write it: what is read is what would be written. */
	snprintf(again, sizeof(again), "%0*" PRIu64 " %08" PRIx32 "\n",
	    NUMBER_DIGITS, *number, *crc);
	return strlen(again) == len && memcmp(again, text, len) == 0 ? 0 :
	    -QT_ECORRUPT;
}

int
qt__current_read(int dirfd, uint64_t *number, uint32_t *crc,
    struct qt_err *err)
{
	char	text[QT__CURRENT_SIZE];
	ssize_t	n;
	int	fd;

	*number = 0;
	fd = qt_sys_open(dirfd, "CURRENT", O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
	    0);
	if (fd < 0) {
		qt_err_set(err, "open CURRENT");
		return fd;
	}
	n = qt_sys_pread(fd, text, sizeof(text), 0);
	close(fd);
	if (n < 0) {
		qt_err_set(err, "read CURRENT");
		return (int)n;
	}
	if (qt__current_parse(text, (size_t)n, number, crc) == 0)
		return 0;
	qt_err_set(err, "CURRENT: not the number and the checksum of a "
	    "manifest");
	return -QT_ECORRUPT;
}

int
qt__manifest_current(int dirfd, uint64_t *number, struct qt_err *err)
{
	uint32_t	crc;
	int		rc = qt__current_read(dirfd, number, &crc, err);

	if (rc != -ENOENT)
		return rc;
	qt_err_set(err, "CURRENT is missing");
	return -QT_ECORRUPT;
}

/* The whole file of fd into memory. */
static int
read_file(int fd, void **data, size_t *len, struct qt_err *err)
{
	struct stat	st;
	ssize_t		n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > QT__MANIFEST_MAX) {
		qt_err_set(err, "not a file, or of more than %u bytes",
		    QT__MANIFEST_MAX);
		return -QT_ECORRUPT;
	}
	*data = malloc((size_t)st.st_size + 1);
	if (*data == NULL)
		return -ENOMEM;
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n) {
		n = qt_sys_pread(fd, (char *)*data + *len,
		    (size_t)st.st_size - *len, (off_t)*len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;		/* cut short meanwhile: parse says so */
	}
	return 0;
}

/* Takes what is in data over into a new manifest, or leaves it. */
static int
take(struct qt__manifest **out, void *data, size_t len, uint64_t number,
    const uint32_t *crc, struct qt_err *err)
{
	struct qt__manifest	*m = malloc(sizeof(*m));
	uint32_t		 sum;
	int			 rc;

	if (m == NULL)
		return -ENOMEM;
	rc = qt__manifest_parse(m, data, len, err);
	if (rc == 0 && m->number != number) {
		qt_err_set(err, "byte 24: it is number %" PRIu64, m->number);
		rc = -QT_ECORRUPT;
	}
	if (rc == 0 && crc != NULL) {
		memcpy(&sum, (char *)data + len - 4, 4);
		if (le32toh(sum) != *crc) {
			qt_err_set(err, "byte %zu: CURRENT has another "
			    "checksum", len - 4);
			rc = -QT_ECORRUPT;
		}
	}
	if (rc < 0) {
		free(m);
		return rc;
	}
	m->mem_ = data;
	*out = m;
	return 0;
}

int
qt__manifest_read(struct qt__manifest **out, int dirfd, uint64_t number,
    const uint32_t *crc, struct qt_err *err)
{
	char	 name[QT__MANIFEST_NAME_SIZE];
	void	*data = NULL;
	size_t	 len = 0;
	int	 fd, rc;

	*out = NULL;
	qt__manifest_name(name, number);
	fd = qt_sys_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0) {
		qt_err_set(err, "open %s", name);
		return fd;
	}
	qt_err_set(err, "read it");
	rc = read_file(fd, &data, &len, err);
	close(fd);
	if (rc == 0)
		rc = take(out, data, len, number, crc, err);
	if (rc < 0) {
		free(data);
		qt_err_wrap(err, "%s", name);
	}
	return rc;
}

int
qt__manifest_load(struct qt__manifest **out, int dirfd, uint64_t number,
    struct qt_err *err)
{
	uint64_t	current, last = 0;
	uint32_t	crc;
	int		rc;

	*out = NULL;
	if (number != 0)
		return qt__manifest_read(out, dirfd, number, NULL, err);
	for (;;) {
		rc = qt__current_read(dirfd, &current, &crc, err);
		if (rc == -ENOENT) {
			qt_err_set(err, "CURRENT is missing");
			return -QT_ECORRUPT;
		}
		if (rc < 0)
			return rc;
		if (current == last) {
			qt_err_set(err, "CURRENT names manifest %" PRIu64
			    ", which is missing", current);
			return -QT_ECORRUPT;
		}
		rc = qt__manifest_read(out, dirfd, current, &crc, err);
		if (rc != -ENOENT)
			return rc;
		last = current;
	}
}

void
qt__manifest_free(struct qt__manifest *m)
{
	if (m == NULL)
		return;
	free(m->mem_);
	free(m);
}

const struct qt__slice *
qt__manifest_find(const struct qt__manifest *m, const struct qt__sorted *run,
    const void *key, size_t len)
{
	uint32_t	low = run->first, high = run->first + run->count;

	/* The first slice whose last key is not less. */
	while (low < high) {
		uint32_t		 mid = low + (high - low) / 2;
		const struct qt__slice	*s = &m->slices[mid];

		if (qt__key_compare(m->heap + s->max_at, s->max_len, key,
		    len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == run->first + run->count ||
	    qt__key_compare(m->heap + m->slices[low].min_at,
	    m->slices[low].min_len, key, len) > 0)
		return NULL;
	return &m->slices[low];
}
