/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_TAGS_H
#define QT_MAP_TAGS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Types of values: the tag that the store keeps with each. Values are stored as
 * they are written; of a type they are checked before.
 */
enum tag {
	TAG_BYTES,	/* anything */
	TAG_TEXT,	/* UTF-8 */
	TAG_I64,	/* decimal digits, and a '-' */
	TAG_U64,
	TAG_F64,	/* as strtod(3) reads it */
	TAG_JSON,	/* UTF-8, not more than this: */
	TAG_COUNT
};

#define TAG_JSON_MAX	(16u << 20)

/* A name, or a number to 255 of somebody else. -1: no such type. */
int	tag_parse(const char *name);
/* NULL for a tag that is none of ours. */
const char *tag_name(uint8_t tag);
/* Whether value, which a NUL follows, is one of that type. */
int	tag_is(uint8_t tag, const char *value, size_t len);
/* "bytes, text, ..." */
#define TAG_NAMES	"bytes, text, i64, u64, f64, json"

#endif /* QT_MAP_TAGS_H */
