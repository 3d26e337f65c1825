/* SPDX-License-Identifier: Apache-2.0 */
/* Output that the host cannot put anywhere. */

#include "../test.h"

#include <qt/base/log.h>

#include "world.h"

static int
count_in(const char *path, const char *what)
{
	char	text[65536];
	FILE	*f = fopen(path, "r");
	size_t	len;
	int	n = 0;

	if (f == NULL)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

#define STARVING	3

/*
 * A ring's chunk as qt-segment(5) has it: what is no chunk can take nothing.
 * The programs write more than a terminal holds, so they wait as well.
 */
QT_TEST(output_without_a_place_waits_and_the_log_says_so_once)
{
	struct qt_seg		*seg;
	struct qt_session	s[STARVING];
	uint64_t		*chunk[STARVING], was[STARVING];
	struct world		w;
	char			log[128], name[128], go[128], text[512];

	(void)state;
	world_init(&w);
	snprintf(log, sizeof(log), "%s/host.log", w.dir);
	snprintf(go, sizeof(go), "%s/go", w.dir);
	assert_int_equal(mkfifo(go, 0600), 0);
	assert_int_equal(qt_log_open(log), 0);
	world_host(&w);
	assert_int_equal(qt_log_open(NULL), 0);
	world_connect(&w, 1);
	assert_int_equal(qt_path_segment("host", name, NULL), 0);
	assert_int_equal(qt_seg_open(name, "host", QT_SEG_JOIN, &seg, NULL),
	    0);
	snprintf(text, sizeof(text), "echo ready; read -r x <%s; "
	    "head -c 300000 /dev/zero | tr '\\0' y; echo done", go);
	for (int i = 0; i < STARVING; i++) {
		s[i] = world_new(&w, NULL, text);
		assert_true(WORLD_UNTIL(world_has(&w, &s[i], "ready")));
		chunk[i] = qt_seg_at(seg, s[i].ring_offset + 264, 8);
		was[i] = *chunk[i];
		*chunk[i] = 1;
	}
	/* Opened for reading and writing, it wakes all who wait to read. */
	int fd = open(go, O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fd, "\n\n\n", STARVING), STARVING);
	assert_true(WORLD_UNTIL(count_in(log, "no place for the output") > 0));
	assert_int_equal(count_in(log, "any more"), 0);
	for (int i = 0; i < STARVING; i++)
		*chunk[i] = was[i];
	for (int i = 0; i < STARVING; i++) {
		(void)world_exit(&w, &s[i]);
		assert_true(world_has(&w, &s[i], "done"));
	}
	assert_true(WORLD_UNTIL(count_in(log, "any more") == 1));
	assert_int_equal(count_in(log, "no place for the output"), 1);
	close(fd);
	qt_seg_close(seg);
	assert_int_equal(unlink(go), 0);
	world_end(&w);
}
