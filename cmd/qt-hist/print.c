/* SPDX-License-Identifier: Apache-2.0 */
/* Events, printed. See print.h. */

#include "history.h"
#include "print.h"
#include "template.h"

#include <qt/hist/export.h>
#include <qt/hist/tag.h>

static void
set_how(struct print *p, enum print_how how)
{
	if (p->how != PRINT_LINES)
		qt_die(QT_EXIT_USAGE, "-0, -J, -T or -F, not several");
	p->how = how;
}

bool
print_option(struct print *p, int id, const char *value)
{
	const char	*wrong;

	switch (id) {
	case '0':
		set_how(p, PRINT_NULL);
		return true;
	case 'J':
		set_how(p, PRINT_JSON);
		return true;
	case 'T':
		set_how(p, PRINT_TEMPLATE);
		p->format = TEMPLATE_TSV "\\n";
		return true;
	case 'F':
		set_how(p, PRINT_TEMPLATE);
		wrong = template_check(value);
		if (wrong != NULL)
			qt_die(QT_EXIT_USAGE, "-F: no such field or escape "
			    "at '%s'; there are \\t \\n \\0 \\\\ \\{ and "
			    "{NAME}, where NAME is one of%s", wrong,
			    template_names);
		p->format = value;
		return true;
	default:
		return false;
	}
}

/* Columns for people; a tab would not do, as what is escaped has none. */
static void
add_line(struct qt_buf *out, const struct qt_hist_event *e)
{
	struct qt_buf	exit = QT_BUF_INIT;

	(void)template_add(&exit, "{exit}", e, 0, 0, false);
	if (e->start_us == 0)
		(void)qt_buf_addf(out, "%-19s", "-");
	else
		(void)template_add(out, "{time}", e, 0, 0, false);
	(void)qt_buf_addf(out, " %4.*s  ", (int)exit.len, exit.data);
	(void)template_add(out, "{command}\\n", e, 0, 0, false);
	qt_buf_clear(&exit);
}

static int
is_tagged(void *arg, uint64_t start_us, uint64_t id,
    const struct qt_hist_bytes *tags, size_t count)
{
	(void)arg;
	(void)start_us;
	(void)id;
	(void)tags;
	(void)count;
	return 1;
}

static void
add_json(struct qt_buf *out, const struct print *p,
    const struct qt_hist_event *e)
{
	static struct qt_hist_tags	tags;
	static int			any = -1;	/* most have none */

	if (any < 0)
		any = p->db != NULL &&
		    qt_hist_tags_each(p->db, is_tagged, NULL, NULL) == 1;
	if (any)
		(void)qt_hist_tags_of(p->db, e->start_us, e->id, &tags, NULL);
	(void)qt_hist_export_json(out, e, tags.of, tags.count);
}

void
print_event(struct qt_buf *out, const struct print *p,
    const struct qt_hist_event *e, uint32_t runs, bool full_id)
{
	switch (p->how) {
	case PRINT_NULL:
		(void)template_add(out, "{raw}\\0", e, 0, 0, false);
		break;
	case PRINT_JSON:
		if (full_id)
			add_json(out, p, e);
		else
			(void)qt_hist_export_add(out, QT_HIST_JSON, e);
		break;
	case PRINT_TEMPLATE:
		(void)template_add(out, p->format, e,
		    history_here()->now_us, runs, full_id);
		break;
	default:
		add_line(out, e);
	}
}

void
print_out(const struct print *p, const struct qt_hist_event *e, uint32_t runs,
    bool full_id)
{
	static struct qt_buf	out;	/* kept: of many events in a row */

	qt_buf_reset(&out);
	print_event(&out, p, e, runs, full_id);
	qt_prog_write(out.data, out.len);
}
