/* SPDX-License-Identifier: Apache-2.0 */
/* References counted by threads, each in a stripe of its own or in the common. */

#include "../test.h"

#include <pthread.h>
#include <string.h>

#include "../../../libcommon/store/stripe_priv.h"

#define THREADS	40u
#define TIMES	2000

static struct qt__stripe	stripes[QT__STRIPES];
static _Atomic unsigned int	users[QT__STRIPES];	/* now */
static _Atomic unsigned int	shared, done;
static pthread_barrier_t	all;

static void *
count_up(void *arg)
{
	unsigned int	mine = qt__stripe_mine();

	if (mine != 0 && atomic_fetch_add(&users[mine], 1) != 0)
		atomic_fetch_add(&shared, 1);
	for (int i = 0; i < TIMES; i++) {
		qt__stripe_take(stripes);
		qt__stripe_give(stripes);
	}
	qt__stripe_take(stripes);
	pthread_barrier_wait(&all);
	atomic_fetch_add(&done, 1);
	if (mine != 0)
		atomic_fetch_sub(&users[mine], 1);
	return arg;
}

static void
run_threads(void)
{
	pthread_t	threads[THREADS];

	assert_true(pthread_barrier_init(&all, NULL, THREADS) == 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_true(pthread_create(&threads[i], NULL, count_up,
		    NULL) == 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_true(pthread_join(threads[i], NULL) == 0);
	pthread_barrier_destroy(&all);
}

QT_TEST(no_two_threads_that_live_have_one_stripe_but_the_common_one)
{
	(void)state;
	memset(stripes, 0, sizeof(stripes));
	run_threads();
	run_threads();
	assert_true(atomic_load(&done) == 2 * THREADS);
	assert_true(atomic_load(&shared) == 0);
	/* What those held who are gone is given back by another one. */
	assert_true(qt__stripe_barrier());
	assert_true(!qt__stripe_is_free(stripes));
	for (unsigned int i = 1; i < 2 * THREADS; i++)
		qt__stripe_give(stripes);
	assert_true(!qt__stripe_is_free(stripes));
	qt__stripe_give(stripes);
	assert_true(qt__stripe_is_free(stripes));
}

static void *
own_stripe(void *arg)
{
	*(unsigned int *)arg = qt__stripe_mine();
	return NULL;
}

QT_TEST(a_stripe_goes_on_to_another_thread_when_its_own_has_ended)
{
	unsigned int	none = 0, mine = 0;

	(void)state;
	for (unsigned int i = 0; i < 4 * QT__STRIPES; i++) {
		pthread_t	thread;

		assert_true(pthread_create(&thread, NULL, own_stripe,
		    &mine) == 0);
		assert_true(pthread_join(thread, NULL) == 0);
		assert_true(mine < QT__STRIPES);
		none += mine == 0;
	}
	/* All of them where there is no barrier, else none. */
	assert_true(none == 0 || none == 4 * QT__STRIPES);
}
