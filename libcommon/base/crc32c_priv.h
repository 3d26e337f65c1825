/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_CRC32C_PRIV_H
#define QT_BASE_CRC32C_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* The two ways to the same number, for qt_crc32c() and for its test. */
uint32_t qt__crc32c_table(uint32_t crc, const void *data, size_t len);

/* Only where qt__crc32c_has_hw() says so. */
uint32_t qt__crc32c_hw(uint32_t crc, const void *data, size_t len);
int	qt__crc32c_has_hw(void);

#endif /* QT_BASE_CRC32C_PRIV_H */
