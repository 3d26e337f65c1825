/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that is used from two hosts, or containers, each of which has a
 * /dev/shm of its own and finds in it what it has left there.
 */

#include <dirent.h>
#include <pthread.h>
#include <sched.h>

#include <qt/base/sys.h>

#include "world.h"

static const char *const	plain[] = { NULL };

/* Segments whose names begin with from get others. */
static void
rename_all(const char *from, const char *to)
{
	char		 a[400], b[400];
	struct dirent	*d;
	DIR		*dir = opendir("/dev/shm");

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (strncmp(d->d_name, from, strlen(from)) != 0)
			continue;
		snprintf(a, sizeof(a), "/dev/shm/%s", d->d_name);
		snprintf(b, sizeof(b), "/dev/shm/%s%s", to,
		    d->d_name + strlen(from));
		assert_int_equal(rename(a, b), 0);
	}
	closedir(dir);
}

static void
names(const struct qt_store *s, char here[80], char away[90])
{
	snprintf(here, 80, "%s", s->name + 1);
	snprintf(away, 90, "away-%s", here);
}

/* Everybody is on the other host now, which remembers nothing. */
static void
go(const char *here, const char *away)
{
	rename_all(here, away);
}

/* Back; what is in the other's memory is not seen any more. */
static void
come_back(const char *here, const char *away)
{
	char	name[90];

	snprintf(name, sizeof(name), "/%s", here);
	assert_int_equal(qt__control_forget(name, true), 0);
	rename_all(away, here);
}

QT_TEST(who_comes_back_sees_what_was_written_elsewhere)
{
	struct world	 w;
	struct qt_store	*s;
	char		 here[80], away[90];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	names(s, here, away);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	go(here, away);
	s = world_open(&w);
	expect(s, "a", "1", 1);
	assert_int_equal(put(s, "a", "2", 1, 0), 0);
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	come_back(here, away);
	s = world_open(&w);
	expect(s, "a", "2", 1);
	expect(s, "b", "2", 1);
	assert_int_equal(put(s, "c", "3", 1, 0), 0);
	world_reboot(s);
	s = world_open(&w);
	expect(s, "b", "2", 1);
	expect(s, "c", "3", 1);
	world_end(&w, s);
}

/* It may also only look. */
QT_TEST(who_only_reads_sees_what_was_written_elsewhere)
{
	struct qt_store_options	 o = { .flags = QT_STORE_RDONLY };
	struct world		 w;
	struct qt_store		*s, *r;
	char			 here[80], away[90];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	names(s, here, away);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	go(here, away);
	s = world_open(&w);
	assert_int_equal(put(s, "a", "2", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	come_back(here, away);
	assert_int_equal(qt_store_open(w.path, &o, &r, NULL), 0);
	expect(r, "a", "2", 1);
	assert_int_equal(qt_store_close(r, NULL), 0);
	world_end(&w, world_open(&w));
}

/* Who has read only is nobody's hindrance, and must not write then. */
QT_TEST(who_had_it_open_meanwhile_does_not_write)
{
	struct world	 w;
	struct qt_store	*s, *other;
	char		 here[80], away[90];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	names(s, here, away);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	expect(s, "a", "1", 1);
	go(here, away);
	other = world_open(&w);
	assert_int_equal(put(other, "b", "2", 1, 0), 0);
	assert_int_equal(qt_store_close(other, NULL), 0);
	come_back(here, away);
	assert_int_equal(put(s, "c", "3", 1, 0), -QT_EGONE);
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	expect(s, "b", "2", 1);
	expect(s, "c", NULL, 0);
	world_end(&w, s);
}

QT_TEST(it_is_refused_while_it_is_used_elsewhere)
{
	struct qt_store_settings set;
	struct qt_store_options	 o = { .settings = &set };
	struct world		 w;
	struct qt_store		*s, *other;
	struct qt_err		 err = QT_ERR_INIT;
	char			 here[80], away[90];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	names(s, here, away);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	go(here, away);
	/* Nobody waits here for one who stays. */
	set = s->set;
	set.lock_timeout_ms = 1;
	assert_int_equal(qt_store_open(w.path, &o, &other, &err), -EBUSY);
	assert_non_null(strstr(err.text, "on another host"));
	o.flags = QT_STORE_RDONLY;
	assert_int_equal(qt_store_open(w.path, &o, &other, &err), -EBUSY);
	/* They go on. */
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	expect(s, "a", "1", 1);
	expect(s, "b", "2", 1);
	world_end(&w, s);
	snprintf(here, sizeof(here), "/%.70s", away);
	assert_int_equal(qt__control_forget(here, true), 0);
}

struct opening {
	const struct world	*w;
	struct qt_store		*s;
	int			 rc;
	_Atomic bool		 is_done;
};

static void *
open_it(void *arg)
{
	struct opening	*o = arg;

	o->rc = qt_store_open(o->w->path, NULL, &o->s, NULL);
	atomic_store(&o->is_done, true);
	return NULL;
}

/* What a command leaves behind there is not for long. */
QT_TEST(who_ends_soon_elsewhere_is_waited_for)
{
	struct world	 w;
	struct opening	 o = { .w = &w };
	struct qt_store	*s;
	pthread_t	 thread;
	char		 here[80], away[90];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	names(s, here, away);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	go(here, away);
	assert_int_equal(pthread_create(&thread, NULL, open_it, &o), 0);
	/* Until it looks who is there. */
	while (!atomic_load(&o.is_done) && qt_sys_is_locked(s->user.fd,
	    QT__LOCK_FORMAT, 1) != 1)
		sched_yield();
	assert_int_equal(qt_store_close(s, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(o.rc, 0);
	expect(o.s, "a", "1", 1);
	world_end(&w, o.s);
	snprintf(here, sizeof(here), "/%.70s", away);
	assert_int_equal(qt__control_forget(here, true), 0);
}
