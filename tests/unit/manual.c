/* SPDX-License-Identifier: Apache-2.0 */
/* See manual.h. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manual.h"
#include "test.h"

#define PAGE_MAX (256u << 10)

/* Tests run in the top folder of the tree. */
static FILE *
open_page(const char *page)
{
	char	 path[256];
	FILE	*f;

	snprintf(path, sizeof(path), "man/%s", page);
	f = fopen(path, "re");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	return f;
}

static int
is_heading(const char *line, const char *heading)
{
	size_t	len = strlen(heading);

	return (strncmp(line, ".Ss ", 4) == 0 ||
	    strncmp(line, ".Sh ", 4) == 0) &&
	    strncmp(line + 4, heading, len) == 0 && line[4 + len] == '\n';
}

/* ".It 8 Ta 2 Ta what it is" */
static int
is_row(const char *line, struct manual_row *row)
{
	return sscanf(line, ".It %zu Ta %zu Ta ", &row->offset,
	    &row->size) == 2;
}

void
manual_has_table(const char *page, const char *heading, unsigned int nth,
    const struct manual_row *rows, size_t count)
{
	FILE			*f = open_page(page);
	char			 line[1024];
	struct manual_row	 row;
	size_t			 n = 0;
	int			 table = -2;	/* -1: below the heading */

	while (fgets(line, sizeof(line), f) != NULL) {
		if (table == -2 && is_heading(line, heading))
			table = -1;
		else if (table > -2 && strstr(line, "OFFSET Ta ") != NULL &&
		    strncmp(line, ".It ", 4) == 0)
			table++;
		if (table != (int)nth || !is_row(line, &row))
			continue;
		if (n >= count || row.offset != rows[n].offset ||
		    row.size != rows[n].size)
			fail_msg("man/%s, %s: the row '%zu %zu' is %zu %zu in "
			    "the struct", page, heading, row.offset, row.size,
			    n < count ? rows[n].offset : 0,
			    n < count ? rows[n].size : 0);
		n++;
	}
	fclose(f);
	if (n != count)
		fail_msg("man/%s, %s: %zu rows, the struct has %zu", page,
		    heading, n, count);
}

void
manual_says(const char *page, const char *text)
{
	FILE	*f = open_page(page);
	char	*all = calloc(1, PAGE_MAX);
	size_t	 len;

	assert_non_null(all);
	len = fread(all, 1, PAGE_MAX - 1, f);
	fclose(f);
	for (size_t i = 0; i < len; i++) {
		if (isspace((unsigned char)all[i]))
			all[i] = ' ';
	}
	if (strstr(all, text) == NULL)
		fail_msg("man/%s does not say '%s'", page, text);
	free(all);
}
