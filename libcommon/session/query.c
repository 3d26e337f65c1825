/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sequences make a terminal answer. See qt_scan_is_query() in
 * <qt/session/scan.h>. Sources: xterm's ctlseqs, the DEC STD 070 requests,
 * and the protocols of kitty and iTerm2.
 */

#include <string.h>

#include "scan_priv.h"

static int
has(const char *set, char c)
{
	return c != 0 && strchr(set, c) != NULL;
}

static uint32_t
param(const struct qt_scan_seq *q, uint32_t i)
{
	return i < q->nparams ? q->param[i] : 0;
}

/* CSI without prefix and intermediate. */
static int
is_plain_query(const struct qt_scan_seq *q)
{
	uint32_t	n = param(q, 0);

	switch (q->final) {
	case 'c':	/* DA1 */
	case 'n':	/* DSR, CPR */
	case 'x':	/* DECREQTPARM */
		return 1;
	case 't':	/* window reports; 1-10 and 22-23 are commands */
		return n >= 11 && n <= 21;
	default:
		return 0;
	}
}

static int
is_csi_query(const struct qt_scan_seq *q)
{
	switch (q->inter) {
	case 0:
		break;
	case '$':	/* DECRQM; DECRQTSR, DECRQPSR */
		return q->final == 'p' || (q->prefix == 0 &&
		    has("uw", q->final));
	case '*':	/* DECRQCRA */
		return q->final == 'y';
	case '&':	/* DECRQUPSS */
		return q->final == 'u';
	case '"':	/* DECRQDE */
		return q->final == 'v';
	case '\'':	/* DECRQLP */
		return q->final == '|';
	case '#':	/* XTREPORTCOLORS, XTREPORTSGR, XTTITLEPOS */
		return has("R|S", q->final);
	case '+':	/* DECRQPKU, DECRQFKU... */
		return 1;
	default:
		return 0;
	}
	switch (q->prefix) {
	case 0:
		return is_plain_query(q);
	case '>':	/* DA2, XTVERSION */
		return has("cq", q->final);
	case '=':	/* DA3 */
		return q->final == 'c';
	case '?':	/* DSR, kitty keyboard, XTSMGRAPHICS, XTQMODKEYS */
		if (q->final == 'h')	/* in-band resize answers at once */
			return q->nparams == 1 &&
			    q->param[0] == QT__MODE_IN_BAND;
		return has("nuSmfg", q->final);
	default:
		return 0;
	}
}

/* The number before the first ';'; -1 when there is none. */
static int
osc_number(const char *text, size_t len, size_t *rest)
{
	size_t	i;
	int	n = 0;

	for (i = 0; i < len && i < 6 && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (text[i] - '0');
	*rest = i < len && text[i] == ';' ? i + 1 : i;
	return i == 0 ? -1 : n;
}

static int
starts_with(const char *text, size_t len, const char *what)
{
	size_t	n = strlen(what);

	return len >= n && memcmp(text, what, n) == 0;
}

/*
 * Answers whenever its payload has a question mark: X property, colours,
 * kitty colours, pointer shape, font, notification.
 */
static int
is_osc_asking(int n)
{
	return n == 3 || n == 4 || n == 5 || (n >= 10 && n <= 19) ||
	    n == 21 || n == 22 || n == 50 || n == 99;
}

static int
is_osc_query(const char *text, size_t len)
{
	const char	*p;
	size_t		rest;
	int		n = osc_number(text, len, &rest);

	text += rest;
	len -= rest;
	if (is_osc_asking(n))
		return memchr(text, '?', len) != NULL;
	if (n == 52) {	/* 52;c;? reads the clipboard */
		p = memchr(text, ';', len);
		return p != NULL && p + 1 < text + len && p[1] == '?';
	}
	if (n == 60 || n == 61)
		return 1;
	if (n == 1337)
		return starts_with(text, len, "ReportCellSize") ||
		    starts_with(text, len, "ReportVariable") ||
		    starts_with(text, len, "Capabilities") ||
		    starts_with(text, len, "RequestUpload");
	return n == 5522;
}

/* DECRQSS, XTGETTCAP, XTGETXRES. */
static int
is_dcs_query(char inter, char final)
{
	return (inter == '$' && final == 'q') ||
	    (inter == '+' && (final == 'q' || final == 'Q'));
}

/* Kitty graphics: a query, or what it controls is too long to be one. */
static int
is_apc_query(const char *text, size_t len)
{
	const char	*end;
	size_t		i;

	if (len == 0 || text[0] != 'G')
		return 0;
	end = memchr(text, ';', len);
	if (end == NULL && len == QT_SCAN_TEXT)
		return 1;
	if (end != NULL)
		len = (size_t)(end - text);
	for (i = 1; i + 2 < len; i++)
		if (memcmp(text + i, "a=q", 3) == 0)
			return 1;
	return 0;
}

int
qt_scan_is_query(const struct qt_scan_seq *q)
{
	switch (q->kind) {
	case QT_SCAN_CSI:
		return is_csi_query(q);
	case QT_SCAN_ESC:	/* DECID */
		return q->inter == 0 && q->final == 'Z';
	case QT_SCAN_OSC:
		return is_osc_query(q->text, q->len) ||
		    (q->len == QT_SCAN_TEXT && is_osc_asking(
		    osc_number(q->text, q->len, &(size_t){ 0 })));
	case QT_SCAN_DCS:
		return is_dcs_query(q->inter, q->final);
	case QT_SCAN_CONTROL:	/* ENQ */
		return q->final == 0x05;
	case QT_SCAN_STRING:
		return q->final == '_' && is_apc_query(q->text, q->len);
	}
	return 0;
}

int
qt__scan_is_query_head(const struct qt_scan *s)
{
	struct qt_scan_seq	q = {
		.prefix = s->prefix, .inter = s->inter, .final = s->final,
		.text = s->text, .len = s->text_len,
	};

	switch (s->state) {
	case QT__S_OSC:
		/* So many controls that its beginning is not known yet. */
		if (s->text_len < QT_SCAN_TEXT)
			return 1;
		q.kind = QT_SCAN_OSC;
		break;
	case QT__S_DCS_PASS:
		q.kind = QT_SCAN_DCS;
		break;
	case QT__S_STRING:
		q.kind = QT_SCAN_STRING;
		break;
	default:	/* nothing sensible is that long */
		return 1;
	}
	return qt_scan_is_query(&q);
}
