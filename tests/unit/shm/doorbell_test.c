/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells in two processes: rung for what is put in and for erasing, whoever
 * of the two is killed; and no FIFO is left.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <qt/base/clock.h>
#include <qt/shm/doorbell.h>
#include <qt/shm/queue.h>
#include <qt/shm/wait.h>

#include "../test.h"
#include "shm_test.h"

#define LONG_MS	20000

static struct qt_seg *
seg_with_queue(const char *name)
{
	struct qt_queue_spec	 spec = { .item_max = 8, .capacity = 1000 };
	struct qt_seg		*seg;

	assert_int_equal(qt_seg_create(name, &test_spec, &seg, NULL), 0);
	assert_int_equal(qt_queue_create(seg, "q", &spec, NULL), 0);
	return seg;
}

static struct qt_queue *
open_queue(struct qt_seg *seg)
{
	struct qt_queue	*q;

	assert_int_equal(qt_queue_open(seg, "q", NULL, &q, NULL), 0);
	return q;
}

/* FIFOs of that segment in /dev/shm; *mode of the last. */
static int
count_fifos(const struct qt_seg *seg, mode_t *mode)
{
	DIR		*dir = opendir("/dev/shm");
	struct dirent	*d;
	struct stat	 st;
	char		 begin[40];
	int		 n = 0;

	assert_non_null(dir);
	snprintf(begin, sizeof(begin), ".qt-bell-%016llx-",
	    (unsigned long long)qt_seg_id(seg));
	while ((d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, begin, strlen(begin)) == 0) {
			n++;
			if (fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
			    S_ISFIFO(st.st_mode))
				*mode = st.st_mode & 07777;
		}
	closedir(dir);
	return n;
}

static int
is_ringing(int fd, int ms)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms);
}

/* Items that came until there are none; the loop of an event loop. */
static uint64_t
take_all(struct qt_queue *q, int fd, uint64_t until)
{
	uint64_t	sum = 0, item, end = qt_clock_mono_ms() + LONG_MS;

	while (sum < until && qt_clock_mono_ms() < end) {
		assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(q)), 0);
		while (qt_queue_pop(q, &item, sizeof(item), QT_WAIT_NEVER) > 0)
			sum++;
		if (sum < until)
			assert_true(is_ringing(fd, LONG_MS) > 0);
	}
	return sum;
}

static pid_t
start_pusher(struct qt_seg *seg, uint64_t count, bool is_killed)
{
	struct qt_queue	*q;
	pid_t		 pid = fork();

	if (pid != 0)
		return pid;
	if (qt_seg_after_fork(seg, NULL) < 0 ||
	    qt_queue_open(seg, "q", NULL, &q, NULL) < 0)
		_exit(1);
	for (uint64_t i = 0; i < count; i++)
		if (qt_queue_push(q, &i, sizeof(i), QT_WAIT_FOREVER) < 0)
			_exit(1);
	if (is_killed)
		raise(SIGKILL);
	qt_queue_close(q);
	qt_seg_close(seg);
	_exit(0);
}

QT_TEST(an_event_loop_gets_every_item_of_another_process)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_queue	*q = open_queue(seg);
	struct qt_err	 err = QT_ERR_INIT;
	int		 fd = qt_obj_doorbell(qt_queue_obj(q), &err), status;
	mode_t		 mode = 0;
	pid_t		 pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(qt_obj_doorbell(qt_queue_obj(q), NULL), fd);
	assert_int_equal(count_fifos(seg, &mode), 1);
	assert_int_equal(mode, 0600);
	pid = start_pusher(seg, 20000, false);
	assert_int_equal(take_all(q, fd, 20000), 20000);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	qt_queue_close(q);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_seg_close(seg);
}

QT_TEST(a_push_rings_at_once_and_an_armed_bell_in_any_case)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_seg	*other = test_join(seg, QT_SEG_JOIN);
	struct qt_queue	*q = open_queue(seg), *p = open_queue(other);
	struct qt_obj	*obj = qt_queue_obj(q);
	int		 fd = qt_obj_doorbell(obj, NULL), rings = 0;
	uint64_t	 item = 1;

	(void)state;
	/* Not armed: nothing rings. */
	assert_int_equal(qt_queue_push(p, &item, 8, QT_WAIT_NEVER), 0);
	assert_int_equal(is_ringing(fd, 0), 0);
	/*
	 * At once, unless we were held up for so long between the two that the
	 * bell rang by itself; which 20 times of 20 it was not.
	 */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(qt_obj_doorbell_arm(obj), 0);
		rings += is_ringing(fd, 0) == 0;
		assert_int_equal(qt_queue_push(p, &item, 8, QT_WAIT_NEVER), 0);
		assert_int_equal(is_ringing(fd, 0), 1);
	}
	assert_true(rings > 0);
	/* Nobody does anything. */
	assert_int_equal(qt_obj_doorbell_arm(obj), 0);
	assert_int_equal(is_ringing(fd, LONG_MS), 1);
	/* Erased. */
	assert_int_equal(qt_obj_doorbell_arm(obj), 0);
	assert_int_equal(qt_obj_erase(other, "q", NULL), 0);
	assert_int_equal(is_ringing(fd, 0), 1);
	assert_int_equal(qt_obj_doorbell_arm(obj), -QT_EGONE);
	qt_queue_close(p);
	qt_queue_close(q);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(producers_that_are_killed_lose_nobody_a_ring)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_queue	*q = open_queue(seg);
	int		 fd = qt_obj_doorbell(qt_queue_obj(q), NULL), status;
	mode_t		 mode;

	(void)state;
	for (int i = 0; i < 20; i++) {
		pid_t	pid = start_pusher(seg, 50, true);

		assert_int_equal(take_all(q, fd, 50), 50);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(qt_seg_sweep(seg) >= 0);
	}
	qt_queue_close(q);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_seg_close(seg);
}

/* A child with an armed doorbell; returns when it is armed. */
static pid_t
start_listener(struct qt_seg *seg)
{
	struct qt_queue	*q;
	int		 p[2];
	char		 c;
	pid_t		 pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_queue_open(seg, "q", NULL, &q, NULL) < 0 ||
		    qt_obj_doorbell(qt_queue_obj(q), NULL) < 0 ||
		    qt_obj_doorbell_arm(qt_queue_obj(q)) < 0 ||
		    write(p[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	close(p[0]);
	close(p[1]);
	return pid;
}

static void
kill_it(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

QT_TEST(what_a_killed_listener_left_harms_nobody_and_is_removed)
{
	const char	*name = test_name();
	struct qt_seg	*seg = seg_with_queue(name);
	struct qt_queue	*q = open_queue(seg);
	uint64_t	 item = 1;
	mode_t		 mode;

	(void)state;
	/* By a sweep. */
	kill_it(start_listener(seg));
	assert_int_equal(count_fifos(seg, &mode), 1);
	assert_int_equal(qt_queue_push(q, &item, 8, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_queue_close(q);
	/* With the object. */
	kill_it(start_listener(seg));
	assert_int_equal(count_fifos(seg, &mode), 1);
	assert_int_equal(qt_obj_erase(seg, "q", NULL), 0);
	assert_int_equal(count_fifos(seg, &mode), 0);
	assert_int_equal(qt_seg_sweep(seg), 1);
	/* With the name of the segment. */
	assert_int_equal(qt_queue_create(seg, "q", &(struct qt_queue_spec){
	    .item_max = 8, .capacity = 4 }, NULL), 0);
	kill_it(start_listener(seg));
	assert_int_equal(count_fifos(seg, &mode), 1);
	assert_int_equal(qt_seg_unlink(name), 0);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_seg_close(seg);
}

QT_TEST(who_may_only_read_or_was_just_forked_has_no_doorbell)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_queue	*q = open_queue(seg), *r = open_queue(reader);
	struct qt_err	 err = QT_ERR_INIT;
	mode_t		 mode;
	int		 status;
	pid_t		 pid;

	(void)state;
	assert_int_equal(qt_obj_doorbell(qt_queue_obj(r), &err), -EACCES);
	assert_non_null(strstr(err.text, "only a participant"));
	assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(q)), -EINVAL);
	assert_true(qt_obj_doorbell(qt_queue_obj(q), NULL) >= 0);
	pid = fork();
	if (pid == 0) {
		if (qt_obj_doorbell(qt_queue_obj(q), NULL) != -EACCES ||
		    qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_obj_doorbell_arm(qt_queue_obj(q)) != -EINVAL ||
		    qt_obj_doorbell(qt_queue_obj(q), NULL) < 0 ||
		    count_fifos(seg, &mode) != 2)
			_exit(1);
		/* With the object open. */
		qt_seg_close(seg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count_fifos(seg, &mode), 1);
	qt_queue_close(q);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_queue_close(r);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

/* A FIFO like that of a doorbell in a segment that was; so old. */
static void
leave_fifo(char path[80], unsigned int number, time_t age)
{
	struct timespec	 t[2] = { { .tv_sec = time(NULL) - age } };

	t[1] = t[0];
	snprintf(path, 80, "/dev/shm/.qt-bell-%016lx-3000-%u",
	    (unsigned long)getpid(), number);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

QT_TEST(what_is_left_of_a_segment_that_is_gone_is_removed_later)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_queue	*q = open_queue(seg);
	char		 old[80], used[80], young[80];
	struct stat	 st;
	mode_t		 mode;
	int		 fd;

	(void)state;
	leave_fifo(old, 1, 3600);
	leave_fifo(used, 2, 3600);
	leave_fifo(young, 3, 0);
	fd = open(used, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(qt_obj_doorbell(qt_queue_obj(q), NULL) >= 0);
	assert_int_equal(stat(old, &st), -1);
	assert_int_equal(stat(used, &st), 0);
	assert_int_equal(stat(young, &st), 0);
	assert_int_equal(count_fifos(seg, &mode), 1);
	close(fd);
	assert_int_equal(unlink(used), 0);
	assert_int_equal(unlink(young), 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}

/* The first of those that are all free, whatever we have inherited, as a make's
   with jobs. What is free below it is taken. */
static int
free_from(void)
{
	int	fd, top = 0;

	for (fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			top = fd;
	do
		fd = dup(0);
	while (fd >= 0 && fd < top);
	assert_true(fd > top);
	close(fd);
	return fd;
}

QT_TEST(without_descriptors_there_is_no_doorbell_and_nothing_is_left)
{
	struct qt_seg	*seg = seg_with_queue(NULL);
	struct qt_queue	*q = open_queue(seg);
	struct rlimit	 was, few;
	struct qt_err	 err = QT_ERR_INIT;
	int		 free_fd, rc = -1;
	mode_t		 mode;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	free_fd = free_from();
	/* One, two, then three that it needs. */
	for (int n = 0; n < 3; n++) {
		few.rlim_cur = (rlim_t)(free_fd + n);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		rc = qt_obj_doorbell(qt_queue_obj(q), &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_int_equal(rc, -EMFILE);
		assert_int_equal(count_fifos(seg, &mode), 0);
		assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(q)),
		    -EINVAL);
		assert_int_equal(fcntl(free_fd, F_GETFD), -1);
	}
	few.rlim_cur = (rlim_t)(free_fd + 3);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	rc = qt_obj_doorbell(qt_queue_obj(q), &err);
	/* Who has none left for ringing is not hindered. */
	assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(q)), 0);
	assert_int_equal(qt_queue_push(q, &(uint64_t){ 1 }, 8, QT_WAIT_NEVER),
	    0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_true(rc >= 0);
	assert_int_equal(is_ringing(rc, LONG_MS), 1);
	qt_queue_close(q);
	assert_int_equal(count_fifos(seg, &mode), 0);
	qt_seg_close(seg);
}
