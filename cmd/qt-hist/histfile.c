/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands out of a shell's own history file. See forget.h.
 *
 *	bash	a command's lines, with "#SECONDS" before it or not; ble.sh's
 *		line for several, eval -- $'...'
 *	zsh	": SECONDS:SECONDS;" before it or not; newlines behind a
 *		backslash, and bytes that it holds for special behind 0x83
 *	fish	"- cmd: " with \n and \\ escaped, then lines that are indented
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/hist/import.h>

#include "forget.h"

#define FILE_MAX	((off_t)1 << 30)	/* bytes */
#define TRIES		5
#define META		'\x83'

void
histfile_clear(struct histfile *h)
{
	free(h->texts);
	qt_buf_clear(&h->heap);
	h->texts = NULL;
	h->count = 0;
}

int
histfile_add(struct histfile *h, const struct qt_hist_bytes *text)
{
	struct histfile_text	*t = realloc(h->texts,
	    (h->count + 1) * sizeof(*t));

	if (t != NULL)
		h->texts = t;
	if (t == NULL || qt_buf_add(&h->heap, text->data, text->len) < 0)
		return -ENOMEM;
	t[h->count++] = (struct histfile_text){ h->heap.len - text->len,
	    text->len };
	h->is_sorted = false;
	return 0;
}

/* --- Is it one of them? --------------------------------------------------- */

static int
compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int	c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static int
by_text(const void *a, const void *b, void *arg)
{
	const struct histfile_text	*x = a, *y = b;
	const struct histfile		*h = arg;

	return compare(h->heap.data + x->at, x->len, h->heap.data + y->at,
	    y->len);
}

/* The first of them that is not before a text. */
static size_t
find_text(const struct histfile *h, const char *text, size_t len)
{
	size_t	low = 0, high = h->count;

	while (low < high) {
		size_t	i = low + (high - low) / 2;

		if (compare(text, len, h->heap.data + h->texts[i].at,
		    h->texts[i].len) > 0)
			low = i + 1;
		else
			high = i;
	}
	return low;
}

static bool
has_text(const struct histfile *h, const char *text, size_t len)
{
	size_t	i = find_text(h, text, len);

	return i < h->count && compare(text, len, h->heap.data +
	    h->texts[i].at, h->texts[i].len) == 0;
}

/* As it is, or as it would be without its secrets. */
static bool
is_theirs(const struct histfile *h, const char *text, size_t len)
{
	struct qt_buf	clean = QT_BUF_INIT;
	bool		is = has_text(h, text, len);

	if (!is && h->redact != NULL &&
	    qt_hist_redact_text(h->redact, &clean, text, len) == 1)
		is = has_text(h, clean.data, clean.len);
	qt_buf_clear(&clean);
	return is;
}

/* --- Entries: each returns how many bytes it takes, 0 for none of them ----- */

static const char *
line_end(const char *p, const char *end)
{
	const char	*nl = memchr(p, '\n', (size_t)(end - p));

	return nl == NULL ? end : nl;
}

static const char *
behind(const char *eol, const char *end)
{
	return eol < end ? eol + 1 : end;
}

/* Behind a line, and those that it goes on in. */
static const char *
next_line(const char *p, const char *end)
{
	const char	*eol;

	for (;; p = eol + 1) {
		eol = line_end(p, end);
		if (eol == end)
			return end;
		if (eol == p || eol[-1] != '\\')
			return eol + 1;
	}
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Behind "#SECONDS\n"; p where there is none. */
static const char *
skip_stamp(const char *p, const char *end)
{
	const char	*q;

	if (p == end || *p != '#')
		return p;
	q = skip_digits(p + 1, end);
	return q > p + 1 && q < end && *q == '\n' ? q + 1 : p;
}

/* A line of ble.sh's, by what it stands for. */
static bool
is_quoted(const struct histfile *h, const char *line, size_t len)
{
	static const char	 begin[] = "eval -- $'";
	struct qt_hist_import	*i;
	struct qt_hist_event	 e;
	bool			 is;

	if (len < sizeof(begin) - 1 || memcmp(line, begin, sizeof(begin) -
	    1) != 0 || qt_hist_import_open_bytes(&i, line, len, QT_HIST_BASH,
	    NULL) < 0)
		return false;
	is = qt_hist_import_next(i, &e, NULL) == 1 &&
	    is_theirs(h, e.text.data, e.text.len);
	qt_hist_import_close(i);
	return is;
}

/* One of several lines that begin with that up to behind its newline. */
static size_t
lines_entry(const struct histfile *h, const char *p, const char *behind_eol,
    const char *end)
{
	size_t	first = (size_t)(behind_eol - p);

	for (size_t i = find_text(h, p, first); i < h->count; i++) {
		const char	*text = h->heap.data + h->texts[i].at;
		size_t		 len = h->texts[i].len;

		if (len < first || memcmp(text, p, first) != 0)
			break;
		/* bash keeps a last newline, or not. */
		while (len > 0 && text[len - 1] == '\n')
			len--;
		if (len >= first && len <= (size_t)(end - p) &&
		    memcmp(text, p, len) == 0 &&
		    (p + len == end || p[len] == '\n'))
			return (size_t)(behind(p + len, end) - p);
	}
	return 0;
}

static size_t
plain_entry(const struct histfile *h, const char *p, const char *end)
{
	const char	*eol = line_end(p, end);
	size_t		 len = (size_t)(eol - p);

	if (is_theirs(h, p, len) || is_quoted(h, p, len))
		return (size_t)(behind(eol, end) - p);
	return eol == end ? 0 : lines_entry(h, p, eol + 1, end);
}

static size_t
zsh_entry(const struct histfile *h, const char *p, const char *end)
{
	struct qt_buf	text = QT_BUF_INIT;
	const char	*q = p, *at;
	size_t		 size = 0;
	char		 c;

	if (end - q > 2 && q[0] == ':' && q[1] == ' ') {
		at = skip_digits(q + 2, end);
		if (at < end && *at == ':')
			at = skip_digits(at + 1, end);
		if (at < end && *at == ';')
			q = at + 1;
	}
	for (; q < end && *q != '\n'; q++) {
		c = *q;
		if (c == META && q + 1 < end)
			c = (char)(*++q ^ 32);
		else if (c == '\\' && q + 1 < end && q[1] == '\n')
			c = *++q;
		if (qt_buf_add(&text, &c, 1) < 0)
			break;
	}
	if (is_theirs(h, text.data == NULL ? "" : text.data, text.len))
		size = (size_t)(behind(q, end) - p);
	qt_buf_clear(&text);
	return size;
}

static size_t
fish_entry(const struct histfile *h, const char *p, const char *end)
{
	struct qt_buf	text = QT_BUF_INIT;
	const char	*q = p + 7;
	size_t		 size = 0;
	char		 c;

	for (; q < end && *q != '\n'; q++) {
		c = *q;
		if (c == '\\' && q + 1 < end && (q[1] == 'n' || q[1] == '\\'))
			c = *++q == 'n' ? '\n' : '\\';
		if (qt_buf_add(&text, &c, 1) < 0)
			break;
	}
	if (is_theirs(h, text.data == NULL ? "" : text.data, text.len)) {
		q = behind(q, end);
		while (end - q > 2 && q[0] == ' ' && q[1] == ' ')
			q = behind(line_end(q, end), end);
		size = (size_t)(q - p);
	}
	qt_buf_clear(&text);
	return size;
}

static size_t
entry(const struct histfile *h, const char *p, const char *end)
{
	const char	*q = skip_stamp(p, end);
	size_t		 size;

	if (end - p > 7 && memcmp(p, "- cmd: ", 7) == 0)
		return fish_entry(h, p, end);
	size = q < end ? plain_entry(h, q, end) : 0;
	if (size > 0)
		return (size_t)(q - p) + size;
	return zsh_entry(h, p, end);
}

int
histfile_filter(struct histfile *h, struct qt_buf *out, const char *data,
    size_t len, uint64_t *count)
{
	const char	*p = data, *end = data + len, *kept = data;
	int		 rc = 0;

	if (!h->is_sorted && h->count > 0)
		qsort_r(h->texts, h->count, sizeof(*h->texts), by_text, h);
	h->is_sorted = true;
	while (p < end && rc == 0) {
		size_t	size = entry(h, p, end);

		if (size == 0) {
			p = next_line(p, end);
			continue;
		}
		rc = qt_buf_add(out, kept, (size_t)(p - kept));
		p += size;
		kept = p;
		++*count;
	}
	return rc < 0 ? rc : qt_buf_add(out, kept, (size_t)(end - kept));
}

/* --- The file ------------------------------------------------------------- */

static int
read_file(const char *path, struct qt_buf *out, struct stat *st)
{
	int	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	ssize_t	n = 1;
	int	rc = fd < 0 ? fd : 0;

	if (rc == 0 && fstat(fd, st) < 0)
		rc = -errno;
	if (rc == 0 && !S_ISREG(st->st_mode))
		rc = -EINVAL;
	if (rc == 0 && st->st_size > FILE_MAX)
		rc = -EFBIG;
	while (rc == 0 && n > 0) {
		rc = qt_buf_reserve(out, 1 << 16);
		n = rc < 0 ? 0 : qt_sys_read(fd, out->data + out->len, 1 << 16);
		if (n > 0)
			out->len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return rc < 0 ? rc : n < 0 ? (int)n : 0;
}

static bool
is_same(const char *path, const struct stat *st)
{
	struct stat	now;

	return stat(path, &now) == 0 && now.st_ino == st->st_ino &&
	    now.st_size == st->st_size &&
	    now.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

/* Of a file whose name may be cut: the disk is to lose what was there. */
static int
sync_folder(char *path)
{
	char	*slash = strrchr(path, '/');
	int	 fd, rc;

	if (slash != NULL)
		slash[slash == path] = '\0';
	fd = qt_sys_open(AT_FDCWD, slash == NULL ? "." : path, O_RDONLY |
	    O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	rc = qt_sys_fsync(fd);
	close(fd);
	return rc;
}

static int
replace(const char *path, const struct qt_buf *to, const struct stat *st)
{
	char	temporary[QT_PATH_SIZE];
	int	n = snprintf(temporary, sizeof(temporary), "%s.qt-%d", path,
	    getpid()), fd, rc;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL,
	    0600);
	if (fd < 0)
		return fd;
	rc = qt_sys_write_all(fd, to->data == NULL ? "" : to->data, to->len);
	if (rc == 0 && st->st_uid != geteuid() &&
	    fchown(fd, st->st_uid, st->st_gid) < 0)
		rc = -errno;
	if (rc == 0 && fchmod(fd, st->st_mode & 07777) < 0)
		rc = -errno;
	if (rc == 0)
		rc = qt_sys_fsync(fd);
	if (rc == 0 && !is_same(path, st))
		rc = -EAGAIN;
	if (rc == 0)
		rc = qt_sys_rename(AT_FDCWD, temporary, path);
	if (rc < 0)
		(void)qt_sys_unlink(AT_FDCWD, temporary);
	close(fd);
	return rc < 0 ? rc : sync_folder(temporary);
}

int
histfile_forget(struct histfile *h, const char *path, uint64_t *count,
    struct qt_err *err)
{
	char	*real = realpath(path, NULL);
	int	 rc = real == NULL ? -errno : -EAGAIN;

	*count = 0;
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		struct qt_buf	in = QT_BUF_INIT, out = QT_BUF_INIT;
		struct stat	st;

		*count = 0;
		rc = read_file(real, &in, &st);
		if (rc == 0 && in.len > 0)
			rc = histfile_filter(h, &out, in.data, in.len, count);
		if (rc == 0 && *count > 0)
			rc = replace(real, &out, &st);
		qt_buf_clear(&in);
		qt_buf_clear(&out);
	}
	if (rc < 0)
		qt_err_set(err, "remove commands from '%s'", path);
	free(real);
	return rc;
}
