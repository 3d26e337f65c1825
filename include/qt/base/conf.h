/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_CONF_H
#define QT_BASE_CONF_H

#include <stddef.h>

#include <qt/base/err.h>

/*
 * The configuration file, qt.conf: lines "section.key = value", '#' comments,
 * blank lines. Values are taken to the end of the line, trimmed; of several
 * lines with one key the last counts. A value is looked up as: the
 * environment's QT_SECTION_KEY when not empty ('.' and '-' become '_'), else
 * the file, else the caller's default. Flags are the caller's business and
 * come first. Files up to 1 MiB, keys up to 64 bytes.
 */
struct qt_conf;

/*
 * Loads path, or qt_path_config()'s when NULL; a missing file is an empty
 * one. On a bad line returns -EINVAL with "path:line: ..." in err.
 */
int	qt_conf_load(const char *path, struct qt_conf **out, struct qt_err *err);
void	qt_conf_free(struct qt_conf *conf);

/*
 * Whether every key of one section ("qtd") that the file sets is in known,
 * which ends with NULL and holds whole keys ("qtd.port"). -EINVAL naming the
 * first one that is not, with its place: a misspelt setting must not be
 * passed over. Each program checks the sections that are its own.
 */
int	qt_conf_check(const struct qt_conf *conf, const char *section,
	    const char *const *known, struct qt_err *err);

/*
 * conf may be NULL, then only the environment counts. Borrowed until
 * qt_conf_free() or setenv(3); fallback when unset.
 */
const char *qt_conf_str(const struct qt_conf *conf, const char *key,
	    const char *fallback);
/* -EINVAL with the place when not a number (K, M, G allowed) in range. */
int	qt_conf_ulong(const struct qt_conf *conf, const char *key,
	    unsigned long fallback, unsigned long min, unsigned long max,
	    unsigned long *out, struct qt_err *err);

#endif /* QT_BASE_CONF_H */
