/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a shell reads when it starts. See doctor_startup.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_startup.h"

/* Whether a line, that is no comment, has both. */
static bool
has_words(const char *path, const char *one, const char *other)
{
	char	*line = NULL;
	size_t	 size = 0;
	bool	 has = false;
	FILE	*f = fopen(path, "re");

	while (f != NULL && !has && getline(&line, &size, f) > 0)
		has = line[strspn(line, " \t")] != '#' &&
		    strstr(line, one) != NULL && strstr(line, other) != NULL;
	if (f != NULL)
		fclose(f);
	free(line);
	return has;
}

void
doctor_startup_find(const struct doctor *d, struct doctor_startup *p)
{
	const char	*home = getenv("HOME"), *base, *name = ".bashrc";

	home = home == NULL ? "" : home;
	base = home;
	p->line = "eval \"$(qt-hist init bash)\"";
	if (strcmp(d->name, "zsh") == 0) {
		base = getenv("ZDOTDIR");
		base = base == NULL || *base == '\0' ? home : base;
		name = ".zshrc";
		p->line = "eval \"$(qt-hist init zsh)\"";
	} else if (strcmp(d->name, "fish") == 0) {
		base = getenv("XDG_CONFIG_HOME");
		name = "fish/config.fish";
		if (base == NULL || *base == '\0') {
			base = home;
			name = ".config/fish/config.fish";
		}
		p->line = "qt-hist init fish | source";
	}
	if (snprintf(p->file, sizeof(p->file), "%s/%s", base, name) >=
	    (int)sizeof(p->file))
		p->file[0] = '\0';
}

bool
doctor_startup_has_line(const struct doctor_startup *p)
{
	return has_words(p->file, "qt-hist", "init");
}

/* bash reads the first of these then, and .bashrc only if that one says so. */
void
doctor_startup_login(struct doctor *d)
{
	static const char	*const names[] = { ".bash_profile",
	    ".bash_login", ".profile" };
	const char		*home = getenv("HOME");
	char			 path[QT_PATH_SIZE];

	if (strcmp(d->name, "bash") != 0 || home == NULL)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", home, names[i]) >=
		    (int)sizeof(path) || access(path, R_OK) < 0)
			continue;
		if (!has_words(path, "bashrc", "") &&
		    !has_words(path, "qt-hist", "init"))
			doctor_say(d, DOCTOR_WARN, path, "add this line to "
			    "it:  [[ $- != *i* ]] || . ~/.bashrc", "does not "
			    "read .bashrc, so shells that you log into (by "
			    "ssh, tmux) have no hooks");
		return;
	}
	doctor_say(d, DOCTOR_WARN, "login shells", "make ~/.bash_profile, with "
	    "this line:  [[ $- != *i* ]] || . ~/.bashrc", "there is no "
	    "~/.bash_profile that reads .bashrc, so those that you log into "
	    "(by ssh, tmux) have no hooks");
}
