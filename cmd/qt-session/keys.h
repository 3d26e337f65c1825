/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_KEYS_H
#define QT_SESSION_KEYS_H

#include <stddef.h>

#include <qt/base/buf.h>

/*
 * Keys by name, as send -k and attach -k read them:
 *
 *	Enter Tab Space BSpace Escape Up Down Left Right Home End PageUp
 *	PageDown Insert Delete F1 ... F12, one character (any UTF-8),
 *	with C- (or ^), M- and S- in front: C-c, ^C, M-x, C-M-a, S-Up
 */

/*
 * Appends the bytes that a terminal sends for the key. app_cursor: the
 * program switched cursor keys to application mode. 0, or -EINVAL when there
 * is no such key.
 */
int	key_bytes(struct qt_buf *out, const char *name, int app_cursor);
/* Whether its bytes depend on application cursor mode. */
int	key_is_cursor(const char *name);

/*
 * The key that detaches. A program may have switched the terminal to a
 * keyboard protocol in which Ctrl-\ is an escape sequence; the key is
 * recognised in the plain form, in xterm's modifyOtherKeys and in kitty's.
 */
struct detach_key {
	int		 is_on;
	unsigned char	 byte;		/* plain form */
	unsigned int	 codepoint;	/* of the key without Ctrl */
	char		 name[16];	/* for messages: "Ctrl-\" */
};

/* "C-x", "^X", one character, or "-" for none. 0 or -EINVAL. */
int	detach_key_parse(struct detach_key *k, const char *text);
/*
 * Where the key starts in input, *key_len bytes long; len when it is not
 * there.
 */
size_t	detach_key_find(const struct detach_key *k, const char *input,
	    size_t len, size_t *key_len);

#endif /* QT_SESSION_KEYS_H */
