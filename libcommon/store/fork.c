/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fork child must not keep. See lock_priv.h.
 *
 * A child inherits the descriptor and with it the very same open file
 * description, so the byte of its parent would stay locked for as long as the
 * child lives, and a dead parent would look alive. So the child closes it
 * before fork() returns in it, by pthread_atfork(3), and is nobody until it
 * opens a user of its own. It only closes: unlocking would be its parent's.
 *
 * A descriptor is opened and listed, and closed and taken from the list, under
 * the mutex that is also held across fork(): no child has one that is in no
 * list.
 *
 * A child of vfork(2), posix_spawn(3) or a bare clone(2) is not seen here. The
 * first two exec at once, which closes the descriptor.
 */

#include <pthread.h>
#include <unistd.h>

#include "lock_priv.h"

static pthread_mutex_t	 mutex = PTHREAD_MUTEX_INITIALIZER;
static struct qt__user	*list;
static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static int		 once_rc;

void
qt__users_lock(void)
{
	pthread_mutex_lock(&mutex);
}

void
qt__users_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

static void
after_fork_child(void)
{
	struct qt__user	*u;

	while ((u = list) != NULL) {
		list = u->next_;
		close(u->fd);
		*u = (struct qt__user)QT__USER_INIT;
	}
	qt__users_unlock();
}

static void
install(void)
{
	once_rc = -pthread_atfork(qt__users_lock, qt__users_unlock,
	    after_fork_child);
}

int
qt__users_watch(void)
{
	pthread_once(&once, install);
	return once_rc;
}

void
qt__user_register(struct qt__user *u)
{
	u->next_ = list;
	list = u;
}

void
qt__user_unregister(struct qt__user *u)
{
	struct qt__user	**p;

	for (p = &list; *p != NULL && *p != u; p = &(*p)->next_)
		;
	if (*p != NULL)
		*p = u->next_;
}
