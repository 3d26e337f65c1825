/* SPDX-License-Identifier: Apache-2.0 */
/* Which map: its name, its folder, its settings, opening and closing. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "map.h"

#define OVERRIDES_MAX	32

const struct qt_opt map_options[] = {
	{ 'm', "map", "MAP", "this one: a name, or a path with a '/'" },
	{ 'o', "set", "SETTING=VALUE", "this setting, for this run" },
	{ 'v', "verbose", NULL, "say what opening the map put right" },
	{ 0, NULL, NULL, NULL },
};

static const char	*overrides[OVERRIDES_MAX];
static size_t		 override_count;
static int		 is_verbose, has_selected;
static char		 text[QT_STORE_PATH_SIZE], path[QT_STORE_PATH_SIZE];
static struct qt_store	*store;

void
map_option(int id, char *value)
{
	if (id == 'm') {
		has_selected = 1;
		map_select(value);
		return;
	}
	if (id == 'v') {
		is_verbose = 1;
		return;
	}
	if (override_count == OVERRIDES_MAX)
		qt_die(QT_EXIT_USAGE, "-o: %d at most", OVERRIDES_MAX);
	overrides[override_count++] = value;
}

void
map_folder(char out[QT_STORE_PATH_SIZE])
{
	struct qt_err	err = QT_ERR_INIT;
	char		state[QT_PATH_SIZE];
	int		rc = qt_path_state(state, &err);

	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	if (snprintf(out, QT_STORE_PATH_SIZE, "%s/map", state) >=
	    QT_STORE_PATH_SIZE - 1)
		qt_die(QT_EXIT_SYS, "%s/map: the path is too long", state);
}

void
map_select(const char *name)
{
	char	folder[QT_STORE_PATH_SIZE];
	int	len;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		qt_die(QT_EXIT_USAGE, "'%s' names no map: a name is wanted, or "
		    "a path with a '/'", name);
	if (strchr(name, '/') != NULL) {
		len = snprintf(path, sizeof(path), "%s", name);
	} else {
		map_folder(folder);
		len = snprintf(path, sizeof(path), "%s/%s", folder, name);
	}
	if (len >= (int)sizeof(path))
		qt_die(QT_EXIT_USAGE, "%.40s...: the path is too long", name);
	snprintf(text, sizeof(text), "%s", name);
}

/* The one that is meant when none was named. */
static void
select_default(void)
{
	const char	*env = getenv("QT_MAP");

	if (text[0] == '\0')
		map_select(env != NULL && *env != '\0' ? env : "default");
}

const char *
map_text(void)
{
	select_default();
	return text;
}

const char *
map_path(void)
{
	select_default();
	return path;
}

void
map_set(struct qt_store_settings *s, const char *opt, const char *setting)
{
	struct qt_err	 err = QT_ERR_INIT;
	const char	*equals = strchr(setting, '=');
	char		 name[64];
	int		 rc;

	if (equals == NULL || equals == setting ||
	    (size_t)(equals - setting) >= sizeof(name))
		qt_die(QT_EXIT_USAGE, "%s '%s': SETTING=VALUE is wanted, such "
		    "as mode=async", opt, setting);
	memcpy(name, setting, (size_t)(equals - setting));
	name[equals - setting] = '\0';
	rc = qt_store_settings_set(s, name, equals + 1, &err);
	if (rc == -ENOENT)
		qt_die(QT_EXIT_USAGE, "%s '%s': no such setting ('qt-map "
		    "settings' lists them)", opt, setting);
	if (rc < 0)
		qt_die(QT_EXIT_USAGE, "%s '%s': %s", opt, setting, err.text);
}

void
map_settings_new(struct qt_store_settings *s)
{
	qt_store_settings_init(s);
	for (size_t i = 0; i < override_count; i++)
		map_set(s, "-o", overrides[i]);
}

int
map_warn_open(int rc, const struct qt_err *err)
{
	if (rc != -ENOENT || access(path, F_OK) == 0 || errno != ENOENT)
		return map_warn(NULL, rc, err);
	if (strcmp(text, "default") == 0)
		qt_warn("no map 'default': the first 'qt-map put' makes it, or "
		    "'qt-map init'");
	else
		qt_warn("no map '%s': make one with 'qt-map init %s'", text,
		    text);
	return QT_EXIT_SYS;
}

void
map_settings(struct qt_store_settings *s)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_store_settings_load(map_path(), s, &err);
	if (rc < 0)
		exit(map_warn_open(rc, &err));
	for (size_t i = 0; i < override_count; i++)
		map_set(s, "-o", overrides[i]);
}

/* The folders above a map that has a name, each where it is missing. */
static int
make_folders(struct qt_err *err)
{
	char	folder[QT_STORE_PATH_SIZE];
	int	rc = 0;

	map_folder(folder);
	for (char *p = folder + 1; rc == 0; p++) {
		char	c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		rc = qt_sys_mkdir(folder, 0700);
		rc = rc == -EEXIST ? 0 : rc;
		if (rc < 0)
			qt_err_set(err, "make folder '%s'", folder);
		*p = c;
		if (c == '\0')
			break;
	}
	return rc;
}

int
map_init(const struct qt_store_settings *s, struct qt_err *err)
{
	int	rc = 0;

	if (strchr(map_text(), '/') == NULL)
		rc = make_folders(err);
	return rc < 0 ? rc : qt_store_init(map_path(), s, err);
}

static void
tell(void *arg, const char *what)
{
	(void)arg;
	qt_warn("%s: %s", text, what);
}

static int
open_as(const struct qt_store_options *options, struct qt_err *err)
{
	int	rc = qt_store_open(path, options, &store, err);

	/* Each by itself was right: map_set(). */
	if (rc == -EINVAL && options->settings != NULL)
		qt_die(QT_EXIT_USAGE, "-o: %s", err->text);
	return rc;
}

static int
try_open(unsigned int flags, struct qt_err *err)
{
	struct qt_store_settings	settings;
	struct qt_store_options		options = { .flags = 0 };

	options.tell = is_verbose ? tell : NULL;
	if (!(flags & MAP_STAY))
		options.flags = QT_STORE_NO_THREADS;
	if (flags & MAP_LEAVE)
		options.flags |= QT_STORE_DETACH;
	if (override_count > 0) {
		int	rc = qt_store_settings_load(path, &settings, err);

		if (rc < 0)
			return rc;
		for (size_t i = 0; i < override_count; i++)
			map_set(&settings, "-o", overrides[i]);
		options.settings = &settings;
	}
	if (flags & MAP_READ) {
		int	rc = open_as(&options, err);

		/* Who may only read it can. */
		if (rc != -EACCES && rc != -EPERM && rc != -EROFS)
			return rc;
		options.flags |= QT_STORE_RDONLY;
		*err = (struct qt_err)QT_ERR_INIT;	/* of the first try */
	}
	return open_as(&options, err);
}

int
map_try(struct qt_store **out, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	*out = NULL;
	select_default();
	rc = try_open(flags, &err);
	if (rc == -ENOENT && (flags & MAP_MAKE) &&
	    strcmp(text, "default") == 0) {
		struct qt_store_settings	s;

		map_settings_new(&s);
		rc = map_init(&s, &err);
		/* Somebody else's first put may have been quicker. */
		if (rc < 0 && rc != -EEXIST)
			return map_warn(NULL, rc, &err);
		err = (struct qt_err)QT_ERR_INIT;
		rc = try_open(flags, &err);
	}
	*out = store;
	return rc < 0 ? map_warn_open(rc, &err) : QT_EXIT_OK;
}

struct qt_store *
map_open(unsigned int flags)
{
	struct qt_store	*out;
	int		 status = map_try(&out, flags);

	if (status != QT_EXIT_OK)
		exit(status);
	return out;
}

enum qt_store_mode
map_mode(void)
{
	static struct qt_store_settings	s;
	static int			is_loaded;

	if (!is_loaded)
		map_settings(&s);
	is_loaded = 1;
	return s.mode;
}

int
map_settle(uint64_t version, struct qt_err *err)
{
	if (version == 0 || (map_mode() != QT_STORE_SYNC &&
	    map_mode() != QT_STORE_HYBRID))
		return 0;
	return qt_store_sync(store, version, err);
}

void
map_close(void)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_store	*closing = store;
	int		rc;

	store = NULL;
	rc = qt_store_close(closing, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
}

size_t
map_key_len(const char *key)
{
	size_t	len = strlen(key);

	if (len == 0 || len > QT_STORE_KEY_MAX)
		qt_die(QT_EXIT_USAGE, "a key has 1 to %u bytes, not %zu",
		    QT_STORE_KEY_MAX, len);
	return len;
}

void
map_check_pairs(const struct map_pair *pairs, unsigned int given)
{
	for (; pairs->both != 0; pairs++)
		if ((given & pairs->both) == pairs->both)
			qt_die(QT_EXIT_USAGE, "%s, not both", pairs->names);
}

void
map_check_select(const char *other)
{
	if (has_selected)
		qt_die(QT_EXIT_USAGE, "-m or %s, not both", other);
}
