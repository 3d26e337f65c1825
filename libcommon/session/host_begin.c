/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host comes to its lock, its segment and its sockets.
 *
 * The lock decides between two that start at once; everything after it is one
 * process's business. A segment that is there already was a dead host's: its
 * records and rings stay, its running sessions become lost. One that cannot
 * be used is moved aside under another name, never removed.
 */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "host_priv.h"
#include "host_state_priv.h"
#include "socket_priv.h"

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

#define SEGMENT_SIZE	(UINT64_C(64) << 30)	/* of addresses, not memory */
#define EVENTS_SIZE	(256u << 10)
#define LOCK_MS		2000
#define WRITER_MS	5000	/* twice and more what host_watch.c takes */
#define SHM_DIR		"/dev/shm"

/* The socket alone proves nothing: such a child holds it open, too. */
static int
is_answering(int lock_fd)
{
	char	path[QT_PATH_SIZE], text[32] = "";
	long	pid;
	int	fd = -1;

	(void)qt_sys_pread(lock_fd, text, sizeof(text) - 1, 0);
	pid = strtol(text, NULL, 10);
	if (pid <= 0 || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
		return 0;
	if (qt_path_in_runtime("host.sock", path, NULL) == 0)
		fd = qt__socket_connect(path, NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * The lock may be held by a host that is starting, whose socket will come; or
 * for a moment by a child of a dead one that has not come to its exec(2). Only
 * a host that answers is one.
 */
static int
lock_patiently(int fd)
{
	struct timespec	pause = { .tv_nsec = 2000000 };
	uint64_t	end = qt_clock_mono_ms() + LOCK_MS;
	int		rc;

	while ((rc = qt_sys_lock(fd, F_WRLCK, 0, 1)) == -EAGAIN) {
		if (is_answering(fd) || qt_clock_mono_ms() > end)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return rc;
}

void
qt__host_sign(int lock_fd)
{
	char	text[32];
	int	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (qt_sys_ftruncate(lock_fd, 0) == 0)
		(void)qt_sys_pwrite(lock_fd, text, (size_t)len, 0);
}

static int
take_lock(struct qt__host *h, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc;

	rc = qt_path_in_runtime("host.lock", path, err);
	if (rc < 0)
		return rc;
	h->lock_fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	if (h->lock_fd < 0) {
		qt_err_set(err, "open '%s'", path);
		return h->lock_fd;
	}
	rc = lock_patiently(h->lock_fd);
	if (rc == -EAGAIN) {
		qt_err_set(err, "another session host runs in '%s'",
		    h->runtime);
		return -EEXIST;
	}
	if (rc < 0) {
		qt_err_set(err, "lock '%s'", path);
		return rc;
	}
	qt__host_sign(h->lock_fd);
	return 0;
}

/* Another name for what cannot be used; nothing in it is lost. */
static int
move_aside(struct qt__host *h, int why, struct qt_err *err)
{
	char	to[192];
	int	dir, rc;

	snprintf(to, sizeof(to), "%s.bad-%llu", h->seg_name + 1,
	    (unsigned long long)qt_clock_real_ms());
	dir = qt_sys_open(AT_FDCWD, SHM_DIR, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	rc = qt_sys_rename(dir, h->seg_name + 1, to);
	close(dir);
	if (rc < 0) {
		qt_err_wrap(err, "move '" SHM_DIR "%s' aside", h->seg_name);
		return rc;
	}
	qt_log(QT_LOG_WARN, QT__MODULE, "the segment of an earlier host could "
	    "not be used (%s: %s); it was kept as '" SHM_DIR "/%s', remove it "
	    "when you do not need it", err->text, qt_strerror(why), to);
	return 0;
}

static int
make_segment(struct qt__host *h, struct qt_err *err)
{
	struct qt_seg_spec	spec = {
		.size = SEGMENT_SIZE, .mode = 0600, .group = (gid_t)-1,
		.kind = "host",
	};
	int			rc;

	rc = qt_seg_create(h->seg_name, &spec, &h->seg, err);
	if (rc == 0)
		rc = qt__table_create(h->seg, &h->table, err);
	if (rc == -ENOSPC)
		qt_err_set(err, "make the segment '%s': /dev/shm is full; "
		    "free some of it or enlarge it (mount -o remount,size=)",
		    h->seg_name);
	if (rc == -EFBIG)
		qt_err_set(err, "make the segment '%s': it has more addresses "
		    "than the limit of file sizes allows; raise it "
		    "(ulimit -f unlimited)", h->seg_name);
	return rc;
}

/* Everything that ran is lost; what it wrote is kept. */
static void
mark_lost(struct qt__host *h)
{
	struct qt_ring_reader	*r;
	struct qt_session	 rec;
	uint32_t		 slots = qt__map_slots(&h->table->map);

	for (uint32_t i = 0; i < slots; i++) {
		if (qt__table_get(h->table, i, &rec) < 0)
			continue;
		if (rec.state == QT_STATE_SPARE) {
			qt__session_forget(h, i);
			continue;
		}
		h->exited++;
		if (rec.state != QT_STATE_RUNNING)
			continue;
		rec.state = QT_STATE_LOST;
		rec.exited_ms = qt_clock_real_ms();
		rec.viewers = rec.lead = rec.lead_slot = 0;
		if (qt_ring_reader_open(h->seg, rec.ring_offset, &r,
		    NULL) == 0) {
			qt_ring_range(r, NULL, &rec.exit_offset);
			qt_ring_reader_close(r);
		}
		(void)qt__table_put(h->table, &rec);
	}
}

/* The process that writes the table now; 0: none does. */
static long
writer_of(const struct qt_seg *seg)
{
	struct qt__table_map	map;
	uint32_t		who;

	if (qt__map_open(seg, &map, NULL) < 0)
		return 0;
	who = (uint32_t)atomic_load(&map.head->host.participant);
	return who != 0 && who != qt_seg_self(seg) &&
	    qt_seg_is_alive(seg, who) == 1 ?
	    (long)atomic_load(&map.head->host.pid) : 0;
}

/*
 * We have the lock; but its file may have been removed under a host that goes
 * on, and whose table must not be touched. That one takes the new file's lock
 * when it looks, if it can have it. A dead host's child may seem to be one
 * until it comes to its exec(2).
 */
static int
await_no_writer(struct qt__host *h, struct qt_err *err)
{
	struct timespec	pause = { .tv_nsec = 2000000 };
	uint64_t	end = qt_clock_mono_ms() + WRITER_MS;
	long		pid;

	while ((pid = writer_of(h->seg)) != 0) {
		if (qt_clock_mono_ms() > end) {
			qt_err_set(err, "a session host (process %ld) runs in "
			    "'%s' whose host.lock was removed; 'kill %ld' ends "
			    "it, with its sessions", pid, h->runtime, pid);
			return -EBUSY;
		}
		(void)qt_sys_lock(h->lock_fd, F_UNLCK, 0, 1);
		(void)nanosleep(&pause, NULL);
		if (qt_sys_lock(h->lock_fd, F_WRLCK, 0, 1) < 0) {
			qt_err_set(err, "another session host runs in '%s'",
			    h->runtime);
			return -EEXIST;
		}
	}
	return 0;
}

static int
adopt_segment(struct qt__host *h, struct qt_err *err)
{
	int	rc;

	rc = qt_seg_open(h->seg_name, "host", QT_SEG_JOIN, &h->seg, err);
	if (rc < 0)
		return rc;
	rc = await_no_writer(h, err);
	if (rc == 0)
		rc = qt__table_adopt(h->seg, &h->table, err);
	if (rc == 0 && h->table->cut > 0)
		qt_log(QT_LOG_WARN, QT__MODULE, "the segment of the host "
		    "before this one is damaged: the output of %u sessions "
		    "is cut off", h->table->cut);
	/* Killed before it had a table: it can have one now. */
	if (rc == -ENOENT)
		rc = qt__table_create(h->seg, &h->table, err);
	if (rc < 0) {
		qt_seg_close(h->seg);
		h->seg = NULL;
	}
	return rc;
}

static int
open_segment(struct qt__host *h, struct qt_err *err)
{
	int	rc = adopt_segment(h, err);

	if (rc == -QT_EFORMAT || rc == -QT_EVERSION || rc == -QT_ECORRUPT) {
		rc = move_aside(h, rc, err);
		if (rc == 0)
			rc = -ENOENT;
	}
	if (rc == -QT_EOWNER)
		qt_err_wrap(err, "segment '" SHM_DIR "%s' is not ours alone; "
		    "remove it or use another QT_RUNTIME_DIR", h->seg_name);
	return rc == -ENOENT ? make_segment(h, err) : rc;
}

static int
open_events(struct qt__host *h, struct qt_err *err)
{
	uint64_t	*word = qt__plain(&h->info->events_ring);
	int		 rc = 0;

	if (*word == 0)
		rc = qt_ring_create(h->seg, EVENTS_SIZE, word);
	if (rc == 0)
		rc = qt_ring_writer_open(h->seg, *word, &h->events, err);
	if (rc < 0)
		qt_err_wrap(err, "open the events ring");
	return rc;
}

static void
describe_host(struct qt__host *h)
{
	union {
		char		text[32];
		uint64_t	w[4];
	}	version = { .text = QT_VERSION };

	for (int i = 0; i < 4; i++)
		atomic_store(&h->info->version[i], version.w[i]);
	atomic_store(&h->info->pid, (uint64_t)getpid());
	atomic_store(&h->info->participant, qt_seg_self(h->seg));
	atomic_store(&h->info->running, h->running);
	atomic_store(&h->info->upgrade_ms, 0);
	h->output_bytes = atomic_load(&h->info->output_bytes);
	h->input_bytes = atomic_load(&h->info->input_bytes);
}

static void
know_user(struct qt__host *h)
{
	struct passwd	*pw = getpwuid(geteuid());

	if (pw == NULL) {
		snprintf(h->user, sizeof(h->user), "%u",
		    (unsigned int)geteuid());
		snprintf(h->shell, sizeof(h->shell), "/bin/sh");
		return;
	}
	snprintf(h->user, sizeof(h->user), "%.31s", pw->pw_name);
	snprintf(h->shell, sizeof(h->shell), "%s",
	    pw->pw_shell[0] == '/' ? pw->pw_shell : "/bin/sh");
}

/* Each session takes a descriptor; children get the old limit back. */
static void
raise_files(struct qt__host *h)
{
	struct rlimit	r;

	if (getrlimit(RLIMIT_NOFILE, &h->nofile) < 0)
		h->nofile = (struct rlimit){ 1024, 1024 };
	r = h->nofile;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static int
open_sockets(struct qt__host *h, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc;

	h->listen_fd = qt__notify_listen_fd();
	if (h->listen_fd < 0) {
		rc = qt_path_in_runtime("host.sock", path, err);
		if (rc < 0)
			return rc;
		h->listen_fd = qt__socket_listen(path, err);
	}
	return h->listen_fd < 0 ? h->listen_fd : qt__conn_listen(h);
}

/* A host of its own: lock, segment, sockets. */
static int
begin_anew(struct qt__host *h, struct qt_err *err)
{
	int	rc;

	if ((rc = take_lock(h, err)) < 0 ||
	    (rc = open_segment(h, err)) < 0)
		return rc;
	h->info = qt__table_host(h->table);
	mark_lost(h);
	atomic_store(&h->info->started_ms, qt_clock_real_ms());
	rc = open_events(h, err);
	if (rc < 0)
		return rc;
	describe_host(h);
	qt__host_prune(h);
	rc = qt__screen_listen(h, err);
	if (rc == 0)
		rc = open_sockets(h, err);
	if (rc == 0)
		qt__event(h, "host-started", NULL);
	return rc;
}

/* Records that ended. */
static void
count_records(struct qt__host *h)
{
	struct qt_session	rec;
	uint32_t		slots = qt__map_slots(&h->table->map);

	for (uint32_t i = 0; i < slots; i++) {
		if (qt__table_get(h->table, i, &rec) == 0 &&
		    rec.state != QT_STATE_RUNNING &&
		    rec.state != QT_STATE_SPARE)
			h->exited++;
	}
}

/* The same process went on as this program: see host_upgrade.c. */
static int
begin_upgraded(struct qt__host *h, struct qt_err *err)
{
	struct qt__state	st;
	int			rc;

	rc = qt__state_open(h, h->opt.state_fd, &st, err);
	if (rc == 0)
		rc = qt_seg_open_fd(st.head.seg_fd, "host", QT_SEG_JOIN,
		    &h->seg, err);
	if (rc == 0) {
		close(st.head.seg_fd);
		rc = qt__table_adopt(h->seg, &h->table, err);
	}
	if (rc == 0) {
		h->info = qt__table_host(h->table);
		rc = open_events(h, err);
	}
	if (rc == 0)
		rc = qt__state_load(h, &st, err);
	qt__state_close(&st);
	if (rc < 0)
		return rc;
	(void)fcntl(h->lock_fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(h->listen_fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(h->screen.listen_fd, F_SETFD, FD_CLOEXEC);
	count_records(h);
	describe_host(h);
	return qt__conn_listen(h);
}

int
qt__host_begin(struct qt__host *h, struct qt_err *err)
{
	int	rc;

	if ((rc = qt_path_runtime(h->runtime, err)) < 0 ||
	    (rc = qt_path_segment("host", h->seg_name, err)) < 0)
		return rc;
	know_user(h);
	raise_files(h);
	rc = h->opt.state_fd >= 0 ? begin_upgraded(h, err) :
	    begin_anew(h, err);
	if (rc < 0)
		return rc;
	atomic_fetch_add(&h->info->boot, 1);
	if (h->opt.state_fd >= 0)
		qt__state_resume(h);
	return 0;
}

/* The segment stays when it has records: they outlive us. */
void
qt__host_end(struct qt__host *h)
{
	int	is_empty = h->table != NULL && h->table->records == 0;

	if (h->events != NULL)
		qt__event(h, "host-stopped", NULL);
	qt__watch_unlink(h);
	if (h->listen_fd >= 0)
		close(h->listen_fd);
	if (h->screen.listen_fd >= 0)
		close(h->screen.listen_fd);
	if (h->reserve_fd >= 0)
		close(h->reserve_fd);
	if (h->info != NULL) {
		atomic_store(&h->info->running, 0);
		atomic_store(&h->info->participant, 0);
	}
	qt_ring_writer_close(h->events);
	qt__table_close(h->table);
	qt_seg_close(h->seg);
	/* With the lock held, so the name is ours. */
	if (is_empty)
		(void)qt_seg_unlink(h->seg_name);
	if (h->lock_fd >= 0)
		close(h->lock_fd);
}
