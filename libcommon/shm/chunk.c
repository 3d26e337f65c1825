/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces that items live in. See chunk_priv.h. */

#include <errno.h>
#include <string.h>

#include <qt/shm/dtype.h>

#include "chunk_priv.h"

int
qt__chunk_dtype(const struct qt_obj *obj, const char *want,
    struct qt_err *err)
{
	const char	*text = obj->head.dtype;
	struct qt_dtype	 have, wanted;
	int		 rc;

	if (want == NULL)
		return 0;
	rc = qt_dtype_parse(&wanted, want, err);
	if (rc < 0)
		return rc;
	if (text[0] != '\0' && qt_dtype_parse(&have, text, NULL) == 0 &&
	    qt_dtype_is_same(&have, &wanted))
		return 0;
	qt_err_set(err, "its elements are '%s', not '%s'",
	    text[0] == '\0' ? "bytes" : text, wanted.text);
	return -EINVAL;
}

uint64_t
qt__chunk_stride(uint64_t room)
{
	return qt__obj_round(qt__obj_sum(room, 1, sizeof(struct qt__chunk)),
	    QT__CHUNK_ALIGN);
}

void
qt__chunks_init(struct qt__chunks *cs, const struct qt_obj *obj, uint64_t at,
    uint32_t count, uint32_t room)
{
	cs->base = obj->base + at;
	cs->count = count;
	cs->room = room;
	cs->stride = (uint32_t)qt__chunk_stride(room);
	atomic_init(&cs->cursor, 0);
}

uint32_t
qt__chunk_search(struct qt__chunks *cs, uint32_t self, uint32_t count,
    uint64_t *word)
{
	uint32_t	i = atomic_load_explicit(&cs->cursor,
	    memory_order_relaxed);

	for (uint32_t n = 0; n < count && n < cs->count; n++, i++) {
		if (i >= cs->count)
			i = 0;
		if (!qt__chunk_try(cs, i, self, word))
			continue;
		atomic_store_explicit(&cs->cursor, i + 1,
		    memory_order_relaxed);
		return i;
	}
	return UINT32_MAX;
}
