/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a command, and as a user's rules: what comes of a command is not
 * longer than its secrets make it, doing it again finds nothing, and what the
 * first line of the rules says is bounded, too. The first NUL byte parts them.
 * clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libcommon/hist/redact_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static void
check_text(struct qt_hist_redact *r, const char *text, size_t len)
{
	struct qt_buf	out = QT_BUF_INIT, again = QT_BUF_INIT;
	int		rc = qt_hist_redact_text(r, &out, text, len);

	check(rc == 0 || rc == 1);
	if (rc == 0) {
		check(out.len == 0);
	} else {
		check(memmem(out.data, out.len, QT_HIST_REDACTION,
		    strlen(QT_HIST_REDACTION)) != NULL);
		check(out.len <= len * (strlen(QT_HIST_REDACTION) + 1));
		check(qt_hist_redact_text(r, &again, out.data, out.len) == 0);
	}
	qt_buf_clear(&out);
	qt_buf_clear(&again);
}

static void
check_lines(char *text, size_t len)
{
	struct qt__user_rules	u = { 0 };
	char			why[256];

	for (char *p = text, *end = text + len; p < end;) {
		char	*eol = memchr(p, '\n', (size_t)(end - p));

		if (eol == NULL)
			eol = end;
		why[0] = '\0';
		if (qt__user_rules_line(&u, p, (size_t)(eol - p), why) < 0)
			check(why[0] != '\0');
		p = eol + 1;
	}
	check(u.count <= QT_HIST_RULES_MAX);
	qt__user_rules_clear(&u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qt_hist_redact	*r;
	const uint8_t			*nul;
	char				*copy;

	if (r == NULL)
		check(qt_hist_redact_open(&r, NULL, NULL, NULL, NULL) == 0);
	if (size == 0)
		return 0;
	nul = memchr(data, '\0', size);
	check_text(r, (const char *)data, size);
	copy = malloc(size + 1);
	check(copy != NULL);
	memcpy(copy, data, size);
	if (nul != NULL)
		check_lines(copy + (nul - data), size - (size_t)(nul - data));
	else
		check_lines(copy, size);
	free(copy);
	return 0;
}
