/* SPDX-License-Identifier: Apache-2.0 */
/* The pool's deque: one owner, thieves, each item once. */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "../../../libcommon/ds/deque_priv.h"
#include "../test.h"

#define ITEMS	100000
#define THIEVES	3

QT_TEST(the_owner_takes_the_newest_and_a_thief_the_oldest)
{
	static struct qt__deque	d;
	int			items[QT__DEQUE_ROOM + 1];

	(void)state;
	assert_null(qt__deque_take(&d));
	assert_null(qt__deque_steal(&d));
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < QT__DEQUE_ROOM; i++)
			assert_int_equal(qt__deque_push(&d, &items[i]), 0);
		assert_int_equal(qt__deque_push(&d, &items[0]), -EAGAIN);
		assert_ptr_equal(qt__deque_steal(&d), &items[0]);
		assert_ptr_equal(qt__deque_steal(&d), &items[1]);
		assert_ptr_equal(qt__deque_take(&d),
		    &items[QT__DEQUE_ROOM - 1]);
		for (unsigned int i = QT__DEQUE_ROOM - 1; i-- > 2;)
			assert_ptr_equal(qt__deque_take(&d), &items[i]);
		assert_null(qt__deque_take(&d));
		assert_null(qt__deque_steal(&d));
	}
}

struct race {
	struct qt__deque	d;
	_Atomic unsigned int	got[ITEMS];
	unsigned int		plain[ITEMS];	/* ThreadSanitizer looks */
	_Atomic unsigned int	count;
};

static void
have(struct race *r, const unsigned int *item)
{
	size_t	i = (size_t)(item - r->plain);

	assert_int_equal(*item, i + 1);
	atomic_fetch_add(&r->got[i], 1);
	atomic_fetch_add(&r->count, 1);
}

static void *
thief(void *arg)
{
	struct race		*r = arg;
	const unsigned int	*item;

	while (atomic_load(&r->count) < ITEMS) {
		item = qt__deque_steal(&r->d);
		if (item != NULL)
			have(r, item);
	}
	return NULL;
}

QT_TEST(of_owner_and_thieves_one_gets_each_item)
{
	static struct race	 r;
	const unsigned int	*item;
	pthread_t		 threads[THIEVES];
	unsigned int		 next = 0;

	(void)state;
	for (int i = 0; i < THIEVES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thief, &r),
		    0);
	while (atomic_load(&r.count) < ITEMS) {
		/* Few at a time: the last one is what is fought over. */
		for (int i = 0; i < 3 && next < ITEMS; i++) {
			r.plain[next] = next + 1;
			if (qt__deque_push(&r.d, &r.plain[next]) < 0)
				break;
			next++;
		}
		for (int i = 0; i < 2; i++) {
			item = qt__deque_take(&r.d);
			if (item != NULL)
				have(&r, item);
		}
	}
	for (int i = 0; i < THIEVES; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < ITEMS; i++)
		assert_int_equal(atomic_load(&r.got[i]), 1);
}
