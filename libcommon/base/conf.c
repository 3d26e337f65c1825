/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file and its variables. See <qt/base/conf.h>. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/conf.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>
#include <qt/base/text.h>

#define FILE_MAX ((size_t)1024 * 1024)
#define KEY_MAX 64

struct item {
	const char	*key;	/* in text */
	const char	*value;
	unsigned int	 line;
};

struct qt_conf {
	char		*path;
	char		*text;	/* the file, cut into strings */
	struct item	*items;
	size_t		 count;
};

static int
is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	    c == '-';
}

/* Words of key characters with single dots between, at least two words. */
static int
is_key(const char *key, size_t len)
{
	size_t	i, dots = 0;

	if (len == 0 || len > KEY_MAX || key[len - 1] == '.')
		return 0;
	for (i = 0; i < len; i++) {
		if (key[i] == '.' && i > 0 && key[i - 1] != '.')
			dots++;
		else if (!is_key_char(key[i]))
			return 0;
	}
	return dots > 0;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int
bad_line(const struct qt_conf *conf, unsigned int line, struct qt_err *err,
    const char *what)
{
	qt_err_set(err, "%s:%u: %s", conf->path, line, what);
	return -EINVAL;
}

static int
add_item(struct qt_conf *conf, struct item item)
{
	struct item	*items = conf->items;

	if ((conf->count & (conf->count - 1)) == 0) {	/* 0 or a power of 2 */
		items = realloc(items, (conf->count > 0 ? conf->count * 2 : 1)
		    * sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		conf->items = items;
	}
	items[conf->count++] = item;
	return 0;
}

/* Takes one line, which ends with a '\0' that replaced its '\n'. */
static int
parse_line(struct qt_conf *conf, char *p, unsigned int line,
    struct qt_err *err)
{
	char	*key, *end, *value;

	while (is_blank(*p))
		p++;
	if (*p == '\0' || *p == '#')
		return 0;
	key = p;
	p += strcspn(p, "=");
	if (*p != '=')
		return bad_line(conf, line, err,
		    "no '=': a line is 'section.key = value'");
	for (end = p; end > key && is_blank(end[-1]); end--)
		;
	if (!is_key(key, (size_t)(end - key)))
		return bad_line(conf, line, err, "not a key: it looks like "
		    "'section.key', of a-z 0-9 - _, 64 bytes at most");
	*end = '\0';
	for (value = p + 1; is_blank(*value); value++)
		;
	for (end = value + strlen(value); end > value && is_blank(end[-1]);)
		end--;
	*end = '\0';
	return add_item(conf, (struct item){ key, value, line });
}

static int
parse(struct qt_conf *conf, size_t len, struct qt_err *err)
{
	char		*p = conf->text, *nul, *next;
	unsigned int	 line = 1;
	int		 rc;

	for (; len > 0; line++) {
		next = memchr(p, '\n', len);
		nul = memchr(p, '\0', next != NULL ? (size_t)(next - p) : len);
		if (nul != NULL)
			return bad_line(conf, line, err,
			    "a NUL byte: not a text file");
		if (next != NULL)
			*next++ = '\0';
		rc = parse_line(conf, p, line, err);
		if (rc < 0)
			return rc;
		if (next == NULL)
			break;
		len -= (size_t)(next - p);
		p = next;
	}
	return 0;
}

/* The whole file into buf; a missing file is an empty one. */
static int
read_file(const char *path, struct qt_buf *buf)
{
	ssize_t	n;
	int	fd, rc = 0;

	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	for (;;) {
		rc = qt_buf_reserve(buf, 4096);
		if (rc < 0)
			break;
		n = qt_sys_read(fd, buf->data + buf->len, 4096);
		if (n <= 0) {
			rc = (int)n;
			break;
		}
		buf->len += (size_t)n;
		if (buf->len > FILE_MAX) {
			rc = -EFBIG;
			break;
		}
	}
	if (buf->data != NULL)
		buf->data[buf->len] = '\0';
	close(fd);
	return rc;
}

int
qt_conf_load(const char *path, struct qt_conf **out, struct qt_err *err)
{
	char		 name[QT_PATH_SIZE];
	struct qt_buf	 buf = QT_BUF_INIT;
	struct qt_conf	*conf;
	size_t		 len;
	int		 rc;

	*out = NULL;
	if (path == NULL) {
		rc = qt_path_config(name, err);
		if (rc < 0)
			return rc;
		path = name;
	}
	rc = read_file(path, &buf);
	if (rc < 0) {
		qt_err_set(err, "read configuration '%s'", path);
		qt_buf_clear(&buf);
		return rc;
	}
	len = buf.len;
	conf = calloc(1, sizeof(*conf));
	if (conf == NULL) {
		qt_buf_clear(&buf);
		return -ENOMEM;
	}
	conf->text = qt_buf_detach(&buf);
	conf->path = strdup(path);
	rc = conf->path == NULL ? -ENOMEM : parse(conf, len, err);
	if (rc < 0) {
		qt_conf_free(conf);
		return rc;
	}
	*out = conf;
	return 0;
}

void
qt_conf_free(struct qt_conf *conf)
{
	if (conf == NULL)
		return;
	free(conf->path);
	free(conf->text);
	free(conf->items);
	free(conf);
}

int
qt_conf_check(const struct qt_conf *conf, const char *section,
    const char *const *known, struct qt_err *err)
{
	size_t	i, k, len = strlen(section);

	for (i = 0; i < conf->count; i++) {
		const struct item	*item = &conf->items[i];

		if (strncmp(item->key, section, len) != 0 ||
		    item->key[len] != '.')
			continue;
		for (k = 0; known[k] != NULL; k++) {
			if (strcmp(known[k], item->key) == 0)
				break;
		}
		if (known[k] != NULL)
			continue;
		qt_err_set(err, "%s:%u: there is no setting '%s' (qt(7) lists "
		    "them)", conf->path, item->line, item->key);
		return -EINVAL;
	}
	return 0;
}

/* "section.key" -> "QT_SECTION_KEY". */
static void
env_name(const char *key, char out[KEY_MAX + 4])
{
	size_t	i;

	memcpy(out, "QT_", 3);
	for (i = 0; key[i] != '\0' && i < KEY_MAX; i++)
		out[3 + i] = key[i] == '.' || key[i] == '-' ? '_' :
		    key[i] >= 'a' && key[i] <= 'z' ? (char)(key[i] - 32) :
		    key[i];
	out[3 + i] = '\0';
}

/* The last of several lines with one key counts. */
static const struct item *
find(const struct qt_conf *conf, const char *key)
{
	size_t	i;

	for (i = conf != NULL ? conf->count : 0; i > 0; i--) {
		if (strcmp(conf->items[i - 1].key, key) == 0)
			return &conf->items[i - 1];
	}
	return NULL;
}

const char *
qt_conf_str(const struct qt_conf *conf, const char *key, const char *fallback)
{
	char			 name[KEY_MAX + 4];
	const struct item	*item;
	const char		*set;

	env_name(key, name);
	set = getenv(name);
	if (set != NULL && *set != '\0')
		return set;
	item = find(conf, key);
	return item != NULL ? item->value : fallback;
}

static int
parse_ulong(const char *text, unsigned long *out)
{
	uint64_t	n;

	if (qt_text_parse_bytes(text, &n) < 0 || n > ULONG_MAX)
		return -EINVAL;
	*out = (unsigned long)n;
	return 0;
}

int
qt_conf_ulong(const struct qt_conf *conf, const char *key,
    unsigned long fallback, unsigned long min, unsigned long max,
    unsigned long *out, struct qt_err *err)
{
	const char		*text = qt_conf_str(conf, key, NULL);
	const struct item	*item = conf != NULL ? find(conf, key) : NULL;
	char			 name[KEY_MAX + 4];

	*out = fallback;
	if (text == NULL)
		return 0;
	if (parse_ulong(text, out) == 0 && *out >= min && *out <= max)
		return 0;
	*out = fallback;
	env_name(key, name);
	if (item != NULL && item->value == text)
		qt_err_set(err, "%s:%u: %s = '%.100s' is not a number from "
		    "%lu to %lu", conf->path, item->line, key, text, min, max);
	else
		qt_err_set(err, "%s='%.100s' is not a number from %lu to %lu",
		    name, text, min, max);
	return -EINVAL;
}
