/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session info - everything about a session, or about the host */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "columns.h"
#include "find.h"
#include "verbs.h"
#include "width.h"

static const struct qt_opt opts[] = {
	{ 'J', "json", NULL, "as one JSON object" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb info_verb = {
	"info", info_main, "[NAME|ID]",
	"everything about a session, or about the host", opts,
};

static void
print_json(struct qt_json *json)
{
	qt_json_end(json);
	if (qt_json_status(json) < 0)
		qt_die(QT_EXIT_SYS, "no memory for the answer");
	puts(json->buf->data);
}

static void
session_info(const struct world *w, const char *text, int is_json)
{
	struct qt_session	s;
	struct row		row;
	struct qt_buf		buf = QT_BUF_INIT, line = QT_BUF_INIT;
	struct qt_json		json = QT_JSON_INIT(&buf);
	int			is_tty = isatty(STDOUT_FILENO);
	size_t			i;

	find_session(w, text, &s);
	row_fill(&row, w->table, &s, is_host_alive(w->table),
	    qt_clock_real_ms());
	if (is_json)
		qt_json_object(&json, NULL);
	for (i = 0; i < session_columns_count; i++) {
		if (is_json) {
			column_json(&session_columns[i], &row, &json);
			continue;
		}
		qt_buf_reset(&buf);
		qt_buf_reset(&line);
		if (is_tty)
			column_human(&session_columns[i], &row, &buf);
		else
			column_plain(&session_columns[i], &row, &buf);
		width_escape(&line, buf.len > 0 ? buf.data : "");
		printf(is_tty ? "%-8s  %s\n" : "%s\t%s\n", session_columns[i].name,
		    line.len > 0 ? line.data : "");
	}
	if (is_json)
		print_json(&json);
	qt_buf_clear(&buf);
	qt_buf_clear(&line);
}

struct fact {
	const char	*name;
	uint64_t	 value;
};

/* What only the host itself knows; zeros when it does not answer. */
static struct qt_control_stat
ask_host(const struct qt_host_info *info)
{
	struct qt_control_stat	stat = { 0 };
	struct qt_client	*c;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	if (!info->is_alive)
		return stat;
	rc = qt_client_open(0, QT_ROLE_READER, 0, &c, &err);
	if (rc == 0) {
		rc = qt_client_call(c, QT_MSG_STAT, 0, NULL, 0, QT_MSG_STATED,
		    &stat, sizeof(stat), &err);
		qt_client_close(c);
	}
	if (rc < 0)
		warn_err(rc, &err);
	return stat;
}

static void
host_info(const struct world *w, int is_json)
{
	struct qt_host_info	info;
	struct qt_control_stat	stat;
	struct qt_buf		buf = QT_BUF_INIT;
	struct qt_json		json = QT_JSON_INIT(&buf);
	char			started[QT_CLOCK_ISO_SIZE];
	size_t			i;

	if (qt_host_info(w->table, &info) < 0)
		qt_die(QT_EXIT_SYS, "the session table says nothing about "
		    "its host");
	stat = ask_host(&info);
	qt_clock_iso(info.started_ms, started);
	const struct fact facts[] = {
		{ "pid", info.pid }, { "boots", info.boot },
		{ "sessions", info.sessions }, { "max", info.sessions_max },
		{ "created", info.created }, { "exited", info.exited },
		{ "output", info.output_bytes }, { "input", info.input_bytes },
		{ "connections", stat.connections },
		{ "viewers", stat.attachments }, { "memory", stat.rss_bytes },
		{ "segment", stat.segment_bytes },
		{ "cpu_ms", (stat.cpu_user_us + stat.cpu_system_us) / 1000 },
	};
	if (is_json) {
		qt_json_object(&json, NULL);
		qt_json_str(&json, "host", info.is_alive ? "alive" : "dead");
		qt_json_str(&json, "version", info.version);
		qt_json_str(&json, "started", started);
	} else {
		printf("host\t%s\nversion\t%s\nstarted\t%s\n",
		    info.is_alive ? "alive" : "dead", info.version, started);
	}
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (is_json)
			qt_json_uint(&json, facts[i].name, facts[i].value);
		else
			printf("%s\t%" PRIu64 "\n", facts[i].name,
			    facts[i].value);
	}
	if (is_json)
		print_json(&json);
	qt_buf_clear(&buf);
}

int
info_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&info_verb, argc, argv);
	struct world	w = WORLD_INIT;
	struct qt_err	err = QT_ERR_INIT;
	int		is_json = 0;

	while (qt_opts_next(&o) != 0)
		is_json = 1;
	if (argc - o.index > 1)
		qt_usage(&info_verb);
	if (world_look(&w) < 0) {
		if (o.index < argc)
			qt_die(QT_EXIT_SYS, "no session '%s': no session host "
			    "ever ran here", argv[o.index]);
		die_err(-QT_ENOHOST, &err);
	}
	if (o.index < argc)
		session_info(&w, argv[o.index], is_json);
	else
		host_info(&w, is_json);
	world_close(&w);
	return QT_EXIT_OK;
}
