/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map settings - what a map is set to, and setting it */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/json.h>
#include <qt/base/text.h>

#include "map.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'J', "json", NULL, "as JSON" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb settings_verb = {
	"settings", settings_main, "[SETTING[=VALUE] ...]",
	"print settings, or change them", opts,
};

static int
is_asked(const char *name, int count, char **words)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], name) == 0)
			return 1;
	return count == 0;
}

/* Those that are asked for, or all; one alone by its value only. */
static void
print(const struct qt_store_settings *s, int count, char **words, int is_json)
{
	struct qt_buf	 out = QT_BUF_INIT;
	struct qt_json	 j = QT_JSON_INIT(&out);
	const char	*name;
	char		 value[QT_STORE_PATH_SIZE];
	uint32_t	 cursor = 0;

	if (is_json)
		qt_json_object(&j, NULL);
	while (qt_store_settings_next(s, &cursor, &name, value,
	    sizeof(value)) == 1) {
		if (!is_asked(name, count, words))
			continue;
		if (is_json)
			qt_json_str(&j, name, value);
		else if (count == 1)
			printf("%s\n", value);
		else {
			qt_buf_reset(&out);
			qt_text_escape(&out, value, strlen(value));
			printf("%s\t%s\n", name,
			    out.len > 0 ? out.data : "");
		}
	}
	if (is_json) {
		qt_json_end(&j);
		printf("%s\n", out.data);
	}
	qt_buf_clear(&out);
}

static int
is_setting(const struct qt_store_settings *s, const char *word)
{
	const char	*name;
	char		 value[QT_STORE_PATH_SIZE];
	uint32_t	 cursor = 0;

	while (qt_store_settings_next(s, &cursor, &name, value,
	    sizeof(value)) == 1)
		if (strcmp(name, word) == 0)
			return 1;
	return 0;
}

int
settings_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&settings_verb, argc,
	    argv);
	struct qt_store_settings	 s;
	struct qt_err			 err = QT_ERR_INIT;
	int				 is_json = 0, changes = 0, rc;

	while (qt_opts_next(&o) != 0)
		is_json = 1;
	argc -= o.index;
	argv += o.index;
	map_settings(&s);
	for (int i = 0; i < argc; i++) {
		if (strchr(argv[i], '=') != NULL) {
			map_set(&s, "settings", argv[i]);
			changes++;
		} else if (!is_setting(&s, argv[i]))
			qt_die(QT_EXIT_USAGE, "no setting '%s' ('qt-map "
			    "settings' lists them)", argv[i]);
	}
	if (changes == 0) {
		print(&s, argc, argv, is_json);
		return QT_EXIT_OK;
	}
	if (changes < argc)
		qt_usage(&settings_verb);
	rc = qt_store_settings_save(map_path(), &s, &err);
	/* Each by itself was right: map_set(). */
	if (rc == -EINVAL)
		qt_die(QT_EXIT_USAGE, "settings: %s", err.text);
	if (rc < 0)
		map_die(NULL, rc, &err);
	return QT_EXIT_OK;
}
