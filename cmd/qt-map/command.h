/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_COMMAND_H
#define QT_MAP_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

/*
 * A command of batch, as it is read:
 *
 *	VERB [OPTION ...] [KEY [VALUE]]		a line, of words
 *	VERB [OPTION ...] NUL [KEY NUL [VALUE NUL]]	with -0: bytes
 *
 * Options are those of put, and of count.
 */
enum command_verb {
	COMMAND_PUT, COMMAND_GET, COMMAND_DEL, COMMAND_HAS, COMMAND_COUNT,
	COMMAND_SYNC
};

struct command {
	enum command_verb verb;
	char		*key, *value;	/* borrowed, taken apart in place */
	size_t		 key_len, value_len;
	uint64_t	 expires_ms, if_version;
	unsigned int	 flags;		/* QT_STORE_IF_... */
	uint8_t		 tag;
	const char	*prefix;	/* of count, or NULL */
	size_t		 prefix_len;
};

/* How many fields follow the first, with -0: 0 to 2. -EINVAL: no such verb. */
int	command_fields(const char *first, size_t len);
/* Reads a line. -EINVAL with what is wrong in err. The line is changed. */
int	command_parse(struct command *c, char *line, size_t len,
	    struct qt_err *err);
/*
 * The same for the first field alone; key and value are the caller's, and are
 * checked with command_check() when they are set.
 */
int	command_parse_first(struct command *c, char *first, size_t len,
	    struct qt_err *err);
/* Key and value, which a NUL follows. -EINVAL, -EMSGSIZE. */
int	command_check(const struct command *c, struct qt_err *err);

#endif /* QT_MAP_COMMAND_H */
