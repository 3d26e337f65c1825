/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file of a large value, and as what a record says of one: no
 * crash, and what is taken for sound is the value of the key that it names.
 *
 * The first byte chooses: bit 0 makes the header and its checksums right, so
 * that what lies behind them is reached.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

#include "../../libcommon/store/big_priv.h"

#define NUMBER	1u
#define NAME	"000000000001.big"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t	sink;
static char			folder[96];
static int			folder_fd = -1;

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
clean(void)
{
	(void)unlinkat(folder_fd, NAME, 0);
	(void)rmdir(folder);
}

static void
begin(void)
{
	const char	*group = getenv("QT_CHECK_GROUP");

	/* By this name tests/forget.sh knows it. */
	snprintf(folder, sizeof(folder), "/dev/shm/qt-test-%.30s-XXXXXX",
	    group != NULL ? group : "");
	must(mkdtemp(folder) != NULL);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(folder_fd >= 0 && atexit(clean) == 0);
}

static void
write_file(const uint8_t *data, size_t size)
{
	int	fd = openat(folder_fd, NAME,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* Where the value begins; 0: there is no room for a header and a key. */
static size_t
make_right(uint8_t *p, size_t len)
{
	size_t	key_len, at;

	if (len < QT__BIG_HEADER + 8)
		return 0;
	key_len = 1 + p[12] % (len - QT__BIG_HEADER - 7);
	at = (QT__BIG_HEADER + key_len + 7) & ~(size_t)7;
	memcpy(p, "qt-big\0", 8);
	qt_le_store32(p + 8, 1);
	qt_le_store32(p + 12, (uint32_t)key_len);
	qt_le_store64(p + 16, NUMBER);
	qt_le_store64(p + 24, len - at);
	qt_le_store32(p + 32, qt_crc32c(0, p + at, len - at));
	memset(p + QT__BIG_HEADER + key_len, 0, at - QT__BIG_HEADER - key_len);
	qt_le_store32(p + 36, qt_crc32c(qt_crc32c(0, p, 36),
	    p + QT__BIG_HEADER, key_len));
	return at;
}

/* 0 when it is as ref says; *big is to be closed then. */
static int
open_it(struct qt__big *big, const struct qt__big_ref *ref,
    unsigned int flags)
{
	int	rc = qt__big_open(big, folder_fd, ref, flags, NULL);

	for (size_t i = 0; rc == 0 && i < big->len; i++)
		sink += big->data[i];
	return rc;
}

static void
look(const uint8_t *p, size_t len, size_t at)
{
	struct qt_buf		key = QT_BUF_INIT;
	struct qt__big_ref	ref;
	struct qt__big		big;
	int			rc = qt__big_describe(folder_fd, NUMBER, &key,
	    &ref);

	must(at == 0 || (rc == 1 && ref.len == len - at));
	if (rc == 1) {
		must(key.len > 0 && key.len <= len - QT__BIG_HEADER &&
		    memcmp(key.data, p + QT__BIG_HEADER, key.len) == 0);
		if (open_it(&big, &ref, 0) == 0)
			qt__big_close(&big);
		rc = open_it(&big, &ref, QT__BIG_VERIFY);
		must(at == 0 || rc == 0);
		if (rc == 0)
			must(memcmp(big.data, p + len - big.len, big.len) == 0);
		qt__big_close(&big);
	}
	/* What a damaged record may say. */
	if (qt__big_ref_unpack(&ref, p, len < QT__BIG_REF_SIZE ? len :
	    QT__BIG_REF_SIZE) == 0) {
		ref.number = NUMBER;
		if (open_it(&big, &ref, 0) == 0)
			qt__big_close(&big);
	}
	qt_buf_clear(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t	*p;
	size_t	 at = 0;

	if (size == 0)
		return 0;
	if (folder_fd < 0)
		begin();
	p = malloc(size);
	must(p != NULL);
	memcpy(p, data + 1, size - 1);
	if (data[0] & 1)
		at = make_right(p, size - 1);
	write_file(p, size - 1);
	look(p, size - 1, at);
	free(p);
	return 0;
}
