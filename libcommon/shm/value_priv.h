/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_VALUE_PRIV_H
#define QT_SHM_VALUE_PRIV_H

#include <qt/shm/value.h>

#include "object_priv.h"

/*
 * How a value lies in its object. See <qt/shm/value.h>.
 *
 *	512	published: sequence << 16 | buffer
 *	576	buffers: {owner word, length, bytes}, each a multiple of 64 bytes
 *
 * The owner word of a buffer {generation, owner, state}:
 *
 *	FREE --claim--> OWNED(me) --publish--> (published) --> DONE
 *			   |				        |
 *			   +<---- claim, when it is no more published
 *
 * A claim counts the generation up; the step to DONE does not, so as long as a
 * buffer's generation is the same its bytes are. A buffer is taken when it is
 * FREE, or DONE and not the published one: once DONE it can be published again
 * only by another claim, so if the generation is still the same at the CAS it
 * has stayed unpublished.
 *
 * Killed before it publishes: the buffer names the dead owner and is not the
 * published one; sweeping makes it FREE. Killed after: it is the published one
 * or was; sweeping makes it DONE.
 */

enum { QT__VALUE_FREE, QT__VALUE_OWNED, QT__VALUE_DONE };

#define QT__VALUE_EXTRA		2u	/* the published one, and one more */
#define QT__VALUE_BUFFERS	(QT__OBJ_BODY + 64)

struct qt__value_buffer {
	_Atomic uint64_t	word;
	_Atomic uint64_t	len;
	unsigned char		data[];
};

struct qt_value {
	struct qt_obj		 obj;
	_Atomic uint64_t	*published;
	uint32_t		 count;		/* of buffers */
	uint32_t		 size;
	uint64_t		 stride;
	bool			 is_fixed;	/* it has a dtype */
	_Atomic uint32_t	 cursor;	/* where to look first */
};

static inline uint64_t
qt__value_stride(uint32_t size)
{
	return qt__obj_round(sizeof(struct qt__value_buffer) +
	    (uint64_t)size, 64);
}

/* The rest of a handle whose obj is open. */
static inline void
qt__value_attach(struct qt_value *v)
{
	v->published = (void *)(v->obj.base + QT__OBJ_BODY);
	v->count = (uint32_t)v->obj.head.param[0];
	v->size = v->obj.head.elem_size;
	v->stride = qt__value_stride(v->size);
	v->is_fixed = v->obj.head.dtype[0] != '\0';
}

static inline struct qt__value_buffer *
qt__value_buffer(const struct qt_value *v, uint64_t i)
{
	return (void *)(v->obj.base + QT__VALUE_BUFFERS + i * v->stride);
}

static inline uint64_t
qt__value_seq(uint64_t published)
{
	return published >> 16;
}

static inline uint32_t
qt__value_index(uint64_t published)
{
	return (uint32_t)(published & 0xffff);
}

/*
 * value_type.c. A buffer of a dead owner, whose word is that: it becomes what it
 * was when its owner died, for nobody changed it since.
 */
void	qt__value_settle(const struct qt_value *value, uint32_t index,
	    uint64_t word);

#endif /* QT_SHM_VALUE_PRIV_H */
