/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/sessions.h>: lookup, expiry, a dead writer, a reader in a race. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/net/sessions.h>
#include <qt/shm/segment.h>

#include "../../../libcommon/net/sessions_priv.h"
#include "../test.h"

#define CAP 64

static struct qt_net_token_hash
token(unsigned int n)
{
	struct qt_net_token_hash	t;
	uint64_t			x = n + 1;

	for (size_t i = 0; i < sizeof(t.b); i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		t.b[i] = (uint8_t)(x >> 56);
	}
	return t;
}

static struct qt_net_session
session(const char *name, uint64_t expires_ms)
{
	struct qt_net_session	s = { .kind = QT_NET_SESSION_BROWSER,
	    .role = QT_NET_ROLE_WRITER, .created_ms = 1,
	    .expires_ms = expires_ms };

	strcpy(s.name, name);
	s.stamp = UINT64_C(0x8000000000000003);
	return s;
}

static void *
make(unsigned int capacity, size_t *size)
{
	void	*p;

	*size = qt_net_sessions_size(capacity);
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(qt_net_sessions_format(p, *size, capacity), 0);
	return p;
}

QT_TEST(a_reader_finds_what_the_writer_added)
{
	struct qt_net_sessions		*w, *r;
	struct qt_net_session		 s = session("ann", 100), got;
	struct qt_net_token_hash	 t = token(1), other = token(2);
	size_t				 size;
	void				*m = make(CAP, &size);

	(void)state;
	assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
	assert_int_equal(qt_net_sessions_attach_rdonly(m, size, &r, NULL), 0);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), -EEXIST);
	assert_int_equal(qt_net_sessions_add(r, &other, &s), -EROFS);
	assert_int_equal(qt_net_sessions_get(r, &t, QT_NET_SESSION_BROWSER,
	    99, &got), 1);
	assert_string_equal(got.name, "ann");
	assert_int_equal(got.role, QT_NET_ROLE_WRITER);
	assert_int_equal(got.id, s.id);
	assert_true(got.stamp == s.stamp);
	/* Expired, another kind, another token. */
	assert_int_equal(qt_net_sessions_get(r, &t, QT_NET_SESSION_BROWSER,
	    100, &got), 0);
	assert_int_equal(qt_net_sessions_get(r, &t, QT_NET_SESSION_TICKET, 99,
	    &got), 0);
	assert_int_equal(qt_net_sessions_get(r, &other,
	    QT_NET_SESSION_BROWSER, 99, &got), 0);
	assert_int_equal(qt_net_sessions_renew(w, &t, 200), 0);
	assert_int_equal(qt_net_sessions_get(r, &t, QT_NET_SESSION_BROWSER,
	    150, &got), 1);
	assert_int_equal(qt_net_sessions_del(w, &t), 0);
	assert_int_equal(qt_net_sessions_del(w, &t), -ENOENT);
	assert_int_equal(qt_net_sessions_count(r), 0);
	qt_net_sessions_detach(w);
	qt_net_sessions_detach(r);
	munmap(m, size);
}

QT_TEST(a_one_time_token_works_once)
{
	struct qt_net_sessions		*w;
	struct qt_net_session		 s = session("ann", 100), got;
	struct qt_net_token_hash	 t = token(3);
	size_t				 size;
	void				*m = make(CAP, &size);

	(void)state;
	s.kind = QT_NET_SESSION_LINK;
	assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	assert_int_equal(qt_net_sessions_take(w, &t, QT_NET_SESSION_LINK, 5,
	    &got), 1);
	assert_int_equal(qt_net_sessions_take(w, &t, QT_NET_SESSION_LINK, 5,
	    &got), 0);
	qt_net_sessions_detach(w);
	munmap(m, size);
}

QT_TEST(expiry_goes_in_order_and_a_full_table_drops_the_next_to_expire)
{
	struct qt_net_sessions		*w;
	struct qt_net_session		 s, got;
	struct qt_net_token_hash	 t;
	uint64_t			 next;
	size_t				 size;
	void				*m = make(CAP, &size);

	(void)state;
	assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
	for (unsigned int i = 0; i < CAP; i++) {
		s = session("u", 1000 + (i * 37) % CAP);
		t = token(i);
		assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	}
	assert_int_equal(qt_net_sessions_count(w), CAP);
	s = session("new", 5000);
	t = token(999);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	assert_int_equal(qt_net_sessions_count(w), CAP);
	t = token(0);		/* it expired first, at 1000 */
	assert_int_equal(qt_net_sessions_get(w, &t, QT_NET_SESSION_BROWSER, 1,
	    &got), 0);
	assert_int_equal(qt_net_sessions_expire(w, 1031, &next), 31);
	assert_int_equal(next, 1032);
	assert_int_equal(qt_net_sessions_del_user(w, "u"), 32);
	assert_int_equal(qt_net_sessions_expire(w, 4999, &next), 0);
	assert_int_equal(next, 5000);
	assert_int_equal(qt_net_sessions_expire(w, 5000, &next), 1);
	assert_int_equal(next, 0);
	qt_net_sessions_detach(w);
	munmap(m, size);
}

QT_TEST(the_next_writer_clears_what_a_dead_one_left)
{
	struct qt_net_sessions		*w, *r;
	struct qt_net_session		 s, got;
	struct qt_net_token_hash	 t;
	struct qt__session_slot		*slots;
	size_t				 size, used = 0;
	void				*m = make(CAP, &size);

	(void)state;
	assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
	for (unsigned int i = 0; i < 8; i++) {
		s = session("u", 1000);
		t = token(i);
		assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	}
	qt_net_sessions_detach(w);
	/* One slot as if killed in the middle, one with a flipped bit. */
	slots = (struct qt__session_slot *)((char *)m + 64);
	for (size_t i = 0; i < 2 * CAP && used < 2; i++) {
		if (atomic_load(&slots[i].words[0]) == 0)
			continue;
		if (used++ == 0)
			atomic_fetch_add(&slots[i].seq, 1);
		else
			atomic_fetch_xor(&slots[i].words[9], 1);
	}
	assert_int_equal(qt_net_sessions_attach_rdonly(m, size, &r, NULL), 0);
	used = 0;
	for (unsigned int i = 0; i < 8; i++) {
		t = token(i);
		used += (size_t)qt_net_sessions_get(r, &t,
		    QT_NET_SESSION_BROWSER, 1, &got);
	}
	assert_int_equal(used, 6);
	assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
	assert_int_equal(qt_net_sessions_count(w), 6);
	s = session("v", 1000);
	t = token(77);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	assert_int_equal(s.id, 9);	/* ids are never given twice */
	qt_net_sessions_detach(w);
	qt_net_sessions_detach(r);
	munmap(m, size);
}

/* A child writes for ever and is killed; what it leaves must be sound. */
QT_TEST(a_writer_killed_at_any_time_leaves_a_sound_table)
{
	size_t	 size;
	void	*m = make(CAP, &size);
	atomic_uint	*changes = mmap(NULL, sizeof(*changes),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(changes, MAP_FAILED);
	for (unsigned int round = 0; round < 30; round++) {
		struct qt_net_sessions	*w;
		struct qt_net_session	 s, got;
		unsigned int		 found = 0;
		pid_t			 pid;

		atomic_store(changes, 0);
		pid = fork();
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (qt_net_sessions_attach(m, size, &w, NULL) < 0)
				_exit(1);
			for (unsigned int i = 0;; i++) {
				atomic_fetch_add(changes, 1);
				struct qt_net_token_hash t = token(i % 500);

				s = session("name", 1000 + i % 50);
				if (qt_net_sessions_add(w, &t, &s) == -EEXIST)
					qt_net_sessions_del(w, &t);
			}
		}
		assert_true(pid > 0);
		while (atomic_load(changes) < 100 + round * 97 &&
		    waitpid(pid, NULL, WNOHANG) == 0)
			;
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(qt_net_sessions_attach(m, size, &w, NULL), 0);
		for (unsigned int i = 0; i < 500; i++) {
			struct qt_net_token_hash t = token(i);

			if (!qt_net_sessions_get(w, &t,
			    QT_NET_SESSION_BROWSER, 1, &got))
				continue;
			assert_string_equal(got.name, "name");
			found++;
		}
		assert_int_equal(found, qt_net_sessions_count(w));
		qt_net_sessions_detach(w);
	}
	munmap(changes, sizeof(*changes));
	munmap(m, size);
}

struct race {
	void		*m;
	size_t		 size;
	atomic_int	 stop;
	unsigned int	 hits;
};

static void *
read_all(void *arg)
{
	struct race		*race = arg;
	struct qt_net_sessions	*r;
	struct qt_net_session	 got;

	qt_net_sessions_attach_rdonly(race->m, race->size, &r, NULL);
	while (!atomic_load(&race->stop)) {
		for (unsigned int i = 0; i < 40; i++) {
			struct qt_net_token_hash t = token(i);

			if (!qt_net_sessions_get(r, &t,
			    QT_NET_SESSION_BROWSER, 1, &got))
				continue;
			/* Name and expiry were written together. */
			if (got.expires_ms != 1000u + (unsigned int)(
			    got.name[0] - 'a'))
				abort();
			race->hits++;
		}
	}
	qt_net_sessions_detach(r);
	return NULL;
}

QT_TEST(a_reader_never_sees_half_of_a_session)
{
	struct race		 race = { 0 };
	struct qt_net_sessions	*w;
	pthread_t		 thread;

	(void)state;
	race.m = make(CAP, &race.size);
	assert_int_equal(qt_net_sessions_attach(race.m, race.size, &w, NULL),
	    0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, &race), 0);
	for (unsigned int i = 0; i < 200000; i++) {
		struct qt_net_token_hash	t = token(i * 7 % 40);
		char				name[2] = { (char)('a' + i % 20) };
		struct qt_net_session		s = session(name,
		    1000 + i % 20);

		if (qt_net_sessions_add(w, &t, &s) == -EEXIST)
			qt_net_sessions_del(w, &t);
	}
	atomic_store(&race.stop, 1);
	pthread_join(thread, NULL);
	assert_true(race.hits > 0);
	qt_net_sessions_detach(w);
	munmap(race.m, race.size);
}

QT_TEST(a_table_that_is_none_is_refused)
{
	struct qt_net_sessions	*s;
	size_t			 size;
	uint32_t		*m = make(CAP, &size);

	(void)state;
	assert_int_equal(qt_net_sessions_attach(m, size - 1, &s, NULL),
	    -QT_ECORRUPT);
	m[5] = 1u << 30;	/* slots */
	assert_int_equal(qt_net_sessions_attach(m, size, &s, NULL),
	    -QT_ECORRUPT);
	m[2] = 9;
	assert_int_equal(qt_net_sessions_attach(m, size, &s, NULL),
	    -QT_EVERSION);
	m[0] = 0;
	assert_int_equal(qt_net_sessions_attach(m, size, &s, NULL),
	    -QT_EFORMAT);
	assert_null(s);
	munmap(m, size);
}

/* As qtd has it: the monitor's segment, a worker's read-only descriptor. */
QT_TEST(a_table_lives_in_a_segment_that_others_map_read_only)
{
	const struct qt_seg_spec	 spec = { .size = 1 << 20,
	    .mode = 0600, .group = (gid_t)-1, .kind = "web" };
	size_t				 size = qt_net_sessions_size(CAP);
	struct qt_net_token_hash	 t = token(5);
	struct qt_net_session		 s = session("ann", 100), got;
	struct qt_net_sessions		*w, *r;
	struct qt_seg			*seg, *ro;
	uint64_t			 offset;
	int				 fd;

	(void)state;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_seg_alloc(seg, size, &offset), 0);
	assert_int_equal(qt_net_sessions_format(qt_seg_at(seg, offset, size),
	    size, CAP), 0);
	assert_int_equal(qt_net_sessions_attach(qt_seg_at(seg, offset, size),
	    size, &w, NULL), 0);
	fd = qt_seg_dup_rdonly(seg);
	assert_true(fd >= 0);
	assert_int_equal(qt_seg_open_fd(fd, "web", QT_SEG_RDONLY, &ro, NULL),
	    0);
	assert_int_equal(qt_net_sessions_attach_rdonly(qt_seg_at(ro, offset,
	    size), size, &r, NULL), 0);
	assert_int_equal(qt_net_sessions_add(w, &t, &s), 0);
	assert_int_equal(qt_net_sessions_get(r, &t, QT_NET_SESSION_BROWSER,
	    50, &got), 1);
	assert_string_equal(got.name, "ann");
	qt_net_sessions_detach(r);
	qt_net_sessions_detach(w);
	qt_seg_close(ro);
	close(fd);
	qt_seg_close(seg);
}
