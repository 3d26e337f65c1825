/* SPDX-License-Identifier: Apache-2.0 */
/* Back-off of <qt/net/login.h>, also by several processes at once. */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/net/login.h>

#include "../test.h"

#define CHILDREN	4
#define EACH		2000

static const struct qt_net_addr	here = { .family = 4, .b = { 192, 0, 2, 7 } };
static const struct qt_net_addr	there = { .family = 4, .b = { 192, 0, 2, 8 } };

static unsigned int
try_times(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name, uint64_t now_ms, int times)
{
	unsigned int	wait = 0;

	while (times-- > 0)
		wait = qt_net_backoff_try(b, addr, name, now_ms);
	return wait;
}

QT_TEST(waits_double_up_to_five_minutes_and_are_forgotten_in_an_hour)
{
	struct qt_net_backoff	*b;
	uint64_t		 now = 1000;

	(void)state;
	assert_int_equal(qt_net_backoff_new(64, &b), 0);
	assert_int_equal(try_times(b, &here, NULL, now, 3), 0);
	for (unsigned int wait = 1; wait < 300; wait *= 2) {
		assert_int_equal(try_times(b, &here, NULL, now, 9), wait);
		now += wait * 1000 - 1;
		assert_int_equal(qt_net_backoff_try(b, &here, NULL, now), 1);
		now++;
		assert_int_equal(qt_net_backoff_try(b, &here, NULL, now), 0);
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(qt_net_backoff_try(b, &here, NULL, now), 300);
		now += 300000;
		assert_int_equal(qt_net_backoff_try(b, &here, NULL, now), 0);
	}
	assert_int_equal(qt_net_backoff_try(b, &there, NULL, now), 0);
	now += 3600 * 1000 + 1;
	assert_int_equal(try_times(b, &here, NULL, now, 3), 0);
	assert_int_equal(qt_net_backoff_try(b, &here, NULL, now), 1);
	/* A clock that is a little behind does not help. */
	assert_true(qt_net_backoff_try(b, &here, NULL, now - 5) > 0);
	qt_net_backoff_free(b);
}

QT_TEST(a_right_attempt_forgives_and_one_not_made_does_not_count)
{
	struct qt_net_backoff	*b;

	(void)state;
	assert_int_equal(qt_net_backoff_new(64, &b), 0);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(try_times(b, &here, "ann", 5, 3), 0);
		qt_net_backoff_ok(b, &here, "ann");
	}
	for (int i = 0; i < 9; i++) {
		assert_int_equal(qt_net_backoff_try(b, &here, "bob", 5), 0);
		qt_net_backoff_undo(b, &here, "bob");
	}
	assert_int_equal(try_times(b, &here, "bob", 5, 3), 0);
	assert_int_equal(qt_net_backoff_try(b, &here, "bob", 5), 1);
	qt_net_backoff_free(b);
}

QT_TEST(nobody_is_locked_out_by_the_failures_of_others)
{
	struct qt_net_backoff	*b;

	(void)state;
	assert_int_equal(qt_net_backoff_new(64, &b), 0);
	qt_net_backoff_ok(b, &here, "ann");
	assert_true(try_times(b, &there, "ann", 1000, 9) > 0);
	assert_int_equal(try_times(b, &here, "ann", 1000, 3), 0);
	assert_int_equal(qt_net_backoff_try(b, &here, "ann", 1000), 1);
	/* What the account made wait was no failure of the address. */
	qt_net_backoff_ok(b, &there, NULL);
	assert_true(try_times(b, &there, "ann", 1000, 9) > 0);
	assert_int_equal(try_times(b, &there, "zoe", 1000, 3), 0);
	qt_net_backoff_free(b);
}

/* The child's exit status is how often it was let through. */
static pid_t
guess(struct qt_net_backoff *b, const int *go)
{
	pid_t	pid = fork();
	int	let = 0;
	char	c;

	if (pid != 0)
		return pid;
	close(go[1]);		/* all begin when the parent's goes too */
	if (read(go[0], &c, 1) != 0)
		_exit(255);
	for (int i = 0; i < EACH; i++)
		let += qt_net_backoff_try(b, &here, "ann", 1000) == 0;
	_exit(let > 254 ? 254 : let);
}

QT_TEST(processes_together_have_the_tries_of_one)
{
	struct qt_net_backoff	*b;
	pid_t			 pid[CHILDREN];
	int			 go[2], status, let;

	(void)state;
	assert_int_equal(qt_net_backoff_new(8, &b), 0);
	for (int round = 0; round < 20; round++) {
		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < CHILDREN; i++) {
			pid[i] = guess(b, go);
			assert_true(pid[i] > 0);
		}
		close(go[0]);
		close(go[1]);
		let = 0;
		for (int i = 0; i < CHILDREN; i++) {
			assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
			assert_true(WIFEXITED(status));
			let += WEXITSTATUS(status);
		}
		assert_int_equal(let, 3);
		assert_true(qt_net_backoff_try(b, &here, "ann", 1000) > 0);
		qt_net_backoff_ok(b, &here, "ann");
	}
	qt_net_backoff_free(b);
}
