/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_HASH_H
#define QT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC32C (Castagnoli, reflected polynomial 0x82f63b78), by SSE4.2 or the ARM
 * instruction where the processor has it, by table elsewhere. crc is 0 for
 * the first piece and the last result for each next one.
 */
uint32_t qt_crc32c(uint32_t crc, const void *data, size_t len);

/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for tables whose keys
 * come from outside.
 */
struct qt_hash_key {
	uint64_t	k[2];
};
uint64_t qt_hash(const struct qt_hash_key *key, const void *data, size_t len);

/* A random key, from getrandom(2). */
void	qt_hash_key_init(struct qt_hash_key *key);

/* len random bytes from getrandom(2); never fails. */
void	qt_random(void *out, size_t len);

/* 1 when equal; takes the same time wherever they differ. */
int	qt_is_equal_secret(const void *a, const void *b, size_t len);

#endif /* QT_BASE_HASH_H */
