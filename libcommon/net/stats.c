/* SPDX-License-Identifier: Apache-2.0 */
/* Counters as Prometheus text, and their sum. See <qt/net/stats.h>. */

#include <string.h>

#include <qt/base/buf.h>
#include <qt/net/stats.h>

static unsigned long long
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static int
add_type(struct qt_buf *out, const char *prefix, const char *name,
    const char *help, int is_gauge)
{
	return qt_buf_addf(out, "# HELP %s_%s %s\n# TYPE %s_%s %s\n", prefix,
	    name, help, prefix, name, is_gauge ? "gauge" : "counter");
}

static int
add_one(struct qt_buf *out, const char *prefix, const char *name,
    const char *labels, unsigned long long n)
{
	return qt_buf_addf(out, "%s_%s%s%s%s %llu\n", prefix, name,
	    labels[0] != '\0' ? "{" : "", labels, labels[0] != '\0' ? "}" : "",
	    n);
}

int
qt_net_stats_text(const struct qt_net_stats *stats, const char *prefix,
    const char *labels, int is_typed, struct qt_buf *out)
{
	size_t	len = out->len;
	int	rc = 0;

#define X(name, help)							\
	if (rc == 0 && is_typed)					\
		rc = add_type(out, prefix, #name, help,			\
		    strcmp(#name, "conns") == 0 ||			\
		    strcmp(#name, "static_bytes") == 0);		\
	if (rc == 0)							\
		rc = add_one(out, prefix, #name, labels,		\
		    load(&stats->name));
	QT_NET_STAT_MAP(X)
#undef X
	if (rc == 0 && is_typed)
		rc = add_type(out, prefix, "rejects",
		    "connections and requests refused, by reason", 0);
	for (int i = 1; rc == 0 && i < QT_NET_REJECT_COUNT_; i++)
		rc = qt_buf_addf(out, "%s_rejects{%s%sreason=\"%s\"} %llu\n",
		    prefix, labels, labels[0] != '\0' ? "," : "",
		    qt_net_reject_name(i), load(&stats->rejects[i]));
	if (rc < 0 && out->data != NULL) {
		out->len = len;
		out->data[len] = '\0';
	}
	return rc;
}

void
qt_net_stats_sum(struct qt_net_stats *sum, const struct qt_net_stats *from)
{
#define X(name, help) qt_net_count(&sum->name, load(&from->name));
	QT_NET_STAT_MAP(X)
#undef X
	for (int i = 0; i < QT_NET_REJECT_COUNT_; i++)
		qt_net_count(&sum->rejects[i], load(&from->rejects[i]));
}
