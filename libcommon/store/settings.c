/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store is set to: names, texts, defaults and bounds. See
 * <qt/store/store.h>.
 */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/text.h>

#include "format_priv.h"
#include "lock_priv.h"

#define KIB	UINT64_C(1024)
#define MIB	(KIB * 1024)
#define GIB	(MIB * 1024)
#define TIB	(GIB * 1024)
#define SECOND	UINT64_C(1000)
#define DAY	(SECOND * 86400)

enum kind { MODE, TEXT, MS, SIZE, COUNT, SWITCH, TAGS };

/* A field: MODE, MS, COUNT, SWITCH and TAGS are 32 bits wide, SIZE 64. */
struct setting {
	const char	*name;
	enum kind	 kind;
	size_t		 at;
	uint64_t	 min, max, usual;	/* of TEXT: max is its room */
};

#define AT(field) offsetof(struct qt_store_settings, field)
#define ROOM(field) sizeof(((struct qt_store_settings *)NULL)->field)

static const struct setting settings[] = {
	{ "mode", MODE, AT(mode), 0, 0, QT_STORE_SYNC },
	{ "wal-path", TEXT, AT(wal_path), 0, ROOM(wal_path), 0 },
	{ "sync-interval", MS, AT(sync_interval_ms), 1, 3600 * SECOND, 100 },
	{ "checkpoint-interval", MS, AT(checkpoint_interval_ms), 0, 30 * DAY,
	    0 },
	{ "wal-max", SIZE, AT(wal_max), MIB, TIB, 256 * MIB },
	{ "compression", COUNT, AT(level), 0, 9, 0 },
	{ "checksums", SWITCH, AT(checksums), 0, 1, 1 },
	{ "recover", SWITCH, AT(recover), 0, 1, 1 },
	{ "max-ops", COUNT, AT(max_ops), 1, QT__USER_MAX, 4096 },
	{ "lock-timeout", MS, AT(lock_timeout_ms), 1, 3600 * SECOND,
	    30 * SECOND },
	{ "memtable-size", SIZE, AT(memtable_size), MIB, 4 * GIB, 64 * MIB },
	{ "cache-size", SIZE, AT(cache_size), 0, TIB, 32 * MIB },
	{ "sync-prefix", TEXT, AT(sync_prefix), 0, ROOM(sync_prefix), 0 },
	{ "sync-tags", TAGS, AT(sync_tags), 0, 0, 0 },
};
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const char *const modes[] = { "sync", "async", "hybrid", "memory" };
static const char *const switches[][2] = { { "off", "on" }, { "no", "yes" },
	{ "0", "1" } };

_Static_assert(sizeof(enum qt_store_mode) == 4, "a mode is 32 bits wide");

static void
store_number(struct qt_store_settings *s, const struct setting *t, uint64_t n)
{
	uint32_t	small = (uint32_t)n;

	if (t->kind == SIZE)
		memcpy((char *)s + t->at, &n, sizeof(n));
	else
		memcpy((char *)s + t->at, &small, sizeof(small));
}

static uint64_t
number_of(const struct qt_store_settings *s, const struct setting *t)
{
	uint64_t	n;
	uint32_t	small;

	if (t->kind == SIZE) {
		memcpy(&n, (const char *)s + t->at, sizeof(n));
		return n;
	}
	memcpy(&small, (const char *)s + t->at, sizeof(small));
	return small;
}

void
qt_store_settings_init(struct qt_store_settings *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		if (settings[i].kind != TEXT)
			store_number(s, &settings[i], settings[i].usual);
	}
}

/* A number with its unit, as short as it can be. */
static int
print_number(char *out, size_t size, const struct setting *t, uint64_t n)
{
	static const struct {
		const char	*unit;
		uint64_t	 n;
	} sizes[] = { { "T", TIB }, { "G", GIB }, { "M", MIB }, { "K", KIB } },
	times[] = { { "d", DAY }, { "h", 3600 * SECOND }, { "m", 60 * SECOND },
	    { "s", SECOND } };
	const char	*unit = t->kind == MS && n != 0 ? "ms" : "";

	for (size_t i = 0; i < 4 && n != 0; i++) {
		uint64_t	one = t->kind == SIZE ? sizes[i].n :
		    t->kind == MS ? times[i].n : UINT64_MAX;

		if (n % one != 0)
			continue;
		unit = t->kind == SIZE ? sizes[i].unit : times[i].unit;
		n /= one;
		break;
	}
	return snprintf(out, size, "%" PRIu64 "%s", n, unit);
}

static int
print_tags(char *out, size_t size, uint32_t tags)
{
	char	text[32 * 3 + 1] = "";
	size_t	len = 0;

	for (unsigned int i = 0; i < 32; i++) {
		if (tags & UINT32_C(1) << i)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s%u", len > 0 ? "," : "", i);
	}
	return snprintf(out, size, "%s", text);
}

int
qt_store_settings_next(const struct qt_store_settings *s, uint32_t *cursor,
    const char **name, char *value, size_t size)
{
	const struct setting	*t;
	uint64_t		 n;
	int			 len;

	if (*cursor >= COUNT_OF(settings))
		return 0;
	t = &settings[(*cursor)++];
	*name = t->name;
	n = t->kind == TEXT ? 0 : number_of(s, t);
	switch (t->kind) {
	case TEXT:
		len = snprintf(value, size, "%s", (const char *)s + t->at);
		break;
	case MODE:
		len = snprintf(value, size, "%s",
		    n < COUNT_OF(modes) ? modes[n] : "");
		break;
	case SWITCH:
		len = snprintf(value, size, "%s", switches[0][n != 0]);
		break;
	case TAGS:
		len = print_tags(value, size, (uint32_t)n);
		break;
	default:
		len = print_number(value, size, t, n);
		break;
	}
	return len >= 0 && (size_t)len < size ? 1 : -ENOSPC;
}

static int
set_text(struct qt_store_settings *s, const struct setting *t,
    const char *value, struct qt_err *err)
{
	size_t	len = strlen(value);

	if (len >= t->max) {
		qt_err_set(err, "%s: %zu bytes, %zu at most", t->name, len,
		    (size_t)t->max - 1);
		return -EINVAL;
	}
	memset((char *)s + t->at, 0, t->max);
	memcpy((char *)s + t->at, value, len);
	return 0;
}

static int
parse_mode(const char *value, uint64_t *n)
{
	for (*n = 0; *n < COUNT_OF(modes); ++*n) {
		if (strcmp(value, modes[*n]) == 0)
			return 0;
	}
	return -EINVAL;
}

static int
parse_switch(const char *value, uint64_t *n)
{
	for (size_t i = 0; i < COUNT_OF(switches); i++) {
		for (*n = 0; *n < 2; ++*n) {
			if (strcmp(value, switches[i][*n]) == 0)
				return 0;
		}
	}
	return -EINVAL;
}

/* Numbers below 32 with commas between; nothing, and "none", is none. */
static int
parse_tags(const char *value, uint64_t *n)
{
	unsigned int	tag;

	*n = 0;
	if (*value == '\0' || strcmp(value, "none") == 0)
		return 0;
	for (;;) {
		if (*value < '0' || *value > '9')
			return -EINVAL;
		for (tag = 0; *value >= '0' && *value <= '9'; value++) {
			tag = tag * 10 + (unsigned int)(*value - '0');
			if (tag > 31)
				return -EINVAL;
		}
		*n |= UINT64_C(1) << tag;
		if (*value == '\0')
			return 0;
		if (*value++ != ',')
			return -EINVAL;
	}
}

static int
parse_count(const char *value, uint64_t *n)
{
	size_t	len = strlen(value);

	/* Digits alone. */
	return len > 0 && value[len - 1] >= '0' && value[len - 1] <= '9' ?
	    qt_text_parse_bytes(value, n) : -EINVAL;
}

/* What a value looks like. */
static void
say_wanted(const struct setting *t, const char *value, struct qt_err *err)
{
	char	low[32], high[32];

	(void)print_number(low, sizeof(low), t, t->min);
	(void)print_number(high, sizeof(high), t, t->max);
	switch (t->kind) {
	case MODE:
		qt_err_set(err, "%s '%.100s' is not sync, async, hybrid or "
		    "memory", t->name, value);
		break;
	case SWITCH:
		qt_err_set(err, "%s '%.100s' is not on or off", t->name, value);
		break;
	case TAGS:
		qt_err_set(err, "%s '%.100s' is not none, nor tags from 0 to "
		    "31 with commas between", t->name, value);
		break;
	default:
		qt_err_set(err, "%s '%.100s' is not a %s from %s to %s",
		    t->name, value, t->kind == MS ? "time (as 100ms, 5s, 1m)" :
		    t->kind == SIZE ? "size (as 64M)" : "number", low, high);
		break;
	}
}

static int
set_number(struct qt_store_settings *s, const struct setting *t,
    const char *value, struct qt_err *err)
{
	uint64_t	n = 0;
	int		rc;

	rc = t->kind == MODE ? parse_mode(value, &n) :
	    t->kind == SWITCH ? parse_switch(value, &n) :
	    t->kind == TAGS ? parse_tags(value, &n) :
	    t->kind == MS ? qt_text_parse_ms(value, &n) :
	    t->kind == SIZE ? qt_text_parse_bytes(value, &n) :
	    parse_count(value, &n);
	if (rc < 0 || (t->max > 0 && (n < t->min || n > t->max))) {
		say_wanted(t, value, err);
		return -EINVAL;
	}
	store_number(s, t, n);
	return 0;
}

int
qt_store_settings_set(struct qt_store_settings *s, const char *name,
    const char *value, struct qt_err *err)
{
	char	known[256] = "";
	size_t	len = 0;

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].kind == TEXT ?
			    set_text(s, &settings[i], value, err) :
			    set_number(s, &settings[i], value, err);
		len += (size_t)snprintf(known + len, sizeof(known) - len,
		    " %s", settings[i].name);
	}
	qt_err_set(err, "no setting '%.100s' (there are%s)", name, known);
	return -ENOENT;
}

/* Fields that a program filled in itself, too. */
int
qt__settings_check(const struct qt_store_settings *s, struct qt_err *err)
{
	const struct setting	size = { .kind = SIZE };
	char			text[32], least[32];
	uint64_t		n;

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct setting	*t = &settings[i];

		if (t->kind == TEXT && memchr((const char *)s + t->at, '\0',
		    t->max) == NULL) {
			qt_err_set(err, "%s does not end", t->name);
			return -EINVAL;
		}
		n = t->kind == TEXT ? 0 : number_of(s, t);
		if ((t->kind == MODE && n >= COUNT_OF(modes)) ||
		    (t->max > 0 && t->kind != TEXT &&
		    (n < t->min || n > t->max))) {
			(void)print_number(text, sizeof(text), t, n);
			say_wanted(t, text, err);
			return -EINVAL;
		}
	}
	if (s->wal_path[0] != '\0' && s->wal_path[0] != '/' &&
	    strncmp(s->wal_path, "../", 3) != 0) {
		qt_err_set(err, "wal-path '%.200s' neither begins with / nor, "
		    "as seen from the store, with ../", s->wal_path);
		return -EINVAL;
	}
	if (s->wal_max >= s->memtable_size)
		return 0;
	(void)print_number(text, sizeof(text), &size, s->wal_max);
	(void)print_number(least, sizeof(least), &size, s->memtable_size);
	qt_err_set(err, "wal-max %s is less than memtable-size %s: raise the "
	    "one or lower the other", text, least);
	return -EINVAL;
}
