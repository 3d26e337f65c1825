/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of batch. See command.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/text.h>
#include <qt/store/store.h>

#include "command.h"
#include "map.h"
#include "tags.h"

struct word {
	char	*p;
	size_t	 len;
};

static const struct {
	const char	*name;
	int		 fields;
} verbs[] = {
	[COMMAND_PUT] = { "put", 2 }, [COMMAND_GET] = { "get", 1 },
	[COMMAND_DEL] = { "del", 1 }, [COMMAND_HAS] = { "has", 1 },
	[COMMAND_COUNT] = { "count", 0 }, [COMMAND_SYNC] = { "sync", 0 },
};

static int
is_word(const struct word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->p, text, w->len) == 0;
}

static int
find_verb(const struct word *w)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (is_word(w, verbs[i].name))
			return (int)i;
	return -EINVAL;
}

int
command_fields(const char *first, size_t len)
{
	size_t		end = 0;
	struct word	w = { (char *)(uintptr_t)first, 0 };
	int		verb;

	while (end < len && first[end] != ' ' && first[end] != '\t')
		end++;
	w.len = end;
	verb = find_verb(&w);
	return verb < 0 ? verb : verbs[verb].fields;
}

/* The next word, with a NUL behind it: 1, 0, -EINVAL. */
static int
next_word(struct word *line, struct word *w, struct qt_err *err)
{
	int	rc = qt_text_word(&line->p, &line->len, &w->p, &w->len);

	if (rc < 0)
		qt_err_set(err, "a backslash that begins nothing, or a quote "
		    "without its end");
	return rc;
}

static int
set_version(struct command *c, const char *text)
{
	char	*end;

	errno = 0;
	c->flags |= QT_STORE_IF_VERSION;
	c->if_version = strtoull(text, &end, 10);
	return *text < '0' || *text > '9' || *end != '\0' || errno != 0 ?
	    -EINVAL : 0;
}

/* The value of an option; text is a copy, short as all such are. */
static int
set_option(struct command *c, const struct word *name, const char *text,
    struct qt_err *err)
{
	uint64_t	ms;
	int		rc;

	if (is_word(name, "-t") || is_word(name, "--type")) {
		rc = tag_parse(text);
		c->tag = (uint8_t)rc;
	} else if (is_word(name, "-T") || is_word(name, "--ttl")) {
		rc = qt_text_parse_ms(text, &ms);
		if (rc == 0 && (ms == 0 || ms > TTL_MAX_MS))
			rc = -ERANGE;
		c->expires_ms = qt_clock_real_ms() + ms;
	} else
		rc = set_version(c, text);
	if (rc < 0)
		qt_err_set(err, "%.*s '%s': not a value for it",
		    (int)name->len, name->p, text);
	return rc < 0 ? -EINVAL : 0;
}

static int
takes_value(const struct command *c, const struct word *w)
{
	if (is_word(w, "--if-version"))
		return c->verb == COMMAND_PUT || c->verb == COMMAND_DEL;
	return c->verb == COMMAND_PUT && (is_word(w, "-t") ||
	    is_word(w, "--type") || is_word(w, "-T") || is_word(w, "--ttl"));
}

/* One option, at whose name w is. */
static int
read_option(struct command *c, struct word *line, const struct word *w,
    struct qt_err *err)
{
	struct word	value;
	char		text[64];
	int		rc;

	if (c->verb == COMMAND_PUT && is_word(w, "--if-absent")) {
		c->flags |= QT_STORE_IF_ABSENT;
		return 0;
	}
	if (c->verb != COMMAND_COUNT && !takes_value(c, w)) {
		qt_err_set(err, "%s takes no option '%.*s' (a key that begins "
		    "so follows --)", verbs[c->verb].name, (int)w->len, w->p);
		return -EINVAL;
	}
	rc = next_word(line, &value, err);
	if (rc == 0)
		qt_err_set(err, "'%.*s' needs a value", (int)w->len, w->p);
	if (rc <= 0)
		return -EINVAL;
	if (c->verb == COMMAND_COUNT) {
		if (!is_word(w, "-p") && !is_word(w, "--prefix")) {
			qt_err_set(err, "count takes no option '%.*s'",
			    (int)w->len, w->p);
			return -EINVAL;
		}
		c->prefix = value.p;
		c->prefix_len = value.len;
		return 0;
	}
	if (value.len >= sizeof(text)) {
		qt_err_set(err, "'%.*s': its value is too long", (int)w->len,
		    w->p);
		return -EINVAL;
	}
	memcpy(text, value.p, value.len);
	text[value.len] = '\0';
	return set_option(c, w, text, err);
}

/* Verb and options; 1 with the word behind them in w, 0 when there is none. */
static int
read_head(struct command *c, struct word *line, struct word *w,
    struct qt_err *err)
{
	int	rc = next_word(line, w, err), verb;

	memset(c, 0, sizeof(*c));
	if (rc <= 0)
		return rc;
	verb = find_verb(w);
	if (verb < 0) {
		qt_err_set(err, "no command '%.*s': put, get, del, has, count "
		    "and sync", w->len < 40 ? (int)w->len : 40, w->p);
		return -EINVAL;
	}
	c->verb = (enum command_verb)verb;
	while ((rc = next_word(line, w, err)) == 1) {
		if (w->len < 2 || *w->p != '-')
			break;
		if (is_word(w, "--"))
			return next_word(line, w, err);
		rc = read_option(c, line, w, err);
		if (rc < 0)
			break;
	}
	if (rc >= 0 && (c->flags & QT_STORE_IF_ABSENT) &&
	    (c->flags & QT_STORE_IF_VERSION)) {
		qt_err_set(err, "--if-absent or --if-version, not both");
		rc = -EINVAL;
	}
	return rc;
}

int
command_check(const struct command *c, struct qt_err *err)
{
	if (verbs[c->verb].fields > 0 &&
	    (c->key_len == 0 || c->key_len > QT_STORE_KEY_MAX)) {
		qt_err_set(err, "a key has 1 to %u bytes, not %zu",
		    QT_STORE_KEY_MAX, c->key_len);
		return -EMSGSIZE;
	}
	if (c->value_len > QT_STORE_VALUE_MAX) {
		qt_err_set(err, "a value has %u bytes at most",
		    QT_STORE_VALUE_MAX);
		return -EMSGSIZE;
	}
	if (c->verb == COMMAND_PUT &&
	    !tag_is(c->tag, c->value, c->value_len)) {
		qt_err_set(err, "the value is no %s", tag_name(c->tag));
		return -EINVAL;
	}
	return 0;
}

int
command_parse_first(struct command *c, char *first, size_t len,
    struct qt_err *err)
{
	struct word	line = { first, len }, w;
	int		rc = read_head(c, &line, &w, err);

	if (rc <= 0)
		return rc;
	qt_err_set(err, "'%.*s' behind the command: with -0 keys and values "
	    "are fields of their own", w.len < 40 ? (int)w.len : 40, w.p);
	return -EINVAL;
}

int
command_parse(struct command *c, char *line, size_t len, struct qt_err *err)
{
	struct word	rest = { line, len }, w;
	int		rc = read_head(c, &rest, &w, err), count = 0, want;

	for (; rc == 1; rc = next_word(&rest, &w, err)) {
		if (count == 0) {
			c->key = w.p;
			c->key_len = w.len;
		} else if (count == 1) {
			c->value = w.p;
			c->value_len = w.len;
		}
		count++;
	}
	if (rc < 0)
		return rc;
	want = verbs[c->verb].fields;
	if (count != want) {
		qt_err_set(err, "%s takes %d word%s, not %d (quote one with "
		    "blanks in it)", verbs[c->verb].name, want,
		    want == 1 ? "" : "s", count);
		return -EINVAL;
	}
	/* A word that was taken apart is shorter; its end is free now. */
	if (c->value != NULL)
		c->value[c->value_len] = '\0';
	return command_check(c, err);
}
