/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SCAN_PRIV_H
#define QT_SESSION_SCAN_PRIV_H

/* The scanner one event at a time, for those who edit the bytes. */

#include <qt/session/scan.h>

enum qt__scan_state {
	QT__S_GROUND,
	QT__S_ESC, QT__S_ESC_INTER,
	QT__S_CSI, QT__S_CSI_INTER, QT__S_CSI_IGNORE,
	QT__S_DCS, QT__S_DCS_INTER, QT__S_DCS_IGNORE,
	/* strings: everything from here on */
	QT__S_DCS_PASS, QT__S_OSC, QT__S_STRING,
};

/* flags; the first two stand for a byte that was taken but not yet judged */
#define QT__F_C2	1u	/* C2: a C1 control if 80 to 9F follows */
#define QT__F_ESC	2u	/* ESC inside a string */
#define QT__F_PENDING	(QT__F_C2 | QT__F_ESC)
#define QT__F_SUB	4u	/* inside sub-parameters */
#define QT__F_OVER	8u	/* beyond the last parameter kept */

enum qt__scan_event {
	QT__SCAN_MORE,		/* the bytes ended */
	QT__SCAN_TEXT,		/* bytes of text, a pending C2 included */
	QT__SCAN_CONTROL,	/* the last byte is a C0 control, which may
				 * stand inside a sequence */
	QT__SCAN_SEQ,		/* a sequence is complete */
	QT__SCAN_ABORT,		/* a sequence was given up */
};

/*
 * Takes bytes up to the end of the first event, *used of them (none in an
 * ABORT by ESC). After SEQ and ABORT one byte that was taken before may
 * already belong to what follows: see qt__scan_has_kept().
 */
enum qt__scan_event qt__scan_next(struct qt_scan *s, const void *data,
	    size_t len, size_t *used, struct qt_scan_seq *seq);

/* After SEQ or ABORT: the last byte taken starts the next sequence. */
static inline int
qt__scan_has_kept(const struct qt_scan *s)
{
	return s->state == QT__S_ESC || (s->flags & QT__F_C2) != 0;
}

/* Bytes of ground state that may be more than text. */
static inline int
qt__scan_is_special(uint8_t c)
{
	return (c < 0x20 && (c < 0x08 || c > 0x0d)) || c == 0xc2;
}

/* Setting it makes a terminal answer at once, and with every resize. */
#define QT__MODE_IN_BAND	2048

/* CSI ? ... h */
static inline int
qt__scan_is_modes(const struct qt_scan_seq *q)
{
	return q->kind == QT_SCAN_CSI && q->prefix == '?' && q->inter == 0 &&
	    q->final == 'h';
}

/* What a sequence too long to hold will be judged as, by its start. */
int	qt__scan_is_query_head(const struct qt_scan *s);

/* Which modes qt__modes_write() says. */
#define QT__MODES_ALT	1u	/* switches to the alternate screen */
#define QT__MODES_DRAW	2u	/* those that change what drawing does */
#define QT__MODES_INPUT	4u	/* those that change what keys do, title */
#define QT__MODES_KITTY_MAIN 8u	/* keyboard flags of the main screen */
#define QT__MODES_KITTY	16u	/* of the screen that is shown */

int	qt__modes_write(const struct qt_modes *m, unsigned int parts,
	    struct qt_buf *out);

#endif /* QT_SESSION_SCAN_PRIV_H */
