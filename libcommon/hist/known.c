/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the history has, sorted by command, time and context, so that what is
 * near an event is found by bisection. See known_priv.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "known_priv.h"

#define NEAR_US		UINT64_C(1000000)

static int
compare(const void *x, const void *y)
{
	const struct qt__seen	*a = x, *b = y;

	if (a->text != b->text)
		return a->text < b->text ? -1 : 1;
	if (a->start_us != b->start_us)
		return a->start_us < b->start_us ? -1 : 1;
	if (a->context != b->context)
		return a->context < b->context ? -1 : 1;
	return 0;
}

static int
add(struct qt__known *k, const struct qt_hist_event *e,
    const struct qt__event_keys *keys)
{
	struct qt__seen	*s;

	if (k->count == k->room) {
		size_t	room = k->room * 2 + 1024;

		s = realloc(k->seen, room * sizeof(*s));
		if (s == NULL)
			return -ENOMEM;
		k->seen = s;
		k->room = room;
	}
	s = &k->seen[k->count++];
	*s = (struct qt__seen){ .start_us = e->start_us };
	memcpy(&s->text, keys->text + 1, sizeof(s->text));
	/* Without a time it does not matter where. */
	if (e->start_us != 0)
		memcpy(&s->context, keys->context + 1, sizeof(s->context));
	else if (e->id > k->last_id)
		k->last_id = e->id;
	return 0;
}

int
qt__known_load(struct qt__known *k, struct qt_hist_db *db,
    struct qt_err *err)
{
	struct qt_hist_event	 e = { 0 };
	struct qt__event_keys	 keys;
	struct qt_hist_scan	*scan;
	int			 rc;

	*k = (struct qt__known){ 0 };
	rc = qt_hist_scan_open(db, 0, UINT64_MAX, false, &scan, err);
	while (rc >= 0 && (rc = qt__scan_next_keys(scan, &e, &keys,
	    err)) == 1)
		rc = add(k, &e, &keys);
	qt_hist_scan_close(scan);
	if (rc == 0 && k->count > 0)
		qsort(k->seen, k->count, sizeof(*k->seen), compare);
	return rc;
}

void
qt__known_clear(struct qt__known *k)
{
	free(k->seen);
	*k = (struct qt__known){ 0 };
}

/* The first one that is not before it; is_behind: that is behind it. */
static size_t
find(const struct qt__known *k, const struct qt__seen *s, bool is_behind)
{
	size_t	low = 0, high = k->count;

	while (low < high) {
		size_t	mid = low + (high - low) / 2;

		if (compare(&k->seen[mid], s) < (is_behind ? 1 : 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Did it run within a second, in another context? */
static bool
is_near(const struct qt__known *k, const struct qt__seen *s)
{
	struct qt__seen	from = *s;
	size_t		i;

	from.start_us = s->start_us > NEAR_US ? s->start_us - NEAR_US : 1;
	from.context = 0;
	i = find(k, &from, false);
	while (i < k->count && k->seen[i].text == s->text &&
	    k->seen[i].start_us <= s->start_us + NEAR_US) {
		if (k->seen[i].context != s->context)
			return true;
		from = k->seen[i];
		i = find(k, &from, true);
	}
	return false;
}

bool
qt__known_has(struct qt__known *k, uint64_t text, uint32_t context,
    uint64_t start_us, uint64_t *which)
{
	struct qt__seen	s = { .text = text, .start_us = start_us,
	    .context = start_us == 0 ? 0 : context };
	size_t		first = find(k, &s, false), end;

	*which = 0;
	if (first < k->count && compare(&k->seen[first], &s) == 0) {
		end = find(k, &s, true);
		*which = k->seen[first].used++;
		if (*which < end - first)
			return true;
	}
	return start_us != 0 && is_near(k, &s);
}
