/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DOCTOR_STARTUP_H
#define QT_HIST_DOCTOR_STARTUP_H
/* The files that a shell reads when it starts. */
#include <stdbool.h>

#include "doctor.h"

/* Where the line that loads the hooks belongs, and the line. */
struct doctor_startup {
	char		 file[QT_PATH_SIZE];
	const char	*line;
};

void	doctor_startup_find(const struct doctor *d, struct doctor_startup *p);
/* Whether a line of the file, that is no comment, loads them. */
bool	doctor_startup_has_line(const struct doctor_startup *p);
/* Whether shells that are logged into read that file, too. */
void	doctor_startup_login(struct doctor *d);

#endif /* QT_HIST_DOCTOR_STARTUP_H */
