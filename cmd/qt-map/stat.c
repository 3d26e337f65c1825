/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map stat - numbers of a map */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/json.h>
#include <qt/base/text.h>

#include "map.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'J', "json", NULL, "as JSON" },
	{ 'b', "bytes", NULL, "sizes in bytes, also on a terminal" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb stat_verb = {
	"stat", stat_main, "[NUMBER ...]", "print numbers of a map", opts,
};

#define ROW(member, is_size)	{ #member, \
	offsetof(struct qt_store_stat, member), is_size }
static const struct row {
	const char	*name;
	size_t		 at;
	int		 is_size;
} rows[] = {
	ROW(version, 0), ROW(durable, 0),
	ROW(memtables, 0), ROW(memtable_bytes, 1), ROW(memtable_records, 0),
	ROW(runs, 0), ROW(slices, 0), ROW(run_bytes, 1), ROW(run_records, 0),
	ROW(disk_bytes, 1),
	ROW(puts, 0), ROW(gets, 0), ROW(dels, 0), ROW(scans, 0),
	ROW(syncs, 0), ROW(synced_bytes, 1),
	ROW(flushes, 0), ROW(compactions, 0), ROW(written_bytes, 1),
	ROW(stalls, 0), ROW(cache_hits, 0), ROW(cache_misses, 0),
	ROW(snapshots, 0), ROW(writers, 0), ROW(poisoned, 0), ROW(manifest, 0),
};
#define ROW_COUNT	(sizeof(rows) / sizeof(rows[0]))

struct shape {
	int	is_json, is_bytes, is_table;	/* a table: for people */
	int	has_names;			/* not when one is asked for */
};

static void
print_text(const char *name, const char *text, const struct shape *shape)
{
	if (!shape->has_names)
		printf("%s\n", text);
	else if (shape->is_table)
		printf("%-18s%s\n", name, text);
	else
		printf("%s\t%s\n", name, text);
}

static void
print_number(const struct row *row, uint64_t n, const struct shape *shape)
{
	struct qt_buf	text = QT_BUF_INIT;

	if (row->is_size && shape->is_table && !shape->is_bytes)
		qt_text_bytes(&text, n);
	else
		qt_buf_addf(&text, "%" PRIu64, n);
	print_text(row->name, text.data != NULL ? text.data : "", shape);
	qt_buf_clear(&text);
}

static int
is_asked(const char *name, int count, char **words)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], name) == 0)
			return 1;
	return count == 0;
}

static uint64_t
number(const struct qt_store_stat *s, const struct row *row)
{
	uint64_t	n;

	memcpy(&n, (const char *)s + row->at, sizeof(n));
	return n;
}

static void
print(const struct qt_store_stat *s, int count, char **words,
    const struct shape *shape)
{
	struct qt_buf		 out = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&out);
	const char		*names[] = { "map", "path", "id" };
	const char		*texts[] = { map_text(), map_path(), s->id };

	qt_json_object(&j, NULL);
	for (size_t i = 0; i < 3; i++) {
		if (!is_asked(names[i], count, words))
			continue;
		qt_json_str(&j, names[i], texts[i]);
		if (!shape->is_json)
			print_text(names[i], texts[i], shape);
	}
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!is_asked(rows[i].name, count, words))
			continue;
		qt_json_uint(&j, rows[i].name, number(s, &rows[i]));
		if (!shape->is_json)
			print_number(&rows[i], number(s, &rows[i]), shape);
	}
	qt_json_end(&j);
	if (shape->is_json)
		printf("%s\n", out.data);
	qt_buf_clear(&out);
}

static void
check_name(const char *word)
{
	int	is_known = strcmp(word, "map") == 0 ||
	    strcmp(word, "path") == 0 || strcmp(word, "id") == 0;

	for (size_t i = 0; i < ROW_COUNT; i++)
		is_known |= strcmp(rows[i].name, word) == 0;
	if (!is_known)
		qt_die(QT_EXIT_USAGE, "no number '%s' ('qt-map stat' prints "
		    "them all)", word);
}

int
stat_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&stat_verb, argc, argv);
	struct shape		shape = { .is_json = 0 };
	struct qt_store_stat	s;
	struct qt_err		err = QT_ERR_INIT;
	int			id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		shape.is_json |= id == 'J';
		shape.is_bytes |= id == 'b';
	}
	argc -= o.index;
	argv += o.index;
	for (int i = 0; i < argc; i++)
		check_name(argv[i]);
	shape.has_names = argc != 1;
	shape.is_table = isatty(STDOUT_FILENO);
	rc = qt_store_stat(map_open(MAP_READ), &s, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	print(&s, argc, argv, &shape);
	map_close();
	return QT_EXIT_OK;
}
