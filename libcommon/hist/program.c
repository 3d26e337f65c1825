/* SPDX-License-Identifier: Apache-2.0 */
/* What a command runs. See <qt/hist/stats.h>. */

#include <stdbool.h>
#include <string.h>

#include <qt/hist/stats.h>

/*
 * Programs that have subcommands: how many words of them, and those of their
 * options whose value is a word of its own.
 */
static const struct tool {
	const char	*name;
	unsigned int	 depth;
	const char	*values;	/* with spaces around each */
} tools[] = {
	{ "apk", 1, " -p -X " }, { "apt", 1, " -o -c -t " },
	{ "apt-get", 1, " -o -c -t " }, { "aws", 2, " --profile --region " },
	{ "az", 2, "" }, { "brew", 1, "" }, { "bundle", 1, "" },
	{ "cargo", 1, " -C --config -Z --color " }, { "composer", 1, " -d " },
	{ "conda", 1, "" }, { "dnf", 1, " -c " },
	{ "docker", 1, " -H -c -l --context --config --host --log-level " },
	{ "docker-compose", 1, " -f -p --file --project-name " },
	{ "dotnet", 1, "" }, { "flatpak", 1, "" }, { "gcloud", 2, "" },
	{ "gh", 2, " -R --repo " },
	{ "git", 1, " -C -c --git-dir --work-tree --namespace " },
	{ "go", 1, " -C " }, { "guix", 1, "" }, { "helm", 1, " -n " },
	{ "hg", 1, " -R --cwd --config " }, { "ip", 1, " -n -b " },
	{ "jj", 1, " -R " },
	{ "kubectl", 1, " -n -s --namespace --context --kubeconfig "
	    "--cluster --user " },
	{ "mix", 1, "" }, { "nix", 1, "" },
	{ "npm", 1, " --prefix " }, { "pip", 1, "" }, { "pip3", 1, "" },
	{ "pnpm", 1, " -C --dir " }, { "podman", 1, " --log-level " },
	{ "poetry", 1, " -C -P " }, { "qt-hist", 1, "" },
	{ "qt-map", 1, " -m --map " }, { "qt-session", 1, "" },
	{ "qt-shm", 1, "" }, { "rustup", 1, "" }, { "snap", 1, "" },
	{ "svn", 1, "" }, { "systemctl", 1, " -H -M -t -p -n " },
	{ "terraform", 1, "" }, { "tmux", 1, " -L -S -f -c " },
	{ "uv", 1, " --directory --project " }, { "yarn", 1, " --cwd " },
	{ "zypper", 1, "" },
};

/* What runs another program, and those of its options that have a value. */
static const struct tool wrappers[] = {
	{ "builtin", 0, "" }, { "command", 0, "" },
	{ "doas", 0, " -u -C " }, { "env", 0, " -u -C -S " },
	{ "exec", 0, " -a " }, { "ionice", 0, " -c -n -p " },
	{ "nice", 0, " -n " }, { "nocorrect", 0, "" }, { "noglob", 0, "" },
	{ "nohup", 0, "" }, { "setsid", 0, "" },
	{ "stdbuf", 0, " -i -o -e " },
	{ "sudo", 0, " -u -g -h -p -C -T -D -R -r -t -U " },
	{ "time", 0, " -f -o " }, { "timeout", 0, " -k -s " },
};

struct text {
	const char	*at, *end;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
ends_command(char c)
{
	return c == ';' || c == '|' || c == '&' || c == '<' || c == '>' ||
	    c == '(' || c == ')';
}

/* The next word, quotes and all; empty where the command ends. */
static struct qt_hist_bytes
next_word(struct text *t)
{
	const char	*from;
	char		 quote = '\0';

	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
	from = t->at;
	for (; t->at < t->end; t->at++) {
		char	c = *t->at;

		if (c == '\\' && quote != '\'' && t->at + 1 < t->end)
			t->at++;
		else if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (is_blank(c) || ends_command(c))
			break;
	}
	return (struct qt_hist_bytes){ from, (size_t)(t->at - from) };
}

static bool
is_assignment(const struct qt_hist_bytes *w)
{
	for (size_t i = 0; i < w->len; i++) {
		char	c = w->data[i];

		if (c == '=')
			return i > 0;
		if (c != '_' && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (i == 0 || !(c >= '0' && c <= '9')))
			return false;
	}
	return false;
}

static const struct tool *
find(const struct tool *table, size_t count, const struct qt_hist_bytes *w)
{
	for (size_t i = 0; i < count; i++)
		if (w->len > 0 && table[i].name[0] == w->data[0] &&
		    strlen(table[i].name) == w->len && memcmp(
		    table[i].name, w->data, w->len) == 0)
			return &table[i];
	return NULL;
}
#define FIND(table, w) find(table, sizeof(table) / sizeof((table)[0]), w)

/* Whether the word behind this option is its value. */
static bool
has_value(const struct tool *t, const struct qt_hist_bytes *option)
{
	for (const char *p = t->values; (p = strchr(p, ' ')) != NULL; p++)
		if (strncmp(p + 1, option->data, option->len) == 0 &&
		    p[1 + option->len] == ' ' &&
		    memchr(option->data, '\0', option->len) == NULL)
			return true;
	return false;
}

/* The first word that is no option of t. */
static struct qt_hist_bytes
behind_options(struct text *t, const struct tool *of)
{
	struct qt_hist_bytes	w;

	while ((w = next_word(t)).len > 0 && (w.data[0] == '-' ||
	    w.data[0] == '+'))
		if (has_value(of, &w))
			(void)next_word(t);
	return w;
}

static bool
is_subcommand(const struct qt_hist_bytes *w)
{
	for (size_t i = 0; i < w->len; i++) {
		char	c = w->data[i];

		if (!(c >= 'a' && c <= 'z') && (i == 0 || !((c >= '0' &&
		    c <= '9') || c == '-' || c == '_' || c == ':')))
			return false;
	}
	return w->len > 0;
}

static void
without_folder(struct qt_hist_bytes *w)
{
	const char	*slash;

	if (w->len == 0 || w->data[0] != '/' ||
	    w->data[w->len - 1] == '/')
		return;
	slash = memrchr(w->data, '/', w->len);
	w->len -= (size_t)(slash + 1 - w->data);
	w->data = slash + 1;
}

/* The program itself. */
static struct qt_hist_bytes
first_word(struct text *t)
{
	struct qt_hist_bytes	 w, wrapper = { "", 0 };
	const struct tool	*of = NULL;

	while (t->at < t->end && (is_blank(*t->at) || *t->at == '(' ||
	    *t->at == '{' || *t->at == '!'))
		t->at++;
	for (;;) {
		w = of == NULL ? next_word(t) : behind_options(t, of);
		if (w.len == 0)
			return wrapper;
		if (is_assignment(&w))
			continue;
		without_folder(&w);
		of = FIND(wrappers, &w);
		if (of == NULL)
			return w;
		wrapper = w;
		/* Its first operand is how long. */
		if (strcmp(of->name, "timeout") == 0)
			(void)behind_options(t, of);
	}
}

static size_t
add(char out[QT_HIST_PROGRAM_MAX], size_t at, const struct qt_hist_bytes *w)
{
	size_t	room = QT_HIST_PROGRAM_MAX - at;
	size_t	len = w->len < room ? w->len : room;

	memcpy(out + at, w->data, len);
	return at + len;
}

size_t
qt_hist_program(char out[QT_HIST_PROGRAM_MAX], const char *text, size_t len)
{
	struct text		 t = { text, text + len };
	struct qt_hist_bytes	 w = first_word(&t);
	const struct tool	*tool;
	size_t			 at = add(out, 0, &w);

	tool = FIND(tools, &w);
	for (unsigned int i = 0; tool != NULL && i < tool->depth; i++) {
		w = behind_options(&t, tool);
		if (!is_subcommand(&w))
			break;
		at = add(out, at, &(struct qt_hist_bytes){ " ", 1 });
		at = add(out, at, &w);
	}
	return at;
}
