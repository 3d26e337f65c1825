/* SPDX-License-Identifier: Apache-2.0 */
/* The file FORMAT, and where the logs are that it names. See format_priv.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/hex.h>
#include <qt/base/sys.h>
#include <qt/base/text.h>

#include "durable_priv.h"
#include "format_priv.h"

void
qt__format_id(const struct qt__format *f, char text[33])
{
	for (size_t i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", f->id[i]);
}

static int
parse_id(struct qt__format *f, const char *text)
{
	char	again[33];

	if (strlen(text) != 32)
		return -EINVAL;
	for (size_t i = 0; i < 32; i++)
		f->id[i / 2] = (uint8_t)(f->id[i / 2] << 4 |
		    (qt_hex_value(text[i]) & 15));
	qt__format_id(f, again);
	return strcmp(again, text) == 0 ? 0 : -EINVAL;
}

static int
parse_version(const char *line, struct qt_err *err)
{
	uint64_t	version;

	if (strncmp(line, "qt-store ", 9) != 0 ||
	    line[9] < '1' || line[9] > '9' ||
	    qt_text_parse_bytes(line + 9, &version) < 0) {
		qt_err_set(err, "FORMAT: it does not begin with 'qt-store 1'");
		return -QT_EFORMAT;
	}
	if (version == QT__FORMAT_VERSION)
		return 0;
	qt_err_set(err, "FORMAT: made by a newer program (its format is %"
	    PRIu64 ", known is %u)", version, QT__FORMAT_VERSION);
	return -QT_EVERSION;
}

/* "name value". Each once: *seen has a bit for each setting. */
static int
parse_setting(struct qt__format *f, char *line, uint32_t *seen,
    struct qt_err *err)
{
	char		*value = strchr(line, ' '), none[] = "";
	char		 text[QT_STORE_PATH_SIZE];
	uint32_t	 cursor = 0;
	const char	*name;
	size_t		 len;
	int		 rc;

	if (value != NULL)
		*value++ = '\0';
	else
		value = none;
	len = strlen(value);
	if (qt_text_unescape(value, &len) < 0 ||
	    memchr(value, '\0', len) != NULL) {
		qt_err_set(err, "%s: a backslash or a byte that cannot be",
		    line);
		return -EINVAL;
	}
	value[len] = '\0';
	rc = qt_store_settings_set(&f->set, line, value, err);
	if (rc < 0)
		return rc == -ENOENT ? -EINVAL : rc;
	while (qt_store_settings_next(&f->set, &cursor, &name, text,
	    sizeof(text)) == 1 && strcmp(name, line) != 0)
		;
	if (*seen & UINT32_C(1) << cursor) {
		qt_err_set(err, "%s for the second time", line);
		return -EINVAL;
	}
	*seen |= UINT32_C(1) << cursor;
	return 0;
}

static int
parse_line(struct qt__format *f, char *line, unsigned int number,
    uint32_t *seen, struct qt_err *err)
{
	int	rc;

	if (number == 1)
		return parse_version(line, err);
	if (number == 2 && (strncmp(line, "id ", 3) != 0 ||
	    parse_id(f, line + 3) < 0)) {
		qt_err_set(err, "FORMAT:2: not 'id' and 32 digits");
		return -QT_ECORRUPT;
	}
	if (number == 3 && (strncmp(line, "made ", 5) != 0 ||
	    qt_clock_parse_iso(&f->made_ms, line + 5) < 0)) {
		qt_err_set(err, "FORMAT:3: not 'made' and a time");
		return -QT_ECORRUPT;
	}
	if (number <= 3)
		return 0;
	rc = parse_setting(f, line, seen, err);
	if (rc < 0)
		qt_err_wrap(err, "FORMAT:%u", number);
	return rc;
}

int
qt__format_parse(struct qt__format *out, char *text, size_t len,
    struct qt_err *err)
{
	unsigned int	 number = 0;
	uint32_t	 seen = 0;
	char		*end;
	int		 rc;

	memset(out, 0, sizeof(*out));
	qt_store_settings_init(&out->set);
	while (len > 0) {
		end = memchr(text, '\n', len);
		if (end == NULL || memchr(text, '\0', (size_t)(end - text))) {
			qt_err_set(err, number == 0 ? "FORMAT: not a text of "
			    "lines" : "FORMAT:%u: the line does not end",
			    number + 1);
			return number == 0 ? -QT_EFORMAT : -QT_ECORRUPT;
		}
		*end++ = '\0';
		rc = parse_line(out, text, ++number, &seen, err);
		if (rc < 0)
			return rc;
		len -= (size_t)(end - text);
		text = end;
	}
	if (number < 3) {
		qt_err_set(err, number == 0 ? "FORMAT: it is empty" :
		    "FORMAT: it has %u lines, the id or the time is missing",
		    number);
		return number == 0 ? -QT_EFORMAT : -QT_ECORRUPT;
	}
	rc = qt__settings_check(&out->set, err);
	if (rc < 0)
		qt_err_wrap(err, "FORMAT");
	return rc;
}

int
qt__format_text(const struct qt__format *f, struct qt_buf *out)
{
	char		id[33], made[QT_CLOCK_ISO_SIZE];
	char		value[QT_STORE_PATH_SIZE];
	uint32_t	cursor = 0;
	const char	*name;
	int		rc;

	qt__format_id(f, id);
	qt_clock_iso(f->made_ms, made);
	rc = qt_buf_addf(out, "qt-store %u\nid %s\nmade %s\n",
	    QT__FORMAT_VERSION, id, made);
	while (rc == 0 && qt_store_settings_next(&f->set, &cursor, &name,
	    value, sizeof(value)) == 1) {
		rc = qt_buf_addf(out, "%s%s", name, *value != '\0' ? " " : "");
		if (rc == 0)
			rc = qt_buf_reserve(out, 4 * strlen(value) + 1);
		if (rc < 0)
			break;
		qt_text_escape(out, value, strlen(value));
		rc = qt_buf_add(out, "\n", 1);
	}
	return rc;
}

int
qt__format_read(struct qt__format *out, int dirfd, const char *name,
    struct qt_err *err)
{
	char	*text;
	ssize_t	 n;
	int	 fd, rc;

	fd = qt_sys_open(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT) {
		qt_err_set(err, "there is no %s in it", name);
		return -QT_EFORMAT;
	}
	if (fd < 0) {
		qt_err_set(err, "open %s", name);
		return fd;
	}
	text = malloc(QT__FORMAT_MAX + 1);
	n = text == NULL ? -ENOMEM :
	    qt_sys_pread(fd, text, QT__FORMAT_MAX + 1, 0);
	close(fd);
	if (n < 0) {
		qt_err_set(err, "read %s", name);
		rc = (int)n;
	} else if (n > (ssize_t)QT__FORMAT_MAX) {
		qt_err_set(err, "%s: more than %u bytes", name, QT__FORMAT_MAX);
		rc = -QT_EFORMAT;
	} else {
		rc = qt__format_parse(out, text, (size_t)n, err);
	}
	free(text);
	return rc;
}

int
qt__format_load(struct qt__format *out, int dirfd, struct qt_err *err)
{
	return qt__format_read(out, dirfd, "FORMAT", err);
}

/*
 * FORMAT.tmp, fdatasync, rename, fsync of the folder. Killed before the rename,
 * or cut off from power before the last step: the old one is there. So it may
 * be when the last step fails: the answer is an error, and the caller does it
 * again or leaves it.
 */
int
qt__format_write(const struct qt__format *f, int dirfd, struct qt_err *err)
{
	struct qt_buf	text = QT_BUF_INIT;
	int		rc = qt__format_text(f, &text);

	qt_err_set(err, "write FORMAT.tmp");
	if (rc == 0)
		rc = qt__durable_write(dirfd, "FORMAT.tmp", text.data,
		    text.len);
	qt_buf_clear(&text);
	return rc;
}

int
qt__format_save(const struct qt__format *f, int dirfd, struct qt_err *err)
{
	int	rc = qt__settings_check(&f->set, err);

	if (rc < 0)
		return rc;
	rc = qt__format_write(f, dirfd, err);
	if (rc == 0)
		rc = qt_sys_rename(dirfd, "FORMAT.tmp", "FORMAT");
	if (rc < 0) {
		(void)qt_sys_unlink(dirfd, "FORMAT.tmp");
		return rc;
	}
	rc = qt__durable_names(dirfd, ".");
	if (rc < 0)
		qt_err_set(err, "sync the folder of FORMAT");
	return rc;
}
