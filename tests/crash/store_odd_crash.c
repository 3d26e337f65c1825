/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What else happens to who has a store open: a leader that is stopped while he
 * syncs, a reader that is stopped in a scan while all that it reads is merged
 * and cleared, users in another PID namespace, a thousand that come and go at
 * once, a clock that is put back.
 */

#include <sched.h>
#include <signal.h>

#include <qt/base/clock.h>

#include "../../libcommon/store/put_priv.h"
#include "store_world.h"

#define LONG_MS		20000u		/* on a machine that does much else */
#define MANY		1000u

struct world {
	char		 dir[256], path[300];
	struct qt_store	*s;
};

struct odd_case {
	const char	*name;
	const char	*(*run)(struct world *w);	/* NULL, or what is wrong */
};

static char	skipped[200];	/* why */

static const char *
put(struct world *w, uint32_t key, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = world_op(w->s, 0, &key, 1, 500, flags, &err);

	return rc < 0 ? world_say("put", rc, &err) : NULL;
}

static pid_t
child(struct world *w, void (*fn)(struct world *w))
{
	pid_t	pid;

	fflush(stdout);
	pid = fork();
	world_must(pid >= 0, "fork", NULL);
	if (pid != 0)
		return pid;
	alarm(60);
	w->s = world_open(w->path);
	fn(w);
	_exit(qt_store_close(w->s, NULL) < 0 ? 3 : 0);
}

static void
wait_stopped(pid_t pid)
{
	int	status;

	world_must(waitpid(pid, &status, WUNTRACED) == pid &&
	    WIFSTOPPED(status), "it should have stopped", NULL);
}

static const char *
go_on(pid_t pid)
{
	int	status;

	kill(pid, SIGCONT);
	world_must(waitpid(pid, &status, 0) == pid, "waitpid", NULL);
	return status != 0 ? "who was stopped did not end well" : NULL;
}

/* --- A leader ------------------------------------------------------------- */

static enum qt_sys_call	stop_at;

static void
lead_and_stop(struct world *w)
{
	qt_sys_fault(stop_at, 1, QT_SYS_STOP);
	if (put(w, 1, 0) != NULL)
		_exit(1);
}

/* The others' puts become durable all the same, and his when he goes on. */
static const char *
stopped_at(struct world *w, enum qt_sys_call call)
{
	uint64_t	 begun = qt_clock_mono_ms();
	const char	*wrong;
	pid_t		 pid;

	stop_at = call;
	pid = child(w, lead_and_stop);
	wait_stopped(pid);
	wrong = put(w, 2, 0);
	if (wrong == NULL)
		wrong = put(w, 3, 0);
	if (wrong == NULL && qt_clock_mono_ms() - begun > LONG_MS)
		wrong = "the others waited for a leader that is stopped";
	if (wrong == NULL)
		wrong = go_on(pid);
	else
		kill(pid, SIGKILL);
	return wrong != NULL ? wrong : put(w, 4, 0);
}

static const char *
run_fsync(struct world *w)
{
	return stopped_at(w, QT_SYS_FSYNC);
}

static const char *
run_pwrite(struct world *w)
{
	return stopped_at(w, QT_SYS_PWRITE);
}

/* --- A reader ------------------------------------------------------------- */

/* What it saw first it sees to the end. */
static void
scan_and_stop(struct world *w)
{
	const struct qt_store_range	 all = { .from = NULL };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store_scan		*scan;
	struct qt_store_item		 item;
	unsigned int			 count = 0;
	int				 rc;

	if (qt_store_scan_open(w->s, NULL, &all, &scan, &err) < 0)
		_exit(1);
	while ((rc = qt_store_scan_next(scan, &item, &err)) == 1) {
		if (world_parse(item.value, item.value_len) == 0)
			_exit(4);
		if (++count == 2)
			raise(SIGSTOP);
	}
	qt_store_scan_close(scan);
	if (rc < 0)
		fprintf(stderr, "# scan: %s\n", err.text);
	if (rc < 0 || count != 8)
		_exit(5);
}

static const char *
run_reader(struct world *w)
{
	struct qt_err	 err = QT_ERR_INIT;
	const char	*wrong = NULL;
	pid_t		 pid;
	int		 rc = 0;

	for (uint32_t k = 0; k < 8 && wrong == NULL; k++) {
		wrong = put(w, k, QT_STORE_ASYNC_NOW);
		if (wrong == NULL && k % 3 == 2)
			rc = qt_store_checkpoint(w->s, NULL, &err);
	}
	if (wrong != NULL || rc < 0)
		return wrong != NULL ? wrong : world_say("maintain", rc, &err);
	pid = child(w, scan_and_stop);
	wait_stopped(pid);
	for (uint32_t k = 0; k < 8 && wrong == NULL; k++)
		wrong = put(w, k, QT_STORE_ASYNC_NOW);
	if (wrong == NULL)
		rc = qt_store_compact(w->s, &err);
	if (wrong == NULL && rc == 0)
		rc = world_clear(w->s, &err);
	if (wrong == NULL && rc == 0)
		rc = qt_store_compact(w->s, &err);
	if (wrong == NULL && rc < 0)
		wrong = world_say("maintain", rc, &err);
	if (wrong != NULL) {
		kill(pid, SIGKILL);
		return wrong;
	}
	return go_on(pid);
}

/* --- Who maintains -------------------------------------------------------- */

static void
maintain_and_stop(struct world *w)
{
	if (put(w, 1, QT_STORE_ASYNC_NOW) != NULL)
		_exit(1);
	qt_sys_fault(QT_SYS_RENAME, 1, QT_SYS_STOP);
	if (qt_store_checkpoint(w->s, NULL, NULL) < 0)
		_exit(2);
}

/*
 * As long as there is room for memtables the others put; then they are told
 * who is in the way. When he goes on, so do they.
 */
static const char *
run_maintainer(struct world *w)
{
	struct qt_store_settings	 set;
	const struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS, .settings = &set };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store			*patient = w->s;
	const char			*wrong = NULL;
	char				 name[32];
	uint32_t			 key = 2;
	int				 rc = 0;
	pid_t				 pid = child(w, maintain_and_stop);

	wait_stopped(pid);
	world_settings(&set, QT_STORE_SYNC);
	set.lock_timeout_ms = 200;
	world_must(qt_store_open(w->path, &o, &w->s, &err) == 0, "open", &err);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = world_op(w->s, 0, &key, 1, 65000, QT_STORE_ASYNC_NOW,
		    &err);
	snprintf(name, sizeof(name), "%d", (int)pid);
	if (rc != -ETIMEDOUT || strstr(err.text, name) == NULL)
		wrong = world_say("who is in the way is not said", rc, &err);
	if (wrong == NULL)
		wrong = go_on(pid);
	else
		kill(pid, SIGKILL);
	if (wrong == NULL)
		wrong = put(w, 3, 0);
	qt_store_close(w->s, NULL);
	w->s = patient;
	return wrong;
}

/* --- Another PID namespace ------------------------------------------------ */

static void
put_many(struct world *w)
{
	for (uint32_t i = 0; i < 40; i++)
		if (put(w, i % WORLD_KEYS, i % 2 ? 0 :
		    QT_STORE_ASYNC_NOW) != NULL)
			_exit(1);
}

/* Killed with the write lock, as process 2 or so of its namespace. */
static void
die_writing(struct world *w)
{
	struct qt__stripe	*stripe;
	struct qt__mem		*m;

	if (qt__write_begin(w->s, &stripe, &m, NULL) < 0)
		_exit(1);
	raise(SIGKILL);
}

/* Runs both in a namespace of their own, in which they are no children of ours. */
static void
in_namespace(struct world *w)
{
	int	status;
	pid_t	pid;

	if (unshare(CLONE_NEWPID) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		_exit(77);
	pid = fork();
	if (pid != 0) {
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	pid = child(w, put_many);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(2);
	pid = child(w, die_writing);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		_exit(3);
	_exit(0);
}

static const char *
run_namespace(struct world *w)
{
	uint64_t	 begun = qt_clock_mono_ms();
	const char	*wrong = NULL;
	int		 status;
	pid_t		 pid;

	fflush(stdout);
	pid = fork();
	world_must(pid >= 0, "fork", NULL);
	if (pid == 0)
		in_namespace(w);
	for (uint32_t i = 0; i < 40 && wrong == NULL; i++)
		wrong = put(w, i % WORLD_KEYS, i % 2 ? 0 : QT_STORE_ASYNC_NOW);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		snprintf(skipped, sizeof(skipped), "no PID namespaces here");
	else if (wrong == NULL && status != 0)
		wrong = "in the other namespace something failed";
	/* At once, though a process of that number lives here as well. */
	if (wrong == NULL)
		wrong = put(w, 5, 0);
	if (wrong == NULL && qt_clock_mono_ms() - begun > LONG_MS)
		wrong = "the others waited for one that is dead";
	return wrong;
}

/* --- A thousand ----------------------------------------------------------- */

static void
come_and_go(struct world *w)
{
	if (put(w, (uint32_t)getpid() % WORLD_KEYS,
	    getpid() % 2 ? 0 : QT_STORE_ASYNC_NOW) != NULL)
		_exit(1);
}

static const char *
run_many(struct world *w)
{
	unsigned int	bad = 0, i;
	int		status;

	for (i = 0; i < MANY; i++)
		(void)child(w, come_and_go);
	for (i = 0; i < MANY; i++)
		if (wait(&status) < 0 || status != 0)
			bad++;
	return bad > 0 ? "some that came and went failed" : NULL;
}

/* --- A clock that is put back --------------------------------------------- */

static const char *
put_until(struct world *w, const char *key, uint64_t expires_ms)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_store_put	p = { .key = key, .key_len = strlen(key),
	    .value = "v", .value_len = 1, .expires_ms = expires_ms };
	int			rc = qt_store_put(w->s, NULL, &p, &err);

	return rc < 0 ? world_say("put", rc, &err) : NULL;
}

static int
has(struct world *w, const char *key)
{
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	int			rc = qt_store_get(w->s, NULL, &v, key,
	    strlen(key), NULL);

	qt_store_value_clear(&v);
	return rc == 0;
}

/*
 * Somebody's clock was an hour ahead when he wrote, and is right again: what
 * had expired by then does not come back, not even when the log is read anew.
 */
static const char *
run_clock(struct world *w)
{
	uint64_t	 now = qt_clock_real_ms(), hour = 3600000;
	const char	*wrong;
	struct qt_err	 err = QT_ERR_INIT;

	atomic_store(&w->s->ctl->clock_ms, now + hour);
	wrong = put_until(w, "old", now + hour / 2);
	if (wrong == NULL)
		wrong = put_until(w, "new", now + 2 * hour);
	for (int life = 0; life < 3 && wrong == NULL; life++) {
		if (has(w, "old"))
			wrong = "what had expired is there again";
		if (!has(w, "new"))
			wrong = "what has time yet is gone";
		if (life == 1 && qt_store_compact(w->s, &err) < 0)
			wrong = world_say("compact", -EIO, &err);
		qt_store_close(w->s, NULL);
		world_forget(w->path);
		w->s = world_open(w->path);
	}
	return wrong;
}

/* --- All of them ---------------------------------------------------------- */

static int
one(const struct odd_case *c, int number)
{
	struct world	 w;
	const char	*wrong;

	world_trace = trace_new(2 * MANY, WORLD_KEYS);
	place_new(w.dir, sizeof(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/s", w.dir);
	world_init(w.path, QT_STORE_SYNC);
	w.s = world_open(w.path);
	skipped[0] = '\0';
	wrong = c->run(&w);
	if (wrong == NULL)
		wrong = world_judge(w.s, NULL);
	qt_store_close(w.s, NULL);
	if (wrong == NULL)
		wrong = world_look(w.path, NULL);
	world_forget(w.path);
	place_remove(w.dir);
	trace_free(world_trace);
	if (wrong != NULL)
		printf("not ok %d - %s: %s\n", number, c->name, wrong);
	else if (skipped[0] != '\0')
		printf("ok %d - %s # SKIP %s\n", number, c->name, skipped);
	else
		printf("ok %d - %s\n", number, c->name);
	fflush(stdout);
	return wrong != NULL;
}

int
main(void)
{
	const struct odd_case	cases[] = {
		{ "a leader is stopped before it syncs", run_fsync },
		{ "a leader is stopped before it writes", run_pwrite },
		{ "a reader is stopped in a scan", run_reader },
		{ "who maintains is stopped", run_maintainer },
		{ "users of two PID namespaces", run_namespace },
		{ "a thousand come and go at once", run_many },
		{ "the clock is put back", run_clock },
	};
	const size_t		count = sizeof(cases) / sizeof(cases[0]);
	int			bad = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		bad |= one(&cases[i], (int)i + 1);
	return bad;
}
