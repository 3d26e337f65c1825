/* SPDX-License-Identifier: Apache-2.0 */
/* segment_name KIND - the name of this runtime folder's segment, for rm */

#include <stdio.h>

#include <qt/base/path.h>

int
main(int argc, char **argv)
{
	char	name[128];

	if (argc != 2 || qt_path_segment(argv[1], name, NULL) < 0)
		return 1;
	puts(name);
	return 0;
}
