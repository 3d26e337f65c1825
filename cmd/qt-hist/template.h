/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_TEMPLATE_H
#define QT_HIST_TEMPLATE_H
/*
 * How a command is printed: text in which {NAME} is a field of the event, and
 * \t \n \0 \\ \{ are bytes. Fields are escaped (qt_text_escape()) but for {raw},
 * the command as it is; one that is not known is "-".
 */
#include <qt/base/buf.h>
#include <qt/hist/db.h>

/* Fields in the order of the manual. */
#define TEMPLATE_TSV	"{start}\\t{exit}\\t{duration}\\t{host}\\t{cwd}\\t{command}"

/* All names, with blanks between them, for help and errors. */
extern const char template_names[];

/*
 * NULL, or where in the template the mistake begins: a name that is none, or a
 * brace or backslash that begins nothing.
 */
const char *template_check(const char *text);
/* Appends e by a template that was checked. runs: how often; 0: not known.
   full_id: e->id is whole. */
int	template_add(struct qt_buf *out, const char *text,
	    const struct qt_hist_event *e, uint64_t now_us, uint32_t runs,
	    bool full_id);

#endif /* QT_HIST_TEMPLATE_H */
