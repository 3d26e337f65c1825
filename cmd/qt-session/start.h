/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_START_H
#define QT_SESSION_START_H

#include <stdint.h>

#include "find.h"

/* A session about to be started, with this process's environment. */
struct start_spec {
	const char	*name;		/* NULL: the host finds one */
	const char	*dir;		/* NULL: the current one */
	char *const	*argv;		/* NULL: the login shell */
	uint16_t	cols, rows;
	enum qt_resize_policy policy;
	uint32_t	keep;		/* bytes of output, 0: the default */
	char		**env;		/* additions, borrowed strings */
	size_t		nenv;
};

#define START_SPEC_INIT { NULL, NULL, NULL, 0, 0, QT_RESIZE_LATEST, 0, NULL, 0 }

/* "K=V", borrowed. 0, -EINVAL, -ENOMEM. */
int	start_add_env(struct start_spec *spec, char *assignment);
void	start_spec_clear(struct start_spec *spec);

/*
 * Starts it; exits 3 with the reason when it cannot be. Without a table in
 * the world only out->id is filled in.
 */
void	start_session(const struct world *w, const struct start_spec *spec,
	    struct qt_session *out);
/* The same, for those who go on: 0 or negative. */
int	start_try(const struct world *w, const struct start_spec *spec,
	    struct qt_session *out, struct qt_err *err);

#endif /* QT_SESSION_START_H */
