/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TESTS_FUZZ_HISTORY_FUZZ_H
#define QT_TESTS_FUZZ_HISTORY_FUZZ_H
/*
 * For fuzzers of the history files: any bytes are read to the end, each byte
 * belongs to one line at most, and what is read, exported and read again is the
 * same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/export.h>
#include <qt/hist/import.h>

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

/* As the next event of again, unless the format cannot say it. */
static void
same(struct qt_hist_import *again, const struct qt_hist_event *e)
{
	struct qt_hist_event	f;
	struct qt_err		err;

	check(qt_hist_import_next(again, &f, &err) == 1);
	check(f.text.len == e->text.len &&
	    memcmp(f.text.data, e->text.data, f.text.len) == 0);
	if (qt_hist_import_format(again) != QT_HIST_POWERSHELL &&
	    qt_hist_import_format(again) != QT_HIST_JSON)
		check(f.start_us == e->start_us);
}

static void
there_and_back(const uint8_t *data, size_t size, enum qt_hist_format format)
{
	struct qt_hist_import	*i, *again;
	struct qt_hist_event	 e;
	struct qt_buf		 one = QT_BUF_INIT;
	struct qt_err		 err;
	uint64_t		 done, all;
	int			 rc;

	check(qt_hist_import_open_bytes(&i, data, size, QT_HIST_DETECT,
	    NULL) == 0);
	qt_hist_import_close(i);
	check(qt_hist_import_open_bytes(&i, data, size, format, NULL) == 0);
	while ((rc = qt_hist_import_next(i, &e, &err)) != 0) {
		check(rc == 1 || rc == -QT_EFORMAT);
		if (rc < 0)
			continue;
		check(e.text.len > 0 && e.text.len <= QT_HIST_TEXT_MAX);
		check(memchr(e.text.data, '\0', e.text.len) == NULL);
		qt_buf_reset(&one);
		rc = qt_hist_export_add(&one, format, &e);
		check(rc == 0 || rc == -ENOTSUP);
		if (rc < 0)
			continue;
		check(qt_hist_import_open_bytes(&again, one.data, one.len,
		    format, NULL) == 0);
		same(again, &e);
		check(qt_hist_import_next(again, &e, &err) == 0);
		qt_hist_import_close(again);
	}
	qt_hist_import_progress(i, &done, &all);
	check(done == all && all == size);
	qt_hist_import_close(i);
	qt_buf_clear(&one);
}

#define HISTORY_FUZZ(format)						\
int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);	\
int									\
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)		\
{									\
	there_and_back(data, size, format);				\
	return 0;							\
}									\
struct history_fuzz_end

#endif /* QT_TESTS_FUZZ_HISTORY_FUZZ_H */
