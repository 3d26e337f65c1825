/* SPDX-License-Identifier: Apache-2.0 */
/* Which events the last batches added. See journal_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/le.h>
#include <qt/hist/index.h>

#include "db_priv.h"
#include "journal_priv.h"

#define HEAD	16u		/* number, count */

int
qt__journal_last(struct qt_hist_db *db, const struct qt_store_snap *snap,
    uint64_t *batch, uint64_t *version, struct qt_err *err)
{
	struct qt_store_value	v;
	int			rc;

	*batch = *version = 0;
	rc = qt_store_get(db->store, snap, &v, "j", 1, err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	*version = v.version;
	if (v.len == sizeof(*batch))
		*batch = qt_le_load64(v.data);
	else
		rc = -QT_ECORRUPT;
	qt_store_value_clear(&v);
	return rc;
}

int
qt_hist_db_batch(struct qt_hist_db *db, uint64_t *out, struct qt_err *err)
{
	uint64_t	version;

	return qt__journal_last(db, NULL, out, &version, err);
}

static int
put64(struct qt_buf *b, uint64_t n)
{
	uint8_t	bytes[8];

	qt_le_store64(bytes, n);
	return qt_buf_add(b, bytes, sizeof(bytes));
}

int
qt__journal_pack(struct qt_buf *b, uint64_t batch,
    const struct qt_hist_event *events, size_t count)
{
	bool	has_list = count <= QT__JOURNAL_MAX;
	int	rc = put64(b, batch);

	if (rc == 0)
		rc = put64(b, has_list ? count : UINT64_MAX);
	for (size_t i = 0; has_list && i < count && rc == 0; i++) {
		rc = put64(b, events[i].start_us);
		if (rc == 0)
			rc = put64(b, events[i].id);
	}
	return rc;
}

int
qt__journal_load(struct qt_hist_db *db, uint64_t batch,
    struct qt__journal_key **keys, size_t *count, struct qt_err *err)
{
	const char		key[2] = { 'j',
	    (char)(batch % QT_HIST_BATCHES) };
	struct qt_store_value	v;
	const char		*p;
	int			rc;

	*keys = NULL;
	*count = 0;
	rc = qt_store_get(db->store, NULL, &v, key, sizeof(key), err);
	if (rc < 0)
		return rc;
	p = v.data;
	if (v.len < HEAD || qt_le_load64(p) != batch || qt_le_load64(p + 8) >
	    QT__JOURNAL_MAX || v.len != HEAD + 16 * qt_le_load64(p + 8)) {
		qt_store_value_clear(&v);
		return -ENOENT;
	}
	*count = (size_t)qt_le_load64(p + 8);
	*keys = calloc(*count + 1, sizeof(**keys));
	if (*keys == NULL)
		rc = -ENOMEM;
	for (size_t i = 0; i < *count && rc == 0; i++)
		(*keys)[i] = (struct qt__journal_key){
			qt_le_load64(p + HEAD + 16 * i), qt_le_load64(p + HEAD + 16 * i + 8)
		};
	qt_store_value_clear(&v);
	return rc;
}
