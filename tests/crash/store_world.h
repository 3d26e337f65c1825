/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_CRASH_STORE_WORLD_H
#define QT_CRASH_STORE_WORLD_H

/*
 * What crash tests of the store stand on: a small store, operations on it that
 * are written down in a trace (and as marks, where a record is made), and the
 * look at it afterwards, when its shared memory is gone or not.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/shm/segment.h>
#include <qt/store/store.h>

#include "../../libcommon/store/store_priv.h"
#include "../unit/cut.h"
#include "../unit/place.h"
#include "../unit/trace.h"

#define WORLD_KEYS	12u
#define VALUE_MAX	300000u

static struct trace	*world_trace;
static size_t		 world_last_op;	/* of this process */
static char		 world_wrong[1024];

static inline void
world_must(int ok, const char *what, const struct qt_err *err)
{
	if (ok)
		return;
	printf("Bail out! %s: %s (%s)\n", what, err != NULL ? err->text : "",
	    strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* A small one, so that little fills it. */
static inline void
world_settings(struct qt_store_settings *s, enum qt_store_mode mode)
{
	qt_store_settings_init(s);
	s->mode = mode;
	s->memtable_size = 1 << 20;
	s->lock_timeout_ms = 60000;
}

static inline void
world_init(const char *path, enum qt_store_mode mode)
{
	struct qt_store_settings	s;
	struct qt_err			err = QT_ERR_INIT;

	world_settings(&s, mode);
	world_must(qt_store_init(path, &s, &err) == 0, "init", &err);
}

static inline struct qt_store *
world_open(const char *path)
{
	const struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store			*s;

	world_must(qt_store_open(path, &o, &s, &err) == 0, "open", &err);
	return s;
}

/* Its shared memory, as a reboot does. The folder stays. */
static inline void
world_forget(const char *path)
{
	struct qt__format	f;
	char			name[QT__SEG_NAME_SIZE];
	int			fd = open(path, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);

	if (fd >= 0 && qt__format_load(&f, fd, NULL) == 0 &&
	    qt__control_name(name, fd, f.id) == 0)
		(void)qt__control_forget(name, true);
	if (fd >= 0)
		close(fd);
}

static inline void
world_key(char key[16], uint32_t k)
{
	snprintf(key, 16, "key-%05u", k);
}

/* The operation's number, and so many bytes made of it. */
static inline size_t
world_value(char *value, size_t op, size_t len)
{
	uint64_t	n = op;

	if (len < sizeof(n))
		len = sizeof(n);
	for (size_t i = 0; i + sizeof(n) <= len; i += sizeof(n))
		memcpy(value + i, &n, sizeof(n));
	memset(value + len / 8 * 8, (int)(n & 0xff), len % 8);
	return len;
}

/*
 * One operation on several keys at once; 0, or what the store said. len: bytes
 * of each value. flags are added to each put.
 */
static inline int
world_op(struct qt_store *s, int is_del, const uint32_t *keys, uint32_t count,
    size_t len, unsigned int flags, struct qt_err *err)
{
	static char		value[VALUE_MAX];
	char			name[TRACE_KEYS][16];
	struct qt_store_put	puts[TRACE_KEYS];
	size_t			op = trace_begin(world_trace, is_del, keys,
	    count);
	uint64_t		version = 0;
	int			rc;

	world_must(op != 0, "the trace is full", NULL);
	world_last_op = op;
	cut_mark(CUT_BEGUN, op);
	len = world_value(value, op, len);
	for (uint32_t i = 0; i < count; i++) {
		world_key(name[i], keys[i]);
		puts[i] = (struct qt_store_put){ .key = name[i],
		    .key_len = strlen(name[i]), .value = value,
		    .value_len = is_del ? 0 : len,
		    .flags = flags | (is_del ? QT_STORE_DEL : 0) };
	}
	rc = qt_store_put_many(s, &version, NULL, puts, count, err);
	if (rc == -ENOENT || rc == -EEXIST || rc == -ESTALE)
		trace_refused(world_trace, op);
	else if (version != 0)
		trace_visible(world_trace, op, version);
	if (rc == 0 && (flags & QT_STORE_ASYNC_NOW) == 0) {
		trace_done(world_trace, op, version);
		cut_mark(CUT_DONE, op);
	}
	return rc;
}

/* Everything that was visible is durable now, as qt_store_sync() says. */
static inline void
world_synced(uint64_t upto)
{
	size_t	next = atomic_load(&world_trace->next);

	for (size_t n = 1; n < next && n <= world_trace->max; n++) {
		struct trace_op	*op = &world_trace->op[n];

		if (atomic_load(&op->state) == TRACE_BEGUN &&
		    atomic_load(&op->version) != 0 &&
		    atomic_load(&op->version) <= upto) {
			trace_done(world_trace, n, op->version);
			cut_mark(CUT_DONE, n);
		}
	}
}

/* All keys go; 0, or what the store said. By who knows its version then. */
static inline int
world_clear(struct qt_store *s, struct qt_err *err)
{
	uint32_t	keys[WORLD_KEYS];
	size_t		op;
	int		rc;

	for (uint32_t i = 0; i < WORLD_KEYS; i++)
		keys[i] = i;
	op = trace_begin(world_trace, 1, keys, WORLD_KEYS);
	world_must(op != 0, "the trace is full", NULL);
	cut_mark(CUT_BEGUN, op);
	rc = qt_store_clear(s, err);
	if (rc < 0)
		return rc;
	trace_done(world_trace, op, s->now->version);
	cut_mark(CUT_DONE, op);
	return 0;
}

/* --- Afterwards ----------------------------------------------------------- */

/* A value says which operation wrote it, all over. 0: it does not. */
static inline size_t
world_parse(const void *data, size_t len)
{
	static char	again[VALUE_MAX];
	uint64_t	n = 0;

	if (len < sizeof(n) || len > sizeof(again))
		return 0;
	memcpy(&n, data, sizeof(n));
	(void)world_value(again, n, len);
	return memcmp(again, data, len) == 0 ? n : 0;
}

static inline const char *
world_say(const char *what, int rc, const struct qt_err *err)
{
	snprintf(world_wrong, sizeof(world_wrong), "%s: %.700s: %s", what,
	    err->text, qt_strerror(rc));
	return world_wrong;
}

static inline const char *
world_get_all(struct qt_store *s, struct trace_item *found)
{
	struct qt_err	err = QT_ERR_INIT;

	memset(found, 0, WORLD_KEYS * sizeof(*found));
	for (uint32_t k = 0; k < WORLD_KEYS; k++) {
		struct qt_store_value	v = QT_STORE_VALUE_INIT;
		char			key[16];
		int			rc;

		world_key(key, k);
		rc = qt_store_get(s, NULL, &v, key, strlen(key), &err);
		if (rc == -ENOENT)
			continue;
		if (rc < 0)
			return world_say("get", rc, &err);
		found[k].op = world_parse(v.data, v.len);
		found[k].version = v.version;
		qt_store_value_clear(&v);
		if (found[k].op == 0)
			return "a value that nobody wrote";
	}
	return NULL;
}

/* One moment of the store. */
static inline const char *
world_scan(struct qt_store *s, struct trace_item *found, int is_reverse)
{
	const struct qt_store_range	 all = { .prefix = "key-",
	    .prefix_len = 4, .is_reverse = is_reverse };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store_scan		*scan;
	struct qt_store_item		 item;
	uint32_t			 k, last = 0;
	char				 key[16];
	int				 rc;

	memset(found, 0, WORLD_KEYS * sizeof(*found));
	rc = qt_store_scan_open(s, NULL, &all, &scan, &err);
	if (rc < 0)
		return world_say("scan", rc, &err);
	while ((rc = qt_store_scan_next(scan, &item, &err)) == 1) {
		snprintf(key, sizeof(key), "%.*s", (int)item.key_len,
		    (const char *)item.key);
		k = item.key_len == 9 ? (uint32_t)strtoul(key + 4, NULL, 10) :
		    WORLD_KEYS;
		if (k >= WORLD_KEYS || (is_reverse ? last != 0 &&
		    k + 1 >= last : k + 1 <= last)) {
			rc = -QT_ECORRUPT;
			break;
		}
		last = k + 1;
		found[k].op = world_parse(item.value, item.value_len);
		found[k].version = item.version;
		if (found[k].op == 0) {
			rc = -QT_EFORMAT;
			break;
		}
	}
	qt_store_scan_close(scan);
	if (rc == -QT_ECORRUPT)
		return "a scan's keys are not in order, or nobody's";
	if (rc == -QT_EFORMAT)
		return "a scan finds a value that nobody wrote";
	return rc < 0 ? world_say("scan", rc, &err) : NULL;
}

/* By get, and by scans, which have to agree when nobody writes. */
static inline const char *
world_find(struct qt_store *s, struct trace_item *found)
{
	struct trace_item	 again[WORLD_KEYS];
	const char		*wrong = world_get_all(s, found);

	for (int way = 0; way < 2 && wrong == NULL; way++) {
		wrong = world_scan(s, again, way);
		if (wrong == NULL && memcmp(again, found, sizeof(again)) != 0)
			wrong = "a scan finds something else than gets";
	}
	return wrong;
}

/* What an open store holds is a prefix of the history. */
static inline const char *
world_judge(struct qt_store *s, const unsigned char *state)
{
	struct trace_item	 found[WORLD_KEYS];
	const char		*wrong = world_find(s, found);

	return wrong != NULL ? wrong : trace_judge(world_trace, found, state);
}

/* It still does what it should: a put, and it is there. */
static inline const char *
world_use(struct qt_store *s)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	struct qt_store_put	put = { .key = "another", .key_len = 7,
	    .value = "one", .value_len = 3, .flags = QT_STORE_SYNC_NOW };
	uint64_t		version = 0;
	int			rc = qt_store_put(s, &version, &put, &err);

	if (rc < 0)
		return world_say("put afterwards", rc, &err);
	rc = qt_store_get(s, NULL, &v, "another", 7, &err);
	if (rc < 0)
		return world_say("get afterwards", rc, &err);
	rc = v.len == 3 && v.version == version;
	qt_store_value_clear(&v);
	return rc ? NULL : "what was put afterwards is not there";
}

static inline void
world_tell(void *arg, const char *what)
{
	if (strncmp(what, "note: ", 6) != 0 && *(char *)arg == '\0')
		snprintf(arg, 600, "%s", what);
}

/* Of a store that nobody uses. */
static inline const char *
world_verify(const char *path)
{
	struct qt_err	err = QT_ERR_INIT;
	char		first[600] = "";
	int		rc = qt_store_verify(path, world_tell, first, &err);

	if (rc < 0)
		return world_say("verify", rc, &err);
	snprintf(world_wrong, sizeof(world_wrong), "verify: %s", first);
	return rc > 0 ? world_wrong : NULL;
}

/*
 * The store in that folder, opened, looked at, used and verified, and all again
 * after its shared memory is gone.
 */
static inline const char *
world_look(const char *path, const unsigned char *state)
{
	const struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS };
	struct qt_err			 err = QT_ERR_INIT;
	const char			*wrong = NULL;
	struct qt_store			*s;
	int				 rc;

	for (int life = 0; life < 2 && wrong == NULL; life++) {
		rc = qt_store_open(path, &o, &s, &err);
		if (rc < 0)
			return world_say("open", rc, &err);
		wrong = world_judge(s, state);
		if (wrong == NULL && life == 0)
			wrong = world_use(s);
		rc = qt_store_close(s, &err);
		if (wrong == NULL && rc < 0)
			wrong = world_say("close", rc, &err);
		world_forget(path);
		if (wrong == NULL)
			wrong = world_verify(path);
	}
	return wrong;
}

#endif /* QT_CRASH_STORE_WORLD_H */
