/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file FORMAT of a store: no crash, and one that is taken says
 * the same when it is written and read again.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libcommon/store/format_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt__format	f, again;
	struct qt_buf		text = QT_BUF_INIT;
	struct qt_err		err = QT_ERR_INIT;
	char			*copy = malloc(size > 0 ? size : 1);
	int			rc;

	if (copy == NULL)
		return 0;
	/* Where it ends, the memory ends. */
	memcpy(copy, data, size);
	rc = qt__format_parse(&f, copy, size, &err);
	free(copy);
	if (rc < 0) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	if (qt__format_text(&f, &text) < 0 ||
	    qt__format_parse(&again, text.data, text.len, NULL) < 0 ||
	    memcmp(&f, &again, sizeof(f)) != 0)
		abort();
	qt_buf_clear(&text);
	return 0;
}
