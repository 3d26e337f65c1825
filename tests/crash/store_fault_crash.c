/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of system call fails at its n-th call, for every n that there is (a
 * sample of them, unless QT_STRESS=long), once or from then on: what the store
 * is doing succeeds or says why not, and never crashes. Or who makes it is
 * killed right before. When the fault is gone everything that was acknowledged
 * is there, in the memory that is shared and on the disk.
 */

#include <signal.h>

#include "../unit/child.h"
#include "store_world.h"

#define MAX_CALLS	200u		/* of a kind, in one operation */
#define STRIDE		6u		/* unless QT_STRESS=long */

struct fault_case {
	const char	*name;
	int		 is_made;	/* a store is there when it begins */
	void		 (*begin)(const char *path);
	void		 (*op)(const char *path);
};

static const struct {
	enum qt_sys_call call;
	int		 error;
} faults[] = {
	{ QT_SYS_OPEN, EMFILE }, { QT_SYS_OPEN, ENOSPC },
	{ QT_SYS_OPEN, EIO | QT_SYS_STAYS },
	{ QT_SYS_READ, EIO }, { QT_SYS_READ, 0 },
	{ QT_SYS_PREAD, EIO }, { QT_SYS_PREAD, 0 },
	{ QT_SYS_WRITE, EIO }, { QT_SYS_WRITE, ENOSPC }, { QT_SYS_WRITE, 0 },
	{ QT_SYS_WRITE, ENOSPC | QT_SYS_STAYS },
	{ QT_SYS_PWRITE, EIO }, { QT_SYS_PWRITE, 0 },
	{ QT_SYS_PWRITE, ENOSPC | QT_SYS_STAYS },
	{ QT_SYS_FSYNC, EIO }, { QT_SYS_FSYNC, EIO | QT_SYS_STAYS },
	{ QT_SYS_FTRUNCATE, EIO }, { QT_SYS_FALLOCATE, ENOSPC },
	{ QT_SYS_FALLOCATE, ENOSPC | QT_SYS_STAYS },
	{ QT_SYS_FALLOCATE, EOPNOTSUPP | QT_SYS_STAYS },
	{ QT_SYS_MMAP, ENOMEM }, { QT_SYS_MMAP, ENOMEM | QT_SYS_STAYS },
	{ QT_SYS_LINK, ENOSPC }, { QT_SYS_RENAME, EIO },
	{ QT_SYS_RENAME, ENOSPC | QT_SYS_STAYS }, { QT_SYS_UNLINK, EIO },
	{ QT_SYS_MKDIR, ENOSPC }, { QT_SYS_LOCK, ENOLCK },
	{ QT_SYS_LOCK, ENOLCK | QT_SYS_STAYS }, { QT_SYS_MEMFD, EMFILE },
#define DIES(call) { call, QT_SYS_KILL }
	DIES(QT_SYS_OPEN), DIES(QT_SYS_READ), DIES(QT_SYS_PREAD),
	DIES(QT_SYS_WRITE), DIES(QT_SYS_PWRITE), DIES(QT_SYS_FSYNC),
	DIES(QT_SYS_FTRUNCATE), DIES(QT_SYS_FALLOCATE), DIES(QT_SYS_MMAP),
	DIES(QT_SYS_LINK), DIES(QT_SYS_RENAME), DIES(QT_SYS_UNLINK),
	DIES(QT_SYS_MKDIR), DIES(QT_SYS_LOCK),
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/* What a child says of itself. */
struct report {
	unsigned int	calls;
	char		wrong[1100];
};
static struct report	*report;
static unsigned int	 fault;		/* which is set now */
static unsigned int	 nth, seed;

static void
set_fault(void)
{
	qt_sys_fault(faults[fault].call, nth, faults[fault].error);
}

static void
clear_fault(void)
{
	report->calls = qt_sys_calls(faults[fault].call);
	qt_sys_fault(faults[fault].call, 0, 0);
}

static void
say(const char *wrong)
{
	if (report->wrong[0] == '\0')
		snprintf(report->wrong, sizeof(report->wrong), "%s", wrong);
}

/* --- What is done --------------------------------------------------------- */

/* With the fault set or not; says whether it was possible. */
static struct qt_store *
try_open(const char *path)
{
	const struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store			*s = NULL;
	int				 rc = qt_store_open(path, &o, &s, &err);

	if (rc < 0 && (s != NULL || err.text[0] == '\0'))
		say("it is not opened, and does not say why");
	return s;
}

/* Puts of several kinds; errors have to say what they are. */
static void
try_puts(struct qt_store *s, unsigned int count, size_t len,
    unsigned int flags)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t	keys[2] = { i % WORLD_KEYS,
		    (i + 5) % WORLD_KEYS };
		struct qt_err	err = QT_ERR_INIT;
		int		rc = world_op(s, i % 4 == 3, keys,
		    1 + i % 2, len, flags, &err);

		if (rc < 0 && rc != -ENOENT && err.text[0] == '\0')
			say("a put fails, and does not say why");
	}
}

/* When the fault is gone it goes on, or a sync makes it go on. */
static void
end_well(struct qt_store *s)
{
	struct qt_err		 err = QT_ERR_INIT;
	const char		*wrong;
	int			 rc;

	clear_fault();
	if (s == NULL)
		return;
	rc = qt_store_sync(s, 0, &err);
	if (rc < 0)
		say(world_say("sync afterwards", rc, &err));
	wrong = world_use(s);
	if (wrong != NULL)
		say(wrong);
	rc = qt_store_close(s, &err);
	if (rc < 0)
		say(world_say("close", rc, &err));
}

static void
op_init(const char *path)
{
	struct qt_store_settings	set;
	struct qt_err			err = QT_ERR_INIT;
	int				rc;

	world_settings(&set, QT_STORE_SYNC);
	set_fault();
	rc = qt_store_init(path, &set, &err);
	clear_fault();
	if (rc < 0 && err.text[0] == '\0')
		say("it is not made, and does not say why");
	if (rc == 0)
		return;
	rc = qt_store_init(path, &set, &err);
	if (rc < 0 && rc != -EEXIST)
		say(world_say("init afterwards", rc, &err));
}

/* Opened, recovered, read and written, all with the fault. */
static void
op_open(const char *path)
{
	struct qt_store	*s;

	set_fault();
	s = try_open(path);
	if (s != NULL)
		try_puts(s, 2, 100, 0);
	end_well(s);
}

static void
begin_put(const char *path)
{
	struct qt_store	*s = world_open(path);

	try_puts(s, 3, 3000, 0);
	world_must(qt_store_close(s, NULL) == 0, "close", NULL);
}

static void
begin_open(const char *path)
{
	begin_put(path);
	world_forget(path);
}

/* An opened store. */
static void
with(const char *path, unsigned int count, size_t len, unsigned int flags)
{
	struct qt_store	*s = world_open(path);

	set_fault();
	try_puts(s, count, len, flags);
	end_well(s);
}

static void
op_put(const char *path)
{
	with(path, 4, 500, 0);
}

static void
op_async(const char *path)
{
	with(path, 4, 500, QT_STORE_ASYNC_NOW);
}

static void
op_rotate(const char *path)
{
	with(path, 14, 60000, 0);
}

static void
op_sync(const char *path)
{
	struct qt_store	*s = world_open(path);
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc;

	try_puts(s, 20, 60000, QT_STORE_ASYNC_NOW);
	set_fault();
	rc = qt_store_sync(s, 0, &err);
	if (rc == 0)
		world_synced(qt_store_durable(s));
	else if (err.text[0] == '\0')
		say("a sync fails, and does not say why");
	end_well(s);
}

/* Something in a run, something newer, one value in a file of its own. */
static void
begin_maintain(const char *path)
{
	struct qt_store	*s = world_open(path);

	try_puts(s, 3, 3000, 0);
	try_puts(s, 1, 270000, QT_STORE_ASYNC_NOW);
	world_must(qt_store_checkpoint(s, NULL, NULL) == 0, "checkpoint",
	    NULL);
	try_puts(s, 2, 280000, QT_STORE_ASYNC_NOW);
	world_must(qt_store_close(s, NULL) == 0, "close", NULL);
}

static void
must_say(int rc, const char *what, const struct qt_err *err)
{
	char	text[100];

	if (rc >= 0 || err->text[0] != '\0')
		return;
	snprintf(text, sizeof(text), "%s fails, and does not say why", what);
	say(text);
}

/* Then it goes on, and what failed is done. */
static void
end_maintained(struct qt_store *s)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	clear_fault();
	rc = qt_store_compact(s, &err);
	if (rc < 0)
		say(world_say("compact afterwards", rc, &err));
	end_well(s);
}

static void
op_maintain(const char *path)
{
	struct qt_store	*s = world_open(path);
	struct qt_err	 err = QT_ERR_INIT;

	set_fault();
	must_say(qt_store_checkpoint(s, NULL, &err), "a checkpoint", &err);
	err = (struct qt_err)QT_ERR_INIT;
	must_say(qt_store_compact(s, &err), "compacting", &err);
	try_puts(s, 1, 100, 0);
	end_maintained(s);
}

static void
op_clear(const char *path)
{
	struct qt_store	*s = world_open(path);
	struct qt_err	 err = QT_ERR_INIT;

	set_fault();
	must_say(world_clear(s, &err), "clearing", &err);
	try_puts(s, 1, 100, 0);
	end_maintained(s);
}

static void
op_copy(const char *path)
{
	struct qt_store	*s = world_open(path);
	struct qt_err	 err = QT_ERR_INIT;
	char		 copy[320];
	int		 rc;

	snprintf(copy, sizeof(copy), "%s/../copy", path);
	set_fault();
	rc = qt_store_checkpoint(s, copy, &err);
	must_say(rc, "copying", &err);
	if (rc < 0 && access(copy, F_OK) == 0 &&
	    faults[fault].call != QT_SYS_UNLINK &&
	    (faults[fault].error & QT_SYS_STAYS) == 0)
		say("what failed to be copied stays there");
	end_maintained(s);
}

/* A scan with the fault set: it is whole, or says that it is not. */
static void
op_scan(const char *path)
{
	const struct qt_store_range	 all = { .from = NULL };
	struct qt_store			*s;
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store_scan		*scan;
	struct qt_store_item		 item;
	int				 rc, count = 0;

	set_fault();
	s = try_open(path);
	if (s == NULL) {
		clear_fault();
		return;
	}
	rc = qt_store_scan_open(s, NULL, &all, &scan, &err);
	if (rc == 0) {
		while ((rc = qt_store_scan_next(scan, &item, &err)) == 1)
			count++;
		qt_store_scan_close(scan);
		if (rc == 0 && count != 4)
			say("a scan ends too early");
	}
	must_say(rc, "a scan", &err);
	end_well(s);
}

/* --- The sweep ------------------------------------------------------------ */

static void
run_child(const struct fault_case *c, const char *path)
{
	char	text[64];
	int	status;
	pid_t	pid;

	report->wrong[0] = '\0';
	report->calls = 0;
	fflush(stdout);
	pid = fork();
	world_must(pid >= 0, "fork", NULL);
	if (pid == 0) {
		int	fds = child_count_fds();

		alarm(30);
		c->op(path);
		if (child_count_fds() != fds)
			say("a descriptor is left open");
		_exit(0);
	}
	world_must(waitpid(pid, &status, 0) == pid, "waitpid", NULL);
	if (faults[fault].error == QT_SYS_KILL && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL) {
		report->calls = nth;
	} else if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "it was ended by signal %d",
		    WTERMSIG(status));
		say(text);
	} else if (status != 0) {
		say("it ended with an error");
	}
}

/* Who was killed making a store left one, or nothing that is in the way. */
static void
make_again(const char *path)
{
	struct qt_store_settings	set;
	struct qt_err			err = QT_ERR_INIT;
	int				rc;

	world_settings(&set, QT_STORE_SYNC);
	rc = qt_store_init(path, &set, &err);
	if (rc < 0 && rc != -EEXIST)
		say(world_say("init afterwards", rc, &err));
}

/* 1: the fault came; 0: there are not so many calls. */
static int
one(const struct fault_case *c)
{
	char		 dir[256], path[300];
	const char	*wrong = NULL;

	place_new(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	world_trace = trace_new(1000, WORLD_KEYS);
	if (c->is_made)
		world_init(path, QT_STORE_SYNC);
	if (c->begin != NULL)
		c->begin(path);
	run_child(c, path);
	/* What is on the disk alone, or what is in memory first. */
	if (nth % 2 == 0)
		world_forget(path);
	if (!c->is_made && faults[fault].error == QT_SYS_KILL)
		make_again(path);
	if (report->wrong[0] == '\0')
		wrong = world_look(path, NULL);
	if (wrong != NULL)
		say(wrong);
	world_forget(path);
	trace_free(world_trace);
	place_remove(dir);
	return report->calls >= nth;
}

/* Every n; or every so many from a random one on, where there is little time. */
static int
sweep(const struct fault_case *c, int number, unsigned int stride)
{
	unsigned int	count = 0;

	report->wrong[0] = '\0';
	for (fault = 0; fault < FAULTS && report->wrong[0] == '\0'; fault++) {
		nth = 1 + (seed + fault) % stride;
		for (; nth < MAX_CALLS; nth += stride) {
			int	came = one(c);

			count += (unsigned int)came;
			if (!came || report->wrong[0] != '\0')
				break;
		}
		if (nth >= MAX_CALLS)
			say("too many calls");
	}
	if (report->wrong[0] == '\0' && count == 0)
		say("no fault came");
	if (report->wrong[0] != '\0')
		printf("not ok %d - %s: call %d, number %u, error %d: %s\n",
		    number, c->name, (int)faults[fault - 1].call, nth,
		    faults[fault - 1].error, report->wrong);
	else
		printf("ok %d - %s: %u faults\n", number, c->name, count);
	fflush(stdout);
	return report->wrong[0] != '\0';
}

int
main(void)
{
	const struct fault_case	cases[] = {
		{ "init", 0, NULL, op_init },
		{ "open and recover", 1, begin_open, op_open },
		{ "open", 1, begin_put, op_open },
		{ "put", 1, begin_put, op_put },
		{ "put, asynchronous", 1, begin_put, op_async },
		{ "rotate", 1, begin_put, op_rotate },
		{ "sync", 1, NULL, op_sync },
		{ "flush and merge", 1, begin_maintain, op_maintain },
		{ "clear", 1, begin_maintain, op_clear },
		{ "copy", 1, begin_maintain, op_copy },
		{ "scan", 1, begin_maintain, op_scan },
	};
	const size_t		count = sizeof(cases) / sizeof(cases[0]);
	const char		*length = getenv("QT_STRESS");
	const char		*text = getenv("SEED");
	unsigned int		 stride = length != NULL &&
	    strcmp(length, "long") == 0 ? 1 : STRIDE;
	int			 bad = 0;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	world_must(report != MAP_FAILED, "mmap", NULL);
	seed = text != NULL ? (unsigned int)strtoul(text, NULL, 10) :
	    (unsigned int)getpid();
	printf("1..%zu\n# SEED=%u\n", count, seed);
	for (size_t i = 0; i < count; i++)
		bad |= sweep(&cases[i], (int)i + 1, stride);
	return bad;
}
