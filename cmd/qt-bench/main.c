/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench - measures the toolkit beside its peers; qt-bench(1) */

#include <stddef.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		session_verb,
		ws_verb,
		shm_verb,
		store_verb,
		hist_verb,
		complexity_verb,
		lines_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return qt_prog_run("qt-bench", verbs, NULL, argc, argv);
}
