/* SPDX-License-Identifier: Apache-2.0 */
/* Any split of any bytes is reported the same and is safe at the same places. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A running hash of everything reported. */
static void
mix(void *ctx, const struct qt_scan_seq *q)
{
	uint64_t	*h = ctx;
	uint32_t	 i;

	if (q->nparams > QT_SCAN_PARAMS || q->len > QT_SCAN_TEXT)
		abort();
	*h = *h * 31 + (uint64_t)q->kind;
	*h = *h * 31 + (uint8_t)q->prefix;
	*h = *h * 31 + (uint8_t)q->inter;
	*h = *h * 31 + (uint8_t)q->final;
	*h = *h * 31 + (uint64_t)qt_scan_is_query(q);
	for (i = 0; i < q->nparams; i++)
		*h = *h * 31 + q->param[i];
	for (i = 0; i < q->len; i++)
		*h = *h * 31 + (uint8_t)q->text[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_scan	whole = QT_SCAN_INIT, bytes = QT_SCAN_INIT;
	struct qt_scan	parts = QT_SCAN_INIT;
	uint64_t	a = 0, b = 0, c = 0;
	size_t		i, n;

	qt_scan_feed(&whole, data, size, mix, &a);
	for (i = 0; i < size; i++)
		qt_scan_feed(&bytes, data + i, 1, mix, &b);
	for (i = 0; i < size; i += n) {
		n = 1 + data[i] % 37u;
		n = n < size - i ? n : size - i;
		qt_scan_feed(&parts, data + i, n, mix, &c);
	}
	if (a != b || a != c ||
	    qt_scan_is_safe(&whole) != qt_scan_is_safe(&bytes) ||
	    qt_scan_is_safe(&whole) != qt_scan_is_safe(&parts))
		abort();
	return 0;
}
