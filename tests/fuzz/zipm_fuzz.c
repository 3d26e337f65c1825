/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a segment of zeroipc: no crash, and every entry that is taken
 * lies inside the file, behind the tables.
 *
 * The input: 2 bytes that are added to the size of the file, then its start.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/zipm.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_zipm	 z;
	unsigned char	*copy;
	uint64_t	 more;
	int		 rc;

	if (size < 2)
		return 0;
	more = (uint64_t)(data[0] | data[1] << 8);
	size -= 2;
	copy = malloc(size > 0 ? size : 1);
	if (copy == NULL)
		return 0;
	/* Where it ends, the memory ends. */
	memcpy(copy, data + 2, size);
	rc = qt_zipm_parse(&z, copy, size, size + more, NULL);
	free(copy);
	if (rc < 0)
		return 0;
	for (uint32_t i = 0; i < z.count; i++) {
		const struct qt_zipm_entry	*e = &z.entry[i];

		if (e->offset > z.size || e->size > z.size - e->offset ||
		    e->offset < 16 || e->name[0] == '\0' ||
		    strlen(e->name) >= QT_ZIPM_NAME_SIZE ||
		    qt_zipm_find(&z, e->name) == NULL)
			abort();
	}
	qt_zipm_close(&z);
	return 0;
}
