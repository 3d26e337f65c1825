/* SPDX-License-Identifier: Apache-2.0 */
/* Writing manifests: whatever fails, one of them is in force, and known. */

#include <inttypes.h>

#include "manifest_ground.h"

static struct qt__manifest_edit *
next_of(const struct qt__manifest *from)
{
	struct qt__manifest_edit	*e = must_edit(from);
	uint64_t			 n = qt__manifest_fields(e)->next_file;

	assert_int_equal(qt__manifest_run_add(e, 0, n, 0, 0), 0);
	assert_int_equal(add_slice(e, n, n, n, "a", "b"), 0);
	return e;
}

/* How many calls of this kind a save makes, from manifest 1 to 2. */
static unsigned int
calls_of(enum qt_sys_call call)
{
	struct ground		 g;
	struct qt__manifest	*one, *two;
	unsigned int		 calls;

	ground_new(&g);
	one = must_save(next_of(NULL), g.fd);
	qt_sys_fault(call, 0, 0);
	two = must_save(next_of(one), g.fd);
	calls = qt_sys_calls(call);
	qt__manifest_free(one);
	qt__manifest_free(two);
	ground_end(&g);
	return calls;
}

/* Saves manifest 2 while the nth call fails. */
static void
save_with(enum qt_sys_call call, unsigned int nth, int error, int is_last_sync)
{
	struct ground			 g;
	struct qt_err			 err = QT_ERR_INIT;
	struct qt__manifest		*one, *two, *now;
	struct qt__manifest_edit	*e;
	int				 rc;

	ground_new(&g);
	one = must_save(next_of(NULL), g.fd);
	e = next_of(one);
	qt_sys_fault(call, nth, error);
	rc = qt__manifest_save(e, g.fd, &two, &err);
	qt_sys_fault(call, 0, 0);
	now = must_load(g.fd, 0);
	if (is_last_sync) {
		assert_int_equal(rc, -ENOTRECOVERABLE);
		assert_int_equal(now->number, 2);
		assert_true(ground_has(&g, "manifest/000000000001"));
		/* Nothing is saved on top of what nobody knows. */
		rc = qt__manifest_save(e, g.fd, &two, &err);
		assert_int_equal(rc, -ESTALE);
		assert_null(two);
		assert_int_equal(qt__manifest_settle(g.fd, &err), 0);
	} else if (rc < 0) {
		assert_int_equal(rc, -error);
		assert_true(err.text[0] != '\0');
		assert_null(two);
		assert_int_equal(now->number, 1);
		assert_int_equal(now->run_count, 1);
		/* The same edit can be saved when there is room again. */
		two = must_save(e, g.fd);
		e = NULL;
		assert_int_equal(two->run_count, 2);
	} else {
		assert_int_equal(error, 0);	/* a short write goes on */
		assert_int_equal(now->number, 2);
		e = NULL;
	}
	qt__manifest_edit_free(e);
	qt__manifest_free(one);
	qt__manifest_free(two);
	qt__manifest_free(now);
	assert_false(ground_has(&g, "CURRENT.tmp"));
	ground_end(&g);
}

QT_TEST(whichever_call_fails_the_old_one_stays_or_nobody_knows)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_PREAD,
	    QT_SYS_WRITE, QT_SYS_FSYNC, QT_SYS_RENAME, QT_SYS_UNLINK };
	static const int		errors[] = { ENOSPC, EIO, EACCES };
	unsigned int			count;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		count = calls_of(calls[i]);
		assert_true(count > 0 && count < 20);
		for (unsigned int n = 1; n <= count; n++) {
			int	is_last = n == count &&
			    (calls[i] == QT_SYS_FSYNC ||
			    calls[i] == QT_SYS_OPEN);

			for (size_t k = 0; k < 3; k++)
				save_with(calls[i], n, errors[k], is_last);
		}
	}
	save_with(QT_SYS_WRITE, 1, 0, 0);
	save_with(QT_SYS_WRITE, 2, 0, 0);
}

QT_TEST(what_a_dead_one_left_is_replaced)
{
	struct ground		 g;
	struct qt__manifest	*one, *two;
	char			*old;
	size_t			 len;
	int			 reader;

	(void)state;
	ground_new(&g);
	one = must_save(next_of(NULL), g.fd);
	ground_write(&g, "manifest/000000000002", "half of it", 10);
	ground_write(&g, "CURRENT.tmp", "00000", 5);
	reader = openat(g.fd, "manifest/000000000002", O_RDONLY | O_CLOEXEC);
	two = must_save(next_of(one), g.fd);
	assert_int_equal(two->number, 2);
	/* Who has the old file open keeps it. */
	old = calloc(1, 20);
	assert_int_equal(read(reader, old, 20), 10);
	assert_string_equal(old, "half of it");
	free(old);
	close(reader);
	free(ground_read(&g, "CURRENT", &len));
	assert_int_equal(len, 22);
	qt__manifest_free(one);
	qt__manifest_free(two);
	one = must_load(g.fd, 0);
	assert_int_equal(one->number, 2);
	qt__manifest_free(one);
	ground_end(&g);
}

QT_TEST(who_comes_too_late_is_told)
{
	struct ground			 g;
	struct qt_err			 err = QT_ERR_INIT;
	struct qt__manifest		*one, *two, *none;
	struct qt__manifest_edit	*late;

	(void)state;
	ground_new(&g);
	one = must_save(next_of(NULL), g.fd);
	late = next_of(one);
	two = must_save(next_of(one), g.fd);
	assert_int_equal(qt__manifest_save(late, g.fd, &none, &err), -ESTALE);
	assert_string_equal(err.text,
	    "it follows manifest 1, CURRENT names 2");
	qt__manifest_edit_free(late);
	late = next_of(NULL);
	assert_int_equal(qt__manifest_save(late, g.fd, &none, &err), -ESTALE);
	qt__manifest_edit_free(late);
	late = next_of(two);
	assert_int_equal(unlinkat(g.fd, "CURRENT", 0), 0);
	assert_int_equal(qt__manifest_save(late, g.fd, &none, &err),
	    -QT_ECORRUPT);
	qt__manifest_edit_free(late);
	qt__manifest_free(one);
	qt__manifest_free(two);
	ground_end(&g);
}

QT_TEST(pruning_keeps_what_is_asked_and_what_counts)
{
	struct ground		 g;
	struct qt__manifest	*m = NULL, *next;
	char			 name[QT__MANIFEST_NAME_SIZE];

	(void)state;
	ground_new(&g);
	for (int i = 0; i < 5; i++) {
		next = must_save(next_of(m), g.fd);
		qt__manifest_free(m);
		m = next;
	}
	ground_write(&g, "manifest/1", "not ours", 8);
	ground_write(&g, "manifest/000000000009", "", 0);
	assert_int_equal(qt__manifest_prune(g.fd, 3), 0);
	for (uint64_t n = 1; n <= 5; n++) {
		qt__manifest_name(name, n);
		assert_int_equal(ground_has(&g, name), n >= 3);
	}
	assert_int_equal(qt__manifest_load(&next, g.fd, 2, NULL), -ENOENT);
	assert_int_equal(qt__manifest_prune(g.fd, UINT64_MAX), 0);
	assert_false(ground_has(&g, "manifest/000000000004"));
	assert_true(ground_has(&g, "manifest/000000000005"));
	assert_true(ground_has(&g, "manifest/1"));
	assert_true(ground_has(&g, "manifest/000000000009"));
	next = must_load(g.fd, 0);
	assert_int_equal(next->number, 5);
	qt__manifest_free(next);
	qt__manifest_free(m);
	ground_end(&g);
}
