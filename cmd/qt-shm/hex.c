/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes for people. See hex.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"

static void
print_line(const struct hex *h)
{
	printf("%08" PRIx64 " ", h->at);
	for (size_t i = 0; i < 16; i++) {
		if (i < h->len)
			printf(i == 8 ? "  %02x" : " %02x", h->line[i]);
		else
			printf(i == 8 ? "    " : "   ");
	}
	printf("  |");
	for (size_t i = 0; i < h->len; i++)
		putchar(h->line[i] >= ' ' && h->line[i] < 0x7f ? h->line[i] :
		    '.');
	printf("|\n");
}

static void
flush_line(struct hex *h)
{
	if (h->has_last && h->len == 16 &&
	    memcmp(h->line, h->last, 16) == 0) {
		if (!h->is_starred)
			printf("*\n");
		h->is_starred = 1;
	} else {
		print_line(h);
		h->is_starred = 0;
	}
	memcpy(h->last, h->line, 16);
	h->has_last = 1;
	h->at += h->len;
	h->len = 0;
}

void
hex_add(struct hex *h, const void *data, size_t len)
{
	const unsigned char	*p = data;

	while (len-- > 0) {
		h->line[h->len++] = *p++;
		if (h->len == 16)
			flush_line(h);
	}
}

void
hex_end(struct hex *h)
{
	if (h->len > 0)
		flush_line(h);
	printf("%08" PRIx64 "\n", h->at);
}
