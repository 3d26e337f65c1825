/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines, made up: see hist_rows.h.
 *
 * Made of what nl2bash's and everybody's histories are made of: a pattern, and
 * words for its places.
 *
 *	%f	a file		%d	a folder	%w	a word
 *	%e	its suffix	%h	a host		%n	a number
 */

#include <string.h>

#include "hist_rows.h"

static const char *const patterns[] = {
	"find %d -type f -name \"*.%e\"",
	"find %d -name '*.%e' -print0 | xargs -0 grep -l %w",
	"find %d -type f -mtime -%n -exec ls -l {} \\;",
	"find . -name \"%w*\" -size +%nk -delete",
	"find %d -iname '*%w*' -o -name '*.%e' | sort | head -n %n",
	"find . -type d -name %w -exec chmod 755 {} +",
	"grep -rn %w %d", "grep -i '%w' %f | wc -l",
	"grep -v '^#' %f | cut -d: -f%n | sort -u",
	"git status", "git diff %f", "git add %f", "git push origin %w",
	"git commit -m '%w the %w of %w'", "git log --oneline -n %n -- %d",
	"git checkout -b %w-%n", "git pull --rebase origin %w",
	"git rebase -i HEAD~%n", "git stash pop", "git show %w:%f",
	"docker compose up -d %w", "docker compose logs -f %w",
	"docker exec -it %w-%n bash", "docker build -t %w:%n %d",
	"docker ps | grep %w", "ls -la %d", "ls", "cd %d", "cd ..",
	"cat %f", "less %f", "vim %f", "cp %f %d", "mv %f %d/%w.%e",
	"rm -rf %d/%w", "mkdir -p %d/%w", "tail -n %n -f %f",
	"sed -i 's/%w/%w/g' %f", "sed -n '%n,$p' %f",
	"awk -F: '{ print $%n }' %f | sort | uniq -c | sort -rn",
	"tar czf %w-%n.tar.gz %d", "tar xf %w.tar.gz -C %d",
	"ssh %h", "ssh %h 'df -h %d'", "scp %f %h:%d",
	"rsync -av --exclude='*.%e' %d/ %h:%d", "curl -s https://%h/%w/%n | jq .",
	"make -j%n %w", "make", "make check", "sudo systemctl restart %w",
	"journalctl -u %w -n %n", "ps aux | grep %w", "kill -9 %n%n%n%n",
	"du -sh %d/*", "for f in *.%e; do echo \"$f\"; done",
	"python3 -m %w --count=%n %f", "npm run %w", "cargo build --release",
	"kubectl get pods -n %w", "kubectl logs -f %w-%n%n%n",
	"comm -12 <(sort %f) <(sort %f)", "chown -R %w:%w %d",
	"wc -l %d/*.%e", "history | grep %w", "echo $%w | tr '%n' '\\n'",
	"diff -u %f %f", "xargs -n %n rm < %f", "top -b -n %n | grep %w",
};

static const char *const words[] = {
	"main", "test", "build", "data", "config", "server", "client", "index",
	"user", "login", "report", "update", "backup", "image", "video", "music",
	"photo", "letter", "project", "module", "parser", "table", "query",
	"cache", "queue", "worker", "signal", "socket", "buffer", "string",
	"number", "market", "invoice", "account", "payment", "order", "stock",
	"weather", "station", "sensor", "driver", "kernel", "network", "router",
	"proxy", "monitor", "metrics", "alert", "daily", "weekly", "archive",
	"release", "feature", "hotfix", "develop", "staging", "production",
	"nginx", "postgres", "redis", "mysql", "apache", "foo", "bar", "tmp",
};

static const char *const suffixes[] = {
	"txt", "c", "h", "py", "java", "js", "log", "html", "css", "sh", "jpg",
	"csv", "json", "xml", "conf", "md",
};

#define ONE(list, state)	\
	(list)[hist_draw(state, sizeof(list) / sizeof((list)[0]))]

struct line {
	char		*at, *end;
	uint64_t	*state;
};

static void
add(struct line *l, const char *text)
{
	while (*text != '\0' && l->at < l->end)
		*l->at++ = *text++;
}

static void
add_number(struct line *l)
{
	uint64_t	n = hist_draw(l->state, 30);
	char		text[3] = { (char)('0' + n / 10),
	    (char)('0' + n % 10), '\0' };

	add(l, n < 10 ? text + 1 : text);
}

static void
add_place(struct line *l, char what)
{
	switch (what) {
	case 'e':
		add(l, ONE(suffixes, l->state));
		break;
	case 'n':
		add_number(l);
		break;
	case 'd':
		add(l, hist_draw(l->state, 2) == 0 ? "src/" : "/home/user/");
		add(l, ONE(words, l->state));
		break;
	case 'f':
		add(l, ONE(words, l->state));
		add(l, "/");
		add(l, ONE(words, l->state));
		add(l, ".");
		add(l, ONE(suffixes, l->state));
		break;
	case 'h':
		add(l, ONE(words, l->state));
		add_number(l);
		add(l, ".example.org");
		break;
	default:
		add(l, ONE(words, l->state));
		break;
	}
}

void
hist_line(char line[HIST_LINE_SIZE], uint64_t *state)
{
	const char	*p = ONE(patterns, state);
	struct line	 l = { line, line + HIST_LINE_SIZE - 1, state };

	for (; *p != '\0'; p++) {
		char	one[2] = { *p, '\0' };

		if (*p == '%' && strchr("fdwehn", p[1]) != NULL)
			add_place(&l, *++p);
		else
			add(&l, one);
	}
	*l.at = '\0';
}
