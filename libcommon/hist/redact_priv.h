/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_REDACT_PRIV_H
#define QT_HIST_REDACT_PRIV_H
/* Rules of redaction, and how it is found out which of them matter. */
#include <stdint.h>

#include <qt/hist/redact.h>

#define QT__HINTS_RULES	128u	/* of ours, at most */

/* A rule of ours. */
struct qt__rule {
	const char	*name;
	const char	*hints;		/* with spaces between; any case */
	const char	*pattern;
};
extern const struct qt__rule qt__rules[];
extern const size_t qt__rules_count;

/* A set of rules by index. */
struct qt__rule_set {
	uint64_t	bits[QT__HINTS_RULES / 64];
};

/*
 * All hints as one automaton (A. Aho, M. Corasick, CACM 18, 1975): a table of
 * what comes after each state by each class of bytes. Bytes that are in no hint
 * are class 0.
 */
struct qt__hints {
	uint8_t			 class[256];
	uint32_t		 classes, states;
	uint16_t		*next;		/* states * classes */
	struct qt__rule_set	*found;		/* of each state */
	uint8_t			*has_found;
};
/* 0 or -ENOMEM. */
int	qt__hints_init(struct qt__hints *h, const struct qt__rule *rules,
	    size_t count);
void	qt__hints_clear(struct qt__hints *h);
/* The rules that have a hint in a text. False: none. */
bool	qt__hints_find(const struct qt__hints *h, struct qt__rule_set *out,
	    const void *text, size_t len);

/* A rule of the user's, or about one of ours; see redact_file.c. */
struct qt__user_rule {
	char	*name, *pattern;	/* pattern NULL: switched off */
};
struct qt__user_rules {
	struct qt__user_rule	*rules;
	size_t			 count;
	enum qt_hist_redact_mode mode;
};
/* 0, -ENOMEM or what reading says. */
int	qt__user_rules_load(struct qt__user_rules *u, const char *path,
	    void (*tell)(void *arg, const char *what), void *arg,
	    struct qt_err *err);
void	qt__user_rules_clear(struct qt__user_rules *u);
/* One line, whose bytes change. 0, -EINVAL with what is in why, -ENOMEM. */
int	qt__user_rules_line(struct qt__user_rules *u, char *line, size_t len,
	    char why[256]);
/* NULL, or why not (in why). */
const char *qt__pattern_check(const char *pattern, char why[256]);

#endif /* QT_HIST_REDACT_PRIV_H */
