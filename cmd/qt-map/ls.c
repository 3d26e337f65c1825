/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map ls - list the maps that have names */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/text.h>

#include "maps.h"
#include "verbs.h"

const struct qt_verb ls_verb = {
	"ls", ls_main, "", "list your maps", NULL,
};

int
ls_main(int argc, char **argv)
{
	struct qt_opts	  o = QT_OPTS_INIT(&ls_verb, argc, argv);
	struct qt_buf	  line = QT_BUF_INIT;
	char		**names;
	size_t		  count;

	while (qt_opts_next(&o) != 0)
		;
	if (o.index < argc)
		qt_usage(&ls_verb);
	count = maps_list(&names);
	for (size_t i = 0; i < count; i++) {
		qt_buf_reset(&line);
		qt_text_escape(&line, names[i], strlen(names[i]));
		printf("%s\n", line.data);
		free(names[i]);
	}
	free(names);
	qt_buf_clear(&line);
	return count > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
