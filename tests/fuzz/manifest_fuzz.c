/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a manifest: no crash, all that it points to lies inside, and one
 * that is taken is written again as the same bytes. And any bytes as CURRENT.
 *
 * The input: a byte, of which bit 0 makes its size and its checksum right, so
 * that what lies behind them is reached, and bit 1 makes it CURRENT; then it.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/hash.h>

#include "../../libcommon/store/manifest_file_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t	sink;

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
make_right(uint8_t *p, size_t len)
{
	uint64_t	size = htole64(len);
	uint32_t	crc;

	if (len < QT__MANIFEST_HEAD + 4)
		return;
	memcpy(p, QT__MANIFEST_MAGIC, 8);
	memcpy(p + 16, &size, 8);
	crc = htole32(qt_crc32c(0, p, len - 4));
	memcpy(p + len - 4, &crc, 4);
}

/* Every key can be read, and is found where it is. */
static void
look(const struct qt__manifest *m)
{
	for (uint32_t i = 0; i < m->run_count; i++) {
		const struct qt__sorted	*r = &m->runs[i];

		for (uint32_t n = r->first; n < r->first + r->count; n++) {
			const struct qt__slice	*s = &m->slices[n];

			must(qt__manifest_find(m, r, m->heap + s->min_at,
			    s->min_len) == s);
			must(qt__manifest_find(m, r, m->heap + s->max_at,
			    s->max_len) == s);
		}
	}
	for (uint32_t i = 0; i < m->drop_count; i++)
		sink += m->drops[i].number;
	for (uint32_t i = 0; i < m->merge.key_len; i++)
		sink += m->heap[m->merge.key_at + i];
}

/* Whatever is done to it, it can be written and read again. */
static void
change(const struct qt__manifest *m)
{
	struct qt__manifest_edit	*e;
	struct qt__manifest		 again;
	struct qt__manifest		*f;
	void				*data;
	size_t				 len;
	int				 rc;

	if (m->slice_count == 0 || qt__manifest_edit(&e, m) < 0)
		return;
	f = qt__manifest_fields(e);
	for (uint32_t i = 0; i < m->run_count; i++) {
		const struct qt__sorted	*r = &m->runs[i];
		const struct qt__slice	*s = &m->slices[r->first];

		if (r->count == 0 || (r->flags & QT__RUN_OPEN))
			continue;
		rc = qt__manifest_trim(e, r->id, m->heap + s->min_at,
		    s->min_len);
		if (rc == -EMSGSIZE)
			continue;
		must(rc == 0);
		must(qt__manifest_find(f, &f->runs[i], m->heap + s->min_at,
		    s->min_len) == NULL);
	}
	must(qt__manifest_pack(f, &data, &len) == 0);
	must(qt__manifest_parse(&again, data, len, NULL) == 0);
	free(data);
	qt__manifest_edit_free(e);
}

static void
try_manifest(uint8_t *copy, size_t size)
{
	struct qt__manifest	 m;
	uint8_t			*was = malloc(size > 0 ? size : 1);
	void			*again;
	size_t			 len;

	if (was == NULL)
		return;
	memcpy(was, copy, size);
	if (qt__manifest_parse(&m, copy, size, NULL) == 0) {
		look(&m);
		change(&m);
		must(qt__manifest_pack(&m, &again, &len) == 0);
		must(len == size && memcmp(again, was, len) == 0);
		free(again);
	}
	free(was);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t		*copy;
	uint64_t	 number;
	uint32_t	 crc;

	if (size < 1)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	/* Where it ends, the memory ends; it begins aligned. */
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		make_right(copy, size - 1);
	if (data[0] & 2)
		(void)qt__current_parse((char *)copy, size - 1, &number, &crc);
	else
		try_manifest(copy, size - 1);
	free(copy);
	return 0;
}
