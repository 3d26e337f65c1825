/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a history: to build it, to bring it up to date, to complete from
 * it, and its memory.
 *
 *	hist_index_bench [FILE [EVENTS [DISTINCT [SEED]]]]
 *
 * FILE has a command a line, nl2bash's all.cm say; without it they are made up.
 * More distinct ones are made by replacing a word by another line's. They are
 * drawn by Zipf's law, but each once at least.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/hist/index.h>
#include <qt/store/store.h>

#define BATCH	4096u
#define ROUNDS	2000u

static uint64_t		 state;
static char		**lines;
static size_t		 line_count;

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hist_index_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

/* xorshift64* (S. Vigna, 2016). */
static uint64_t
draw(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717) >> 16) % below;
}

static void
add_line(const char *text)
{
	if ((line_count & (line_count - 1)) == 0) {
		lines = realloc(lines, (line_count * 2 + 1) * sizeof(*lines));
		must(lines != NULL, "no memory");
	}
	lines[line_count] = strdup(text);
	must(lines[line_count++] != NULL, "no memory");
}

static void
load_lines(const char *path)
{
	static const char *const verbs[] = { "git", "find", "docker", "make",
	    "grep -rn", "ssh", "ls -la", "vim", "cat", "tar xf" };
	char	text[4096];
	FILE	*f = path == NULL ? NULL : fopen(path, "re");

	must(path == NULL || f != NULL, "cannot open the file");
	for (unsigned int i = 0; f == NULL && i < 10000; i++) {
		snprintf(text, sizeof(text), "%s %s%u --%s=%u file-%u.txt",
		    verbs[draw(10)], "arg", (unsigned int)draw(500),
		    draw(2) ? "count" : "depth", (unsigned int)draw(20), i);
		add_line(text);
	}
	while (f != NULL && fgets(text, sizeof(text), f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		add_line(text);
	}
	if (f != NULL)
		fclose(f);
	must(line_count > 0, "no lines");
}

/* A line with one word replaced by another line's. */
static char *
vary(void)
{
	struct qt_buf	 b = QT_BUF_INIT;
	const char	*a = lines[draw(line_count)];
	const char	*other = lines[draw(line_count)];
	size_t		 la = strlen(a), lo = strlen(other);
	size_t		 at = la == 0 ? 0 : draw(la), from = lo == 0 ? 0 :
	    draw(lo);
	size_t		 end, len;

	while (at > 0 && a[at - 1] != ' ')
		at--;
	end = at + strcspn(a + at, " ");
	while (from > 0 && other[from - 1] != ' ')
		from--;
	len = strcspn(other + from, " ");
	must(qt_buf_add(&b, a, at) == 0 && qt_buf_add(&b, other + from, len) ==
	    0 && qt_buf_add(&b, a + end, la - end) == 0, "no memory");
	return b.data == NULL ? strdup("") : qt_buf_detach(&b);
}

static char	**commands;
static double	 *sums;

static void
make_commands(size_t distinct)
{
	double	sum = 0;

	commands = calloc(distinct, sizeof(*commands));
	sums = calloc(distinct, sizeof(*sums));
	must(commands != NULL && sums != NULL, "no memory");
	for (size_t i = 0; i < distinct; i++) {
		commands[i] = i < line_count ? lines[i] : vary();
		sums[i] = sum += 1.0 / (double)(i + 1);
	}
}

static const char *
draw_command(size_t i, size_t events, size_t distinct)
{
	size_t	every = events / distinct, low = 0, high = distinct - 1;
	double	x;

	if (every > 0 && i % every == 0 && i / every < distinct)
		return commands[i / every];
	x = (double)draw(UINT64_C(1) << 40) / (double)(UINT64_C(1) << 40) *
	    sums[distinct - 1];
	while (low < high) {
		size_t	mid = (low + high) / 2;

		if (sums[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return commands[low];
}

static struct qt_hist_bytes
bytes(const char *s)
{
	return (struct qt_hist_bytes){ s, strlen(s) };
}

static void
add_events(struct qt_hist_db *db, size_t from, size_t count, size_t events,
    size_t distinct)
{
	static struct qt_hist_event	e[BATCH];
	static char			session[BATCH][24], cwd[BATCH][40];
	struct qt_err			err = QT_ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		snprintf(session[i], sizeof(session[i]), "session-%u",
		    (unsigned int)draw(2000));
		snprintf(cwd[i], sizeof(cwd[i]), "/home/user/project-%u",
		    (unsigned int)draw(500));
		e[i] = (struct qt_hist_event){
			.id = from + i + 1, .took_us = draw(1u << 24),
			.start_us = UINT64_C(1700000000000000) +
			    (from + i) * 30000000,
			.status = draw(10) == 0, .text = bytes(draw_command(
			    from + i, events, distinct)),
			.cwd = bytes(cwd[i]), .root = bytes(cwd[i]),
			.host = bytes(draw(4) == 0 ? "server" : "laptop"),
			.user = bytes("user"), .tty = bytes("/dev/pts/1"),
			.shell = bytes("bash"), .session = bytes(session[i]),
			.qt_session = bytes(""),
		};
	}
	if (qt_hist_db_add(db, e, count, NULL, 0, &err) < 0)
		must(0, err.text);
}

static double
ms_since(uint64_t start)
{
	return (double)(qt_clock_mono_ns() - start) / 1e6;
}

static void
complete(const char *path, const char *prefix, enum qt_hist_complete of)
{
	static struct qt_hist_completion	out[20];
	struct qt_hist_index			*ix;
	uint64_t	start = qt_clock_mono_ns();
	uint32_t	n = 0;
	double		first, more;

	must(qt_hist_index_open(&ix, path, NULL) == 0, "open the index");
	n = qt_hist_index_complete(ix, of, prefix, strlen(prefix), out, 20);
	first = ms_since(start);
	start = qt_clock_mono_ns();
	for (unsigned int i = 0; i < ROUNDS; i++)
		(void)qt_hist_index_complete(ix, of, prefix, strlen(prefix),
		    out, 20);
	more = ms_since(start) / ROUNDS;
	printf("complete_%s '%s'\tresults=%u open_and_first_ms=%.3f "
	    "ms=%.4f best='%.*s'\n", of == QT_HIST_WORDS ? "words" :
	    "commands", prefix, n, first, more, n == 0 ? 0 :
	    (int)out[0].text.len, n == 0 ? "" : out[0].text.data);
	qt_hist_index_close(ix);
}

static void
measure(struct qt_hist_db *db, const char *path, size_t events,
    size_t distinct)
{
	static const char *const	prefixes[] = { "", "g", "git", "find .",
	    "find . -type f -name", "docker", "zzznone" };
	struct qt_hist_index		*ix = NULL;
	struct qt_hist_index_stat	 st;
	struct qt_err			 err = QT_ERR_INIT;
	uint64_t			 start;
	clock_t				 cpu;

	for (int i = 0; i < 3; i++) {
		qt_hist_index_close(ix);
		ix = NULL;
		(void)qt_hist_index_remove(path);
		start = qt_clock_mono_ns();
		cpu = clock();
		if (qt_hist_index_update(&ix, db, path, NULL, &err) < 0)
			must(0, err.text);
		qt_hist_index_stat(ix, &st);
		printf("rebuild\tms=%.0f cpu_ms=%.0f used_MB=%.1f size_MB=%.0f events=%u "
		    "commands=%u words=%u nodes=%u facts=%u text_MB=%.1f\n",
		    ms_since(start), (double)(clock() - cpu) * 1e3 /
		    CLOCKS_PER_SEC, (double)st.used / 1e6, (double)st.size /
		    1e6, st.events, st.commands, st.words, st.nodes, st.facts,
		    (double)st.text / 1e6);
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		complete(path, prefixes[i], QT_HIST_COMMANDS);
	complete(path, "--", QT_HIST_WORDS);
	complete(path, "fi", QT_HIST_WORDS);
	for (int i = 0; i < 3; i++) {
		add_events(db, events + (size_t)i, 1, events, distinct);
		start = qt_clock_mono_ns();
		if (qt_hist_index_update(&ix, db, path, NULL, &err) < 0)
			must(0, err.text);
		qt_hist_index_stat(ix, &st);
		printf("one_more\tms=%.3f built=%d\n", ms_since(start),
		    st.was_built);
	}
	qt_hist_index_close(ix);
	(void)qt_hist_index_remove(path);
}

int
main(int argc, char **argv)
{
	size_t			 events = argc > 2 ? strtoull(argv[2], NULL,
	    10) : 100000;
	size_t			 distinct = argc > 3 ? strtoull(argv[3], NULL,
	    10) : 19000;
	char			 dir[] = "/tmp/hist-index.XXXXXX", path[64];
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 start = qt_clock_mono_ns();

	state = argc > 4 ? strtoull(argv[4], NULL, 10) | 1 : 42;
	must(events > 0 && distinct > 0, "no events");
	load_lines(argc > 1 ? argv[1] : NULL);
	make_commands(distinct);
	must(mkdtemp(dir) != NULL, "no folder");
	snprintf(path, sizeof(path), "%s/hist", dir);
	if (qt_hist_db_open(&db, path, false, &err) < 0)
		must(0, err.text);
	for (size_t i = 0; i < events; i += BATCH)
		add_events(db, i, events - i < BATCH ? events - i : BATCH,
		    events, distinct);
	printf("fill\tms=%.0f\n", ms_since(start));
	fflush(stdout);
	measure(db, path, events, distinct);
	must(qt_hist_db_close(db, NULL) == 0, "close");
	must(qt_store_remove(path, NULL) == 0 && rmdir(dir) == 0, "remove");
	return EXIT_SUCCESS;
}
