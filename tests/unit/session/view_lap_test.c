/* SPDX-License-Identifier: Apache-2.0 */
/* A view of a ring whose writer, in another thread, does not wait for it. */

#include "../test.h"

#include <pthread.h>

#include "view_rig.h"

/* A writer in a thread of its own, numbers as lines. */
#define LINES 400000u

static void *
write_numbers(void *ctx)
{
	struct rig	*r = ctx;
	char		 line[16];
	uint32_t	 i;
	int		 n;

	for (i = 0; i < LINES; i++) {
		n = snprintf(line, sizeof(line), "%09u\n", i);
		if (qt_ring_write(r->ring, line, (size_t)n) < 0)
			return r;
	}
	return NULL;
}

/* Every byte shown is right for its offset, whatever was skipped. */
QT_TEST(shows_right_bytes_while_a_writer_laps_it)
{
	struct rig	r;
	pthread_t	writer;
	char		line[16];
	uint64_t	at, skipped = 0, shown = 0, i;
	void		*failed;

	(void)state;
	rig_init(&r);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	assert_int_equal(pthread_create(&writer, NULL, write_numbers, &r), 0);
	at = 0;
	while (at < LINES * 10) {
		assert_int_equal(qt_view_next(r.v, PIECE, &r.p), 0);
		if (r.p.kind == QT_VIEW_SNAPSHOT) {
			assert_int_equal(qt_view_no_snapshot(r.v), 0);
		} else if (r.p.kind == QT_VIEW_SKIPPED) {
			assert_int_equal(r.p.offset, at + r.p.count);
			at += r.p.count;
			skipped += r.p.count;
		} else if (r.p.kind == QT_VIEW_DATA) {
			assert_int_equal(r.p.offset, at);
			assert_int_equal(r.p.count, r.p.len);
			for (i = 0; i < r.p.len; i++, at++) {
				if (i == 0 || at % 10 == 0)
					snprintf(line, sizeof(line), "%09u\n",
					    (unsigned int)(at / 10));
				assert_int_equal(((const char *)r.p.data)[i],
				    line[at % 10]);
			}
			shown += r.p.len;
		} else {
			assert_int_equal(r.p.kind, QT_VIEW_IDLE);
		}
	}
	assert_int_equal(pthread_join(writer, &failed), 0);
	assert_null(failed);
	assert_int_equal(shown + skipped, LINES * 10);
	rig_clear(&r);
}
