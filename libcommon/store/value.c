/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are deflated, or in a file of their own. See value_priv.h. */

#include <errno.h>

#include <qt/base/le.h>

#include "block_zlib_priv.h"
#include "value_priv.h"

/* What it held is not kept. */
static int
make_room(struct qt__value_room *room, size_t size)
{
	if (room->data != NULL && size <= room->size)
		return 0;
	qt__value_room_clear(room);
	room->data = malloc(size > 0 ? size : 1);
	if (room->data == NULL)
		return -ENOMEM;
	room->size = size;
	return 0;
}

/* The length, 4 bytes, then zlib's. */
static int
inflate_value(struct qt__value_room *room, const struct qt__entry *e,
    const void **data, size_t *len, struct qt_err *err)
{
	uint32_t	size;
	int		rc;

	if (e->value_len < 4 ||
	    (size = qt_le_load32(e->value)) > QT_STORE_VALUE_MAX) {
		qt_err_set(err, "a deflated value of an impossible length");
		return -QT_ECORRUPT;
	}
	rc = make_room(room, size);
	if (rc == 0)
		rc = qt__inflate(room->data, size, e->value + 4,
		    e->value_len - 4);
	if (rc == -QT_ECORRUPT)
		qt_err_set(err, "a deflated value does not inflate");
	*data = room->data;
	*len = size;
	return rc;
}

static int
map_value(struct qt_store *s, struct qt__value_room *room,
    const struct qt__entry *e, const void **data, size_t *len,
    struct qt_err *err)
{
	struct qt__big_ref	ref;
	int			rc;

	rc = qt__big_ref_unpack(&ref, e->value, e->value_len);
	if (rc < 0) {
		qt_err_set(err, "its record names no file that there can be");
		return rc;
	}
	rc = qt__big_open(&room->big, s->big_fd, &ref, s->set.checksums ?
	    QT__BIG_VERIFY : 0, err);
	*data = room->big.data;
	*len = room->big.len;
	return rc;
}

int
qt__value_resolve(struct qt_store *s, struct qt__value_room *room,
    const struct qt__entry *e, const void **data, size_t *len,
    struct qt_err *err)
{
	qt__big_close(&room->big);
	if (e->flags & QT__BIG)
		return map_value(s, room, e, data, len, err);
	if (e->flags & QT__DEFLATED)
		return inflate_value(room, e, data, len, err);
	*data = e->value;
	*len = e->value_len;
	return 0;
}
