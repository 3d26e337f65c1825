/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory that is opened again is mapped wherever there is room by then. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "world.h"

#define TRIES	60u
#define TAKEN	64u

static atomic_bool	is_over;

/* Takes the room that a segment of the other thread has just left. */
static void *
take_room(void *arg)
{
	void	*at[TAKEN];

	(void)arg;
	while (!atomic_load(&is_over)) {
		for (unsigned int i = 0; i < TAKEN; i++)
			at[i] = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (unsigned int i = 0; i < TAKEN; i++)
			if (at[i] != MAP_FAILED)
				(void)munmap(at[i], 1 << 20);
	}
	return NULL;
}

QT_TEST(a_store_opens_wherever_it_is_mapped)
{
	static const char *const	plain[] = { NULL };
	struct world			w;
	struct qt_store			*s;
	pthread_t			thread;

	(void)state;
	world_begin(&w, plain);
	assert_int_equal(pthread_create(&thread, NULL, take_room, NULL), 0);
	for (unsigned int i = 0; i < TRIES; i++) {
		s = world_open(&w);
		assert_int_equal(put_text(s, "k", "v", 0), 0);
		world_reboot(s);
	}
	atomic_store(&is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	s = world_open(&w);
	expect_text(s, "k", "v");
	world_end(&w, s);
}
