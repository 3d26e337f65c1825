/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm put - store elements and values */

#include <errno.h>
#include <string.h>

#include <qt/base/text.h>

#include "lines.h"
#include "thing.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'T', "ttl", "SECONDS", "of a cache: gone after that" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb put_verb = {
	"put", put_main, "SEG/NAME [KEY] [VALUE ...]",
	"store; KEY<tab>VALUE lines from stdin", opts,
};

/* "KEY<tab>VALUE" a line, as dump prints them. */
static int
put_lines(struct thing *t, struct qt_err *err)
{
	struct lines	 l = LINES_INIT('\n');
	char		*line, *tab, *value, *words[2];
	size_t		 len, number = 0, key_len, value_len;
	int		 rc = 0;

	while (rc == 0 && lines_next(&l, 0, &line, &len) == 1) {
		number++;
		tab = memchr(line, '\t', len);
		if (t->type->has_members) {
			words[0] = line;
			line[len] = '\0';
			rc = qt_text_unescape(line, &len) < 0 ? -EINVAL : 0;
			line[rc == 0 ? len : 0] = '\0';
			if (rc == 0)
				rc = t->type->put(t, words, 1, err);
			if (rc < 0)
				qt_err_wrap(err, "line %zu of standard input",
				    number);
			continue;
		}
		if (tab == NULL)
			qt_die(QT_EXIT_SYS, "%s: line %zu of standard input "
			    "is no KEY<tab>VALUE; the %zu before it are "
			    "stored", t->target.text, number, number - 1);
		value = tab + 1;
		key_len = (size_t)(tab - line);
		value_len = len - key_len - 1;
		if (qt_text_unescape(line, &key_len) < 0 ||
		    qt_text_unescape(value, &value_len) < 0) {
			qt_err_set(err, "a backslash that begins nothing");
			rc = -EINVAL;
		} else if (memchr(line, '\0', key_len) != NULL ||
		    memchr(value, '\0', value_len) != NULL) {
			qt_err_set(err, "a NUL in it");
			rc = -EINVAL;
		} else {
			/* Both ends are behind us: the tab, the new-line. */
			line[key_len] = '\0';
			value[value_len] = '\0';
			words[0] = line;
			words[1] = value;
			rc = t->type->put(t, words, 2, err);
		}
		if (rc < 0)
			qt_err_wrap(err, "line %zu of standard input", number);
	}
	lines_clear(&l);
	return rc;
}

int
put_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&put_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	struct thing	 t;
	int64_t		 ttl_ms = 0;
	int		 rc;

	while (qt_opts_next(&o) != 0) {
		ttl_ms = target_timeout_ms(o.value);
		if (ttl_ms == 0)
			qt_die(QT_EXIT_USAGE, "-T: a thousandth of a second at "
			    "least; for ever is without -T");
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 1)
		qt_usage(&put_verb);
	thing_open(&t, argv[0], QT_SEG_JOIN);
	if (t.type->put == NULL)
		thing_cannot(&t, "put");
	if (ttl_ms > 0 && !t.type->has_ttl)
		qt_die(QT_EXIT_USAGE, "%s: -T is for caches; a %s keeps what "
		    "it has", t.target.text, t.stat.type_name);
	t.ttl_ms = (uint64_t)ttl_ms;
	if (argc == 1)
		rc = put_lines(&t, &err);
	else
		rc = t.type->put(&t, argv + 1, (size_t)argc - 1, &err);
	if (rc < 0)
		target_die(&t.target, rc, &err);
	thing_close(&t);
	return QT_EXIT_OK;
}
