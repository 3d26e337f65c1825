/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SCAN_H
#define QT_SESSION_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

/*
 * A scanner of terminal output (ECMA-48, UTF-8) and the two things made of
 * it. It never draws: libvterm does (screen.h). State is a small fixed struct
 * and any split of the bytes gives the same result. Any byte sequence is
 * fine: parameters after the 32nd are left out, texts are cut.
 *
 * Parser states follow Williams, "A parser for DEC's ANSI-compatible video
 * terminals" (vt100.net), as xterm.js reads it: bytes are UTF-8, so C1
 * controls are the two bytes C2 80 to C2 9F and never a single one; they are
 * reported as what they stand for (C2 85 as ESC E). Sub-parameters (after a
 * colon) are left out. An ESC that is not the start of ST ends a string as ST
 * would; CAN and SUB discard it.
 */

enum qt_scan_kind {
	QT_SCAN_CSI, QT_SCAN_ESC, QT_SCAN_OSC, QT_SCAN_DCS,
	QT_SCAN_CONTROL,	/* final is the C0 byte; BS to CR are text */
	QT_SCAN_STRING,		/* SOS, PM, APC; final is 'X', '^' or '_' */
};

#define QT_SCAN_PARAMS	32
#define QT_SCAN_TEXT	512

struct qt_scan_seq {
	enum qt_scan_kind kind;
	char		prefix;		/* '?', '>', '=', '<' or 0 */
	char		inter;		/* intermediate, 0, or DEL: several */
	char		final;
	uint32_t	nparams;
	const uint32_t	*param;		/* nparams of them; absent: 0 */
	const char	*text;		/* string's payload, cut at TEXT */
	size_t		len;
};

struct qt_scan {
	uint8_t		state;
	uint8_t		flags;
	uint8_t		utf8_need;	/* continuation bytes still due */
	char		prefix, inter, final;
	uint32_t	nparams;
	uint32_t	param[QT_SCAN_PARAMS];
	uint32_t	text_len;
	char		text[QT_SCAN_TEXT];
};

#define QT_SCAN_INIT { .state = 0 }

typedef void qt_scan_fn(void *ctx, const struct qt_scan_seq *seq);

/*
 * Feeds bytes; fn is called for each complete sequence, and what it gets is
 * borrowed for the call. Plain text costs a search for the next control byte
 * only.
 */
void	qt_scan_feed(struct qt_scan *s, const void *data, size_t len,
	    qt_scan_fn *fn, void *ctx);
/* 1 in ground state on a UTF-8 boundary: a safe point. */
int	qt_scan_is_safe(const struct qt_scan *s);

/*
 * The modes that a screen's contents do not show and that libvterm cannot
 * tell: kept across everything that scrolled out of the ring.
 */
struct qt_modes {
	uint32_t	dec;		/* bits: QT_MODE_... */
	uint8_t		mouse;		/* 0, or 9, 1000-1003 as index 1-5 */
	uint8_t		mouse_enc;	/* 0, 1005, 1006, 1015, 1016 as 1-4 */
	uint8_t		cursor_shape;	/* DECSCUSR 0-6 */
	uint8_t		modify_keys;	/* modifyOtherKeys 0-2 */
	struct {			/* keyboard flags, kitty's: */
		uint8_t	depth;		/* index of those in force */
		uint8_t	flags[8];	/* [0] lies below all pushes */
	} kitty[2];			/* of the main and other screen */
	uint8_t		charset_gl;	/* 0-3: G0 to G3 */
	uint8_t		charset[4];	/* final byte, 0: ASCII */
	uint16_t	margin_top, margin_bottom;	/* 0: whole screen */
	char		title[128];
};

enum {
	QT_MODE_APP_CURSOR	= 1u << 0,	/* ?1 */
	QT_MODE_APP_KEYPAD	= 1u << 1,	/* ESC = */
	QT_MODE_NO_WRAP		= 1u << 2,	/* ?7 reset */
	QT_MODE_HIDE_CURSOR	= 1u << 3,	/* ?25 reset */
	QT_MODE_FOCUS		= 1u << 4,	/* ?1004 */
	QT_MODE_ALT_SCREEN	= 1u << 5,	/* ?47 ?1047 ?1049 */
	QT_MODE_PASTE		= 1u << 6,	/* ?2004 */
	QT_MODE_ORIGIN		= 1u << 7,	/* ?6 */
	QT_MODE_REVERSE		= 1u << 8,	/* ?5 */
	QT_MODE_INSERT		= 1u << 9,	/* 4 */
	QT_MODE_NEWLINE		= 1u << 10,	/* 20 */
	QT_MODE_ALT_SCROLL	= 1u << 11,	/* ?1007 */
	QT_MODE_BLINK		= 1u << 12,	/* ?12 */
	QT_MODE_SYNC		= 1u << 13,	/* ?2026 */
	QT_MODE_MODIFY_KEYS	= 1u << 14,	/* CSI > 4 ; n m, n > 0 */
};

#define QT_MODES_INIT { .dec = 0 }

/*
 * For qt_scan_feed: ctx is the struct qt_modes. RIS resets all but the title;
 * DECSTR what DEC says: not mouse, focus, paste and alternate screen.
 */
void	qt_modes_seq(void *ctx, const struct qt_scan_seq *seq);
/*
 * Appends the sequences that bring a terminal just reset (RIS) into these
 * modes. The title comes last. 0 or -ENOMEM.
 */
int	qt_modes_preamble(const struct qt_modes *m, struct qt_buf *out);

/*
 * 1 for a sequence that makes a terminal answer: DA, DSR, CPR, DECRQM,
 * DECRQSS, XTVERSION, XTGETTCAP, colour, clipboard, keyboard and window
 * reports, ENQ. The list is in query.c.
 */
int	qt_scan_is_query(const struct qt_scan_seq *seq);

/*
 * The filter: copies output without the queries above. Used for every replay,
 * and for live output to viewers who are not the lead. A sequence is held
 * back until it is complete; one longer than the hold is judged by its start.
 * Sequences that were given up half-way are left out too, so that nothing
 * joins up with what follows, kitty graphics are told to keep quiet (q=2),
 * and in-band resize reports (mode 2048) are taken out of a list of modes.
 * Everything else passes unchanged.
 */
struct qt_filter {
	struct qt_scan	scan;
	uint8_t		rest;		/* of a sequence that is too long */
	uint8_t		last;		/* byte that passed last */
	uint32_t	sent;		/* of the held bytes: delivered before
					 * the filter was put in */
	uint32_t	held;		/* bytes of an unfinished sequence */
	char		hold[QT_SCAN_TEXT + 16];
};

#define QT_FILTER_INIT { .held = 0 }

/* Appends what may pass. 0 or -ENOMEM. */
int	qt_filter_feed(struct qt_filter *f, const void *data, size_t len,
	    struct qt_buf *out);
/*
 * Puts the filter into a stream that went unfiltered until now: data is what
 * was delivered last, some kilobytes are enough. If that ends inside a
 * sequence which turns out to be a query, CAN is sent in place of its end.
 */
void	qt_filter_prime(struct qt_filter *f, const void *data, size_t len);

#endif /* QT_SESSION_SCAN_H */
