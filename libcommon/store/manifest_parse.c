/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest from bytes and to bytes. The layout is in manifest_file_priv.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

#include "manifest_file_priv.h"

/* Magic, version, size and sum: is it a whole manifest that we can read? */
static int
check_file(const uint8_t *p, size_t len, struct qt_err *err)
{
	if (len < QT__MANIFEST_HEAD + 4 || len > QT__MANIFEST_MAX) {
		qt_err_set(err, "%zu bytes, which no manifest has", len);
		return -QT_ECORRUPT;
	}
	if (memcmp(p, QT__MANIFEST_MAGIC, 8) != 0) {
		qt_err_set(err, "byte 0: not the beginning of a manifest");
		return -QT_ECORRUPT;
	}
	if (qt_le_load32(p + len - 4) != qt_crc32c(0, p, len - 4)) {
		qt_err_set(err, "bytes 0 to %zu: the checksum is wrong", len);
		return -QT_ECORRUPT;
	}
	if (qt_le_load32(p + 8) > QT__MANIFEST_FORMAT) {
		qt_err_set(err, "made by a newer program (its format is %"
		    PRIu32 ", known is %u)", qt_le_load32(p + 8),
		    QT__MANIFEST_FORMAT);
		return -QT_EVERSION;
	}
	if (qt_le_load32(p + 8) != QT__MANIFEST_FORMAT ||
	    qt_le_load32(p + 12) != QT__MANIFEST_HEAD || qt_le_load64(p + 16) != len ||
	    qt_le_load32(p + 164) != 0) {
		qt_err_set(err, "byte 8: its version or its sizes are wrong");
		return -QT_ECORRUPT;
	}
	return 0;
}

/* The plain fields; how much there is of each table is believed not yet. */
static void
parse_head(struct qt__manifest *m, const uint8_t *p)
{
	*m = (struct qt__manifest){
		.number = qt_le_load64(p + 24), .next_file = qt_le_load64(p + 32),
		.first_wal = qt_le_load64(p + 40), .next_wal = qt_le_load64(p + 48),
		.version = qt_le_load64(p + 56), .made_ms = qt_le_load64(p + 64),
		.clock_ms = qt_le_load64(p + 72),
		.run_count = qt_le_load32(p + 144), .slice_count = qt_le_load32(p + 148),
		.heap_len = qt_le_load64(p + 152), .drop_count = qt_le_load32(p + 160),
	};
	memcpy(&m->flush, p + 80, sizeof(m->flush));
	memcpy(&m->merge, p + 112, sizeof(m->merge));
	qt__job_turn(&m->flush);
	qt__job_turn(&m->merge);
}

int
qt__manifest_parse(struct qt__manifest *m, void *data, size_t len,
    struct qt_err *err)
{
	uint8_t			*p = data;
	struct qt__sorted	*runs;
	struct qt__slice	*slices;
	struct qt__drop		*drops;
	uint64_t		 room, rows;
	int			 rc;

	rc = check_file(p, len, err);
	if (rc < 0)
		return rc;
	parse_head(m, p);
	room = len - QT__MANIFEST_HEAD - 4;
	/* No product can be more than 2^39. */
	rows = sizeof(*runs) * (uint64_t)m->run_count +
	    sizeof(*slices) * (uint64_t)m->slice_count +
	    sizeof(*drops) * (uint64_t)m->drop_count;
	if (rows > room || m->heap_len != room - rows) {
		qt_err_set(err, "byte 144: %" PRIu32 " runs, %" PRIu32
		    " slices, %" PRIu32 " drops and %" PRIu64 " bytes of keys "
		    "are not what a file of %zu bytes holds", m->run_count,
		    m->slice_count, m->drop_count, (uint64_t)m->heap_len, len);
		return -QT_ECORRUPT;
	}
	runs = (struct qt__sorted *)(void *)(p + QT__MANIFEST_HEAD);
	slices = (struct qt__slice *)(void *)(runs + m->run_count);
	drops = (struct qt__drop *)(void *)(slices + m->slice_count);
	for (uint32_t i = 0; i < m->run_count; i++)
		qt__sorted_turn(&runs[i]);
	for (uint32_t i = 0; i < m->slice_count; i++)
		qt__slice_turn(&slices[i]);
	for (uint32_t i = 0; i < m->drop_count; i++)
		qt__drop_turn(&drops[i]);
	m->runs = runs;
	m->slices = slices;
	m->drops = drops;
	m->heap = (uint8_t *)(drops + m->drop_count);
	m->crc = qt_le_load32(p + len - 4);
	return qt__manifest_check(m, err);
}

static void
pack_head(const struct qt__manifest *m, uint8_t *p, size_t len)
{
	struct qt__job	flush = m->flush, merge = m->merge;

	qt__job_turn(&flush);
	qt__job_turn(&merge);
	memcpy(p, QT__MANIFEST_MAGIC, 8);
	qt_le_store32(p + 8, QT__MANIFEST_FORMAT);
	qt_le_store32(p + 12, QT__MANIFEST_HEAD);
	qt_le_store64(p + 16, len);
	qt_le_store64(p + 24, m->number);
	qt_le_store64(p + 32, m->next_file);
	qt_le_store64(p + 40, m->first_wal);
	qt_le_store64(p + 48, m->next_wal);
	qt_le_store64(p + 56, m->version);
	qt_le_store64(p + 64, m->made_ms);
	qt_le_store64(p + 72, m->clock_ms);
	memcpy(p + 80, &flush, sizeof(flush));
	memcpy(p + 112, &merge, sizeof(merge));
	qt_le_store32(p + 144, m->run_count);
	qt_le_store32(p + 148, m->slice_count);
	qt_le_store64(p + 152, m->heap_len);
	qt_le_store32(p + 160, m->drop_count);
	qt_le_store32(p + 164, 0);
}

int
qt__manifest_pack(const struct qt__manifest *m, void **data, size_t *len)
{
	size_t			 rows = sizeof(*m->runs) * m->run_count;
	size_t			 size = sizeof(*m->slices) * m->slice_count +
	    sizeof(*m->drops) * m->drop_count;
	struct qt__sorted	 run;
	struct qt__slice	 slice;
	struct qt__drop		 drop;
	uint8_t			*p;

	*len = QT__MANIFEST_HEAD + rows + size + m->heap_len + 4;
	if (*len > QT__MANIFEST_MAX)
		return -E2BIG;
	*data = p = malloc(*len);
	if (p == NULL)
		return -ENOMEM;
	pack_head(m, p, *len);
	p += QT__MANIFEST_HEAD;
	for (uint32_t i = 0; i < m->run_count; i++, p += sizeof(run)) {
		run = m->runs[i];
		qt__sorted_turn(&run);
		memcpy(p, &run, sizeof(run));
	}
	for (uint32_t i = 0; i < m->slice_count; i++, p += sizeof(slice)) {
		slice = m->slices[i];
		qt__slice_turn(&slice);
		memcpy(p, &slice, sizeof(slice));
	}
	for (uint32_t i = 0; i < m->drop_count; i++, p += sizeof(drop)) {
		drop = m->drops[i];
		qt__drop_turn(&drop);
		memcpy(p, &drop, sizeof(drop));
	}
	if (m->heap_len > 0)
		memcpy(p, m->heap, m->heap_len);
	qt_le_store32(p + m->heap_len, qt_crc32c(0, *data, *len - 4));
	return 0;
}
