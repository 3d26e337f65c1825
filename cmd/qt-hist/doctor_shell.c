/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live test: is what is typed in the user's own shell written down, and if
 * not, why. What is asked first is what explains the rest.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/text.h>

#include "doctor_run.h"
#include "doctor_startup.h"

/* --- Before anything is typed --------------------------------------------- */

static void
say_no_start(struct doctor *d, const struct doctor_run *r,
    const struct doctor_startup *p)
{
	struct qt_buf	shown = QT_BUF_INIT;
	const char	*last;

	doctor_last_line(&shown, &r->pty.out);
	last = shown.len > 0 ? shown.data : "nothing";
	if (r->pty.status == -1)
		doctor_say(d, DOCTOR_FAIL, "startup files",
		    "look for what waits there",
		    "'%s', and what it reads, have not come to their end in "
		    "%.1f s; the last line shown: %s", p->file,
		    (double)d->timeout_ms / 1e3, last);
	else
		doctor_say(d, DOCTOR_FAIL, "startup files",
		    "look for what ends the shell there",
		    "%s ended before its prompt, with status %d; the last "
		    "line shown: %s", d->name, WIFEXITED(r->pty.status) ?
		    WEXITSTATUS(r->pty.status) :
		    128 + WTERMSIG(r->pty.status), last);
	qt_buf_clear(&shown);
}

static void
check_version(struct doctor *d, const struct doctor_run *r)
{
	static const struct {
		const char	*name;
		long		 major, minor;
	} least[] = { { "bash", 5, 1 }, { "zsh", 5, 8 }, { "fish", 3, 4 } };
	const char	*version = doctor_told(&r->begin, "version");
	char		*end;
	long		 major = strtol(version, &end, 10), minor = 0;

	if (*end == '.')
		minor = strtol(end + 1, NULL, 10);
	for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
		if (strcmp(d->name, least[i].name) != 0)
			continue;
		if (major > least[i].major || (major == least[i].major &&
		    minor >= least[i].minor))
			doctor_say(d, DOCTOR_OK, "shell", NULL, "%s %s",
			    d->name, version);
		else
			doctor_say(d, DOCTOR_FAIL, "shell",
			    "install a later one", "%s %s; it is to be %ld.%ld "
			    "or later", d->name, version, least[i].major,
			    least[i].minor);
	}
}

/* Whether they are there. */
static bool
check_loaded(struct doctor *d, const struct doctor_run *r,
    const struct doctor_startup *p)
{
	const char	*program = doctor_told(&r->begin, "program");
	struct qt_buf	 mend = QT_BUF_INIT;

	if (*doctor_told(&r->begin, "spool") != '\0') {
		doctor_say(d, DOCTOR_OK, "startup files", NULL,
		    "they load the hooks");
		return true;
	}
	if (!doctor_startup_has_line(p)) {
		(void)qt_buf_addf(&mend, "add this line at the end of '%s':  "
		    "%s", p->file, p->line);
		doctor_say(d, DOCTOR_FAIL, "startup files", mend.data,
		    "nothing there loads the hooks");
	} else if (*program == '\0') {
		(void)qt_buf_addf(&mend, "set PATH above the line  %s",
		    p->line);
		doctor_say(d, DOCTOR_FAIL, "startup files", mend.data,
		    "qt-hist is not in the PATH that '%s' has", p->file);
	} else {
		(void)qt_buf_addf(&mend, "start '%s -i' and see what it says; "
		    "move the line to where it is reached", d->name);
		doctor_say(d, DOCTOR_FAIL, "startup files", mend.data,
		    "'%s' has the line, but it is not reached, or fails",
		    p->file);
	}
	qt_buf_clear(&mend);
	return false;
}

static unsigned int
count_of(const char *text, const char *part)
{
	unsigned int	n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* --- Why it is not written down ------------------------------------------- */

static bool
say_settings(struct doctor *d, const struct qt_buf *told)
{
	const char	*size = doctor_told(told, "size");

	if (strcmp(doctor_told(told, "list"), "on") != 0)
		doctor_say(d, DOCTOR_FAIL, "shell's list", "take 'set +o "
		    "history' out of the startup files", "it is switched off, "
		    "so nothing is kept");
	else if (strcmp(size, "0") == 0)
		doctor_say(d, DOCTOR_FAIL, "HISTSIZE", "set it to 1000, say",
		    "it is 0, so %s keeps no list, and so nothing is kept",
		    d->name);
	else if (*doctor_told(told, "private") != '\0')
		doctor_say(d, DOCTOR_FAIL, "fish_private_mode", "take it out "
		    "of the startup files: set -e fish_private_mode", "it is "
		    "set, so nothing is kept");
	else if (strcmp(d->name, "zsh") == 0 &&
	    *doctor_told(told, "modules") == '\0')
		doctor_say(d, DOCTOR_FAIL, "zsh/system", "install all of zsh, "
		    "and leave them loaded", "the modules zsh/system and "
		    "zsh/datetime are not there, so nothing can be written");
	else
		return false;
	return true;
}

/* What has lost our hook, or "". */
static const char *
name_overwritten(const struct doctor *d, const struct qt_buf *told)
{
	static const struct {
		const char	*shell, *hook, *prompt;
	} names[] = {
		{ "bash", "PS0", "PROMPT_COMMAND" },
		{ "zsh", "preexec_functions", "precmd_functions" },
		{ "fish", "__qh_preexec or __qh_postexec", "" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(d->name, names[i].shell) != 0)
			continue;
		if (strstr(doctor_told(told, "hook"), "__qh_") == NULL)
			return names[i].hook;
		if (strstr(doctor_told(told, "prompt"), "__qh_") == NULL)
			return names[i].prompt;
	}
	return "";
}

static bool
say_readonly(struct doctor *d, const struct qt_buf *told)
{
	const char	*name = doctor_told(told, "readonly");

	if (*name != '\0')
		doctor_say(d, DOCTOR_FAIL, name, "take the readonly out of "
		    "the startup files, or put it at their end", "it is "
		    "read-only, so the hooks cannot be set");
	return *name != '\0';
}

static bool
say_overwritten(struct doctor *d, const struct qt_buf *told,
    const struct doctor_startup *p)
{
	const char	*name = name_overwritten(d, told);
	struct qt_buf	 mend = QT_BUF_INIT;

	if (*name == '\0' || say_readonly(d, told))
		return *name != '\0';
	(void)qt_buf_addf(&mend, "put the line  %s  at the end of '%s', "
	    "behind what sets it", p->line, p->file);
	doctor_say(d, DOCTOR_FAIL, name, mend.data, "something overwrites it, "
	    "and our hook with it");
	qt_buf_clear(&mend);
	return true;
}

/* It is one of ours, or the shell's, if nothing of the user's is needed. */
static void
say_unknown(struct doctor *d, const struct doctor_run *user,
    const struct doctor_startup *p)
{
	struct doctor_run	r;
	struct qt_err		err = QT_ERR_INIT;
	const char		*ignore = doctor_told(&user->begin, "ignore");

	if (doctor_run_start(&r, d, DOCTOR_HOOKS, &err) == 0 && r.has_begun)
		doctor_run_type(&r);
	if (r.has_ended && r.seen[0].has_ended)
		doctor_say(d, DOCTOR_FAIL, "recording", "take lines out of it "
		    "until it goes well, the last ones first", "what was typed "
		    "is not written down; without '%s' it is%s%s%s", p->file,
		    *ignore != '\0' ? "; HISTIGNORE or HISTORY_IGNORE: " : "",
		    ignore, *doctor_told(&user->begin, "add") != '\0' ?
		    "; a function says what is kept" : "");
	else
		doctor_say(d, DOCTOR_FAIL, "recording", "report it with the "
		    "version of the shell", "what was typed is not written "
		    "down, nor is it without startup files");
	doctor_run_end(&r);
}

/* --- What was written down ------------------------------------------------ */

/* What is not as it should be, or NULL. */
static const char *
find_wrong(const struct doctor_run *r)
{
	const struct doctor_seen	*s = &r->seen[0];

	if (s->count > 1 || r->seen[2].count > 1)
		return "twice";
	if (!s->has_ended || s->status != 3)
		return "without its exit status";
	if (s->start_us + 1000000 < r->before_us ||
	    s->start_us > r->before_us + 60000000)
		return "with another time";
	if (s->took_us < 50000 || s->took_us > 10000000)
		return "with another duration";
	return s->is_place ? NULL : "with another folder";
}

static bool
check_fields(struct doctor *d, const struct doctor_run *r,
    const struct doctor_startup *p)
{
	const char	*wrong = find_wrong(r);

	if (wrong == NULL)
		doctor_say(d, DOCTOR_OK, "recording", NULL, "what was typed "
		    "is written down, with exit status, time, duration (%.2f "
		    "s) and folder", (double)r->seen[0].took_us / 1e6);
	else if (!say_overwritten(d, &r->end, p))
		doctor_say(d, DOCTOR_FAIL, "recording", "look for what else "
		    "changes the prompt in the startup files", "what was typed "
		    "is written down %s", wrong);
	return wrong == NULL;
}

static void
check_space(struct doctor *d, const struct doctor_run *r)
{
	bool	is_ignored = strcmp(doctor_told(&r->begin, "space"),
	    "ignored") == 0;

	if (is_ignored && r->seen[1].count > 0)
		doctor_say(d, DOCTOR_FAIL, "leading space", "report it with "
		    "the version of the shell", "what begins with a space is "
		    "written down, though %s does not keep it", d->name);
	else if (is_ignored)
		doctor_say(d, DOCTOR_OK, "leading space", NULL,
		    "what begins with a space is not kept");
	else if (r->seen[1].count == 0)
		doctor_say(d, DOCTOR_WARN, "leading space", NULL,
		    "what begins with a space is not kept, though %s does",
		    d->name);
	else
		doctor_say(d, DOCTOR_OK, "leading space", NULL, "what begins "
		    "with a space is kept, too; %s would leave it out",
		    strcmp(d->name, "bash") == 0 ? "HISTCONTROL=ignorespace" :
		    "setopt histignorespace");
}

static void
check_twice(struct doctor *d, const struct doctor_run *r)
{
	const char	*hook = doctor_told(&r->begin, "hook");
	const char	*own = strcmp(d->name, "bash") == 0 ? "__qh_hook" :
	    "__qh_preexec";

	if (count_of(hook, own) > 1)
		doctor_say(d, DOCTOR_FAIL, "hooks", "have the line that loads "
		    "them once only", "they are loaded %u times",
		    count_of(hook, own));
	if (*doctor_told(&r->begin, "file") == '\0')
		doctor_say(d, DOCTOR_OK, "shell's own file", NULL, "%s keeps "
		    "no list on disk; qt-hist does all the same", d->name);
}

static void
say_builtin(struct doctor *d, const struct doctor_run *r)
{
	if (strcmp(d->name, "bash") != 0)
		return;
	doctor_say(d, DOCTOR_OK, "builtin", NULL,
	    strstr(doctor_told(&r->begin, "prompt"), "__qh_record") != NULL ?
	    "bash has loaded it, for prompts that cost less" : "bash has loaded "
	    "none (not installed, made for another version, or left out), so the "
	    "hooks are a script");
}

static void
check_keys(struct doctor *d, const struct doctor_run *r)
{
	const char	*keys = doctor_told(&r->end, "ctrl_r");
	struct qt_buf	 text = QT_BUF_INIT;

	(void)qt_text_escape(&text, keys, strlen(keys));
	if (*doctor_told(&r->end, "widget") == '\0')
		;	/* this shell has none of ours */
	else if (strstr(keys, "__qh") != NULL || strstr(keys, "qt-hist") != NULL)
		doctor_say(d, DOCTOR_OK, "Ctrl-R", NULL, "it opens qt-hist");
	else
		doctor_say(d, DOCTOR_WARN, "Ctrl-R", "load the hooks behind "
		    "what binds it", "something else has it: %s",
		    text.len > 0 ? text.data : "the shell itself");
	qt_buf_clear(&text);
}

/* --- All of it ------------------------------------------------------------ */

/* A read-only variable, so that what is typed might not even run. */
static bool
say_not_set(struct doctor *d, const struct qt_buf *told)
{
	return *name_overwritten(d, told) != '\0' && say_readonly(d, told);
}

static void
check_typed(struct doctor *d, struct doctor_run *r, const struct doctor_startup *p)
{
	if (say_not_set(d, &r->begin))
		return;
	doctor_run_type(r);
	if (!r->has_ended) {
		struct qt_buf	shown = QT_BUF_INIT;

		doctor_last_line(&shown, &r->pty.out);
		doctor_say(d, DOCTOR_FAIL, "prompt", "look for what waits in "
		    "the prompt", "what was typed was not run in time; the "
		    "last line shown: %s", shown.len > 0 ? shown.data :
		    "nothing");
		qt_buf_clear(&shown);
	} else if (r->seen[0].count > 0 && r->seen[2].count > 0) {
		check_twice(d, r);
		say_builtin(d, r);
		if (!check_fields(d, r, p))
			return;
		check_space(d, r);
		check_keys(d, r);
		doctor_cost(d, doctor_run_prompt_us(r, 10));
	} else if (!say_settings(d, &r->begin) &&
	    !say_overwritten(d, &r->end, p) &&
	    !say_overwritten(d, &r->begin, p)) {
		/* That at the beginning costs the first command, at least. */
		say_unknown(d, r, p);
	}
}

void
doctor_shell(struct doctor *d)
{
	struct doctor_run	r;
	struct qt_err		err = QT_ERR_INIT;
	struct doctor_startup		p;
	int			rc;

	doctor_startup_find(d, &p);
	rc = doctor_run_start(&r, d, DOCTOR_USER, &err);
	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, "shell", NULL, "it cannot be "
		    "tried: %s: %s", err.text, qt_strerror(rc));
	} else if (!r.has_begun) {
		say_no_start(d, &r, &p);
	} else {
		check_version(d, &r);
		if (check_loaded(d, &r, &p)) {
			doctor_startup_login(d);
			check_typed(d, &r, &p);
		}
	}
	doctor_run_end(&r);
}
