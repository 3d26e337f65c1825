/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PRINT_H
#define QT_HIST_PRINT_H
/* What the verbs that print events have in common: the options, and the bytes. */
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/prog.h>
#include <qt/hist/db.h>

/* Rows of a verb's table. */
#define PRINT_OPTIONS							\
	{ '0', "null", NULL,						\
	    "commands alone, as they are, each ends in a NUL" },	\
	{ 'J', "json", NULL, "a JSON object a line, with all that is known" },\
	{ 'T', "tsv", NULL, "fields with tabs between them" },		\
	{ 'F', "format", "TEMPLATE", "as a template says: {command} {exit}..." }

enum print_how {
	PRINT_LINES, PRINT_NULL, PRINT_JSON, PRINT_TEMPLATE
};
struct print {
	enum print_how	 how;
	const char	*format;	/* a template, checked */
	struct qt_hist_db *db;		/* asked for tags; NULL: none */
};

/* Whether it was one of PRINT_OPTIONS. Ends the program when two disagree, or for
   a template that says nothing. */
bool	print_option(struct print *p, int id, const char *value);
/*
 * Appends an event, with what ends it, as asked for; by PRINT_LINES when, status
 * and command. runs: how often it ran, 0: not known. full_id: e->id is whole, so
 * JSON has it.
 */
void	print_event(struct qt_buf *out, const struct print *p,
	    const struct qt_hist_event *e, uint32_t runs, bool full_id);
/* The same, to standard output. */
void	print_out(const struct print *p, const struct qt_hist_event *e,
	    uint32_t runs, bool full_id);

#endif /* QT_HIST_PRINT_H */
