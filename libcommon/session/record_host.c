/* SPDX-License-Identifier: Apache-2.0 */
/* What the table says about its host. See <qt/session/record.h>. */

#include <string.h>

#include <qt/base/clock.h>

#include "record_priv.h"

#define LOOK(p)	atomic_load_explicit(p, memory_order_relaxed)

#define UPGRADE_MS 5000	/* an exec that takes longer has failed */

/*
 * While the host replaces its program (exec), its participant's lock is free
 * for some milliseconds although nothing has died: the mark covers that.
 */
int
qt__is_host_alive(const struct qt__table_map *m)
{
	const struct qt__table_host	*h = &m->head->host;
	uint64_t			 mark = LOOK(&h->upgrade_ms), now;
	uint32_t			 who = (uint32_t)LOOK(&h->participant);

	if (who != 0 && qt_seg_is_alive(m->seg, who) == 1)
		return 1;
	if (mark == 0)
		return 0;
	now = qt_clock_real_ms();
	return now >= mark && now - mark < UPGRADE_MS;
}

int
qt_host_info(struct qt_session_table *t, struct qt_host_info *out)
{
	const struct qt__table_host	*h = &t->map.head->host;
	uint64_t			 text[4];

	*out = (struct qt_host_info){
		.pid = (uint32_t)LOOK(&h->pid),
		.is_alive = (uint32_t)qt__is_host_alive(&t->map),
		.started_ms = LOOK(&h->started_ms), .boot = LOOK(&h->boot),
		.sessions = (uint32_t)LOOK(&h->running),
		.sessions_max = QT__TABLE_SLOTS,
		.events_ring = LOOK(&h->events_ring),
		.output_bytes = LOOK(&h->output_bytes),
		.input_bytes = LOOK(&h->input_bytes),
		.created = LOOK(&h->created), .exited = LOOK(&h->exited),
	};
	for (size_t i = 0; i < 4; i++)
		text[i] = LOOK(&h->version[i]);
	memcpy(out->version, text, sizeof(text));
	out->version[sizeof(out->version) - 1] = '\0';
	return 0;
}
