/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of results, as a table or JSON. See report.h. */

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/json.h>
#include <qt/base/prog.h>

#include "report.h"

static struct qt_buf	json_buf = QT_BUF_INIT;
static struct qt_json	json = QT_JSON_INIT(&json_buf);

void
report_start(struct report *r, int is_json)
{
	*r = (struct report){ .is_json = is_json };
	if (is_json) {
		qt_json_array(&json, NULL);
		return;
	}
	printf("%-34s %12s %12s %-9s %9s  %-16s %s\n", "what", "ours", "peer",
	    "unit", "figure", "reach", "");
	fflush(stdout);
}

/* How busy the machine is, with us: processes that want a processor. */
static double
load(void)
{
	double	one = 0;

	(void)getloadavg(&one, 1);
	return one;
}

static void
add_json(const struct report_row *row, int is_met)
{
	qt_json_object(&json, NULL);
	qt_json_str(&json, "what", row->name);
	qt_json_str(&json, "unit", row->unit);
	qt_json_double(&json, "ours", row->ours);
	if (row->peer_name != NULL) {
		qt_json_str(&json, "peer_name", row->peer_name);
		qt_json_double(&json, "peer", row->peer);
	}
	qt_json_str(&json, "figure_name", row->figure_name);
	qt_json_double(&json, "figure", row->figure);
	qt_json_str(&json, "rule",
	    row->rule == REPORT_AT_LEAST ? "at least" : "at most");
	qt_json_double(&json, "bound", row->bound);
	qt_json_bool(&json, "met", is_met);
	if (row->rounds > 0) {
		qt_json_uint(&json, "rounds", row->rounds);
		qt_json_double(&json, "low", row->low);
		qt_json_double(&json, "high", row->high);
		qt_json_double(&json, "load", load());
	}
	if (row->note != NULL)
		qt_json_str(&json, "note", row->note);
	qt_json_end(&json);
}

void
report_add(struct report *r, const struct report_row *row)
{
	char	peer[32] = "", reach[64];
	int	is_met = row->rule == REPORT_AT_LEAST ?
	    row->figure >= row->bound : row->figure <= row->bound;

	r->count++;
	r->missed += !is_met;
	if (r->is_json) {
		add_json(row, is_met);
		return;
	}
	if (row->peer_name != NULL)
		snprintf(peer, sizeof(peer), "%.2f", row->peer);
	snprintf(reach, sizeof(reach), "%s %s %.4g", row->figure_name,
	    row->rule == REPORT_AT_LEAST ? ">=" : "<=", row->bound);
	printf("%-34s %12.2f %12s %-9s %9.3f  %-16s %s\n", row->name,
	    row->ours, peer, row->unit, row->figure, reach,
	    is_met ? "ok" : "MISSED");
	if (row->peer_name != NULL)
		printf("%-34s peer: %s\n", "", row->peer_name);
	if (row->rounds > 0)
		printf("%-34s %.4g to %.4g in %u rounds; load %.2f\n", "",
		    row->low, row->high, row->rounds, load());
	if (row->note != NULL)
		printf("%-34s %s\n", "", row->note);
	fflush(stdout);
}

void
report_cannot(struct report *r, const char *name, const char *why)
{
	r->count++;
	r->missed++;
	if (r->is_json) {
		qt_json_object(&json, NULL);
		qt_json_str(&json, "what", name);
		qt_json_bool(&json, "met", 0);
		qt_json_str(&json, "note", why);
		qt_json_end(&json);
		return;
	}
	printf("%-34s not measured: %s\n", name, why);
	fflush(stdout);
}

void
report_skip(struct report *r, const char *name, const char *why)
{
	r->skipped++;
	if (r->is_json) {
		qt_json_object(&json, NULL);
		qt_json_str(&json, "what", name);
		qt_json_bool(&json, "skipped", 1);
		qt_json_str(&json, "note", why);
		qt_json_end(&json);
		return;
	}
	printf("%-34s skipped: %s\n", name, why);
	fflush(stdout);
}

void
report_say(struct report *r, const char *name, const char *what)
{
	if (r->is_json) {
		qt_json_object(&json, NULL);
		qt_json_str(&json, "say", name);
		qt_json_str(&json, "note", what);
		qt_json_end(&json);
		return;
	}
	printf("%-34s %s\n", name, what);
	fflush(stdout);
}

int
report_end(struct report *r)
{
	if (r->is_json) {
		qt_json_end(&json);
		if (qt_json_status(&json) < 0)
			qt_die(QT_EXIT_SYS, "out of memory");
		printf("%s\n", json_buf.data);
	} else {
		printf("%d of %d reached", r->count - r->missed, r->count);
		if (r->skipped > 0)
			printf(", %d skipped", r->skipped);
		printf("\n");
	}
	return r->missed == 0 ? QT_EXIT_OK : QT_EXIT_NO;
}

void
report_progress(const char *fmt, ...)
{
	va_list	ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
}
