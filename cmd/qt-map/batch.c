/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qt-map batch - commands from standard input, an answer each
 *
 * What can be read without waiting is done in one go: its puts become durable
 * together, and then their answers are written. So a pipe full of commands
 * costs the disk little more than one, and who sends one and waits for its
 * answer has it at once.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "answers.h"
#include "atomic.h"
#include "command.h"
#include "input.h"
#include "map.h"
#include "range.h"
#include "verbs.h"

#define INPUT_MAX	((size_t)QT_STORE_VALUE_MAX + (16u << 20))
#define LONG		(1u << 20)

enum { OPT_ATOMIC = 256 };

static const struct qt_opt opts[] = {
	{ '0', "null", NULL, "command, key, value and answers end with NULs" },
	{ OPT_ATOMIC, "atomic", NULL, "all at once at the end, or nothing" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb batch_verb = {
	"batch", batch_main, "", "do the commands of standard input", opts,
};

struct batch {
	struct qt_store	*store;
	struct qt_buf	 in;
	size_t		 at;		/* of the next command */
	size_t		 from, seen;	/* no end between them */
	struct answers	 answers;
	struct atomic	 atomic;
	int		 is_atomic, is_end;
};

/* Where what begins at from ends; in.len when that is not there yet. */
static size_t
find_end(struct batch *b, size_t from)
{
	size_t		 start = from == b->from ? b->seen : from;
	const char	*p = NULL;

	if (b->in.len > start)
		p = memchr(b->in.data + start, b->answers.end,
		    b->in.len - start);
	if (p != NULL)
		return (size_t)(p - b->in.data);
	b->from = from;
	b->seen = b->in.len;
	return b->in.len;
}

static void
get(struct batch *b, const struct command *c)
{
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	rc = qt_store_get(b->store, NULL, &v, c->key, c->key_len, &err);
	if (rc < 0)
		answer_error(&b->answers, rc, &err);
	else
		answer_value(&b->answers, b->store, v.data, v.len);
	qt_store_value_clear(&v);
}

static void
has(struct batch *b, const struct command *c)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_store_has(b->store, NULL, c->key, c->key_len,
	    &err);

	if (rc < 0)
		answer_error(&b->answers, rc, &err);
	else
		answer(&b->answers, "ok");
}

static void
put(struct batch *b, const struct command *c)
{
	struct qt_store_put	p = {
		.key = c->key, .key_len = c->key_len,
		.value = c->value, .value_len = c->value_len,
		.expires_ms = c->expires_ms, .if_version = c->if_version,
		.flags = c->flags, .tag = c->tag,
	};
	struct qt_err		err = QT_ERR_INIT;
	uint64_t		version;
	int			rc;

	if (c->verb == COMMAND_DEL)
		p.flags |= QT_STORE_DEL;
	if (b->answers.is_grouped)
		p.flags |= QT_STORE_ASYNC_NOW;
	rc = qt_store_put(b->store, &version, &p, &err);
	if (rc < 0)
		answer_error(&b->answers, rc, &err);
	else
		answer_put(&b->answers, version);
}

static void
count(struct batch *b, const struct command *c)
{
	struct qt_store_range	range = { .prefix = c->prefix,
	    .prefix_len = c->prefix_len };
	struct qt_err		err = QT_ERR_INIT;
	uint64_t		n;
	char			text[32];
	int			rc = range_count(b->store, &range, &n, &err);

	if (rc < 0) {
		answer_error(&b->answers, rc, &err);
		return;
	}
	snprintf(text, sizeof(text), "= %" PRIu64, n);
	answer(&b->answers, text);
}

static void
sync_all(struct batch *b)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_store_sync(b->store, 0, &err);

	if (rc < 0)
		answer_error(&b->answers, rc, &err);
	else
		answer(&b->answers, "ok");
}

static void
run(struct batch *b, const struct command *c)
{
	switch (c->verb) {
	case COMMAND_PUT:
	case COMMAND_DEL:
		put(b, c);
		break;
	case COMMAND_GET:
		get(b, c);
		break;
	case COMMAND_HAS:
		has(b, c);
		break;
	case COMMAND_COUNT:
		count(b, c);
		break;
	default:
		sync_all(b);
	}
}

/* What was read, or why it could not be. */
static void
take(struct batch *b, const struct command *c, int rc, struct qt_err *err)
{
	if (rc == 0 && b->is_atomic)
		rc = atomic_add(&b->atomic, c, err);
	else if (rc == 0)
		run(b, c);
	if (rc < 0) {
		answer_error(&b->answers, rc, err);
		b->atomic.is_void = 1;
	}
}

/* One line: 1; 0 when there is no whole one. */
static int
take_line(struct batch *b)
{
	struct command	c;
	struct qt_err	err = QT_ERR_INIT;
	size_t		end = find_end(b, b->at);
	char		*line = b->in.data + b->at;
	int		rc;

	if (end == b->in.len && (!b->is_end || end == b->at))
		return 0;
	if (strspn(line, " \t") < end - b->at) {
		rc = command_parse(&c, line, end - b->at, &err);
		take(b, &c, rc, &err);
	}
	b->at = end < b->in.len ? end + 1 : end;
	return 1;
}

/* The end of the input is no end of a command there. */
static int
take_fields(struct batch *b)
{
	struct command	c;
	struct qt_err	err = QT_ERR_INIT;
	char		*data = b->in.data;
	size_t		 ends[3];
	int		 fields, rc;

	ends[0] = find_end(b, b->at);
	if (ends[0] == b->in.len)
		return 0;
	fields = command_fields(data + b->at, ends[0] - b->at);
	/* Where the next command begins, nobody knows. */
	if (fields < 0) {
		answers_flush(&b->answers, b->store);
		qt_die(QT_EXIT_USAGE, "no command '%.40s': put, get, del, has, "
		    "count and sync", data + b->at);
	}
	for (int i = 1; i <= fields; i++) {
		ends[i] = find_end(b, ends[i - 1] + 1);
		if (ends[i] == b->in.len)
			return 0;
	}
	rc = command_parse_first(&c, data + b->at, ends[0] - b->at, &err);
	if (rc == 0 && fields > 0) {
		c.key = data + ends[0] + 1;
		c.key_len = ends[1] - ends[0] - 1;
	}
	if (rc == 0 && fields > 1) {
		c.value = data + ends[1] + 1;
		c.value_len = ends[2] - ends[1] - 1;
	}
	rc = rc == 0 ? command_check(&c, &err) : rc;
	take(b, &c, rc, &err);
	b->at = ends[fields] + 1;
	return 1;
}

static int
can_wait(void)
{
	struct pollfd	pfd = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

/* Forgets what was taken; only the beginning of a command is left. */
static void
drop(struct batch *b)
{
	qt_buf_drop(&b->in, b->at);
	b->from = b->from > b->at ? b->from - b->at : 0;
	b->seen = b->seen > b->at ? b->seen - b->at : 0;
	b->at = 0;
}

static void
loop(struct batch *b)
{
	int	is_nul = b->answers.end == '\0';

	do {
		/* Who waits for an answer gets it before we wait for him. */
		if (answers_are_many(&b->answers) || b->in.len > LONG ||
		    can_wait())
			answers_flush(&b->answers, b->store);
		drop(b);
		b->is_end = input_more(&b->in, INPUT_MAX) == 0;
		while (is_nul ? take_fields(b) : take_line(b))
			if (answers_are_many(&b->answers))
				answers_flush(&b->answers, b->store);
	} while (!b->is_end);
	if (b->at < b->in.len) {
		b->atomic.is_void = 1;
		qt_warn("standard input ends in the middle of a command");
		b->answers.status = QT_EXIT_USAGE;
	}
}

/* Who reads the answers need not wait for what we do behind the last one. */
static void
end_output(void)
{
	int	fd = qt_sys_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);

	/* Closed alone, the next file to be opened would be standard output. */
	if (fd >= 0)
		(void)dup2(fd, STDOUT_FILENO);
	if (fd > STDOUT_FILENO)
		close(fd);
}

int
batch_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&batch_verb, argc,
	    argv);
	struct batch			 b = {
		.in = QT_BUF_INIT, .answers = ANSWERS_INIT('\n'),
		.atomic = ATOMIC_INIT,
	};
	int				 id;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == '0')
			b.answers.end = '\0';
		else
			b.is_atomic = 1;
	if (o.index < argc)
		qt_usage(&batch_verb);
	b.store = map_open(MAP_MAKE | MAP_STAY);
	b.answers.is_grouped = map_mode() == QT_STORE_SYNC;
	loop(&b);
	if (b.is_atomic)
		atomic_end(&b.atomic, b.store, &b.answers);
	answers_flush(&b.answers, b.store);
	end_output();
	map_close();
	qt_buf_clear(&b.in);
	answers_clear(&b.answers);
	return b.answers.status;
}
