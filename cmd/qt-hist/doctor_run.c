/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One shell, started and typed into. See doctor_run.h.
 *
 *	shell --rcfile doctor.NAME	the user's own files, then tells "begin"
 *	sh $QT_HIST_DOCTOR/1		what takes 0.1 s and fails with 3
 *	 sh $QT_HIST_DOCTOR/2		what begins with a space
 *	sh $QT_HIST_DOCTOR/3
 *	__qd_tell end
 *
 * Each says in the terminal that it was there, in words that were not typed, so
 * that the next one is typed when it is. What is typed needs no quotes: some
 * put the second one there themselves.
 *
 * The hooks write into QT_HIST_DOCTOR, see history.c, and there the records are
 * looked for: the user's own spools and store are not touched.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>
#include <qt/hist/spool.h>

#include "doctor_run.h"

#define TYPE_MS		5000
#define FILE_MAX	((size_t)1 << 20)

static const char	*const hows[] = { "user", "hooks", "none" };

static uint64_t
until(const struct doctor_run *r, uint64_t ms)
{
	uint64_t	at = qt_clock_mono_ms() + ms;

	return at < r->d->deadline_ms ? at : r->d->deadline_ms;
}

static bool
is_shown(void *arg)
{
	const struct doctor_run	*r = arg;

	return r->pty.out.len > 0 && memmem(r->pty.out.data, r->pty.out.len,
	    r->waits_for, strlen(r->waits_for)) != NULL;
}

static int
load(struct qt_buf *out, const char *folder, const char *name)
{
	char	path[QT_PATH_SIZE];
	ssize_t	n = 1;
	int	fd;

	qt_buf_reset(out);
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	while (n > 0 && out->len < FILE_MAX) {
		n = qt_buf_reserve(out, 65536) < 0 ? -ENOMEM :
		    qt_sys_read(fd, out->data + out->len, 65536);
		if (n > 0)
			out->len += (size_t)n;
	}
	close(fd);
	return n < 0 ? (int)n : 0;
}

static bool
is_told(void *arg)
{
	struct doctor_run	*r = arg;
	struct qt_buf		*b = strcmp(r->waits_for, "begin") == 0 ?
	    &r->begin : &r->end;

	return load(b, r->dir, r->waits_for) == 0 && b->len >= 5 &&
	    memcmp(b->data + b->len - 5, "end=", 5) == 0;
}

const char *
doctor_told(const struct qt_buf *told, const char *name)
{
	size_t	len = strlen(name), at = 0;

	while (at < told->len) {
		const char	*p = told->data + at;
		size_t		 n = strnlen(p, told->len - at);

		if (at + n == told->len)
			break;
		if (n > len && p[len] == '=' && memcmp(p, name, len) == 0)
			return p + len + 1;
		at += n + 1;
	}
	return "";
}

/* --- Starting ------------------------------------------------------------- */

static int
put_file(const char *dir, const char *name, const char *text)
{
	char	path[QT_PATH_SIZE];
	int	fd, rc;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	rc = qt_sys_write_all(fd, text, strlen(text));
	close(fd);
	return rc;
}

static int
put_files(const struct doctor_run *r)
{
	static const struct {
		const char	*name, *text;
	} files[] = {
		{ "1", "sleep 0.1; printf '%s-%s\\n' qt-doctor 1; exit 3\n" },
		{ "2", "printf '%s-%s\\n' qt-doctor 2\n" },
		{ "3", "printf '%s-%s\\n' qt-doctor 3\n" },
		{ ".zshenv", "__qd_part=env\n. $QT_HIST_DOCTOR_SCRIPT\n" },
		{ ".zshrc", "__qd_part=rc\n. $QT_HIST_DOCTOR_SCRIPT\n" },
	};
	int	rc = qt_sys_mkdir(r->dir, 0700);

	for (size_t i = 0; rc == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		rc = put_file(r->dir, files[i].name, files[i].text);
	return rc;
}

/* What the shell is told, on top of our environment. */
struct environment {
	char		 text[6][QT_PATH_SIZE + 32];
	const char	*vars[10];
	unsigned int	 texts, count;
};

static void
add_variable(struct environment *e, const char *name, const char *value)
{
	snprintf(e->text[e->texts], sizeof(e->text[0]), "%s=%s", name, value);
	e->vars[e->count++] = e->text[e->texts++];
}

/* script: what it starts with, as choose_arguments() needs it, too. */
static int
choose_environment(const struct doctor_run *r, struct environment *e,
    char script[QT_PATH_SIZE], struct qt_err *err)
{
	const char	*term = getenv("TERM"), *zdotdir = getenv("ZDOTDIR");
	char		 path[QT_PATH_SIZE], name[64];
	int		 rc;
	ssize_t		 n;

	snprintf(name, sizeof(name), "doctor.%s", r->d->name);
	rc = qt_path_data(name, script);
	if (rc < 0) {
		qt_err_set(err, "%s", script);
		return rc;
	}
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	add_variable(e, "QT_HIST_DOCTOR", r->dir);
	add_variable(e, "QT_HIST_DOCTOR_SCRIPT", script);
	add_variable(e, "QT_HIST_DOCTOR_PROGRAM", path);
	add_variable(e, "QT_HIST_DOCTOR_HOW", hows[r->how]);
	if (strcmp(r->d->name, "zsh") == 0) {
		add_variable(e, "QT_HIST_DOCTOR_ZDOTDIR", zdotdir == NULL ? "" :
		    zdotdir);
		add_variable(e, "ZDOTDIR", r->dir);
	}
	if (term == NULL || *term == '\0' || strcmp(term, "dumb") == 0)
		e->vars[e->count++] = "TERM=xterm";
	e->vars[e->count++] = "QT_HIST_SESSION";
	e->vars[e->count] = NULL;
	return 0;
}

/* NULL ends it. */
static void
choose_arguments(const struct doctor_run *r, const char *script,
    const char *argv[6])
{
	bool	is_user = r->how == DOCTOR_USER;
	size_t	n = 0;

	argv[n++] = r->d->path;
	if (strcmp(r->d->name, "bash") == 0) {
		argv[n++] = is_user ? "--rcfile" : "--norc";
		if (is_user)
			argv[n++] = script;
	} else if (strcmp(r->d->name, "zsh") == 0) {
		if (!is_user)
			argv[n++] = "-d";
	} else {
		if (!is_user)
			argv[n++] = "-N";
		argv[n++] = "-C";
		argv[n++] = "source $QT_HIST_DOCTOR_SCRIPT";
	}
	argv[n++] = "-i";
	argv[n] = NULL;
}

int
doctor_run_start(struct doctor_run *r, struct doctor *d, enum doctor_how how,
    struct qt_err *err)
{
	struct environment	 e = { .count = 0 };
	const char		*argv[6];
	char			 script[QT_PATH_SIZE];
	int			 rc;

	*r = (struct doctor_run){ .d = d, .how = how, .pty = DOCTOR_PTY_INIT };
	if (snprintf(r->dir, sizeof(r->dir), "%s/%s", d->dir, hows[how]) >=
	    (int)sizeof(r->dir))
		return -ENAMETOOLONG;
	rc = put_files(r);
	if (rc < 0)
		qt_err_set(err, "make '%s'", r->dir);
	rc = rc < 0 ? rc : choose_environment(r, &e, script, err);
	if (rc < 0)
		return rc;
	choose_arguments(r, script, argv);
	rc = doctor_pty_start(&r->pty, argv, e.vars, err);
	if (rc == 0 && how != DOCTOR_USER && strcmp(d->name, "bash") == 0)
		rc = doctor_pty_type(&r->pty, " . $QT_HIST_DOCTOR_SCRIPT\r");
	if (rc < 0)
		return rc;
	r->waits_for = "begin";
	r->has_begun = doctor_pty_wait(&r->pty, until(r, d->timeout_ms),
	    is_told, r);
	return 0;
}

/* --- What it wrote down --------------------------------------------------- */

/* Which command it is, from 0 on, or -1. */
static int
number_of(const struct qt_hist_bytes *text)
{
	static const char	typed[] = "sh $QT_HIST_DOCTOR/";
	const char		*p = text->data;
	size_t			 len = text->len;

	for (; len > 0 && *p == ' '; len--)
		p++;
	if (len != sizeof(typed) || memcmp(p, typed, len - 1) != 0 ||
	    p[len - 1] < '1' || p[len - 1] > '3')
		return -1;
	return p[len - 1] - '1';
}

static bool
is_place_of(const struct qt_hist_bytes *cwd, pid_t pid)
{
	char		link[64], path[QT_PATH_SIZE];
	struct stat	a, b;

	snprintf(link, sizeof(link), "/proc/%ld/cwd", (long)pid);
	if (cwd->len >= sizeof(path))
		return false;
	memcpy(path, cwd->data, cwd->len);
	path[cwd->len] = '\0';
	return stat(path, &a) == 0 && stat(link, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void
look_at_record(struct doctor_run *r, const struct qt_hist_spool_record *s,
    uint64_t numbers[DOCTOR_COMMANDS], int *last)
{
	int			 n = -1;
	struct doctor_seen	*seen;

	if (s->kind == QT_HIST_SPOOL_BEGIN || s->has_text) {
		n = number_of(&s->text);
		if (s->is_unsure && n == *last)
			return;		/* it is the entry of the last one */
		*last = n;
		if (n >= 0)
			numbers[n] = s->number;
	} else {
		for (unsigned int i = 0; i < DOCTOR_COMMANDS; i++)
			if (numbers[i] == s->number)
				n = (int)i;
	}
	if (n < 0)
		return;
	seen = &r->seen[n];
	if (s->kind == QT_HIST_SPOOL_BEGIN || s->has_text)
		seen->count++;
	seen->start_us = s->start_us;
	seen->is_place = is_place_of(&s->cwd, r->pty.pid);
	if (s->kind == QT_HIST_SPOOL_END) {
		seen->has_ended = true;
		seen->status = s->status;
		seen->took_us = s->end_us - s->start_us;
	}
}

static void
look_at_spool(struct doctor_run *r, const struct qt_buf *b)
{
	struct qt_hist_spool_record	s;
	uint64_t	numbers[DOCTOR_COMMANDS] = { UINT64_MAX, UINT64_MAX,
	    UINT64_MAX }, lost = 0;
	char		token[QT_HIST_TOKEN];
	size_t		at = QT_HIST_SPOOL_HEAD, used;
	int		last = -1;

	if (qt_hist_spool_token(token, b->data, b->len) < 0)
		return;
	while (at < b->len) {
		int	rc = qt_hist_spool_next(&s, token, b->data + at,
		    b->len - at, &used, &lost);

		if (rc <= 0)
			break;
		at += used;
		if (s.kind != QT_HIST_SPOOL_SESSION)
			look_at_record(r, &s, numbers, &last);
	}
}

static void
look_at_folder(struct doctor_run *r, const char *name)
{
	struct qt_buf		 b = QT_BUF_INIT;
	char			 path[QT_PATH_SIZE];
	const struct dirent	*e;
	DIR			*dir;

	if (snprintf(path, sizeof(path), "%s/%s", r->dir, name) >=
	    (int)sizeof(path))
		return;
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && load(&b, path, e->d_name) == 0)
			look_at_spool(r, &b);
	if (dir != NULL)
		closedir(dir);
	qt_buf_clear(&b);
}

/* --- Typing --------------------------------------------------------------- */

void
doctor_run_type(struct doctor_run *r)
{
	static const struct {
		const char	*text, *shows;
	} typed[DOCTOR_COMMANDS] = {
		{ "sh $QT_HIST_DOCTOR/1\r", "qt-doctor-1" },
		{ " sh $QT_HIST_DOCTOR/2\r", "qt-doctor-2" },
		{ "sh $QT_HIST_DOCTOR/3\r", "qt-doctor-3" },
	};

	r->before_us = qt_clock_real_us();
	for (unsigned int i = 0; i < DOCTOR_COMMANDS; i++) {
		r->waits_for = typed[i].shows;
		if (doctor_pty_type(&r->pty, typed[i].text) < 0 ||
		    !doctor_pty_wait(&r->pty, until(r, TYPE_MS), is_shown, r))
			return;
	}
	r->waits_for = "end";
	if (doctor_pty_type(&r->pty, "__qd_tell end\r") < 0 ||
	    !doctor_pty_wait(&r->pty, until(r, TYPE_MS), is_told, r))
		return;
	r->has_ended = true;
	look_at_folder(r, "spool");
	look_at_folder(r, "spare");
}

uint64_t
doctor_run_prompt_us(struct doctor_run *r, unsigned int count)
{
	struct qt_buf	b = QT_BUF_INIT;
	uint64_t	from = qt_clock_mono_ns(), took = 0;
	int		rc = 0;

	/* What was shown before is not what is waited for. */
	qt_buf_reset(&r->pty.out);
	for (unsigned int i = 0; rc == 0 && i < count; i++)
		rc = qt_buf_addf(&b, ": %u\r", i);
	if (rc == 0)
		rc = qt_buf_addf(&b, "printf %%s-%%s\\\\n qt-doctor end\r");
	r->waits_for = "qt-doctor-end";
	if (rc == 0 && doctor_pty_type(&r->pty, b.data) == 0 &&
	    doctor_pty_wait(&r->pty, until(r, TYPE_MS), is_shown, r))
		took = (qt_clock_mono_ns() - from) / 1000 / (count + 1);
	qt_buf_clear(&b);
	return took;
}

void
doctor_run_end(struct doctor_run *r)
{
	doctor_pty_end(&r->pty);
	qt_buf_clear(&r->begin);
	qt_buf_clear(&r->end);
}
