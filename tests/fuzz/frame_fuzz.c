/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of WebSocket frames: bytes that come at once and bytes that come one
 * by one have to be judged alike, and never more is passed on than came.
 */

#include <stdint.h>
#include <stdlib.h>

#include "../../cmd/qtd/frame.c"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frame_check	whole = { .max = 65536 }, pieces = whole;
	size_t			good, at = 0;

	good = frame_feed(&whole, data, len);
	if (good > len || (whole.code == 0) != (good == len && whole.code == 0))
		abort();
	while (at < len && pieces.code == 0)
		frame_feed(&pieces, data + at++, 1);
	if (pieces.code != whole.code || (whole.code == 0 &&
	    (pieces.left != whole.left || pieces.have != whole.have)))
		abort();
	/* Refused once is refused for good. */
	if (whole.code != 0 && len > 0 && frame_feed(&whole, data, len) != 0)
		abort();
	return 0;
}
