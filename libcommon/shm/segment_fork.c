/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fork child must not keep.
 *
 * A child inherits the descriptor and with it the very same open file
 * description, so its parent's lock would outlive the parent for as long as
 * the child lives, and a dead participant would look alive. So the child closes
 * that descriptor before fork() returns in it, by pthread_atfork(3), and is no
 * participant: every call that changes the segment answers -EACCES until
 * qt_seg_after_fork() has taken a slot for it. Reading goes on working: the
 * mapping was made by a description of its own, see segment_open.c.
 *
 * A child of vfork(2), posix_spawn(3) or a bare clone(2) is not seen here. The
 * first two exec at once, which closes the descriptor; the last keeps its
 * parent's lock until it execs, exits or calls qt_seg_after_fork(), but may
 * still change nothing, because the process id is compared as well.
 */

#include <pthread.h>
#include <unistd.h>

#include "segment_priv.h"

static pthread_mutex_t	 list_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct qt_seg	*list;
static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static int		 once_rc;

static void
before_fork(void)
{
	pthread_mutex_lock(&list_mutex);
	for (struct qt_seg *seg = list; seg != NULL; seg = seg->next)
		qt__obj_before_fork(seg);
}

static void
after_fork_parent(void)
{
	for (struct qt_seg *seg = list; seg != NULL; seg = seg->next)
		qt__obj_after_fork_parent(seg);
	pthread_mutex_unlock(&list_mutex);
}

static void
after_fork_child(void)
{
	for (struct qt_seg *seg = list; seg != NULL; seg = seg->next) {
		qt__obj_after_fork_child(seg);
		if (seg->path_fd < 0)	/* it takes no lock by fd */
			continue;
		close(seg->fd);
		seg->fd = -1;
		seg->self = 0;
		/* Some other thread of the parent may have held it. */
		pthread_mutex_init(&seg->mutex, NULL);
	}
	pthread_mutex_unlock(&list_mutex);
}

static void
install(void)
{
	once_rc = -pthread_atfork(before_fork, after_fork_parent,
	    after_fork_child);
}

int
qt__seg_register(struct qt_seg *seg)
{
	pthread_once(&once, install);
	if (once_rc < 0)
		return once_rc;
	pthread_mutex_lock(&list_mutex);
	seg->next = list;
	list = seg;
	pthread_mutex_unlock(&list_mutex);
	return 0;
}

void
qt__seg_unregister(struct qt_seg *seg)
{
	struct qt_seg	**p;

	pthread_mutex_lock(&list_mutex);
	for (p = &list; *p != seg; p = &(*p)->next)
		;
	*p = seg->next;
	pthread_mutex_unlock(&list_mutex);
}
