/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_JSON_H
#define QT_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

/*
 * JSON output, appended to a buffer. Commas, quotes and escapes are put where
 * they belong; bytes that are not UTF-8 become U+FFFD, one for each maximal
 * invalid part, so the output is always valid JSON. Nesting up to 64 deep.
 *
 *	struct qt_json j = QT_JSON_INIT(&buf);
 *	qt_json_object(&j, NULL);
 *	qt_json_str(&j, "name", s);		key NULL inside an array; a
 *						NULL text is null
 *	qt_json_end(&j);
 *	rc = qt_json_status(&j);		0, or the first -ENOMEM
 *
 * Not for two threads at once. No parser: jansson reads JSON.
 */
struct qt_json {
	struct qt_buf	*buf;
	uint64_t	 is_array;	/* bit d: the value at depth d is one */
	uint64_t	 has_items;	/* bit d: a comma comes first */
	unsigned int	 depth;
	int		 status;
};

#define QT_JSON_INIT(buf) { buf, 0, 0, 0, 0 }

void	qt_json_object(struct qt_json *j, const char *key);
void	qt_json_array(struct qt_json *j, const char *key);
void	qt_json_end(struct qt_json *j);
void	qt_json_str(struct qt_json *j, const char *key, const char *text);
void	qt_json_strn(struct qt_json *j, const char *key, const char *text,
	    size_t len);
void	qt_json_int(struct qt_json *j, const char *key, int64_t n);
void	qt_json_uint(struct qt_json *j, const char *key, uint64_t n);
/* Shortest form that reads back the same; null when not finite. */
void	qt_json_double(struct qt_json *j, const char *key, double n);
void	qt_json_bool(struct qt_json *j, const char *key, int yes);
void	qt_json_null(struct qt_json *j, const char *key);
int	qt_json_status(const struct qt_json *j);

#endif /* QT_BASE_JSON_H */
