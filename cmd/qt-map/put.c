/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map put - store a value under a key */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>

#include "input.h"
#include "map.h"
#include "tags.h"
#include "verbs.h"

enum { OPT_SYNC = 256, OPT_ASYNC, OPT_ABSENT, OPT_VERSION, OPT_TELL };

static const struct qt_opt opts[] = {
	{ 't', "type", "TYPE", TAG_NAMES " (bytes)" },
	{ 'T', "ttl", "DURATION", "gone after that: 90s, 10m, 2h, 3d" },
	{ OPT_SYNC, "sync", NULL, "return when it is durable" },
	{ OPT_ASYNC, "async", NULL, "return when others see it" },
	{ OPT_ABSENT, "if-absent", NULL, "only if the key is not there, or 4" },
	{ OPT_VERSION, "if-version", "N", "only if that is its version, or 4" },
	{ OPT_TELL, "tell", NULL, "exit 6 when it is not durable yet" },
	{ 'P', "print", NULL, "print its version" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb put_verb = {
	"put", put_main, "KEY [VALUE]", "store VALUE; - or none: standard input", opts,
};

static const struct map_pair pairs[] = {
	{ QT_STORE_SYNC_NOW | QT_STORE_ASYNC_NOW, "--sync or --async" },
	{ QT_STORE_IF_ABSENT | QT_STORE_IF_VERSION,
	    "--if-absent or --if-version" },
	{ 0, NULL },
};

struct wanted {
	struct qt_store_put	put;
	int			is_telling, is_printing;
};

static void
read_options(struct qt_opts *o, struct wanted *w)
{
	int	id, tag;

	while ((id = qt_opts_next(o)) != 0)
		switch (id) {
		case 't':
			tag = tag_parse(o->value);
			if (tag < 0)
				qt_die(QT_EXIT_USAGE, "-t '%s': " TAG_NAMES
				    ", or a number to 255", o->value);
			w->put.tag = (uint8_t)tag;
			break;
		case 'T':
			w->put.expires_ms = qt_clock_real_ms() +
			    qt_opt_ms("--ttl", o->value, TTL_MAX_MS);
			break;
		case OPT_SYNC:
			w->put.flags |= QT_STORE_SYNC_NOW;
			break;
		case OPT_ASYNC:
			w->put.flags |= QT_STORE_ASYNC_NOW;
			break;
		case OPT_ABSENT:
			w->put.flags |= QT_STORE_IF_ABSENT;
			break;
		case OPT_VERSION:
			w->put.flags |= QT_STORE_IF_VERSION;
			w->put.if_version = qt_opt_ulong("--if-version",
			    o->value, 0, ULONG_MAX);
			break;
		case OPT_TELL:
			w->is_telling = 1;
			break;
		default:
			w->is_printing = 1;
		}
	map_check_pairs(pairs, w->put.flags);
}

/* The value, checked; what it lies in may be buf. */
static void
read_value(struct wanted *w, const char *word, struct qt_buf *buf)
{
	const char	*value = word;
	size_t		 len = strlen(word);

	if (strcmp(word, "-") == 0) {
		input_value(buf);
		value = buf->data;
		len = buf->len;
		/* echo 5 | qt-map put -t i64 n -; what the user's own types
		   look like nobody knows */
		if (w->put.tag >= TAG_I64 && w->put.tag < TAG_COUNT &&
		    len > 0 && value[len - 1] == '\n')
			buf->data[--len] = '\0';
	}
	if (!tag_is(w->put.tag, value, len))
		qt_die(QT_EXIT_USAGE, "'%.60s' is no %s", value,
		    tag_name(w->put.tag));
	w->put.value = value;
	w->put.value_len = len;
}

static _Noreturn void
fail(const struct wanted *w, int rc, const struct qt_err *err)
{
	const char	*key = w->put.key;

	if (rc == -EEXIST)
		qt_die(MAP_EXIT_CONFLICT, "key '%s' is there already", key);
	if (rc == -ESTALE)
		qt_die(MAP_EXIT_CONFLICT, "key '%s' has another version, or "
		    "is not there ('qt-map get -J' says which)", key);
	map_die(NULL, rc, err);
}

int
put_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&put_verb, argc, argv);
	struct wanted	 w = { .is_telling = 0 };
	struct qt_buf	 buf = QT_BUF_INIT;
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_store	*store;
	uint64_t	 version;
	int		 rc, is_late;

	read_options(&o, &w);
	if (argc - o.index != 2 && argc - o.index != 1)
		qt_usage(&put_verb);
	w.put.key = argv[o.index];
	w.put.key_len = map_key_len(argv[o.index]);
	read_value(&w, o.index + 1 < argc ? argv[o.index + 1] : "-", &buf);
	store = map_open(MAP_MAKE | MAP_LEAVE);
	rc = qt_store_put(store, &version, &w.put, &err);
	if (rc < 0)
		fail(&w, rc, &err);
	is_late = w.is_telling && qt_store_durable(store) < version;
	if (w.is_printing)
		printf("%" PRIu64 "\n", version);
	qt_prog_flush();
	map_close();
	qt_buf_clear(&buf);
	return is_late ? MAP_EXIT_VISIBLE : QT_EXIT_OK;
}
