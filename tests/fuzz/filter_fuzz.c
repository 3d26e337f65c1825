/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filtered output holds no query however it is split; text without a control
 * byte passes unchanged; filtering twice changes nothing but graphics.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
no_query(void *ctx, const struct qt_scan_seq *q)
{
	uint32_t	i;

	(void)ctx;
	if (qt_scan_is_query(q))
		abort();
	if (q->kind != QT_SCAN_CSI || q->prefix != '?' || q->inter != 0 ||
	    q->final != 'h')
		return;
	for (i = 0; i < q->nparams; i++)
		if (q->param[i] == 2048)
			abort();
}

static void
filter(const uint8_t *data, size_t size, size_t step, struct qt_buf *out)
{
	struct qt_filter	f = QT_FILTER_INIT;
	size_t			i, n;

	for (i = 0; i < size; i += n) {
		n = step < size - i ? step : size - i;
		if (qt_filter_feed(&f, data + i, n, out) < 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_buf	whole = QT_BUF_INIT, parts = QT_BUF_INIT;
	struct qt_scan	s = QT_SCAN_INIT;
	size_t		i, step = size > 0 ? 1 + data[0] % 40u : 1;
	int		is_text = 1;

	filter(data, size, size + 1, &whole);
	filter(data, size, step, &parts);
	if (whole.len != parts.len ||
	    (whole.len > 0 && memcmp(whole.data, parts.data, whole.len) != 0))
		abort();
	if (whole.len > 0)
		qt_scan_feed(&s, whole.data, whole.len, no_query, NULL);
	for (i = 0; i < size; i++)
		if (data[i] < 0x20 || data[i] == 0xc2)
			is_text = 0;
	if (is_text && (whole.len != size ||
	    (size > 0 && memcmp(whole.data, data, size) != 0)))
		abort();
	qt_buf_clear(&whole);
	qt_buf_clear(&parts);
	return 0;
}
