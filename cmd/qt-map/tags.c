/* SPDX-License-Identifier: Apache-2.0 */
/* Types of values. See tags.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <qt/base/utf8.h>

#include "tags.h"

static const char *const	names[TAG_COUNT] = {
	[TAG_BYTES] = "bytes", [TAG_TEXT] = "text", [TAG_I64] = "i64",
	[TAG_U64] = "u64", [TAG_F64] = "f64", [TAG_JSON] = "json",
};

int
tag_parse(const char *name)
{
	unsigned long	 tag;
	char		*end;

	for (int i = 0; i < TAG_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (*name >= '0' && *name <= '9') {
		tag = strtoul(name, &end, 10);
		if (*end == '\0' && tag <= UINT8_MAX)
			return (int)tag;
	}
	return -1;
}

const char *
tag_name(uint8_t tag)
{
	return tag < TAG_COUNT ? names[tag] : NULL;
}

static int
is_text(const char *p, size_t len)
{
	int	is_valid = 1;

	for (size_t n; len > 0 && is_valid; p += n, len -= n)
		n = qt_utf8_next(p, len, &is_valid);
	return is_valid;
}

/* Digits, with a '-' if it may have one, in range. */
static int
is_whole(const char *value, size_t len, int has_sign)
{
	const char	*p = value;
	char		*end;

	p += has_sign && *p == '-';
	if (*p < '0' || *p > '9')
		return 0;
	errno = 0;
	if (has_sign)
		(void)strtoll(value, &end, 10);
	else
		(void)strtoull(value, &end, 10);
	return errno == 0 && end == value + len;
}

static int
is_double(const char *value, size_t len)
{
	char	*end;

	if (len == 0 || *value == ' ' || (*value >= '\t' && *value <= '\r'))
		return 0;
	(void)strtod(value, &end);
	return end == value + len;
}

static int
is_json(const char *value, size_t len)
{
	json_t	*root = NULL;

	if (len <= TAG_JSON_MAX)
		root = json_loadb(value, len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
		    NULL);
	json_decref(root);
	return root != NULL;
}

int
tag_is(uint8_t tag, const char *value, size_t len)
{
	switch (tag) {
	case TAG_TEXT:
		return is_text(value, len);
	case TAG_I64:
	case TAG_U64:
		return is_whole(value, len, tag == TAG_I64);
	case TAG_F64:
		return is_double(value, len);
	case TAG_JSON:
		return is_json(value, len);
	default:
		return 1;
	}
}
