/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session table that was damaged: each input is a list of changes (place,
 * byte) to a sound one. Readers must end, and stay inside the segment;
 * becoming its writer must be refused or work.
 */

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/session/table_world.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
read_all(const struct qt_seg *seg)
{
	struct qt_session_table	*t;
	struct qt_host_info	 info;
	struct qt_session	 s;
	uint64_t		 cursor = 0;
	int			 n = 0;

	if (qt_session_table_open(seg, &t, NULL) < 0)
		return;
	while (qt_session_next(t, NULL, &cursor, &s) == 1 && n++ < 100) {
		(void)qt_session_find(t, &s.id, &s);
		(void)qt_session_resolve(t, s.name, &s);
		must(memchr(s.name, '\0', sizeof(s.name)) != NULL);
	}
	cursor = 0;
	while (qt_session_next(t, "own", &cursor, &s) == 1 && n++ < 200)
		(void)qt_session_live(t, s.slot);
	(void)qt_host_info(t, &info);
	qt_session_table_close(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_seg_spec	 spec = table_spec;
	struct qt__table	*t;
	struct qt_seg_entry	 e;
	struct qt_session	 s;
	struct qt_seg		*seg;
	unsigned char		*head, *block;
	char			 name[8];

	spec.size = 1u << 20;
	must(qt_seg_create(NULL, &spec, &seg, NULL) == 0);
	must(qt__table_create(seg, &t, NULL) == 0);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		s = table_record(name, i % 2 ? "own" : "other");
		must(qt__table_add(t, &s) == 0);
	}
	must(qt_seg_entry_get(seg, QT__TABLE_ENTRY, &e) == 0);
	head = qt_seg_at(seg, e.offset, sizeof(struct qt__table_head));
	block = (unsigned char *)qt__map_live(&t->map, 0);
	qt__table_close(t);
	for (size_t i = 0; i + 3 <= size && i < 192; i += 3) {
		size_t	at = (size_t)data[i] << 8 | data[i + 1];

		if (at < sizeof(struct qt__table_head))
			head[at] = data[i + 2];
		else
			block[at - sizeof(struct qt__table_head)] =
			    data[i + 2];
	}
	read_all(seg);
	if (qt__table_adopt(seg, &t, NULL) == 0) {
		s = table_record("new", "own");
		if (qt__table_add(t, &s) == 0)
			qt__table_del(t, s.slot);
		qt__table_close(t);
	}
	qt_seg_close(seg);
	return 0;
}
