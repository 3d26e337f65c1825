/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that others wrote: opening, detection, lines. <qt/hist/import.h> */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "import_priv.h"

#define MAGIC		"SQLite format 3"	/* and a NUL */
#define LOOK_LINES	1000			/* to detect a format */
#define CHUNK		((size_t)1 << 20)

static const char *const names[QT_HIST_FORMATS_] = {
	[QT_HIST_DETECT] = "detect", [QT_HIST_BASH] = "bash",
	[QT_HIST_ZSH] = "zsh", [QT_HIST_FISH] = "fish",
	[QT_HIST_POWERSHELL] = "powershell", [QT_HIST_JSON] = "json",
	[QT_HIST_ATUIN] = "atuin", [QT_HIST_HISTDB] = "histdb",
	[QT_HIST_MCFLY] = "mcfly", [QT_HIST_HISHTORY] = "hishtory",
};

const char *
qt_hist_format_name(enum qt_hist_format format)
{
	return names[format];
}

int
qt_hist_format_find(enum qt_hist_format *out, const char *name)
{
	for (size_t i = 1; i < QT_HIST_FORMATS_; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum qt_hist_format)i;
			return 0;
		}
	return -ENOENT;
}

/* --- Lines ---------------------------------------------------------------- */

bool
qt__line_peek(const struct qt_hist_import *i, struct qt__line *out)
{
	const char	*p = i->data + i->at, *lf;

	if (i->at == i->len)
		return false;
	lf = memchr(p, '\n', i->len - i->at);
	out->is_torn = lf == NULL;
	out->data = p;
	out->len = lf == NULL ? i->len - i->at : (size_t)(lf - p);
	return true;
}

bool
qt__line_next(struct qt_hist_import *i, struct qt__line *out)
{
	if (!qt__line_peek(i, out))
		return false;
	i->at += out->len + !out->is_torn;
	i->line++;
	return true;
}

bool
qt__digits(const char **at, const char *end, uint64_t *out)
{
	const char	*p = *at;
	uint64_t	 n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	*out = n;
	if (p == *at)
		return false;
	*at = p;
	return true;
}

uint64_t
qt__seconds(uint64_t seconds)
{
	return seconds > INT64_MAX / 1000000 ? 0 : seconds * 1000000;
}

bool
qt__starts(const char *data, size_t len, const char *with)
{
	size_t	n = strlen(with);

	return len >= n && memcmp(data, with, n) == 0;
}

/* --- Detection ------------------------------------------------------------ */

static enum qt_hist_format
format_of_line(const struct qt__line *line)
{
	uint64_t	seconds;

	if (qt__bash_is_time(line, &seconds))
		return QT_HIST_BASH;
	if (qt__zsh_is_head(line))
		return QT_HIST_ZSH;
	if (qt__starts(line->data, line->len, "- cmd:"))
		return QT_HIST_FISH;
	if (qt__starts(line->data, line->len, "{\"command"))
		return QT_HIST_JSON;
	return QT_HIST_DETECT;
}

static enum qt_hist_format
format_of_name(const char *path)
{
	static const struct {
		const char		*part;
		enum qt_hist_format	 format;
	} parts[] = {
		{ "zsh", QT_HIST_ZSH }, { "zhistory", QT_HIST_ZSH },
		{ ".histfile", QT_HIST_ZSH }, { "fish", QT_HIST_FISH },
		{ "ConsoleHost", QT_HIST_POWERSHELL },
		{ "powershell", QT_HIST_POWERSHELL },
		{ ".jsonl", QT_HIST_JSON }, { ".json", QT_HIST_JSON },
	};
	const char	*slash = strrchr(path, '/');

	path = slash == NULL ? path : slash + 1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(path, parts[i].part) != NULL)
			return parts[i].format;
	return QT_HIST_BASH;
}

/* By the first line that is of one format only; then by name. */
static enum qt_hist_format
detect(struct qt_hist_import *i, const char *path)
{
	enum qt_hist_format	format = QT_HIST_DETECT;
	struct qt__line		line;

	for (int n = 0; n < LOOK_LINES && format == QT_HIST_DETECT &&
	    qt__line_next(i, &line); n++)
		format = format_of_line(&line);
	i->at = i->line = 0;
	return format != QT_HIST_DETECT ? format : format_of_name(path);
}

/* What concerns all of a text. */
static void
look(struct qt_hist_import *i, const char *path)
{
	struct qt__line	line;

	if (i->format == QT_HIST_DETECT)
		i->format = detect(i, path);
	if (i->format != QT_HIST_POWERSHELL)
		return;
	if (qt__starts(i->data, i->len, "\xef\xbb\xbf"))
		i->at = 3;
	i->is_crlf = qt__line_peek(i, &line) && line.len > 0 &&
	    line.data[line.len - 1] == '\r';
}

/* --- Opening -------------------------------------------------------------- */

/* All of a file; not mapped, as its shell may cut it off meanwhile. */
static int
read_all(struct qt_hist_import *i, int fd, struct qt_err *err)
{
	struct qt_buf	all = QT_BUF_INIT;
	off_t		size = lseek(fd, 0, SEEK_END);
	ssize_t		n = 0;
	int		rc = 0;

	if (size > 0 && lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	if (size > 0 && (uint64_t)size < QT_HIST_IMPORT_MAX)
		rc = qt_buf_reserve(&all, (size_t)size + 1);
	while (rc == 0) {
		if (all.cap - all.len == 0)
			rc = qt_buf_reserve(&all, CHUNK);
		if (rc < 0)
			break;
		n = qt_sys_read(fd, all.data + all.len, all.cap - all.len);
		if (n <= 0)
			break;
		all.len += (size_t)n;
		if (all.len > QT_HIST_IMPORT_MAX) {
			qt_err_set(err, "it is larger than 4 GiB");
			rc = -EFBIG;
		}
	}
	if (rc == 0 && n < 0)
		rc = (int)n;
	if (rc < 0) {
		qt_buf_clear(&all);
		return rc;
	}
	i->len = all.len;
	i->data = i->own = qt_buf_detach(&all);
	if (i->data == NULL)
		i->data = "";
	return 0;
}

static bool
is_database(enum qt_hist_format format)
{
	return format >= QT_HIST_ATUIN;
}

static int
open_file(struct qt_hist_import *i, const char *path, struct qt_err *err)
{
	char	magic[sizeof(MAGIC)];
	bool	is_stdin = strcmp(path, "-") == 0;
	int	fd = is_stdin ? STDIN_FILENO : qt_sys_open(AT_FDCWD, path,
	    O_RDONLY | O_NOCTTY, 0);
	int	rc;

	if (fd < 0)
		return fd;
	if (is_database(i->format) || (!is_stdin && i->format ==
	    QT_HIST_DETECT && pread(fd, magic, sizeof(magic), 0) ==
	    sizeof(magic) && memcmp(magic, MAGIC, sizeof(magic)) == 0))
		rc = qt__rows_open(i, path, err);
	else
		rc = read_all(i, fd, err);
	if (!is_stdin)
		close(fd);
	if (rc == 0 && i->rows == NULL)
		look(i, path);
	return rc;
}

int
qt_hist_import_open(struct qt_hist_import **out, const char *path,
    enum qt_hist_format format, struct qt_err *err)
{
	struct qt_hist_import	*i = calloc(1, sizeof(*i));
	int			 rc;

	*out = NULL;
	if (i == NULL)
		return -ENOMEM;
	i->format = format;
	rc = open_file(i, path, err);
	if (rc < 0) {
		qt_err_wrap(err, "read '%s'", path);
		qt_hist_import_close(i);
		return rc;
	}
	*out = i;
	return 0;
}

int
qt_hist_import_open_bytes(struct qt_hist_import **out, const void *data,
    size_t len, enum qt_hist_format format, struct qt_err *err)
{
	struct qt_hist_import	*i = calloc(1, sizeof(*i));

	*out = NULL;
	if (i == NULL)
		return -ENOMEM;
	if (is_database(format)) {
		qt_err_set(err, "a database has to be a file");
		free(i);
		return -QT_EFORMAT;
	}
	i->format = format;
	i->data = len == 0 ? "" : data;
	i->len = len;
	look(i, "");
	*out = i;
	return 0;
}

void
qt_hist_import_close(struct qt_hist_import *i)
{
	if (i == NULL)
		return;
	qt__rows_close(i->rows);
	qt_buf_clear(&i->text);
	qt_buf_clear(&i->more);
	qt_buf_clear(&i->tags);
	free(i->own);
	free(i);
}

struct qt_hist_bytes
qt_hist_import_tags(const struct qt_hist_import *i)
{
	return (struct qt_hist_bytes){ i->tags.data, i->tags.len };
}

enum qt_hist_format
qt_hist_import_format(const struct qt_hist_import *i)
{
	return i->format;
}

void
qt_hist_import_progress(const struct qt_hist_import *i, uint64_t *done,
    uint64_t *all)
{
	*done = i->at;
	*all = i->len;
	if (i->rows != NULL)
		qt__rows_progress(i->rows, done, all);
}

/* --- Events --------------------------------------------------------------- */

static int
next_of_format(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	switch (i->format) {
	case QT_HIST_BASH:	return qt__bash_next(i, out, err);
	case QT_HIST_ZSH:	return qt__zsh_next(i, out, err);
	case QT_HIST_FISH:	return qt__fish_next(i, out, err);
	case QT_HIST_POWERSHELL: return qt__powershell_next(i, out, err);
	case QT_HIST_JSON:	return qt__json_next(i, out, err);
	default:		return qt__rows_next(i, out, err);
	}
}

static struct qt_hist_bytes
shell_of(enum qt_hist_format format)
{
	const char	*name = format <= QT_HIST_POWERSHELL ? names[format] :
	    format == QT_HIST_HISTDB ? "zsh" : "";

	return (struct qt_hist_bytes){ name, strlen(name) };
}

/* Why an event is not to be had; or NULL. */
static const char *
why_not(const struct qt_hist_event *e)
{
	const struct qt_hist_bytes *const	fields[] = { &e->cwd, &e->root,
	    &e->host, &e->user, &e->tty, &e->shell, &e->session,
	    &e->qt_session };

	if (e->text.len > QT_HIST_TEXT_MAX)
		return "it is longer than 1 MiB";
	if (memchr(e->text.data, '\0', e->text.len) != NULL)
		return "no command can have a NUL byte";
	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
		if (fields[k]->len > QT_HIST_TEXT_MAX)
			return "its folder, session or the like is longer "
			    "than 1 MiB";
	return NULL;
}

int
qt_hist_import_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	uint64_t	line;
	const char	*why;
	int		rc;

	do {
		line = i->line + 1;
		*out = (struct qt_hist_event){ .status = -1,
			.took_us = UINT64_MAX, .flags = QT_HIST_IMPORTED,
			.shell = shell_of(i->format) };
		rc = next_of_format(i, out, err);
	} while (rc == 1 && out->text.len == 0);
	if (rc != 1)
		return rc;
	why = why_not(out);
	if (why == NULL)
		return 1;
	qt_err_set(err, "%s %llu: %s", i->rows == NULL ? "line" : "row",
	    (unsigned long long)line, why);
	return -QT_EFORMAT;
}
