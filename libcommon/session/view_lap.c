/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a viewer goes on that was too slow. See <qt/session/view.h>.
 *
 * The best is a fresh screen: it is right, and small. But to draw one takes
 * from one millisecond to some hundred, in which a flood writes the ring full
 * several times. A viewer that asked at each lap would be shown nothing but
 * stale screens until the flood ends. So it may spend one part in RAW_PART of
 * its time on asking. In the rest, and when a screen comes too late, it goes
 * on with the newest lines: rough. Modes and lines that it missed may make its
 * screen wrong; that is mended when the output is calm.
 *
 *	lapped ─┬─ asked lately ──────────────► rough ─ calm ► repaint
 *	        └─ ask ─┬─ stale, no answer ───►  │
 *	                └─ fresh ► redraw         └ lapped ► ...
 *
 * Calm is not silent: a program that draws all day is calm as long as it
 * leaves most of the ring alone in the time that a screen takes.
 */

#include <qt/base/clock.h>

#include "view_priv.h"

#define RAW_PART 16u
#define RAW_MS_MIN 100u
#define CALM_MS 50u
#define CALM_PART 4u
#define RETRY_MS 2000u

void
qt__view_answered(struct qt_view *v)
{
	uint64_t	now = qt_clock_mono_ms();
	uint64_t	raw = (now - v->asked_ms) * RAW_PART;

	v->raw_ms = now + (raw > RAW_MS_MIN ? raw : RAW_MS_MIN);
}

int
qt__view_may_ask(const struct qt_view *v)
{
	return v->raw_ms == 0 || qt_clock_mono_ms() >= v->raw_ms;
}

uint64_t
qt__view_newest(const struct qt_view *v)
{
	uint64_t	tail, head, size;

	qt_ring_range(v->ring, &tail, &head);
	size = head - tail;
	if (size > v->lag_max)
		size = v->lag_max;
	return head - size / 2;
}

void
qt__view_go_rough(struct qt_view *v, uint64_t pos)
{
	qt__view_jump(v, qt__view_sync(v, pos));
	v->redraw_offset = v->pos;
	v->calm_from = v->pos;
	v->calm_ms = qt_clock_mono_ms() + CALM_MS;
	v->is_rough = v->is_cut = 1;
	v->phase = QT__VIEW_SKIP;
}

int
qt__view_is_calm(struct qt_view *v, uint32_t *wait_ms)
{
	uint64_t	now = qt_clock_mono_ms(), tail, head;

	qt_ring_range(v->ring, &tail, &head);
	if (head - v->calm_from > (head - tail) / CALM_PART) {
		v->calm_from = head;
		v->calm_ms = now + CALM_MS;
	}
	if (now >= v->calm_ms)
		return 1;
	*wait_ms = (uint32_t)(v->calm_ms - now);
	return 0;
}

void
qt__view_put_off(struct qt_view *v)
{
	v->calm_from = v->pos;
	v->calm_ms = qt_clock_mono_ms() + RETRY_MS;
}
