/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_TEST_H
#define QT_SHM_TEST_H

/* What the tests of segments share. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/segment.h>

static const struct qt_seg_spec	test_spec = {
	.size = 64u << 20, .mode = 0600, .group = (gid_t)-1, .kind = "test",
};

/* A name that no other run has; unlink it in the test. */
__attribute__((unused))
static const char *
test_name(void)
{
	static char	name[64];
	static int	count;

	snprintf(name, sizeof(name), "/qt-test-%s-%ld-%d",
	    getenv("QT_CHECK_GROUP") != NULL ? getenv("QT_CHECK_GROUP") : "",
	    (long)getpid(),
	    count++);
	return name;
}

/* A segment without a name. */
__attribute__((unused))
static struct qt_seg *
test_seg(void)
{
	struct qt_seg	*seg = NULL;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_seg_create(NULL, &test_spec, &seg, &err) < 0)
		fail_msg("%s", err.text);
	return seg;
}

/* Another handle, of a participant or not, of the same segment, in the same process. */
__attribute__((unused))
static struct qt_seg *
test_join(const struct qt_seg *seg, unsigned int flags)
{
	struct qt_seg	*other = NULL;
	struct qt_err	 err = QT_ERR_INIT;
	int		 fd = flags & (QT_SEG_JOIN | QT_SEG_WRITE) ?
	    qt_seg_dup_rdwr(seg) : qt_seg_dup_rdonly(seg);

	assert_true(fd >= 0);
	if (qt_seg_open_fd(fd, "test", flags, &other, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	return other;
}

#endif /* QT_SHM_TEST_H */
