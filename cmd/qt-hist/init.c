/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist init - what a shell is to evaluate so that its commands are kept */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/proc.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/hist/spool.h>

#include "history.h"
#include "verbs.h"

enum { UP_ARROW = 256, NO_KEYS, COMPLETE, NO_BUILTIN };

static const struct qt_opt options[] = {
	{ UP_ARROW, "up-arrow", NULL,
	    "the up arrow goes through this history, too" },
	{ NO_KEYS, "no-keys", NULL, "leave Ctrl-R to the shell" },
	{ COMPLETE, "complete", NULL, "Alt-i: what is likely to be run next; "
	    "Alt-j, and Tab where nothing else is known: words of the history" },
	{ NO_BUILTIN, "no-builtin", NULL,
	    "bash: leave out the builtin that makes a prompt cost less" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb init_verb = {
	"init", init_main, "bash|zsh|fish",
	"print what a shell evaluates: eval \"$(qt-hist init bash)\"", options,
};

/* --- The spool ------------------------------------------------------------ */

static int
add_field(struct qt_buf *b, const char *text)
{
	return qt_buf_add(b, text, strlen(text) + 1);
}

static int
add_number(struct qt_buf *b, uint64_t n)
{
	char	text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return add_field(b, text);
}

static int
add_mark(struct qt_buf *b, const char *token, char kind)
{
	char	mark[QT_HIST_TOKEN + 3];

	snprintf(mark, sizeof(mark), "\x1e%.*s%c", (int)QT_HIST_TOKEN, token,
	    kind);
	return add_field(b, mark);
}

static const char *
or_none(const char *text)
{
	return text != NULL ? text : "";
}

/* The head, and the session: what is written before the shell's own. */
static int
first_bytes(struct qt_buf *b, const char *token, const char *shell)
{
	const struct passwd	*pw = getpwuid(geteuid());
	char			 head[QT_HIST_SPOOL_HEAD], host[256] = "";
	char			 boot[QT_PROC_BOOT_SIZE];
	int			 rc;

	(void)gethostname(host, sizeof(host) - 1);
	qt_proc_boot_id(boot);
	qt_hist_spool_head(head, token);
	rc = qt_buf_add(b, head, sizeof(head));
	rc = rc < 0 ? rc : add_mark(b, token, QT_HIST_SPOOL_SESSION);
	rc = rc < 0 ? rc : add_field(b, host);
	rc = rc < 0 ? rc : add_field(b, pw != NULL ? pw->pw_name :
	    or_none(getenv("USER")));
	rc = rc < 0 ? rc : add_field(b, or_none(ttyname(STDERR_FILENO)));
	rc = rc < 0 ? rc : add_field(b, shell);
	rc = rc < 0 ? rc : add_field(b, "");
	rc = rc < 0 ? rc : add_number(b, (uint64_t)getppid());
	rc = rc < 0 ? rc : add_number(b, qt_clock_real_ms() * 1000);
	rc = rc < 0 ? rc : add_field(b, or_none(getenv("QT_SESSION")));
	rc = rc < 0 ? rc : add_field(b, boot);
	rc = rc < 0 ? rc : add_number(b, qt_proc_pid_ns());
	return rc < 0 ? rc : add_mark(b, token, '.');
}

/* suffix: the two that a shell has are to have two names. */
static int
make_spool(const char *folder, const char *token, const char *suffix,
    const struct qt_buf *first, char out[QT_PATH_SIZE], struct qt_err *err)
{
	int	n = snprintf(out, QT_PATH_SIZE, "%s/%.*s%s.spool", folder,
	    (int)QT_HIST_TOKEN, token, suffix), fd, rc;

	qt_err_set(err, "make a spool in '%s'", folder);
	if (n < 0 || n >= QT_PATH_SIZE)
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, out, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	rc = qt_sys_write_all(fd, first->data, first->len);
	close(fd);
	return rc;
}

/* The two that a shell has, of which one will do. */
struct spools {
	char	usual[QT_PATH_SIZE], spare[QT_PATH_SIZE];
};

static void
make_spools(struct spools *s, const char *token, const struct qt_buf *first)
{
	struct qt_err	err = QT_ERR_INIT, spare_err = QT_ERR_INIT;
	char		folder[QT_PATH_SIZE];
	int		rc = history_folder(folder, "spool", &err), spare_rc;

	if (rc == 0 && !history_is_local(folder)) {
		qt_err_set(&err, "write to '%s'", folder);
		rc = -EREMOTE;
	}
	if (rc == 0)
		rc = make_spool(folder, token, "", first, s->usual, &err);
	spare_rc = history_spare_folder(folder, &spare_err);
	if (spare_rc == 0)
		spare_rc = make_spool(folder, token, "-spare", first,
		    s->spare, &spare_err);
	if (rc < 0 && spare_rc < 0)
		qt_die(QT_EXIT_SYS, "no folder for what this shell writes "
		    "down: %s: %s; and %s: %s", err.text, qt_strerror(rc),
		    spare_err.text, qt_strerror(spare_rc));
	if (rc < 0)
		strcpy(s->usual, s->spare);
	if (spare_rc < 0)
		strcpy(s->spare, "/dev/null");
}

/* --- The script ----------------------------------------------------------- */

/* In single quotes; fish takes \\ and \' in them, the others end them. */
static int
add_quoted(struct qt_buf *b, const char *text, bool is_fish)
{
	int	rc = qt_buf_add(b, "'", 1);

	for (; rc == 0 && *text != '\0'; text++) {
		if (is_fish && (*text == '\\' || *text == '\''))
			rc = qt_buf_add(b, "\\", 1);
		if (*text == '\'' && !is_fish)
			rc = qt_buf_add(b, "'\\''", 4);
		else if (rc == 0)
			rc = qt_buf_add(b, text, 1);
	}
	return rc < 0 ? rc : qt_buf_add(b, "'", 1);
}

struct words {
	const char	*spool, *spare, *token, *builtin;
	bool		 is_fish;
};

/* What stands for @NAME@. */
static int
add_word(struct qt_buf *b, const struct words *w, const char *name, size_t len)
{
	if (len == 5 && memcmp(name, "SPOOL", 5) == 0)
		return add_quoted(b, w->spool, w->is_fish);
	if (len == 5 && memcmp(name, "SPARE", 5) == 0)
		return add_quoted(b, w->spare, w->is_fish);
	if (len == 7 && memcmp(name, "BUILTIN", 7) == 0)
		return add_quoted(b, w->builtin, w->is_fish);
	if (len == 5 && memcmp(name, "TOKEN", 5) == 0)
		return qt_buf_add(b, w->token, QT_HIST_TOKEN);
	if (len == 4 && memcmp(name, "BOOT", 4) == 0) {
		struct timespec	up;

		clock_gettime(CLOCK_BOOTTIME, &up);
		return qt_buf_addf(b, "%llu", (unsigned long long)
		    (qt_clock_real_ms() - (uint64_t)up.tv_sec * 1000 -
		    (uint64_t)up.tv_nsec / 1000000) * 1000);
	}
	return -ENOENT;
}

static int
fill_in(struct qt_buf *b, const struct words *w, const char *script)
{
	int	rc = 0;

	while (rc == 0 && *script != '\0') {
		const char	*at = strchr(script, '@'), *end;

		if (at == NULL)
			return qt_buf_add(b, script, strlen(script));
		rc = qt_buf_add(b, script, (size_t)(at - script));
		end = at + 1 + strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (rc == 0 && *end == '@')
			rc = add_word(b, w, at + 1, (size_t)(end - at - 1));
		else
			rc = rc == 0 ? -ENOENT : rc;
		script = end + 1;
		if (rc == -ENOENT) {	/* another @ */
			rc = qt_buf_add(b, "@", 1);
			script = at + 1;
		}
	}
	return rc;
}

/*
 * zsh reads all of it before it does any: so its options and aliases, which
 * decide what it reads, are set before it is evaluated.
 */
static int
wrap_zsh(struct qt_buf *b, const char *script)
{
	static const char	before[] = "__qh_init() {\n"
	    "\t\\builtin \\emulate -L zsh\n"
	    "\t\\builtin \\setopt no_aliases no_local_traps\n"
	    "\t\\builtin \\eval \"$1\"\n}\n__qh_init ";
	static const char	after[] = "\n\\builtin \\unset -f __qh_init\n";
	int			rc = qt_buf_add(b, before, sizeof(before) - 1);

	rc = rc < 0 ? rc : add_quoted(b, script, false);
	return rc < 0 ? rc : qt_buf_add(b, after, sizeof(after) - 1);
}

/* Appends name.shell of the data folder. */
static void
read_script(struct qt_buf *b, const char *what, const char *shell)
{
	char	name[64], path[QT_PATH_SIZE], piece[4096];
	FILE	*f;
	size_t	n;
	int	rc;

	snprintf(name, sizeof(name), "%s.%s", what, shell);
	rc = qt_path_data(name, path);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", path, qt_strerror(rc));
	f = fopen(path, "re");
	if (f == NULL)
		qt_die(QT_EXIT_SYS, "%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		if (qt_buf_add(b, piece, n) < 0)
			qt_die(QT_EXIT_SYS, "out of memory");
	fclose(f);
}

/* Whether the process that calls us was told it already. */
static bool
is_there(void)
{
	const char	*session = getenv("QT_HIST_SESSION");

	return session != NULL && strtol(session, NULL, 10) == getppid();
}

/* What it is to have besides. */
struct extras {
	bool	has_keys, has_up, has_complete, has_builtin;
};

/* Evaluating twice is once; but after "exec bash" it is another shell. */
static void
print_again(const char *shell, const struct extras *x)
{
	struct qt_buf	b = QT_BUF_INIT;
	char		path[QT_PATH_SIZE];
	bool		is_fish = strcmp(shell, "fish") == 0;
	int		rc;

	qt_path_program("qt-hist", path);
	rc = qt_buf_addf(&b, is_fish ? "set -q __qh_spool; or env "
	    "QT_HIST_SESSION= " : "[[ -n ${__qh_spool-} ]] || eval "
	    "\"$(QT_HIST_SESSION= ");
	rc = rc < 0 ? rc : add_quoted(&b, path, is_fish);
	rc = rc < 0 ? rc : qt_buf_addf(&b, " init%s%s%s%s %s%s\n",
	    x->has_keys ? "" : " --no-keys", x->has_up ? " --up-arrow" : "",
	    x->has_complete ? " --complete" : "", x->has_builtin ? "" :
	    " --no-builtin", shell, is_fish ? " | source" : ")\"");
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	qt_prog_write(b.data, b.len);
	qt_buf_clear(&b);
}

static void
print_script(const char *shell, const struct extras *x)
{
	char		 token[QT_HIST_TOKEN + 1];
	uint64_t	 random;
	struct qt_buf	 first = QT_BUF_INIT, script = QT_BUF_INIT;
	struct qt_buf	 out = QT_BUF_INIT, whole = QT_BUF_INIT;
	struct spools	 spools;
	char		 builtin[QT_PATH_SIZE];
	struct words	 w = { .token = token, .spool = spools.usual,
	    .spare = spools.spare, .builtin = builtin,
	    .is_fish = strcmp(shell, "fish") == 0 };

	if (!x->has_builtin || qt_path_lib("qt-hist-bash.so", builtin) < 0)
		builtin[0] = '\0';
	qt_random(&random, sizeof(random));
	snprintf(token, sizeof(token), "%016llx", (unsigned long long)random);
	if (first_bytes(&first, token, shell) < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	make_spools(&spools, token, &first);
	read_script(&script, "init", shell);
	if (x->has_keys)
		read_script(&script, "pick", shell);
	if (x->has_up)
		read_script(&script, "up", shell);
	if (x->has_complete)
		read_script(&script, "complete", shell);
	if (fill_in(&out, &w, script.data) < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	if (strcmp(shell, "zsh") == 0) {
		if (wrap_zsh(&whole, out.data) < 0)
			qt_die(QT_EXIT_SYS, "out of memory");
		qt_prog_write(whole.data, whole.len);
	} else {
		qt_prog_write(out.data, out.len);
	}
	qt_buf_clear(&first);
	qt_buf_clear(&script);
	qt_buf_clear(&out);
	qt_buf_clear(&whole);
}

int
init_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&init_verb, argc, argv);
	const char	*shell;
	struct extras	 x = { .has_keys = true, .has_builtin = true };
	int		 id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == UP_ARROW)
			x.has_up = true;
		else if (id == COMPLETE)
			x.has_complete = true;
		else if (id == NO_BUILTIN)
			x.has_builtin = false;
		else
			x.has_keys = false;
	}
	if (o.index + 1 != argc)
		qt_usage(&init_verb);
	shell = argv[o.index];
	if (strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0 &&
	    strcmp(shell, "fish") != 0)
		qt_die(QT_EXIT_USAGE, "'%s': bash, zsh and fish are the shells "
		    "that it knows", shell);
	if (is_there())
		print_again(shell, &x);
	else
		print_script(shell, &x);
	return QT_EXIT_OK;
}
