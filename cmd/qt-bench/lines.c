/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench lines - writes lines of text, the load that a terminal gets */

#include <string.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>

#include "verbs.h"

#define LINE_SIZE	80
#define BLOCK_LINES	512
#define BYTES_MAX	(1ul << 40)

static int lines_main(int argc, char **argv);

const struct qt_verb lines_verb = {
	"lines", lines_main, "BYTES", "write that much text to stdout", NULL
};

/* Numbered lines of 80 bytes, so that a lost one shows. */
static void
fill(char *block, unsigned long first)
{
	static const char text[] =
	    "the quick brown fox jumps over the lazy dog, again and again";

	for (unsigned long i = 0; i < BLOCK_LINES; i++) {
		char		*line = block + i * LINE_SIZE;
		unsigned long	 n = first + i;

		memset(line, '.', LINE_SIZE - 1);
		for (int d = 11; d >= 0; d--, n /= 10)
			line[d] = (char)('0' + n % 10);
		line[12] = ' ';
		memcpy(line + 13, text, sizeof(text) - 1);
		line[LINE_SIZE - 1] = '\n';
	}
}

static int
lines_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&lines_verb, argc, argv);
	char		block[BLOCK_LINES * LINE_SIZE];
	unsigned long	bytes, line = 0;
	size_t		len;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	if (argc - o.index != 1)
		qt_usage(&lines_verb);
	bytes = qt_opt_size("BYTES", argv[o.index], 1, BYTES_MAX);
	while (bytes > 0) {
		fill(block, line);
		len = bytes < sizeof(block) ? bytes : sizeof(block);
		rc = qt_sys_write_all(STDOUT_FILENO, block, len);
		if (rc < 0)
			qt_die(QT_EXIT_SYS, "write: %s", qt_strerror(rc));
		bytes -= len;
		line += BLOCK_LINES;
	}
	return QT_EXIT_OK;
}
