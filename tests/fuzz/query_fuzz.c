/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a query: what parses lies within its bounds and can be asked;
 * what does not has its place in it; while it is typed, less is a mistake.
 * clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/query.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static int32_t
zone(int64_t unix_s)
{
	return unix_s / 1000000 % 2 == 0 ? 3600 : -36000;
}

/* Alone it passes what ran in its folder. */
static int
has_its_folder(const struct qt_hist_query *q, const struct qt_hist_filter *f)
{
	static struct qt_hist_query	one;
	const struct qt_hist_event	e = { .cwd = { q->bytes + f->text,
	    f->len } };

	memcpy(one.bytes, q->bytes, q->used);
	one.filters[0] = *f;
	one.filters[0].is_negated = false;
	one.filter_count = 1;
	return qt_hist_query_passes(&one, &e, NULL, 0);
}

static void
check_query(const struct qt_hist_query *q, size_t size)
{
	const struct qt_hist_bytes	tag = { .data = "t", .len = 1 };
	const struct qt_hist_event	e = { .status = 1, .took_us = 5,
	    .start_us = 77, .cwd = { "/a", 2 }, .session = { "s", 1 } };

	check(q->term_count <= QT_HIST_TERMS_MAX);
	check(q->filter_count <= QT_HIST_FILTERS_MAX);
	check(q->used <= sizeof(q->bytes));
	for (uint32_t i = 0; i < q->term_count; i++) {
		const struct qt_hist_term	*t = &q->terms[i];

		check(t->len > 0 && t->text + t->len <= q->used);
		check(t->at_len > 0 && t->at + t->at_len <= size);
		check(t->kind != QT_HIST_FUZZY || (!t->is_negated &&
		    t->len <= QT_HIST_FUZZY_MAX));
		check(i > 0 || !t->is_or);
	}
	for (uint32_t i = 0; i < q->filter_count; i++) {
		const struct qt_hist_filter	*f = &q->filters[i];

		check(f->name < QT_HIST_FILTER_NAMES);
		check(f->text + f->len <= q->used);
		check(f->at_len > 0 && f->at + f->at_len <= size);
		if (f->name == QT_HIST_CWD || f->name == QT_HIST_DIR)
			check(f->len > 0 && q->bytes[f->text] == '/' &&
			    has_its_folder(q, f));
	}
	(void)qt_hist_query_passes(q, &e, &tag, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qt_hist_query	q;
	struct qt_hist_here		here = { .now_us = UINT64_C(1) << 50,
	    .zone_s = zone, .home = "/home/ann/", .cwd = "/srv//x", .git = "/",
	    .host = "box", .session = "s" };
	struct qt_hist_mistake		m;
	struct qt_err			err = QT_ERR_INIT;
	char				*text = malloc(size + 1);
	int				 rc, typing;

	check(text != NULL);
	memcpy(text, data, size);
	rc = qt_hist_query_parse(&q, text, size, &here, &m, &err);
	if (rc == 0) {
		check_query(&q, size);
	} else {
		check(q.term_count == 0 && q.filter_count == 0);
		check(m.at <= size && m.len <= size - m.at);
		check(m.expected[0] != '\0' && err.text[0] != '\0');
	}
	here.is_typing = true;
	typing = qt_hist_query_parse(&q, text, size, &here, &m, &err);
	check(typing == 0 || rc < 0);
	if (typing == 0)
		check_query(&q, size);
	free(text);
	return 0;
}
