/* SPDX-License-Identifier: Apache-2.0 */
/* Counters shared by workers and monitor. See shared.h. */

#include <sys/mman.h>

#include <qt/base/clock.h>
#include <qt/net/login.h>

#include "shared.h"

#define BACKOFF_SLOTS 8192

struct shared *
shared_new(unsigned int workers)
{
	struct shared	*s;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	if (qt_net_backoff_new(BACKOFF_SLOTS, &s->backoff) < 0) {
		munmap(s, sizeof(*s));
		return NULL;
	}
	s->count = workers;
	atomic_store(&s->started_ms, qt_clock_real_ms());
	return s;
}

uint64_t
shared_clients(const struct shared *s)
{
	uint64_t	sum = 0;

	for (uint32_t i = 0; i < s->count; i++)
		sum += atomic_load(&s->worker[i].ws_open);
	return sum;
}

void
shared_clear_gauges(struct shared_slot *slot)
{
	atomic_store(&slot->ws_open, 0);
	atomic_store(&slot->viewers, 0);
	atomic_store(&slot->net.conns, 0);
	atomic_store(&slot->net.static_bytes, 0);
	atomic_store(&slot->pid, 0);
}
