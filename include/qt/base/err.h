/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_ERR_H
#define QT_BASE_ERR_H

/*
 * Errors.
 *
 * A library function that can fail returns 0 or a negative number: -errno, or
 * one of the codes below. It never prints and never exits. When the caller
 * needs to know what was being attempted, the function also takes a
 * struct qt_err and each layer wraps one clause around what it received:
 *
 *	qt_err_set(err, "open '%s'", path)	-> "open '/x/h'"
 *	qt_err_wrap(err, "load history")	-> "load history: open '/x/h'"
 *
 * The code's own text is not part of the clause; a program prints
 * "prog: <clause>: <qt_strerror(code)>". Every err argument may be NULL.
 */
#define QT_ERR_FIRST 1024

/*	name		text */
#define QT_ERR_MAP(X)							\
	X(FORMAT,	"not a file of ours")				\
	X(VERSION,	"written by another version")			\
	X(CORRUPT,	"contents are damaged")				\
	X(LAPPED,	"the data was overwritten before it was read")	\
	X(GONE,		"it no longer exists")				\
	X(OWNER,	"owned by somebody else")			\
	X(NOHOST,	"no session host is running")			\
	X(PROTO,	"the other side broke the protocol")		\
	X(ROLE,		"this role may not do that")			\
	X(FULL,		"the limit is reached")				\
	X(NEST,		"already inside a session")			\
	X(EMPTY,	"nothing is there")

enum qt_err_code {
	QT_ERR_BASE_ = QT_ERR_FIRST - 1,
#define X(name, text) QT_E##name,
	QT_ERR_MAP(X)
#undef X
};

struct qt_err {
	char	text[512];
};

#define QT_ERR_INIT { "" }

/* Text for any code a qt_ function returns, either sign. Never NULL. */
const char *qt_strerror(int code);

/* Replaces the text, or puts a clause before it. What is too long is cut. */
void	qt_err_set(struct qt_err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	qt_err_wrap(struct qt_err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif /* QT_BASE_ERR_H */
