/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers beside a writer that does not wait for them, as threads over one
 * mapping (so that ThreadSanitizer sees the protocol) and as processes; and
 * readers of a ring that lies.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "../../../libcommon/shm/ring_priv.h"
#include "../test.h"
#include "shm_test.h"

#define TOTAL	(UINT64_C(24) << 20)

static unsigned char
byte_at(uint64_t pos)
{
	return (unsigned char)(pos % 251 + pos / 65521);
}

static int
write_total(struct qt_seg *seg, uint64_t ring)
{
	struct qt_ring_writer	*w;
	unsigned int		 seed = 1;

	if (qt_ring_writer_open(seg, ring, &w, NULL) < 0)
		return 1;
	while (qt_ring_writer_head(w) < TOTAL) {
		uint64_t	 pos = qt_ring_writer_head(w);
		void		*p;
		size_t		 want = 1 + (size_t)rand_r(&seed) % 8192;
		ssize_t		 n;

		if (want > TOTAL - pos)
			want = (size_t)(TOTAL - pos);
		n = qt_ring_reserve(w, want, &p);
		if (n <= 0)
			return 2;
		for (ssize_t i = 0; i < n; i++)
			((unsigned char *)p)[i] = byte_at(pos + (uint64_t)i);
		qt_ring_publish(w, (size_t)n);
	}
	qt_ring_writer_close(w);
	return 0;
}

/* Follows to the end, from the tail again whenever it was overtaken. */
static int
follow(const struct qt_seg *seg, uint64_t ring, unsigned int seed,
    unsigned int *lapped)
{
	struct qt_ring_reader	*r;
	uint64_t		 pos = 0;
	unsigned char		*buf = malloc(70000);

	if (buf == NULL || qt_ring_reader_open(seg, ring, &r, NULL) < 0)
		return 1;
	while (pos < TOTAL) {
		ssize_t	n = qt_ring_read(r, pos, buf,
		    1 + (size_t)rand_r(&seed) % 70000);

		if (n == -QT_ELAPPED) {
			(*lapped)++;
			qt_ring_range(r, &pos, NULL);
			continue;
		}
		if (n < 0)
			return 2;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != byte_at(pos + (uint64_t)i))
				return 3;
		pos += (uint64_t)n;
	}
	qt_ring_reader_close(r);
	free(buf);
	return 0;
}

struct job {
	struct qt_seg	*seg;
	uint64_t	 ring;
	unsigned int	 seed, lapped;
	int		 rc;
};

static void *
reader_thread(void *arg)
{
	struct job	*j = arg;

	j->rc = follow(j->seg, j->ring, j->seed, &j->lapped);
	return NULL;
}

static void *
writer_thread(void *arg)
{
	struct job	*j = arg;

	j->rc = write_total(j->seg, j->ring);
	return NULL;
}

/* A ring of 16 KiB, so that readers are overtaken all the time. */
QT_TEST(readers_get_every_byte_right_or_know_that_they_did_not)
{
	struct job	j[3] = { 0 };
	pthread_t	thread[3];

	(void)state;
	j[0].seg = test_seg();
	assert_int_equal(qt_ring_create(j[0].seg, 16 << 10, &j[0].ring), 0);
	for (unsigned int i = 1; i < 3; i++) {
		j[i] = j[0];
		j[i].seed = i;
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, i == 0 ?
		    writer_thread : reader_thread, &j[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(j[i].rc, 0);
	}
	assert_true(j[1].lapped + j[2].lapped > 0);
	qt_seg_close(j[0].seg);
}

QT_TEST(readers_in_other_processes_do_too)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 ring;
	int		 status;
	pid_t		 pid[2];

	(void)state;
	assert_int_equal(qt_ring_create(seg, 64 << 10, &ring), 0);
	for (unsigned int i = 0; i < 2; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			struct qt_seg	*reader;
			unsigned int	 lapped = 0;
			int		 fd = qt_seg_dup_rdonly(seg);

			if (qt_seg_open_fd(fd, "test", QT_SEG_RDONLY, &reader,
			    NULL) < 0)
				_exit(9);
			_exit(follow(reader, ring, i, &lapped));
		}
	}
	assert_int_equal(write_total(seg, ring), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	qt_seg_close(seg);
}

/* Every word of a ring, each replaced by values that hurt: no read crashes. */
QT_TEST(a_ring_that_lies_is_corrupt_or_read_as_bytes_of_the_segment)
{
	static const uint64_t	hurts[] = { 0, 1, 12, 63, 4096, 4096 | 12,
	    UINT64_MAX, UINT64_MAX - 4095, UINT64_C(1) << 63,
	    (UINT64_C(64) << 20) | 12, ((UINT64_C(64) << 20) - 4096) | 16 };
	struct qt_seg		*seg = test_seg();
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*r;
	uint64_t		 at, *word;
	char			 data[40000] = "x", buf[9000];
	int			 corrupt = 0;

	(void)state;
	assert_int_equal(qt_ring_create(seg, 32 << 10, &at), 0);
	assert_int_equal(qt_ring_writer_open(seg, at, &w, NULL), 0);
	assert_int_equal(qt_ring_write(w, data, sizeof(data)), 0);
	qt_ring_writer_close(w);
	assert_int_equal(qt_ring_reader_open(seg, at, &r, NULL), 0);
	word = qt_seg_at(seg, at, 1024);
	for (size_t i = 0; i < 128 * sizeof(hurts) / sizeof(hurts[0]); i++) {
		uint64_t		 was = word[i % 128];
		struct qt_ring_reader	*late;

		word[i % 128] = hurts[i / 128];
		for (uint64_t pos = 0; pos < 44000; pos += 1000)
			corrupt += qt_ring_read(r, pos, buf, sizeof(buf)) ==
			    -QT_ECORRUPT;
		if (qt_ring_reader_open(seg, at, &late, NULL) == 0) {
			(void)qt_ring_read(late, 30000, buf, sizeof(buf));
			qt_ring_reader_close(late);
		}
		word[i % 128] = was;
	}
	assert_true(corrupt > 0);
	assert_true(qt_ring_read(r, 30000, buf, sizeof(buf)) > 0);
	qt_ring_reader_close(r);
	qt_seg_close(seg);
}
