/* SPDX-License-Identifier: Apache-2.0 */
/* Who counts in which stripe, and the barrier. See stripe_priv.h. */

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stripe_priv.h"

_Thread_local unsigned int	qt__stripe_chosen;

static _Atomic uint32_t	in_use = 1;	/* a bit for each stripe */
static pthread_once_t	once = PTHREAD_ONCE_INIT;
static pthread_key_t	key;		/* of threads with one, to give it back */
static bool		has_barrier;

static int
barrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

/* The thread ends; its destructors may still read by the common one. */
static void
give_back(void *arg)
{
	uint32_t	bit = UINT32_C(1) << (qt__stripe_chosen - 1);

	(void)arg;
	qt__stripe_chosen = 1;
	/* Pairs with qt__stripe_choose(): the next one counts on. */
	atomic_fetch_and_explicit(&in_use, ~bit, memory_order_release);
}

static void
prepare(void)
{
	has_barrier = pthread_key_create(&key, give_back) == 0 &&
	    barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

unsigned int
qt__stripe_choose(void)
{
	uint32_t	have = atomic_load(&in_use);
	unsigned int	n = 0;

	pthread_once(&once, prepare);
	while (has_barrier && ~have << (32 - QT__STRIPES) != 0) {
		unsigned int	free_one = (unsigned int)__builtin_ctz(~have);

		if (!atomic_compare_exchange_weak(&in_use, &have,
		    have | UINT32_C(1) << free_one))
			continue;
		n = free_one;
		break;
	}
	qt__stripe_chosen = n + 1;
	if (n != 0 && pthread_setspecific(key, &in_use) != 0) {
		give_back(NULL);
		n = 0;
	}
	return n;
}

bool
qt__stripe_barrier(void)
{
	pthread_once(&once, prepare);
	/* A fork child may have to register again. */
	return !has_barrier || barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0 ||
	    (barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
	    barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0);
}

bool
qt__stripe_is_free(const struct qt__stripe *stripes)
{
	uint64_t	given = 0, taken = 0;

	/* Acquire pairs with qt__stripe_count(): what it read is read. */
	for (unsigned int i = 0; i < QT__STRIPES; i++)
		given += atomic_load(&stripes[i].given);
	for (unsigned int i = 0; i < QT__STRIPES; i++)
		taken += atomic_load(&stripes[i].taken);
	return given == taken;
}
