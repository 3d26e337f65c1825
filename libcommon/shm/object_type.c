/* SPDX-License-Identifier: Apache-2.0 */
/* The types of objects: a structure adds one line to the list. */

#include <string.h>

#include "object_priv.h"

/* Each is in the file of its name. */
extern const struct qt__obj_type
	qt__array_type, qt__queue_type, qt__spsc_type, qt__stack_type,
	qt__map_type, qt__set_type, qt__pool_type, qt__value_type,
	qt__semaphore_type, qt__mutex_type, qt__rwlock_type, qt__latch_type,
	qt__barrier_type, qt__event_type, qt__once_type, qt__skiplist_type,
	qt__cache_type, qt__ring_type;

static const struct qt__obj_type *const types[QT_TYPE_COUNT_] = {
	[QT_TYPE_RING] = &qt__ring_type,
	[QT_TYPE_ARRAY] = &qt__array_type,
	[QT_TYPE_MAP] = &qt__map_type, [QT_TYPE_SET] = &qt__set_type,
	[QT_TYPE_SKIPLIST] = &qt__skiplist_type,
	[QT_TYPE_CACHE] = &qt__cache_type,
	[QT_TYPE_QUEUE] = &qt__queue_type,
	[QT_TYPE_SPSC] = &qt__spsc_type,
	[QT_TYPE_STACK] = &qt__stack_type,
	[QT_TYPE_POOL] = &qt__pool_type,
	[QT_TYPE_VALUE] = &qt__value_type,
	[QT_TYPE_SEMAPHORE] = &qt__semaphore_type,
	[QT_TYPE_MUTEX] = &qt__mutex_type,
	[QT_TYPE_RWLOCK] = &qt__rwlock_type,
	[QT_TYPE_LATCH] = &qt__latch_type,
	[QT_TYPE_BARRIER] = &qt__barrier_type,
	[QT_TYPE_EVENT] = &qt__event_type,
	[QT_TYPE_ONCE] = &qt__once_type,
};

/* In front of the first that only objects have. */
static const char *const others[] = { "none", "raw", "ring", "table" };
#define OTHERS (sizeof(others) / sizeof(others[0]))

const struct qt__obj_type *
qt__obj_type(uint32_t number)
{
	return number < QT_TYPE_COUNT_ ? types[number] : NULL;
}

const char *
qt_obj_type_name(uint32_t type)
{
	if (type < OTHERS)
		return others[type];
	return qt__obj_type(type) != NULL ? types[type]->name : NULL;
}

int
qt_obj_is_type(uint32_t type)
{
	return qt__obj_type(type) != NULL;
}

uint32_t
qt_obj_type_of(const char *name)
{
	for (uint32_t i = 1; i < QT_TYPE_COUNT_; i++)
		if (qt_obj_type_name(i) != NULL &&
		    strcmp(qt_obj_type_name(i), name) == 0)
			return i;
	return QT_TYPE_NONE;
}
