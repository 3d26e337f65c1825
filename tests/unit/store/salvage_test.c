/* SPDX-License-Identifier: Apache-2.0 */
/* What is damaged is told, and the rest of the store is saved. */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>

#include "../../../libcommon/store/durable_priv.h"
#include "files.h"
#include "world.h"

#define KEYS	80u
#define BIG	(300u << 10)

static struct world	w;
static char		copied[128], saved[128];
static const char	*damaged;
static struct qt_buf	told;
static char		big[BIG];

/* --- A store of two runs, a log, and two large values --------------------- */

static void
name_of(char key[16], unsigned int i)
{
	snprintf(key, 16, "key %03u", i);
}

static void
text_of(char text[120], unsigned int i, unsigned int turn)
{
	snprintf(text, 120, "%u %u %0100u", i, turn, i * 7919 + turn);
}

/* In which turn a key was put last. */
static unsigned int
turn_of(unsigned int i)
{
	return i < 20 || i >= 60 ? 2 : i < 40 ? 1 : 0;
}

static bool
is_deleted(unsigned int i)
{
	return i % 20 == 9 && i < 40;
}

static void
put_turn(struct qt_store *s, unsigned int turn, unsigned int from,
    unsigned int to)
{
	char	key[16], text[120];

	for (unsigned int i = from; i < to; i++) {
		name_of(key, i);
		text_of(text, i, turn);
		assert_int_equal(put(s, key, text, strlen(text), 0), 0);
	}
}

static void
run_command(const char *fmt, const char *a, const char *b)
{
	char	command[400];

	snprintf(command, sizeof(command), fmt, a, b);
	assert_int_equal(system(command), 0);
}

static void
make_store(const char *const *settings)
{
	struct qt_store	*s;

	world_begin(&w, settings);
	snprintf(copied, sizeof(copied), "%s/copied", w.dir);
	damaged = w.path;
	snprintf(saved, sizeof(saved), "%s/saved", w.dir);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 2654435761u >> 11);
	s = world_open(&w);
	put_turn(s, 0, 0, 60);
	assert_int_equal(put(s, "big a", big, BIG - 1, 0), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	put_turn(s, 1, 0, 40);
	assert_int_equal(put(s, "key 029", "", 0, QT_STORE_DEL), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	put_turn(s, 2, 0, 20);
	assert_int_equal(put(s, "key 009", "", 0, QT_STORE_DEL), 0);
	put_turn(s, 2, 60, KEYS);
	assert_int_equal(put(s, "big b", big, BIG, 0), 0);
	assert_int_equal(put(s, "last", "1", 1, 0), 0);
	assert_true(s->now->run_count == 2);
	world_reboot(s);
}

static void
end(void)
{
	qt_buf_clear(&told);
	world_rm(&w);
}

static void
copy_store(void)
{
	run_command("cp -r %s %s", w.path, copied);
	damaged = copied;
}

static void
tell(void *arg, const char *what)
{
	(void)arg;
	assert_int_equal(qt_buf_addf(&told, "%s\n", what), 0);
}

static int
verify(void)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	qt_buf_reset(&told);
	assert_int_equal(qt_buf_add(&told, "", 0), 0);
	rc = qt_store_verify(damaged, tell, NULL, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	return rc;
}

static bool
was_told(const char *what)
{
	return told.len > 0 && strstr((const char *)told.data, what) != NULL;
}

/* --- What was saved ------------------------------------------------------- */

/* 1: lost; never is it something that it never was. */
static unsigned int
check_key(struct qt_store *s, unsigned int i)
{
	struct qt_store_value	v;
	char			key[16], text[120];
	unsigned int		turn = turn_of(i) + 1;
	int			rc;

	name_of(key, i);
	rc = qt_store_get(s, NULL, &v, key, strlen(key), NULL);
	if (rc == -ENOENT)
		return !is_deleted(i);
	assert_int_equal(rc, 0);
	while (turn-- > 0) {
		text_of(text, i, turn);
		if (v.len == strlen(text) && memcmp(v.data, text, v.len) == 0)
			break;
	}
	assert_true(turn != UINT32_MAX);
	qt_store_value_clear(&v);
	return is_deleted(i) || turn != turn_of(i);
}

static unsigned int
check_big(struct qt_store *s, const char *key, size_t len)
{
	struct qt_store_value	v;
	int			rc = qt_store_get(s, NULL, &v, key, 5, NULL);

	if (rc == -ENOENT)
		return 1;
	assert_int_equal(rc, 0);
	assert_int_equal(v.len, len);
	assert_true(memcmp(v.data, big, len) == 0);
	qt_store_value_clear(&v);
	return 0;
}

/* How many keys are not what they were. */
static unsigned int
salvage(void)
{
	struct world		 there = { .dir = "" };
	struct qt_store		*s;
	struct qt_store_value	 v;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 count = 0;
	unsigned int		 lost = 0;

	qt_buf_reset(&told);
	assert_int_equal(qt_buf_add(&told, "", 0), 0);
	if (qt_store_salvage(damaged, saved, &count, tell, NULL, &err) < 0)
		fail_msg("%s", err.text);
	memcpy(there.path, saved, sizeof(there.path));
	s = world_open(&there);
	for (unsigned int i = 0; i < KEYS; i++)
		lost += check_key(s, i);
	lost += check_big(s, "big a", BIG - 1) + check_big(s, "big b", BIG);
	lost += qt_store_get(s, NULL, &v, "last", 4, NULL) != 0;
	qt_store_value_clear(&v);
	if (lost == 0)
		assert_int_equal(count, KEYS - 2 + 3);
	qt_store_close(s, NULL);
	assert_int_equal(qt_store_remove(saved, NULL), 0);
	if (damaged == copied)
		run_command("rm -r %s%s", copied, "");
	return lost;
}

static void
flip(const char *name, off_t at)
{
	char	path[200];

	snprintf(path, sizeof(path), "%s/%s", damaged, name);
	files_flip(AT_FDCWD, path, at, 0x10);
}

/* --- Tests ---------------------------------------------------------------- */

static const char *const	plain[] = { "mode", "sync", NULL };
static const char *const	compressed[] = { "mode", "sync", "compression",
    "6", NULL };

QT_TEST(of_a_sound_store_everything_is_saved_and_nothing_told)
{
	const char *const *const	settings[] = { plain, compressed };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_store(settings[i]);
		assert_int_equal(verify(), 0);
		assert_int_equal(told.len, 0);
		assert_int_equal(salvage(), 0);
		assert_int_equal(told.len, 0);
		end();
	}
}

static off_t
size_of(const char *name)
{
	char		path[200];
	struct stat	st;

	snprintf(path, sizeof(path), "%s/%s", w.path, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Bytes of a file, each by itself: told, and no more is lost than that. */
static void
sweep(const char *name, off_t end_at, off_t step, unsigned int most)
{
	for (off_t at = 0; at < end_at; at += step) {
		unsigned int	lost;

		flip(name, at);
		if (verify() == 0 && !was_told("torn"))
			fail_msg("%s at %lld: not found", name, (long long)at);
		lost = salvage();
		flip(name, at);
		if (lost > most || (lost > 0 && told.len == 0))
			fail_msg("%s at %lld: %u lost: %s", name,
			    (long long)at, lost, (const char *)told.data);
	}
}

static struct dirent *
next_file(DIR *dir)
{
	struct dirent	*d;

	do
		d = readdir(dir);
	while (d != NULL && d->d_name[0] == '.');
	return d;
}

/* The files of a folder of it. */
static void
sweep_folder(const char *folder, off_t end_at, off_t step, unsigned int most)
{
	char		 path[200], name[64];
	struct dirent	*d;
	DIR		*dir;

	snprintf(path, sizeof(path), "%s/%s", w.path, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((d = next_file(dir)) != NULL) {
		snprintf(name, sizeof(name), "%s/%.40s", folder, d->d_name);
		sweep(name, end_at > 0 ? end_at : size_of(name), step, most);
	}
	closedir(dir);
}

QT_TEST(a_byte_of_a_run_costs_a_block_of_it_at_most)
{
	(void)state;
	make_store(plain);
	sweep_folder("run", 0, 1009, 36);
	end();
}

/* 4 bytes of each frame are for memory only: its link. */
QT_TEST(a_byte_of_a_log_costs_its_record)
{
	off_t	at = 64;

	(void)state;
	make_store(plain);
	for (unsigned int i = 0; i < 9; i++, at += 144) {
		unsigned int	lost;

		flip("wal/000000000003.wal", at + 4 + (off_t)i * 11);
		assert_int_equal(verify(), 1);
		lost = salvage();
		flip("wal/000000000003.wal", at + 4 + (off_t)i * 11);
		assert_int_equal(lost, 1);
		assert_true(was_told("wal/000000000003.wal at "));
	}
	/* Without its head nobody can tell its frames from older ones. */
	sweep("wal/000000000003.wal", 64, 21, 20 + 20 + 2);
	end();
}

QT_TEST(a_byte_of_a_manifest_costs_nothing)
{
	(void)state;
	make_store(plain);
	sweep_folder("manifest", 0, 101, 0);
	sweep("CURRENT", size_of("CURRENT"), 7, 0);
	flip("CURRENT", 0);
	assert_int_equal(salvage(), 0);
	assert_true(was_told("is taken in its place"));
	end();
}

QT_TEST(a_byte_of_a_large_value_costs_that_value)
{
	(void)state;
	make_store(plain);
	sweep_folder("big", 48, 15, 1);
	sweep_folder("big", 0, BIG / 2 - 100, 1);
	flip("FORMAT", 1);
	assert_int_equal(salvage(), 0);
	assert_true(was_told("FORMAT"));
	end();
}

QT_TEST(files_that_are_missing_are_told)
{
	(void)state;
	make_store(plain);
	copy_store();
	run_command("rm %s/big/000000000001.big%s", damaged, "");
	assert_int_equal(verify(), 1);
	assert_true(was_told("big/000000000001.big: it is missing, and run/"));
	assert_int_equal(salvage(), 1);
	assert_true(was_told("the value of 'big a' is lost"));
	copy_store();
	run_command("rm %s/big/000000000002.big%s", damaged, "");
	assert_int_equal(verify(), 1);
	assert_true(was_told("big/000000000002.big: it is missing, and wal/"));
	assert_int_equal(salvage(), 1);
	copy_store();
	run_command("cp %s/big/000000000002.big %s/big/000000000009.big",
	    damaged, damaged);
	assert_int_equal(verify(), 0);
	assert_true(was_told("note: big/000000000009.big: no record names it"));
	assert_int_equal(salvage(), 0);
	copy_store();
	run_command("rm -r %s/wal%s", damaged, "");
	assert_true(salvage() > 20);
	assert_true(was_told("wal"));
	end();
}

QT_TEST(a_store_in_use_is_refused_and_what_is_in_memory_only_is_saved)
{
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;
	char		 name[QT__SEG_NAME_SIZE];
	pid_t		 child;
	int		 status;

	(void)state;
	make_store((const char *const[]){ "mode", "async", NULL });
	s = world_open(&w);
	assert_int_equal(put(s, "last", "2", 1, 0), 0);
	snprintf(name, sizeof(name), "%s", s->name);
	assert_int_equal(qt_store_salvage(w.path, saved, NULL, tell, NULL,
	    &err), -EBUSY);
	assert_non_null(strstr(err.text, "it is in use"));
	/* Nor is anything left of the try. */
	assert_int_equal(access(saved, F_OK), -1);
	assert_int_equal(qt_store_salvage(w.path, w.path, NULL, tell, NULL,
	    &err), -EBUSY);
	qt_store_close(s, NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		s = world_open(&w);
		_exit(put(s, "only in memory", "3", 1, 0) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(qt_store_salvage(w.path, saved, NULL, tell, NULL,
	    &err), 0);
	assert_int_equal(qt_store_open(saved, NULL, &s, &err), 0);
	expect(s, "only in memory", "3", 1);
	qt_store_close(s, NULL);
	assert_int_equal(qt_store_remove(saved, NULL), 0);
	assert_int_equal(qt__control_forget(name, true), 0);
	end();
}
