/* SPDX-License-Identifier: Apache-2.0 */
/* Names of work, and the one line that tells a result. See work.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "work.h"

static const char *const names[] = {
	[WORK_LOAD] = "load", [WORK_GET] = "get", [WORK_MIXED] = "mixed",
	[WORK_SCAN] = "scan", [WORK_OVERWRITE] = "overwrite",
};

enum work_kind
work_kind_of(const char *name)
{
	int	kind = 0;

	while (kind < WORK_COUNT_ && strcmp(names[kind], name) != 0)
		kind++;
	return (enum work_kind)kind;
}

const char *
work_kind_name(enum work_kind kind)
{
	return names[kind];
}

void
work_line(const struct work_result *r, char line[WORK_LINE_SIZE])
{
	snprintf(line, WORK_LINE_SIZE, "ops=%" PRIu64 " seconds=%.9f "
	    "tail=%.9f written=%" PRIu64 " disk=%" PRIu64 " memory=%" PRIu64
	    "\n", r->ops, r->seconds, r->tail, r->written, r->disk, r->memory);
}

int
work_line_read(const char *line, struct work_result *r)
{
	int	n = sscanf(line, "ops=%" SCNu64 " seconds=%lf tail=%lf "
	    "written=%" SCNu64 " disk=%" SCNu64 " memory=%" SCNu64, &r->ops,
	    &r->seconds, &r->tail, &r->written, &r->disk, &r->memory);

	return n == 6 && r->ops > 0 && r->seconds > 0 ? 0 : -1;
}
