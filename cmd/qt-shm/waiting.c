/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting that a signal ends. See waiting.h. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/wait.h>

#include "target.h"
#include "waiting.h"

volatile int	stop_signal;

static void
on_signal(int sig)
{
	stop_signal = sig;
}

void
stop_on_signals(void)
{
	struct sigaction	act, old;
	const int		sigs[] = { SIGINT, SIGTERM, SIGHUP };

	memset(&act, 0, sizeof(act));
	sigemptyset(&act.sa_mask);
	act.sa_handler = on_signal;
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		/* What nohup(1) ignores stays so. */
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(sigs[i], &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

_Noreturn void
stop_now(void)
{
	signal(stop_signal, SIG_DFL);
	raise(stop_signal);
	_exit(128 + stop_signal);
}

uint64_t
waiting_deadline(int is_patient, const char *seconds)
{
	if (seconds != NULL)
		return qt_wait_deadline(target_timeout_ms(seconds));
	return is_patient ? QT_WAIT_FOREVER : QT_WAIT_NEVER;
}

uint64_t
waiting_piece(uint64_t deadline)
{
	uint64_t	piece;

	if (deadline == QT_WAIT_NEVER)
		return deadline;
	piece = qt_wait_deadline(WAITING_MS);
	return piece < deadline ? piece : deadline;
}

int
waiting_write(const char *text, size_t len)
{
	struct pollfd	pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len > 0) {
		ssize_t	n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR && stop_signal == 0)
			continue;
		if (n < 0 && errno == EAGAIN && stop_signal == 0) {
			/* Somebody made the terminal or pipe so. */
			(void)poll(&pfd, 1, WAITING_MS);
			continue;
		}
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}
