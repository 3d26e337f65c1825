/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_HEX_H
#define QT_SHM_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Bytes as hexdump -C prints them: lines that repeat the last are one "*". */
struct hex {
	uint64_t	at;		/* of the line that is begun */
	unsigned char	line[16], last[16];
	size_t		len;		/* bytes of line */
	int		has_last, is_starred;
};

#define HEX_INIT(offset) { offset, { 0 }, { 0 }, 0, 0, 0 }

void	hex_add(struct hex *h, const void *data, size_t len);
void	hex_end(struct hex *h);

#endif /* QT_SHM_HEX_H */
