/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around fork(2): what a child must not keep, and what it has to find whole. See
 * lock_priv.h, fork_priv.h.
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

#include "fork_priv.h"
#include "lock_priv.h"

/* In this order, and what those who watch lock between them. */
static pthread_mutex_t	 watch_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t	 users_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct qt__forked *watching;
static struct qt__user	*users;
static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static int		 once_rc;

void
qt__users_lock(void)
{
	pthread_mutex_lock(&users_mutex);
}

void
qt__users_unlock(void)
{
	pthread_mutex_unlock(&users_mutex);
}

static void
before_fork(void)
{
	pthread_mutex_lock(&watch_mutex);
	for (struct qt__forked *f = watching; f != NULL; f = f->next_)
		f->before(f->arg);
	qt__users_lock();
}

static void
after_fork_parent(void)
{
	qt__users_unlock();
	for (struct qt__forked *f = watching; f != NULL; f = f->next_)
		f->parent(f->arg);
	pthread_mutex_unlock(&watch_mutex);
}

static void
after_fork_child(void)
{
	struct qt__user	*u;

	while ((u = users) != NULL) {
		users = u->next_;
		close(u->fd);
		*u = (struct qt__user)QT__USER_INIT;
	}
	qt__users_unlock();
	for (struct qt__forked *f = watching; f != NULL; f = f->next_)
		f->child(f->arg);
	pthread_mutex_unlock(&watch_mutex);
}

static void
install(void)
{
	once_rc = -pthread_atfork(before_fork, after_fork_parent,
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
	u->next_ = users;
	users = u;
}

void
qt__user_unregister(struct qt__user *u)
{
	struct qt__user	**p;

	for (p = &users; *p != NULL && *p != u; p = &(*p)->next_)
		;
	if (*p != NULL)
		*p = u->next_;
}

/* --- Those who watch ------------------------------------------------------ */

int
qt__fork_watch(struct qt__forked *f)
{
	int	rc = qt__users_watch();

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&watch_mutex);
	f->next_ = watching;
	f->link_ = &watching;
	if (watching != NULL)
		watching->link_ = &f->next_;
	watching = f;
	pthread_mutex_unlock(&watch_mutex);
	return 0;
}

void
qt__fork_unwatch(struct qt__forked *f)
{
	if (f->link_ == NULL)
		return;
	pthread_mutex_lock(&watch_mutex);
	*f->link_ = f->next_;
	if (f->next_ != NULL)
		f->next_->link_ = f->link_;
	f->link_ = NULL;
	pthread_mutex_unlock(&watch_mutex);
}
