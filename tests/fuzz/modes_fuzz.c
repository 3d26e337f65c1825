/* SPDX-License-Identifier: Apache-2.0 */
/* The preamble of any modes, fed to a fresh tracker, gives the same modes. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_scan	s = QT_SCAN_INIT, fresh = QT_SCAN_INIT;
	struct qt_modes	m = QT_MODES_INIT, again = QT_MODES_INIT;
	struct qt_buf	out = QT_BUF_INIT;

	qt_scan_feed(&s, data, size, qt_modes_seq, &m);
	if (qt_modes_preamble(&m, &out) < 0)
		abort();
	qt_scan_feed(&fresh, out.data, out.len, qt_modes_seq, &again);
	if (!qt_scan_is_safe(&fresh))
		abort();
	if (memcmp(&m, &again, sizeof(m)) != 0)
		abort();
	qt_buf_clear(&out);
	return 0;
}
