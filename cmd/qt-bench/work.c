/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the work of `qt-bench store` with one engine, by one or several members
 * that start together: threads, or processes that each open the folder. See
 * work.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/prog.h>

#include "work.h"

#define CHECK_OPS	64	/* between two looks at the clock */
#define SAMPLE_OPS	16384	/* between two looks at the memory */
#define WARM_UP_NS	UINT64_C(3000000000)

/* What the members share, in memory that fork children share, too. */
struct crew {
	_Atomic uint32_t	ready;
	_Atomic uint64_t	start_ns;
	_Atomic uint64_t	span_ns, ops, memory;
};

struct member {
	const struct work_engine *engine;
	const struct work	 *w;
	struct crew		 *crew;
	void			 *db, *session;
	uint64_t		  ops, deadline_ns, random, waited_ns;
	uint32_t		  which;
};

void
work_die(const char *what, const char *why)
{
	qt_die(QT_EXIT_SYS, "%s: %s", what, why);
}

static void
raise_to(_Atomic uint64_t *most, uint64_t value)
{
	uint64_t	last = atomic_load(most);

	while (last < value && !atomic_compare_exchange_weak(most, &last,
	    value))
		;
}

/*
 * How long this thread could have run and had no processor, because of others;
 * 0 where its own crew takes them, or the kernel does not say.
 */
static uint64_t
waited(const struct member *m)
{
	char	line[128];
	int	fd;
	ssize_t	n;

	if ((long)m->w->members > sysconf(_SC_NPROCESSORS_ONLN))
		return 0;
	fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	return n > 0 ? strtoull(line + strcspn(line, " "), NULL, 10) : 0;
}

/* Everybody gets ready, then all go. */
static void
go(struct member *m)
{
	struct crew	*c = m->crew;

	if (atomic_fetch_add(&c->ready, 1) + 1 == m->w->members)
		atomic_store(&c->start_ns, qt_clock_mono_ns());
	while (atomic_load(&c->start_ns) == 0)
		sched_yield();
	m->waited_ns = waited(m);
	m->deadline_ns = m->w->seconds > 0 ? atomic_load(&c->start_ns) +
	    (uint64_t)(m->w->seconds * 1e9) : UINT64_MAX;
}

/* One more was done; is it to be the last, because time is over? */
static int
is_over(struct member *m)
{
	m->ops++;
	if (m->ops % SAMPLE_OPS == 0 && m->which == 0)
		raise_to(&m->crew->memory, work_memory());
	if (m->ops % CHECK_OPS != 0 && !m->w->is_sync)
		return 0;
	return m->deadline_ns != UINT64_MAX &&
	    qt_clock_mono_ns() >= m->deadline_ns;
}

/* --- The kinds of work ---------------------------------------------------- */

static void
put_one(struct member *m, uint64_t record, uint64_t round)
{
	unsigned char	key[WORK_KEY];

	work_key(record, key);
	m->engine->put(m->session, key, work_value(record, round));
}

static void
get_one(struct member *m, uint64_t record)
{
	unsigned char	 key[WORK_KEY];
	const void	*value;
	size_t		 len;

	work_key(record, key);
	if (!m->engine->get(m->session, key, &value, &len))
		work_die(m->engine->name, "get: a record is not there");
	if (len != WORK_VALUE || memcmp(value, work_value(record, 0), len))
		work_die(m->engine->name, "get: a value is another one");
}

static uint64_t
any(struct member *m)
{
	return (work_random(&m->random) >> 32) * m->w->records >> 32;
}

static void
load(struct member *m)
{
	for (uint64_t i = m->which; i < m->w->records; i += m->w->members) {
		put_one(m, i, 0);
		if (is_over(m))
			return;
	}
}

static void
get(struct member *m, uint64_t ops)
{
	for (uint64_t i = 0; i < ops; i++) {
		get_one(m, any(m));
		if (is_over(m))
			return;
	}
}

static void
mixed(struct member *m, uint64_t ops)
{
	for (uint64_t i = 0; i < ops; i++) {
		if (i % 2 == 0)
			get_one(m, any(m));
		else
			put_one(m, any(m), 0);
		if (is_over(m))
			return;
	}
}

static void
scan(struct member *m, uint64_t ops)
{
	do {
		uint64_t	n = m->engine->scan(m->session);

		if (n != m->w->records)
			work_die(m->engine->name, "scan: not all records");
		m->ops += n;
	} while (m->ops < ops && qt_clock_mono_ns() < m->deadline_ns);
}

static void
overwrite(struct member *m, uint64_t ops)
{
	load(m);
	for (uint64_t i = 0; i < ops; i++) {
		put_one(m, any(m), 1 + i / m->w->records);
		if (is_over(m))
			return;
	}
}

/* Pages are mapped, caches filled: that is not what is measured. */
static void
warm_up(struct member *m)
{
	uint64_t	until = qt_clock_mono_ns() + WARM_UP_NS;

	if (m->w->kind == WORK_SCAN) {
		(void)m->engine->scan(m->session);
		return;
	}
	for (uint64_t i = 0; i < m->w->records; i++) {
		get_one(m, i);
		if (i % CHECK_OPS == 0 && qt_clock_mono_ns() >= until)
			return;
	}
}

static void
do_work(struct member *m)
{
	const struct work	*w = m->w;
	uint64_t		 ops = (w->ops != 0 ? w->ops : w->records) /
	    w->members;

	m->random = UINT64_C(0x853c49e6748fea9b) * (m->which + 1);
	m->session = m->engine->join(m->db);
	if (w->kind != WORK_LOAD && w->kind != WORK_OVERWRITE)
		warm_up(m);
	go(m);
	switch (w->kind) {
	case WORK_LOAD:		load(m); break;
	case WORK_GET:		get(m, ops); break;
	case WORK_MIXED:	mixed(m, ops); break;
	case WORK_SCAN:		scan(m, ops); break;
	default:		overwrite(m, ops); break;
	}
	m->engine->leave(m->session);
	raise_to(&m->crew->span_ns, qt_clock_mono_ns() -
	    atomic_load(&m->crew->start_ns) - (waited(m) - m->waited_ns));
	atomic_fetch_add(&m->crew->ops, m->ops);
	if (m->which == 0)
		raise_to(&m->crew->memory, work_memory());
}

/* --- Threads, or processes ------------------------------------------------ */

static void *
thread_main(void *arg)
{
	do_work(arg);
	return NULL;
}

static void
run_threads(struct member *first, struct work_result *out)
{
	const struct work	*w = first->w;
	struct member		 m[WORK_MEMBERS];
	pthread_t		 threads[WORK_MEMBERS];
	uint64_t		 start;

	first->db = first->engine->open(w, w->kind == WORK_LOAD ||
	    w->kind == WORK_OVERWRITE);
	for (uint32_t i = 0; i < w->members; i++) {
		m[i] = *first;
		m[i].which = i;
	}
	for (uint32_t i = 1; i < w->members; i++)
		if (pthread_create(&threads[i], NULL, thread_main, &m[i]) != 0)
			work_die(first->engine->name, "no thread");
	do_work(&m[0]);
	for (uint32_t i = 1; i < w->members; i++)
		pthread_join(threads[i], NULL);
	start = qt_clock_mono_ns();
	if (w->kind == WORK_LOAD || w->kind == WORK_OVERWRITE)
		first->engine->sync(first->db);
	first->engine->close(first->db);
	out->tail = (double)(qt_clock_mono_ns() - start) / 1e9;
}

static _Noreturn void
process_main(struct member *m, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	m->db = m->engine->open(m->w, 0);
	do_work(m);
	m->engine->close(m->db);
	_exit(0);
}

/* Ends the others when one has failed: they would wait for it. */
static void
wait_all(const struct member *m, pid_t *pids)
{
	for (uint32_t left = m->w->members; left > 0;) {
		int	status = 0;
		pid_t	pid = waitpid(-1, &status, 0);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			work_die("wait", strerror(errno));
		for (uint32_t i = 0; i < m->w->members; i++)
			if (pids[i] == pid) {
				pids[i] = 0;
				left--;
			}
		if (status == 0)
			continue;
		for (uint32_t i = 0; i < m->w->members; i++)
			if (pids[i] > 0)
				kill(pids[i], SIGKILL);
		work_die(m->engine->name, "a process of the work failed");
	}
}

static void
run_processes(struct member *m)
{
	pid_t	pids[WORK_MEMBERS], parent = getpid();

	if (m->w->kind == WORK_LOAD)
		m->engine->close(m->engine->open(m->w, 1));
	for (m->which = 0; m->which < m->w->members; m->which++) {
		pid_t	pid = fork();

		if (pid == 0)
			process_main(m, parent);
		if (pid < 0)
			work_die("fork", strerror(errno));
		pids[m->which] = pid;
	}
	wait_all(m, pids);
}

void
work_run(const struct work_engine *engine, const struct work *w,
    struct work_result *out)
{
	struct crew	*crew = mmap(NULL, sizeof(*crew),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct member	 m = { .engine = engine, .w = w, .crew = crew };

	if (crew == MAP_FAILED)
		work_die("shared memory", strerror(errno));
	if (w->is_processes && !engine->is_for_processes)
		work_die(engine->name, "one process only may open it");
	memset(out, 0, sizeof(*out));
	work_data_start();
	if (w->is_processes)
		run_processes(&m);
	else
		run_threads(&m, out);
	out->ops = atomic_load(&crew->ops);
	out->seconds = (double)atomic_load(&crew->span_ns) / 1e9;
	out->memory = atomic_load(&crew->memory);
	out->written = work_written();
	out->disk = work_disk(w->dir);
	munmap(crew, sizeof(*crew));
}
