/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_STORE_WORLD_H
#define QT_TEST_STORE_WORLD_H
/*
 * A store in a folder of its own, what is put into it and found, and what a
 * reboot leaves of it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../libcommon/store/store_priv.h"
#include "../place.h"
#include "../test.h"

struct world {
	char		 dir[64], path[80];
	struct qt_store	*s;		/* for who has it open all the time */
};

/* settings: names and values, then NULL. It is not opened. */
static inline void
world_begin(struct world *w, const char *const *settings)
{
	struct qt_store_settings set;
	struct qt_err		 err = QT_ERR_INIT;

#ifdef WORLD_ON_DISK
	place_new_disk(w->dir, sizeof(w->dir));
#else
	place_new(w->dir, sizeof(w->dir));
#endif
	snprintf(w->path, sizeof(w->path), "%s/store", w->dir);
	qt_store_settings_init(&set);
	assert_int_equal(qt_store_settings_set(&set, "memtable-size", "1M",
	    &err), 0);
	for (; *settings != NULL; settings += 2)
		if (qt_store_settings_set(&set, settings[0], settings[1],
		    &err) < 0)
			fail_msg("%s", err.text);
	if (qt_store_init(w->path, &set, &err) < 0)
		fail_msg("%s", err.text);
}

static inline struct qt_store *
world_open_as(const struct world *w, unsigned int flags)
{
	struct qt_store_options	 o = { .flags = flags };
	struct qt_store		*s;
	struct qt_err		 err = QT_ERR_INIT;

	if (qt_store_open(w->path, &o, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static inline struct qt_store *
world_open(const struct world *w)
{
	return world_open_as(w, QT_STORE_NO_THREADS);
}

/* Nobody has it open but s; shared memory goes. */
static inline void
world_reboot(struct qt_store *s)
{
	char	control[QT__SEG_NAME_SIZE];

	snprintf(control, sizeof(control), "%s", s->name);
	qt_store_close(s, NULL);
	assert_int_equal(qt__control_forget(control, true), 0);
}

/* The folder, with all that is in it. */
static inline void
world_rm(const struct world *w)
{
	place_remove(w->dir);
}

static inline void
world_end(struct world *w, struct qt_store *s)
{
	world_reboot(s);
	world_rm(w);
}

static inline int
put(struct qt_store *s, const char *key, const void *value, size_t len,
    unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_store_put(s, NULL, &(struct qt_store_put){
		.key = key, .key_len = strlen(key), .value = value,
		.value_len = len, .flags = flags }, &err);

	if (rc < 0 && rc != -EEXIST && rc != -ENOENT && rc != -ESTALE)
		print_message("put '%s': %s\n", key, err.text);
	return rc;
}

/* value NULL: it is not there. */
static inline void
expect(struct qt_store *s, const char *key, const void *value, size_t len)
{
	struct qt_store_value	v;
	struct qt_err		err = QT_ERR_INIT;
	int			rc = qt_store_get(s, NULL, &v, key,
	    strlen(key), &err);

	if (rc < 0 && rc != -ENOENT)
		print_message("get '%s': %s\n", key, err.text);
	assert_int_equal(rc, value == NULL ? -ENOENT : 0);
	if (value == NULL)
		return;
	assert_int_equal(v.len, len);
	assert_true(memcmp(v.data, value, len) == 0);
	qt_store_value_clear(&v);
}

static inline int
put_text(struct qt_store *s, const char *key, const char *text,
    unsigned int flags)
{
	return put(s, key, text, strlen(text), flags);
}

static inline void
expect_text(struct qt_store *s, const char *key, const char *text)
{
	expect(s, key, text, text == NULL ? 0 : strlen(text));
}

#endif /* QT_TEST_STORE_WORLD_H */
