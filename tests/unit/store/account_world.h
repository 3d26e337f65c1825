/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_ACCOUNT_WORLD_H
#define QT_STORE_ACCOUNT_WORLD_H

/* Accounts, between which units are moved: there are always as many. */

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "scan_world.h"

#define ACCOUNTS	40u
#define UNITS		1000u

__attribute__((unused))
static void
put_account(struct qt_store_put *p, char key[16], const uint64_t *units,
    uint32_t i)
{
	snprintf(key, 16, "account-%03u", i);
	*p = (struct qt_store_put){ .key = key, .key_len = 11,
	    .value = units, .value_len = sizeof(*units) };
}

__attribute__((unused))
static uint64_t
sum_of_scan(struct qt_store *s, const struct qt_store_snap *snap,
    int is_reverse)
{
	struct qt_store_range	 r = { .prefix = "account-", .prefix_len = 8,
	    .is_reverse = is_reverse };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	uint64_t		 sum = 0, units;

	assert_int_equal(qt_store_scan_open(s, snap, &r, &scan, NULL), 0);
	while (qt_store_scan_next(scan, &item, NULL) == 1) {
		memcpy(&units, item.value, sizeof(units));
		sum += units;
		sched_yield();
	}
	qt_store_scan_close(scan);
	return sum;
}

__attribute__((unused))
static uint64_t
sum_of_gets(struct qt_store *s, const struct qt_store_snap *snap)
{
	struct qt_store_value	v;
	struct qt_store_put	p;
	char			key[16];
	uint64_t		sum = 0, units;

	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		put_account(&p, key, &units, i);
		assert_int_equal(qt_store_get(s, snap, &v, key, 11, NULL), 0);
		memcpy(&units, v.data, sizeof(units));
		qt_store_value_clear(&v);
		sum += units;
		sched_yield();	/* the movers' turn */
	}
	return sum;
}

__attribute__((unused))
static void
put_accounts(struct qt_store *s)
{
	struct qt_store_put	puts[ACCOUNTS];
	char			keys[ACCOUNTS][16];
	uint64_t		units = UNITS;

	for (uint32_t i = 0; i < ACCOUNTS; i++)
		put_account(&puts[i], keys[i], &units, i);
	assert_int_equal(qt_store_put_many(s, NULL, NULL, puts, ACCOUNTS,
	    NULL), 0);
}

__attribute__((unused))
static void
stop(pid_t pid, int sig)
{
	int	status;

	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(sig == SIGSTOP ? WIFSTOPPED(status) :
	    WIFSIGNALED(status));
}

#endif /* QT_STORE_ACCOUNT_WORLD_H */
