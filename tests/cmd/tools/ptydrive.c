/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ptydrive [-s COLSxROWS] [-t SECONDS] [-o FILE] COMMAND [ARG...] - run a
 * command on a pty of its own and drive it by the script on stdin.
 *
 * One step a line:
 *	expect RE	wait until the output since the last expect matches
 *	send TEXT	type it; \r \n \t \e \\ and \xNN are understood
 *	flood N		type N times "0123456789abcde\n"
 *	until COMMAND	run it by sh until it succeeds; nothing is read meanwhile
 *	resize CxR	change the size
 *	signal N	send the command a signal, by number
 *	status		print the command's terminal settings (stty -g like)
 *	eof		hang up: close the master
 *	exit N		wait until it ended with that status
 *
 * Every wait has the deadline of -t (10). Output goes to FILE as it is. The
 * first step that fails is named, with what came instead, and ends with 1.
 */

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/base/sys.h>

struct drive {
	int		 master;
	pid_t		 pid;
	int		 status;	/* wait(2)'s, once it ended */
	int		 has_ended;
	FILE		*out;
	struct qt_buf	 text;		/* since the last expect */
	uint64_t	 limit_ms;
	int		 line;
};

#define TEXT_MAX	(64u << 10)	/* what an expect may look back at */
#define TEXT_SHOWN	2000u

static _Noreturn void
fail(const struct drive *d, const char *step, const char *why)
{
	size_t	from = d->text.len > TEXT_SHOWN ? d->text.len - TEXT_SHOWN : 0;

	fprintf(stderr, "ptydrive: line %d: %s: %s\noutput so far:\n%s\n",
	    d->line, step, why, d->text.len > 0 ? d->text.data + from : "");
	if (d->pid > 0 && !d->has_ended)
		kill(d->pid, SIGKILL);
	exit(1);
}

/* Takes what the command wrote within ms. 0 at its end. */
static int
take(struct drive *d, int ms)
{
	struct pollfd	p = { .fd = d->master, .events = POLLIN };
	char		data[65536];
	ssize_t		n, i;

	if (poll(&p, 1, ms) <= 0)
		return 1;
	n = read(d->master, data, sizeof(data));
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	if (d->out != NULL) {
		fwrite(data, 1, (size_t)n, d->out);
		fflush(d->out);
	}
	for (i = 0; i < n; i++) {	/* a regex stops at NUL */
		if (data[i] == '\0')
			data[i] = ' ';
	}
	qt_buf_add(&d->text, data, (size_t)n);
	if (d->text.len > 2 * TEXT_MAX)
		qt_buf_drop(&d->text, d->text.len - TEXT_MAX);
	return 1;
}

static void
step_expect(struct drive *d, const char *pattern)
{
	uint64_t	end_ms = qt_clock_mono_ms() + d->limit_ms;
	regmatch_t	m;
	regex_t		re;
	int		is_open = 1;

	if (regcomp(&re, pattern, REG_EXTENDED) != 0)
		fail(d, pattern, "not a regular expression");
	for (;;) {
		if (d->text.len > 0 &&
		    regexec(&re, d->text.data, 1, &m, 0) == 0)
			break;
		if (!is_open)
			fail(d, pattern, "the command ended before");
		if (qt_clock_mono_ms() > end_ms)
			fail(d, pattern, "did not come");
		is_open = take(d, 100);
	}
	qt_buf_drop(&d->text, (size_t)m.rm_eo);
	regfree(&re);
}

static void
type(struct drive *d, const char *data, size_t len)
{
	uint64_t	end_ms = qt_clock_mono_ms() + d->limit_ms;
	struct pollfd	p = { .fd = d->master, .events = POLLOUT };
	ssize_t		n;

	while (len > 0) {
		if (qt_clock_mono_ms() > end_ms)
			fail(d, "send", "the command does not read");
		take(d, 0);
		if (poll(&p, 1, 50) <= 0 || !(p.revents & POLLOUT))
			continue;
		n = write(d->master, data, len < 1024 ? len : 1024);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			fail(d, "send", strerror(errno));
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void
step_send(struct drive *d, const char *text)
{
	static const char	from[] = "rnte\\", to[] = "\r\n\t\033\\";
	struct qt_buf		raw = QT_BUF_INIT;
	const char		*p;
	char			 c;
	unsigned int		 hex;

	for (; *text != '\0'; text++) {
		c = *text;
		if (c == '\\' && text[1] == 'x' &&
		    sscanf(text + 2, "%2x", &hex) == 1) {
			c = (char)hex;
			text += 3;
		} else if (c == '\\' && text[1] != '\0' &&
		    (p = strchr(from, text[1])) != NULL) {
			c = to[p - from];
			text++;
		}
		qt_buf_add(&raw, &c, 1);
	}
	type(d, raw.data, raw.len);
	qt_buf_clear(&raw);
}

/* A terminal that takes nothing while the world goes on. */
static void
step_until(struct drive *d, const char *command)
{
	uint64_t	end_ms = qt_clock_mono_ms() + d->limit_ms;

	while (system(command) != 0) {
		if (qt_clock_mono_ms() > end_ms)
			fail(d, "until", "it never succeeded");
		poll(NULL, 0, 20);
	}
}

static void
step_flood(struct drive *d, unsigned long count)
{
	while (count-- > 0)
		type(d, "0123456789abcde\n", 16);
}

static void
step_resize(struct drive *d, const char *size)
{
	struct winsize	ws = { .ws_row = 0 };

	if (sscanf(size, "%hux%hu", &ws.ws_col, &ws.ws_row) != 2 ||
	    ioctl(d->master, TIOCSWINSZ, &ws) < 0)
		fail(d, "resize", size);
}

static void
step_status(struct drive *d)
{
	struct termios	t;

	if (tcgetattr(d->master, &t) < 0)
		fail(d, "status", strerror(errno));
	printf("%x:%x:%x:%x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
}

/* Ends of the child, looked at while its output is taken. */
static void
step_exit(struct drive *d, int want)
{
	uint64_t	end_ms = qt_clock_mono_ms() + d->limit_ms;
	char		why[64];
	int		code;

	while (!d->has_ended) {
		take(d, 10);
		if (waitpid(d->pid, &d->status, WNOHANG) == d->pid)
			d->has_ended = 1;
		else if (qt_clock_mono_ms() > end_ms)
			fail(d, "exit", "it still runs");
	}
	while (d->master >= 0 && poll(&(struct pollfd){ d->master, POLLIN, 0 },
	    1, 0) > 0 && take(d, 0))
		;
	code = WIFSIGNALED(d->status) ? 128 + WTERMSIG(d->status) :
	    WEXITSTATUS(d->status);
	snprintf(why, sizeof(why), "it ended with %d", code);
	if (code != want)
		fail(d, "exit", why);
}

static void
step(struct drive *d, char *line)
{
	char	*arg = line + strcspn(line, " ");

	if (*arg != '\0')
		*arg++ = '\0';
	if (strcmp(line, "expect") == 0)
		step_expect(d, arg);
	else if (strcmp(line, "send") == 0)
		step_send(d, arg);
	else if (strcmp(line, "until") == 0)
		step_until(d, arg);
	else if (strcmp(line, "flood") == 0)
		step_flood(d, strtoul(arg, NULL, 10));
	else if (strcmp(line, "resize") == 0)
		step_resize(d, arg);
	else if (strcmp(line, "signal") == 0)
		kill(d->pid, atoi(arg));
	else if (strcmp(line, "status") == 0)
		step_status(d);
	else if (strcmp(line, "exit") == 0)
		step_exit(d, atoi(arg));
	else if (strcmp(line, "eof") == 0 && close(d->master) == 0)
		d->master = -1;
	else
		fail(d, line, "no such step");
}

static int
usage(void)
{
	fprintf(stderr, "usage: ptydrive [-s COLSxROWS] [-t SECONDS] "
	    "[-o FILE] COMMAND [ARG...]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct drive	d = { .limit_ms = 10000 };
	struct winsize	ws = { .ws_row = 24, .ws_col = 80 };
	char		line[4096];
	int		ch;

	while ((ch = getopt(argc, argv, "+s:t:o:")) != -1) {
		if (ch == 's' && sscanf(optarg, "%hux%hu", &ws.ws_col,
		    &ws.ws_row) == 2)
			continue;
		else if (ch == 't')
			d.limit_ms = strtoul(optarg, NULL, 10) * 1000;
		else if (ch != 'o' || (d.out = fopen(optarg, "w")) == NULL)
			return usage();
	}
	if (optind == argc)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	d.pid = forkpty(&d.master, NULL, NULL, &ws);
	if (d.pid == 0) {
		execvp(argv[optind], argv + optind);
		_exit(127);
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		d.line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			step(&d, line);
	}
	if (d.pid > 0 && !d.has_ended)
		kill(d.pid, SIGHUP);
	qt_buf_clear(&d.text);
	return d.pid > 0 ? 0 : 1;
}
