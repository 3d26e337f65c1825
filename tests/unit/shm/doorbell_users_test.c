/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells of users who share a segment by its group, and of others who are
 * in the way. Each step is done as that user; all in one process.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <qt/shm/doorbell.h>
#include <qt/shm/queue.h>
#include <qt/shm/wait.h>

#include "../test.h"
#include "shm_test.h"

#define MAKER	47110u		/* nobody's, on any machine */
#define MEMBER	47111u
#define OTHER	47112u
#define GROUP	47119u
#define LONG_MS	20000
#define IDS	16u

/* Makes this process one of that user, who is in the group or is not. */
static void
be(uid_t uid)
{
	gid_t	group = GROUP;

	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setgroups(uid != OTHER && uid != 0, &group), 0);
	assert_int_equal(setegid(uid), 0);
	assert_int_equal(seteuid(uid), 0);
	/* Else /proc/self would be root's. */
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
}

struct party {
	uid_t		 uid;
	struct qt_seg	*seg;
	struct qt_queue	*q;
	int		 bell;
};

static void
enter(struct party *p, uid_t uid, const char *name)
{
	struct qt_err	err = QT_ERR_INIT;

	be(uid);
	*p = (struct party){ .uid = uid, .bell = -1 };
	if (qt_seg_open(name, "test", QT_SEG_JOIN, &p->seg, &err) < 0 ||
	    qt_queue_open(p->seg, "q", NULL, &p->q, &err) < 0)
		fail_msg("%s", err.text);
}

static void
listen_for(struct party *p)
{
	struct qt_err	err = QT_ERR_INIT;

	be(p->uid);
	p->bell = qt_obj_doorbell(qt_queue_obj(p->q), &err);
	if (p->bell < 0)
		fail_msg("user %u: %s: %s", p->uid, err.text,
		    strerror(-p->bell));
}

static void
leave(struct party *p)
{
	be(p->uid);
	qt_queue_close(p->q);
	qt_seg_close(p->seg);
}

static void
make(const char *name, mode_t mode)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_queue_spec	 queue = { .item_max = 8, .capacity = 100 };
	struct qt_seg		*seg;

	be(MAKER);
	spec.mode = mode;
	spec.group = mode & 0060 ? GROUP : (gid_t)-1;
	assert_int_equal(qt_seg_create(name, &spec, &seg, NULL), 0);
	assert_int_equal(qt_queue_create(seg, "q", &queue, NULL), 0);
	qt_seg_close(seg);
}

static int
is_ringing(int fd, int ms)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms);
}

/*
 * Does to hear from at once? A bell rings by itself after 100 ms: so it is no
 * if it ever does not, and yes only if it was silent before.
 */
static bool
hears(struct party *to, struct party *from)
{
	uint64_t	item = 1;
	int		silent = 0;

	for (int i = 0; i < 100 && silent < 3; i++) {
		be(to->uid);
		assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(to->q)), 0);
		be(from->uid);
		silent += is_ringing(to->bell, 0) == 0;
		assert_int_equal(qt_queue_push(from->q, &item, 8,
		    QT_WAIT_NEVER), 0);
		if (is_ringing(to->bell, 0) == 0)
			return false;
		assert_int_equal(qt_queue_pop(from->q, &item, 8,
		    QT_WAIT_NEVER), 8);
	}
	return silent == 3;
}

/* FIFOs and whatever has such a name, of that user. */
static int
count_bells(const struct qt_seg *seg, uid_t uid, mode_t *mode)
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
		if (strncmp(d->d_name, begin, strlen(begin)) == 0 &&
		    fstatat(dirfd(dir), d->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == uid) {
			n++;
			*mode = st.st_mode;
		}
	closedir(dir);
	return n;
}

/* As root, what users left. */
static void
wipe(const struct qt_seg *seg)
{
	DIR		*dir = opendir("/dev/shm");
	struct dirent	*d;
	char		 begin[40];

	be(0);
	snprintf(begin, sizeof(begin), ".qt-bell-%016llx-",
	    (unsigned long long)qt_seg_id(seg));
	while ((d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, begin, strlen(begin)) == 0)
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
}

/* A participant with an armed doorbell that is killed. */
static void
die_listening(const char *name, uid_t uid)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		struct party	p;

		enter(&p, uid, name);
		listen_for(&p);
		if (qt_obj_doorbell_arm(qt_queue_obj(p.q)) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

QT_TEST(users_of_a_group_ring_each_other)
{
	const char	*name = test_name();
	struct party	 a, b;
	mode_t		 mode = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	make(name, 0660);
	enter(&a, MAKER, name);
	enter(&b, MEMBER, name);
	listen_for(&b);
	listen_for(&a);
	assert_int_equal(count_bells(a.seg, MEMBER, &mode), 1);
	assert_int_equal(mode, S_IFIFO | 0660);
	assert_int_equal(count_bells(a.seg, MAKER, &mode), 1);
	assert_int_equal(mode, S_IFIFO | 0660);
	assert_true(hears(&b, &a));
	assert_true(hears(&a, &b));
	leave(&b);
	assert_int_equal(count_bells(a.seg, MEMBER, &mode), 0);
	be(MAKER);
	assert_int_equal(qt_seg_unlink(name), 0);
	wipe(a.seg);
	leave(&a);
	be(0);
}

QT_TEST(what_a_dead_user_left_is_no_hindrance_to_the_next)
{
	const char	*name = test_name();
	struct party	 a, b;
	mode_t		 mode = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	make(name, 0660);
	enter(&b, MEMBER, name);
	die_listening(name, MEMBER);
	/* Swept by the maker, who may not remove what is another's. */
	enter(&a, MAKER, name);
	be(MAKER);
	assert_true(qt_seg_sweep(a.seg) >= 0);
	leave(&a);
	enter(&a, MAKER, name);
	listen_for(&a);
	assert_true(hears(&a, &b));
	leave(&a);
	/* And the other way round, what its own user removes. */
	die_listening(name, MEMBER);
	be(MEMBER);
	assert_true(qt_seg_sweep(b.seg) >= 0);
	assert_int_equal(count_bells(b.seg, MEMBER, &mode), 0);
	be(MAKER);
	assert_int_equal(qt_seg_unlink(name), 0);
	wipe(b.seg);
	leave(&b);
	be(0);
}

QT_TEST(root_and_the_owner_of_a_segment_ring_each_other)
{
	const char	*name = test_name();
	struct party	 a, r;
	mode_t		 mode = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	make(name, 0600);
	enter(&a, MAKER, name);
	be(0);
	r = (struct party){ .uid = 0, .bell = -1 };
	{
		int	fd = qt_seg_dup_rdwr(a.seg);

		assert_int_equal(qt_seg_open_fd(fd, "test", QT_SEG_JOIN,
		    &r.seg, NULL), 0);
		close(fd);
	}
	assert_int_equal(qt_queue_open(r.seg, "q", NULL, &r.q, NULL), 0);
	listen_for(&r);
	listen_for(&a);
	assert_true(hears(&r, &a));
	assert_true(hears(&a, &r));
	/* The owner can remove all of them. */
	assert_int_equal(count_bells(a.seg, MAKER, &mode), 2);
	assert_int_equal(mode, S_IFIFO | 0600);
	leave(&r);
	leave(&a);
	be(MAKER);
	assert_int_equal(qt_seg_unlink(name), 0);
	be(0);
}

/* What is at each name that the next doorbell may have. */
static void
plant(const struct qt_seg *seg, const char *like, mode_t type)
{
	const char	*end = strrchr(like, '-');
	char		 path[300];

	(void)seg;
	be(OTHER);
	for (unsigned int id = 1; id <= IDS; id++) {
		snprintf(path, sizeof(path), "/dev/shm/%.*s-%u",
		    (int)(end - like), like, id);
		if (type == S_IFLNK)
			(void)!symlink("/etc/hostname", path);
		else
			(void)!mknod(path, type | 0666, 0);
		if (type != S_IFLNK)
			(void)!chmod(path, 0666);
	}
}

static void
find_bell(const struct qt_seg *seg, char name[256])
{
	DIR		*dir = opendir("/dev/shm");
	struct dirent	*d;
	char		 begin[40];

	snprintf(begin, sizeof(begin), ".qt-bell-%016llx-",
	    (unsigned long long)qt_seg_id(seg));
	name[0] = '\0';
	while ((d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, begin, strlen(begin)) == 0)
			snprintf(name, 256, "%s", d->d_name);
	closedir(dir);
	assert_true(name[0] != '\0');
}

/* Another one read the names of doorbells in /dev/shm, and takes the next. */
static void
try_with_planted(mode_t type)
{
	const char	*name = test_name();
	struct party	 a, b, c;
	char		 like[256];
	mode_t		 mode;
	uint64_t	 item = 1;

	make(name, 0660);
	enter(&a, MAKER, name);
	listen_for(&a);
	find_bell(a.seg, like);
	plant(a.seg, like, type);
	enter(&b, MEMBER, name);
	enter(&c, MAKER, name);
	/* It has one, which is slower; who publishes is not kept. */
	listen_for(&b);
	for (int i = 0; i < 3; i++) {
		be(MEMBER);
		assert_int_equal(qt_obj_doorbell_arm(qt_queue_obj(b.q)), 0);
		be(MAKER);
		assert_int_equal(qt_queue_push(c.q, &item, 8, QT_WAIT_NEVER),
		    0);
		assert_int_equal(is_ringing(b.bell, LONG_MS), 1);
	}
	/* The one that was there before is what it was. */
	assert_true(hears(&a, &c));
	assert_int_equal(count_bells(a.seg, OTHER, &mode), IDS - 1);
	if (type == S_IFREG) {
		struct stat	st;
		char		path[300];

		snprintf(path, sizeof(path), "/dev/shm/%.*s-%u",
		    (int)(strrchr(like, '-') - like), like, IDS);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 0);
	}
	leave(&c);
	leave(&b);
	be(MAKER);
	assert_int_equal(qt_seg_unlink(name), 0);
	wipe(a.seg);
	leave(&a);
	be(0);
}

QT_TEST(what_others_planted_in_dev_shm_stops_no_doorbell)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	try_with_planted(S_IFREG);
	try_with_planted(S_IFIFO);
	try_with_planted(S_IFLNK);
}
