/* SPDX-License-Identifier: Apache-2.0 */
/* Where shells and other tools keep their histories. See native.h. */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native.h"

/*
 * Places by format, in the order in which they are looked at: a variable, and
 * what it has below it. Where it is not set, the folder in the home folder that
 * stands for it; NULL: none does.
 */
static const struct {
	enum qt_hist_format	 format;
	const char		*variable, *instead, *name;
} places[] = {
	{ QT_HIST_BASH, "HOME", NULL, ".bash_history" },
	{ QT_HIST_ZSH, "ZDOTDIR", "", ".zsh_history" },
	{ QT_HIST_ZSH, "ZDOTDIR", "", ".zhistory" },
	{ QT_HIST_ZSH, "ZDOTDIR", "", ".histfile" },
	{ QT_HIST_ZSH, "HOME", NULL, ".zsh_history" },
	{ QT_HIST_ZSH, "HOME", NULL, ".zhistory" },
	{ QT_HIST_ZSH, "HOME", NULL, ".histfile" },
	{ QT_HIST_FISH, "XDG_DATA_HOME", ".local/share",
	    "fish/fish_history" },
	{ QT_HIST_POWERSHELL, "XDG_DATA_HOME", ".local/share",
	    "powershell/PSReadLine/ConsoleHost_history.txt" },
	{ QT_HIST_ATUIN, "ATUIN_DB_PATH", NULL, NULL },
	{ QT_HIST_ATUIN, "XDG_DATA_HOME", ".local/share",
	    "atuin/history.db" },
	{ QT_HIST_HISTDB, "HISTDB_FILE", NULL, NULL },
	{ QT_HIST_HISTDB, "HOME", NULL, ".histdb/zsh-history.db" },
	{ QT_HIST_MCFLY, "XDG_DATA_HOME", ".local/share",
	    "mcfly/history.db" },
	{ QT_HIST_MCFLY, "HOME", NULL, ".mcfly/history.db" },
	{ QT_HIST_HISHTORY, "HOME", NULL, ".hishtory/.hishtory.db" },
};

static int
is_there(char out[QT_PATH_SIZE], const char *folder, const char *part,
    const char *name)
{
	int	n = snprintf(out, QT_PATH_SIZE, "%s%s%s%s%s", folder,
	    *part != '\0' ? "/" : "", part, name == NULL ? "" : "/",
	    name == NULL ? "" : name);

	return n > 0 && n < QT_PATH_SIZE && access(out, F_OK) == 0;
}

static int
find_place(char out[QT_PATH_SIZE], enum qt_hist_format format)
{
	const char	*home = getenv("HOME"), *value;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].format != format)
			continue;
		value = getenv(places[i].variable);
		if (value != NULL && *value != '\0') {
			if (is_there(out, value, "", places[i].name))
				return 0;
		} else if (home != NULL && places[i].instead != NULL &&
		    is_there(out, home, places[i].instead,
		    places[i].name)) {
			return 0;
		}
	}
	return -ENOENT;
}

enum qt_hist_format
native_shell_named(const char *name)
{
	const char	*slash = strrchr(name, '/');

	name = slash == NULL ? name : slash + 1;
	name += *name == '-';
	if (strcmp(name, "zsh") == 0)
		return QT_HIST_ZSH;
	if (strcmp(name, "fish") == 0)
		return QT_HIST_FISH;
	if (strcmp(name, "pwsh") == 0)
		return QT_HIST_POWERSHELL;
	return strcmp(name, "bash") == 0 ? QT_HIST_BASH : QT_HIST_DETECT;
}

enum qt_hist_format
native_shell(void)
{
	enum qt_hist_format	 format = QT_HIST_DETECT;
	const char		*shell = getenv("SHELL");
	const struct passwd	*user = getpwuid(getuid());
	char			 name[64];
	FILE			*f;

	snprintf(name, sizeof(name), "/proc/%ld/comm", (long)getppid());
	f = fopen(name, "re");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) != NULL) {
			name[strcspn(name, "\n")] = '\0';
			format = native_shell_named(name);
		}
		fclose(f);
	}
	if (format == QT_HIST_DETECT && shell != NULL)
		format = native_shell_named(shell);
	if (format == QT_HIST_DETECT && user != NULL)
		format = native_shell_named(user->pw_shell);
	return format;
}

int
native_find(char out[QT_PATH_SIZE], enum qt_hist_format *format)
{
	const char	*own = getenv("HISTFILE");

	if (*format == QT_HIST_DETECT)
		*format = native_shell();
	if (*format == QT_HIST_DETECT)
		return -ENOENT;
	/* Shells seldom export it; who does means it. */
	if ((*format == QT_HIST_BASH || *format == QT_HIST_ZSH) &&
	    own != NULL && *own != '\0' && is_there(out, own, "", NULL))
		return 0;
	return find_place(out, *format);
}
