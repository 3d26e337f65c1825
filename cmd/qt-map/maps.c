/* SPDX-License-Identifier: Apache-2.0 */
/* All maps that have names. See maps.h. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map.h"
#include "maps.h"

static int
is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

size_t
maps_list(char ***names)
{
	struct dirent	**list;
	char		  folder[QT_STORE_PATH_SIZE];
	char		  format[QT_STORE_PATH_SIZE + 300];
	size_t		  count = 0;
	int		  n;

	map_folder(folder);
	n = scandir(folder, &list, is_name, alphasort);
	if (n < 0 && errno != ENOENT)
		qt_die(QT_EXIT_SYS, "%s: %s", folder, strerror(errno));
	*names = calloc(n > 0 ? (size_t)n : 1, sizeof(**names));
	if (*names == NULL)
		qt_die(QT_EXIT_SYS, "no memory for the names");
	for (int i = 0; i < n; i++) {
		snprintf(format, sizeof(format), "%s/%s/FORMAT", folder,
		    list[i]->d_name);
		if (access(format, F_OK) == 0 &&
		    ((*names)[count] = strdup(list[i]->d_name)) != NULL)
			count++;
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return count;
}
