/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_LOGIN_H
#define QT_NET_LOGIN_H

#include <stddef.h>
#include <stdint.h>

#include <qt/net/head.h>
#include <qt/net/server.h>
#include <qt/net/users.h>

/*
 * Checking passwords without stopping the loop, and without telling a guesser
 * anything: an unknown user costs the same bcrypt as a known one, the answer is
 * only yes or no, and failures back off per address and per account.
 *
 *	check -- back-off? --> -EBUSY with retry_s		(429)
 *	      -- queue full? -> -EAGAIN				(503)
 *	      `- pool: bcrypt -> done(role or NONE) on the loop
 *
 * Belongs to the loop's thread.
 */
struct qt_net_login;
struct qt_net_work;

struct qt_net_backoff;

/* All (stats may be NULL) are borrowed, and must outlive it. */
int	qt_net_login_new(struct qt_net_users *users, struct qt_net_work *work,
	    struct qt_net_backoff *backoff, struct qt_net_stats *stats,
	    struct qt_net_login **out);
/* Checks under way call nobody any more. */
void	qt_net_login_free(struct qt_net_login *login);

struct qt_net_login_result {
	const char		*name;	/* as asked; borrowed */
	enum qt_net_role	 role;	/* QT_NET_ROLE_NONE: refused */
	uint64_t		 stamp;	/* of the account that was checked */
};

/*
 * Starts a check; name and password are copied (and wiped after use). 0: done
 * will be called from the loop, once. -EBUSY: too many failures, try again
 * after *retry_s seconds. -EAGAIN: the queue is full. -EINVAL: a password
 * that can never be right (see qt_net_password_check), counted as a failure.
 */
int	qt_net_login_check(struct qt_net_login *login,
	    const struct qt_net_addr *addr, const char *name,
	    const char *password, size_t len, unsigned int *retry_s,
	    void (*done)(const struct qt_net_login_result *result, void *arg),
	    void *arg);

/*
 * Back-off alone, for other secrets (Basic, tokens). Failures are remembered
 * by address (a v6 /64) and by account name in a fixed table: the first three
 * cost nothing, then 1, 2, 4 ... 300 seconds; forgotten after an hour. An
 * address that an account was let in from is not held up by that account's
 * failures elsewhere, so nobody is locked out by others.
 *
 * The table is shared with the processes that are forked after it was made:
 * however many serve, a guesser has as many tries as with one. Any of them,
 * and any thread, may call at any time; killed, it leaves nothing half-done.
 */
/* slots is about how many addresses and names it remembers. 0 or -errno. */
int	qt_net_backoff_new(unsigned int slots, struct qt_net_backoff **out);
void	qt_net_backoff_free(struct qt_net_backoff *b);
/*
 * Before each attempt: 0, and it counts as failed until ok or undo say other-
 * wise (a hundred at once would all come before the first failure); or the
 * seconds to wait, and nothing is counted. name may be NULL.
 */
unsigned int qt_net_backoff_try(struct qt_net_backoff *b,
	    const struct qt_net_addr *addr, const char *name, uint64_t now_ms);
/* The attempt was right: all is forgiven. */
void	qt_net_backoff_ok(struct qt_net_backoff *b,
	    const struct qt_net_addr *addr, const char *name);
/* It was not made after all. */
void	qt_net_backoff_undo(struct qt_net_backoff *b,
	    const struct qt_net_addr *addr, const char *name);

/*
 * HTTP Basic against one USER:PASS credential, in constant time. header is
 * the Authorization value. 1 or 0.
 */
int	qt_net_basic_is(struct qt_net_str header, const char *credential);
/*
 * Decodes a Basic header into "user" and "pass" (NUL-terminated, *pass_len
 * bytes). -EINVAL when it is none, -ENAMETOOLONG.
 */
int	qt_net_basic_parse(struct qt_net_str header, char *user,
	    size_t user_size, char *pass, size_t pass_size, size_t *pass_len);

#endif /* QT_NET_LOGIN_H */
