/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_FORK_PRIV_H
#define QT_STORE_FORK_PRIV_H
/*
 * What is to be done around fork(2), so that the child finds whole what other
 * threads of its parent were working on: their mutexes are locked before and
 * unlocked behind, in both processes.
 */
struct qt__forked {
	void	(*before)(void *arg);	/* locks, in the usual order */
	void	(*parent)(void *arg);	/* unlocks */
	void	(*child)(void *arg);	/* unlocks, and drops what is not its */
	void	*arg;
	struct qt__forked *next_, **link_;
};

/*
 * f stays where it is until it is unwatched. Not to be called, nor is fork(),
 * with a mutex that one of these functions locks. 0, or negative.
 */
int	qt__fork_watch(struct qt__forked *f);
void	qt__fork_unwatch(struct qt__forked *f);	/* harmless for a zeroed one */

#endif /* QT_STORE_FORK_PRIV_H */
