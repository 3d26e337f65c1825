/* SPDX-License-Identifier: Apache-2.0 */
/* Stores are looked through: what is damage, what is a note, what is neither. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>

#include "../../../libcommon/store/format_priv.h"
#include "../../../libcommon/store/log_priv.h"
#include "../../../libcommon/store/manifest_priv.h"
#include "../place.h"
#include "../test.h"
#include "files.h"

struct world {
	char			 path[64], store[80];
	int			 fd;
	struct qt_buf		 told;	/* a line each */
};

static void
tell(void *arg, const char *what)
{
	assert_int_equal(qt_buf_addf(arg, "%s\n", what), 0);
}

/* Run 1 with keys k000 to k019, named by manifest 2; log 1 with 3 records. */
static void
write_run(struct world *w)
{
	int				 run = openat(w->fd, "run",
	    O_RDONLY | O_CLOEXEC);
	struct qt__run_options		 o = { .block_size = 128 };
	struct qt__run_writer		*writer;
	struct qt__run_info		 info;
	struct qt__manifest		*m, *next;
	struct qt__manifest_edit	*e;
	char				 key[8];

	assert_int_equal(qt__run_create(&writer, run, 1, &o, NULL), 0);
	for (unsigned int i = 0; i < 20; i++) {
		struct qt__entry	entry = { .key = (uint8_t *)key,
		    .key_len = 4, .value = (const uint8_t *)"a value here",
		    .value_len = 12, .version = i + 1 };

		snprintf(key, sizeof(key), "k%03u", i);
		assert_int_equal(qt__run_add(writer, &entry, NULL), 0);
	}
	assert_int_equal(qt__run_finish(writer, &info, NULL), 0);
	close(run);
	assert_int_equal(qt__manifest_load(&m, w->fd, 0, NULL), 0);
	assert_int_equal(qt__manifest_edit(&e, m), 0);
	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(qt__manifest_slice_add(e, 1, &info, "k000", 4, "k019",
	    4), 0);
	assert_int_equal(qt__manifest_save(e, w->fd, &next, NULL), 0);
	qt__manifest_free(m);
	qt__manifest_free(next);
}

static void
write_log(struct world *w)
{
	static uint64_t			 image[128];
	struct qt__log_head		*h = (void *)image;
	struct qt__log_record		 r = { .key = "key", .key_len = 3,
	    .value = "value", .value_len = 5 };
	struct qt__format		 f;
	uint64_t			 store;
	uint32_t			 chain = 0;
	int				 fd;

	assert_int_equal(qt__format_load(&f, w->fd, NULL), 0);
	memcpy(&store, f.id, sizeof(store));
	memset(image, 0, sizeof(image));
	qt__log_start(h, 1, 1024, store, 0);
	assert_int_equal(qt__log_size(&r), 40);
	for (unsigned int i = 0; i < 3; i++)
		chain = qt__log_put((void *)((char *)image + QT__LOG_FIRST +
		    40 * i), qt__log_seed(h), chain, 0, &r);
	fd = openat(w->fd, "wal/000000000001.wal",
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(qt_sys_write_all(fd, image, sizeof(image)), 0);
	close(fd);
}

static void
world_new(struct world *w)
{
	memset(w, 0, sizeof(*w));
	place_new(w->path, sizeof(w->path));
	snprintf(w->store, sizeof(w->store), "%s/s", w->path);
	assert_int_equal(qt_store_init(w->store, NULL, NULL), 0);
	w->fd = open(w->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->fd >= 0);
	write_run(w);
	write_log(w);
}

static void
world_end(struct world *w)
{
	close(w->fd);
	qt_buf_clear(&w->told);
	place_remove(w->path);
}

/* How many were found, and that each of the lines was told. */
static void
expect(struct world *w, int found, const char *line)
{
	struct qt_err	err = QT_ERR_INIT;

	qt_buf_reset(&w->told);
	assert_int_equal(qt_buf_add(&w->told, "", 0), 0);
	assert_int_equal(qt_store_verify(w->store, tell, &w->told, &err),
	    found);
	if (line == NULL)
		assert_int_equal(w->told.len, 0);
	else if (w->told.data == NULL || strstr(w->told.data, line) == NULL)
		fail_msg("told: %s", w->told.data);
}

QT_TEST(a_sound_store_has_nothing_to_be_told_of)
{
	struct world	w;

	(void)state;
	world_new(&w);
	expect(&w, 0, NULL);
	world_end(&w);
}

QT_TEST(each_damaged_file_is_told_with_its_place)
{
	struct world	w;

	(void)state;
	world_new(&w);
	files_flip(w.fd, "run/000000000001.run", 70, 0x40);
	expect(&w, 1, "run/000000000001.run at 64: ");
	files_flip(w.fd, "run/000000000001.run", 70, 0x40);
	files_flip(w.fd, "wal/000000000001.wal", 64 + 40 + 20, 0x40);
	expect(&w, 1, "wal/000000000001.wal at 104: damaged; what had been "
	    "durable is missing up to version 1168");
	files_flip(w.fd, "wal/000000000001.wal", 64 + 40 + 20, 0x40);
	files_flip(w.fd, "wal/000000000001.wal", 20, 0x40);
	expect(&w, 1, "wal/000000000001.wal at 0: log 1: its head is damaged");
	files_flip(w.fd, "wal/000000000001.wal", 20, 0x40);
	files_flip(w.fd, "manifest/000000000002", 200, 0x40);
	expect(&w, 1, "manifest/000000000002: bytes 0 to ");
	files_flip(w.fd, "manifest/000000000002", 200, 0x40);
	files_flip(w.fd, "CURRENT", 2, 0x40);
	expect(&w, 1, "CURRENT: not the number and the checksum");
	files_flip(w.fd, "CURRENT", 2, 0x40);
	files_flip(w.fd, "FORMAT", 14, 0x40);
	expect(&w, 1, "FORMAT:2: not 'id' and 32 digits");
	files_flip(w.fd, "FORMAT", 14, 0x40);
	assert_int_equal(unlinkat(w.fd, "run/000000000001.run", 0), 0);
	expect(&w, 1, "run/000000000001.run: it is missing, and manifest 2 "
	    "names it\n");
	assert_int_equal(unlinkat(w.fd, "LOCK", 0), 0);
	expect(&w, 2, "LOCK: No such file or directory\n");
	world_end(&w);
}

QT_TEST(a_run_that_is_not_the_one_that_is_named_is_told)
{
	struct world			 w;
	struct qt__manifest		*m, *next;
	struct qt__manifest_edit	*e;
	struct qt__run_info		 info;

	(void)state;
	world_new(&w);
	assert_int_equal(qt__manifest_load(&m, w.fd, 0, NULL), 0);
	info = m->slices[0].info;
	info.records++;
	assert_int_equal(qt__manifest_edit(&e, m), 0);
	assert_int_equal(qt__manifest_run_del(e, 1), 0);
	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(qt__manifest_slice_add(e, 1, &info, "a", 1, "k018",
	    4), 0);
	assert_int_equal(qt__manifest_save(e, w.fd, &next, NULL), 0);
	expect(&w, 3, "run/000000000001.run: its size, its counts or its "
	    "versions are not what the manifest says\n");
	expect(&w, 3, "run/000000000001.run: its first key is greater than "
	    "the manifest says\n");
	expect(&w, 3, "run/000000000001.run: its last key is not what the "
	    "manifest says\n");
	qt__manifest_free(m);
	qt__manifest_free(next);
	world_end(&w);
}

QT_TEST(what_nobody_names_and_a_torn_tail_are_notes)
{
	struct world	w;

	(void)state;
	world_new(&w);
	files_touch(w.fd, "run/000000000009.run");
	expect(&w, 0, "note: run/000000000009.run: the manifest does not name "
	    "it\n");
	assert_int_equal(unlinkat(w.fd, "run/000000000009.run", 0), 0);
	/* The last frame: nothing behind it says that it was durable. */
	files_flip(w.fd, "wal/000000000001.wal", 64 + 80 + 20, 0x40);
	expect(&w, 0, "note: wal/000000000001.wal at 144: torn, ");
	world_end(&w);
}

QT_TEST(what_is_no_store_is_refused)
{
	struct world	w;
	struct qt_err	err = QT_ERR_INIT;

	(void)state;
	world_new(&w);
	assert_int_equal(qt_store_verify(w.path, tell, &w.told, &err),
	    -QT_EFORMAT);
	assert_int_equal(qt_store_verify("/nonexistent", tell, &w.told, NULL),
	    -ENOENT);
	assert_int_equal(w.told.len, 0);
	world_end(&w);
}
