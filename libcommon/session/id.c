/* SPDX-License-Identifier: Apache-2.0 */
/* Names and small vocabularies of sessions. See <qt/session/id.h>. */

#include <errno.h>
#include <string.h>

#include <qt/base/utf8.h>
#include <qt/base/uuid.h>
#include <qt/session/id.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const states[] = {
	[QT_STATE_FREE] = "free",
	[QT_STATE_RUNNING] = "running",
	[QT_STATE_EXITED] = "exited",
	[QT_STATE_LOST] = "lost",
	[QT_STATE_SPARE] = "spare",
};

static const char *const policies[] = {
	[QT_RESIZE_LATEST] = "latest",
	[QT_RESIZE_SMALLEST] = "smallest",
	[QT_RESIZE_LARGEST] = "largest",
	[QT_RESIZE_FIXED] = "fixed",
};

static const char *const roles[] = {
	[QT_ROLE_NONE] = "none",
	[QT_ROLE_READER] = "reader",
	[QT_ROLE_WRITER] = "writer",
	[QT_ROLE_OWNER] = "owner",
};

static const char *
word_of(const char *const *words, size_t count, unsigned int value)
{
	return value < count ? words[value] : "unknown";
}

const char *
qt_session_state_name(enum qt_session_state state)
{
	return word_of(states, COUNT(states), state);
}

const char *
qt_resize_policy_name(enum qt_resize_policy policy)
{
	return word_of(policies, COUNT(policies), policy);
}

const char *
qt_role_name(enum qt_role role)
{
	return word_of(roles, COUNT(roles), role);
}

int
qt_resize_policy_parse(const char *text)
{
	for (size_t i = 0; i < COUNT(policies); i++) {
		if (strcmp(policies[i], text) == 0)
			return (int)i;
	}
	return -EINVAL;
}

int
qt_session_name_check(const char *name)
{
	size_t		len = strnlen(name, QT_SESSION_NAME_SIZE);
	struct qt_uuid	id;
	size_t		n;
	int		is_valid;

	if (len == 0 || len == QT_SESSION_NAME_SIZE || name[0] == '-')
		return -EINVAL;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (strpbrk(name, "/:") != NULL || qt_uuid_parse(name, &id) == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i += n) {
		n = qt_utf8_next(name + i, len - i, &is_valid);
		if (!is_valid || qt_utf8_is_control(name + i, n))
			return -EINVAL;
	}
	return 0;
}

int
qt_session_size_check(uint16_t cols, uint16_t rows)
{
	uint16_t	c = cols, r = rows;

	qt_session_size_clamp(&c, &r);
	return c == cols && r == rows ? 0 : -EINVAL;
}

static uint16_t
clamp(uint16_t n, uint32_t max)
{
	return n < 1 ? 1 : n > max ? (uint16_t)max : n;
}

void
qt_session_size_clamp(uint16_t *cols, uint16_t *rows)
{
	*cols = clamp(*cols, QT_SESSION_COLS_MAX);
	*rows = clamp(*rows, QT_SESSION_ROWS_MAX);
	*rows = clamp(*rows, QT_SESSION_CELLS_MAX / *cols);
}
