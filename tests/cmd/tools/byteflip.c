/* SPDX-License-Identifier: Apache-2.0 */
/*
 * byteflip [-s STEP] [-t SECONDS] [-k FROM-TO]... FILE FROM-TO
 *	++ COMMAND... [++ COMMAND...]
 *
 * Flips each byte of the file in turn, or every STEPth, and runs every command
 * on what that makes of it. A command may answer 0, 1 or 3, in time, by no
 * signal. Where it answers 3, it says why, and the file is as it was; but for
 * what is kept out by -k, where those who came and went leave their marks. Each
 * fault is a line; exits 1 when there was one. The file is put back at the end.
 *
 * Offsets count bytes; TO itself is left alone.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANGES_MAX	8
#define COMMANDS_MAX	32
#define WORDS_MAX	32

struct range {
	size_t	from, to;
};

struct flip {
	const char	*path;
	unsigned char	*map, *sound;	/* the file, and a copy of it */
	size_t		 size;
	struct range	 keep[RANGES_MAX];
	int		 keep_count;
	char		*command[COMMANDS_MAX][WORDS_MAX + 1];
	int		 command_count;
	int		 said;		/* what the command said */
	int		 limit_ms;
	int		 faults;
};

extern char	**environ;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "byteflip: %s: %s\n", what, strerror(errno));
	exit(3);
}

static struct range
read_range(const char *text)
{
	struct range	 r;
	char		*end;

	r.from = strtoul(text, &end, 10);
	r.to = *end == '-' ? strtoul(end + 1, &end, 10) : 0;
	if (*end != '\0' || r.to < r.from) {
		errno = EINVAL;
		die(text);
	}
	return r;
}

/* Its exit code, or -signal; -1000 when it did not end. */
static int
run(struct flip *f, char **argv)
{
	posix_spawn_file_actions_t	fa;
	struct pollfd			p = { .events = POLLIN };
	int				status, is_late;
	pid_t				pid;

	if (ftruncate(f->said, 0) < 0 || lseek(f->said, 0, SEEK_SET) < 0)
		die("memory file");
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, f->said, 2);
	errno = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
	if (errno != 0)
		die(argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		die("pidfd_open");
	is_late = poll(&p, 1, f->limit_ms) == 0;
	if (is_late)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	close(p.fd);
	if (is_late)
		return -1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The first byte that is not as in what, outside of what is kept out. */
static size_t
first_change(const struct flip *f, size_t at)
{
	for (size_t i = 0, k; i < f->size; i++) {
		unsigned char	c = f->sound[i];

		if (i == at)
			c ^= 0xff;
		for (k = 0; k < (size_t)f->keep_count; k++)
			if (i >= f->keep[k].from && i < f->keep[k].to)
				break;
		if (k < (size_t)f->keep_count) {
			i = f->keep[k].to - 1;
			continue;
		}
		if (f->map[i] != c)
			return i;
	}
	return f->size;
}

static void
fault(struct flip *f, size_t at, char **argv, const char *what, long number)
{
	char	said[200] = "";
	ssize_t	n = pread(f->said, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	f->faults++;
	printf("byte %zu:", at);
	for (; *argv != NULL; argv++)
		printf(" %s", *argv);
	printf(": %s %ld\n%s", what, number, said);
}

static void
try(struct flip *f, size_t at, char **argv)
{
	struct stat	st;
	size_t		changed;
	int		rc;

	memcpy(f->map, f->sound, f->size);
	f->map[at] ^= 0xff;
	rc = run(f, argv);
	if (rc == -1000)
		fault(f, at, argv, "not over after ms:", f->limit_ms);
	else if (rc < 0)
		fault(f, at, argv, "ended by signal", -rc);
	else if (rc != 0 && rc != 1 && rc != 3)
		fault(f, at, argv, "exit", rc);
	if (rc != 3)
		return;
	if (fstat(f->said, &st) < 0 || st.st_size == 0)
		fault(f, at, argv, "no message with exit", rc);
	changed = first_change(f, at);
	if (changed < f->size)
		fault(f, at, argv, "exit 3, and it changed byte",
		    (long)changed);
}

static void
open_file(struct flip *f)
{
	int		fd = open(f->path, O_RDWR | O_CLOEXEC);
	struct stat	st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(f->path);
	f->size = (size_t)st.st_size;
	f->map = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	f->sound = malloc(f->size);
	f->said = memfd_create("said", MFD_CLOEXEC);
	if (f->map == MAP_FAILED || f->sound == NULL || f->said < 0)
		die(f->path);
	memcpy(f->sound, f->map, f->size);
	close(fd);
}

static void
read_commands(struct flip *f, char **argv)
{
	for (int n = 0; *argv != NULL; argv++) {
		if (strcmp(*argv, "++") == 0) {
			f->command_count++;
			n = 0;
		} else if (f->command_count == 0 || n == WORDS_MAX ||
		    f->command_count == COMMANDS_MAX) {
			errno = E2BIG;
			die(*argv);
		} else {
			f->command[f->command_count - 1][n++] = *argv;
		}
	}
}

int
main(int argc, char **argv)
{
	static struct flip	f = { .limit_ms = 20000 };
	struct range		r;
	size_t			step = 1;
	int			opt;

	while ((opt = getopt(argc, argv, "+s:t:k:")) != -1)
		if (opt == 's' && atoi(optarg) > 0)
			step = (size_t)atoi(optarg);
		else if (opt == 't')
			f.limit_ms = atoi(optarg) * 1000;
		else if (opt == 'k' && f.keep_count < RANGES_MAX)
			f.keep[f.keep_count++] = read_range(optarg);
		else
			return 2;
	if (argc - optind < 4)
		return 2;
	f.path = argv[optind];
	r = read_range(argv[optind + 1]);
	read_commands(&f, argv + optind + 2);
	open_file(&f);
	for (size_t at = r.from; at < r.to && at < f.size; at += step)
		for (int i = 0; i < f.command_count; i++)
			try(&f, at, f.command[i]);
	memcpy(f.map, f.sound, f.size);
	return f.faults > 0;
}
