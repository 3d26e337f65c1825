/* SPDX-License-Identifier: Apache-2.0 */
/* Checking passwords on the pool. See <qt/net/login.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/net/login.h>
#include <qt/net/token.h>
#include <qt/net/work.h>

struct qt_net_login {
	struct qt_net_users	*users;
	struct qt_net_work	*work;
	struct qt_net_stats	*stats;
	struct qt_net_backoff	*backoff;
	unsigned int		 pending;
	int			 is_freed;
	char			 dummy[QT_NET_HASH_SIZE];
};

struct check {
	struct qt_net_job	 net;	/* first */
	struct qt_net_login	*login;
	struct qt_net_addr	 addr;
	struct qt_net_account	 account;
	int			 is_known;
	int			 is_right;	/* the thread's answer */
	char			 name[QT_NET_NAME_MAX + 1];
	char			 password[QT_NET_PASSWORD_MAX];
	size_t			 len;
	void			(*done)(const struct qt_net_login_result *,
				    void *);
	void			*arg;
};

/*
 * The dummy has the cost that real hashes have, and a password nobody knows.
 * Its salt and sum are random: it need not be any password's hash at all.
 */
static void
make_dummy(char out[QT_NET_HASH_SIZE])
{
	static const char	letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t			random[QT_NET_HASH_SIZE];

	qt_random(random, sizeof(random));
	memcpy(out, "$2b$12$", 7);
	for (size_t i = 7; i < QT_NET_HASH_SIZE - 1; i++)
		out[i] = letters[random[i] & 63];
	out[28] = '.';		/* the last letter of a salt has 2 bits */
	out[QT_NET_HASH_SIZE - 1] = '\0';
}

int
qt_net_login_new(struct qt_net_users *users, struct qt_net_work *work,
    struct qt_net_backoff *backoff, struct qt_net_stats *stats,
    struct qt_net_login **out)
{
	struct qt_net_login	*l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return -ENOMEM;
	l->users = users;
	l->work = work;
	l->backoff = backoff;
	l->stats = stats;
	make_dummy(l->dummy);
	*out = l;
	return 0;
}

static void
release(struct qt_net_login *l)
{
	if (!l->is_freed || l->pending > 0)
		return;
	free(l);
}

void
qt_net_login_free(struct qt_net_login *l)
{
	if (l == NULL)
		return;
	l->is_freed = 1;
	release(l);
}

static void
check_free(struct check *c)
{
	explicit_bzero(c, sizeof(*c));
	free(c);
}

/* On a pool thread. */
static void
verify(struct qt_pool_job *job)
{
	struct check	*c = (struct check *)job;

	c->is_right = qt_net_password_verify(c->password, c->len,
	    c->account.hash) && c->is_known;
	explicit_bzero(c->password, sizeof(c->password));
}

static void
count(struct qt_net_login *l, int ok)
{
	if (l->stats != NULL)
		qt_net_count(ok ? &l->stats->logins_ok :
		    &l->stats->logins_failed, 1);
}

static void
verified(struct qt_net_job *job)
{
	struct check			*c = (struct check *)job;
	struct qt_net_login		*l = c->login;
	struct qt_net_login_result	 result = { c->name,
	    c->is_right ? c->account.role : QT_NET_ROLE_NONE,
	    c->is_right ? qt_net_account_stamp(&c->account) : 0 };

	l->pending--;
	if (!l->is_freed) {
		count(l, c->is_right);
		if (c->is_right)
			qt_net_backoff_ok(l->backoff, &c->addr, c->name);
		c->done(&result, c->arg);
	}
	release(l);
	check_free(c);
}

int
qt_net_login_check(struct qt_net_login *l, const struct qt_net_addr *addr,
    const char *name, const char *password, size_t len, unsigned int *retry_s,
    void (*done)(const struct qt_net_login_result *result, void *arg),
    void *arg)
{
	uint64_t	 now = qt_clock_mono_ms();
	struct check	*c;
	int		 rc;

	*retry_s = qt_net_backoff_try(l->backoff, addr, name, now);
	if (*retry_s > 0) {
		if (l->stats != NULL)
			qt_net_count(&l->stats->rejects[
			    QT_NET_REJECT_back_off], 1);
		return -EBUSY;
	}
	if (qt_net_password_check(password, len, NULL) < 0) {
		count(l, 0);
		return -EINVAL;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		qt_net_backoff_undo(l->backoff, addr, name);
		return -EAGAIN;
	}
	qt_net_users_refresh(l->users, NULL);	/* a bad file: the old stays */
	c->is_known = qt_net_users_get(l->users, name, &c->account);
	if (!c->is_known)
		memcpy(c->account.hash, l->dummy, sizeof(l->dummy));
	c->net.job.run = verify;
	c->net.done = verified;
	c->login = l;
	c->addr = *addr;
	memcpy(c->name, name, strnlen(name, QT_NET_NAME_MAX));
	memcpy(c->password, password, len);
	c->len = len;
	c->done = done;
	c->arg = arg;
	rc = qt_net_work_submit(l->work, &c->net);
	if (rc < 0) {
		if (l->stats != NULL)
			qt_net_count(&l->stats->rejects[QT_NET_REJECT_busy], 1);
		qt_net_backoff_undo(l->backoff, addr, name);
		check_free(c);
		return -EAGAIN;
	}
	l->pending++;
	return 0;
}
