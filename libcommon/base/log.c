/* SPDX-License-Identifier: Apache-2.0 */
/* The log. See <qt/base/log.h>. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/sys.h>
#include <qt/base/utf8.h>

#define TEXT_SIZE 2048		/* before escaping */
#define LINE_SIZE 4096		/* one atomic write on a pipe (PIPE_BUF) */

static _Atomic int		max_level = QT_LOG_INFO;
static _Atomic int		log_fd = STDERR_FILENO;
static _Atomic unsigned int	dropped;
static pthread_once_t		env_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t		open_lock = PTHREAD_MUTEX_INITIALIZER;
static char			debug[256];	/* QT_DEBUG */
static int			is_journal;

static const struct {
	const char	*name;
	int		 priority;	/* syslog(3)'s */
} levels[] = {
	[QT_LOG_ERROR] = { "error", 3 },
	[QT_LOG_WARN] = { "warn", 4 },
	[QT_LOG_INFO] = { "info", 6 },
	[QT_LOG_DEBUG] = { "debug", 7 },
};

/* The journal says which descriptor is its own, as "device:inode". */
static void
read_env(void)
{
	const char		*text = getenv("QT_DEBUG");
	const char		*stream = getenv("JOURNAL_STREAM");
	unsigned long long	 dev, ino;
	struct stat		 st;

	if (text != NULL && strlen(text) < sizeof(debug))
		memcpy(debug, text, strlen(text) + 1);
	is_journal = stream != NULL &&
	    sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 &&
	    st.st_dev == dev && st.st_ino == ino;
}

void
qt_log_level(enum qt_log_level max)
{
	atomic_store_explicit(&max_level, (int)max, memory_order_relaxed);
}

/*
 * The file gets a descriptor number once and keeps it: every later open
 * replaces what is behind the number in one step, so that no thread ever
 * writes to a number that was closed and given to something else.
 */
int
qt_log_open(const char *path)
{
	int	fd, rc = 0, old;

	if (path == NULL)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = qt_sys_open(AT_FDCWD, path,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0600);
	if (fd < 0)
		return path == NULL ? -errno : fd;

	pthread_mutex_lock(&open_lock);
	old = atomic_load_explicit(&log_fd, memory_order_relaxed);
	if (old == STDERR_FILENO) {
		atomic_store_explicit(&log_fd, fd, memory_order_relaxed);
	} else {
		if (dup3(fd, old, O_CLOEXEC) < 0)
			rc = -errno;
		close(fd);
	}
	pthread_mutex_unlock(&open_lock);
	return rc;
}

int
qt_log_is_debug(const char *module)
{
	size_t		 len;
	const char	*p;

	if (atomic_load_explicit(&max_level, memory_order_relaxed) >=
	    QT_LOG_DEBUG)
		return 1;
	pthread_once(&env_once, read_env);
	for (p = debug; *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if ((len == 3 && memcmp(p, "all", 3) == 0) ||
		    (len == strlen(module) && memcmp(p, module, len) == 0))
			return 1;
	}
	return 0;
}

/* Appends text to the line at len, escaped, as far as it fits. */
static size_t
add_escaped(char *line, size_t len, const char *text)
{
	size_t	left = strlen(text), n, i, need;
	int	is_valid, is_plain;

	for (; left > 0; text += n, left -= n) {
		n = qt_utf8_next(text, left, &is_valid);
		is_plain = is_valid && *text != '\\' &&
		    !qt_utf8_is_control(text, n);
		need = is_plain ? n : 4 * n;
		if (len + need + sizeof("...\n") > LINE_SIZE) {
			memcpy(line + len, "...", 3);
			return len + 3;
		}
		if (is_plain) {
			memcpy(line + len, text, n);
			len += n;
		} else if (*text == '\\' || *text == '\n' || *text == '\t') {
			line[len++] = '\\';
			line[len++] = *text == '\n' ? 'n' :
			    *text == '\t' ? 't' : '\\';
		} else {
			for (i = 0; i < n; i++)
				len += (size_t)snprintf(line + len, 5,
				    "\\x%02x", (unsigned char)text[i]);
		}
	}
	return len;
}

/* Writes one line. 0, or -errno. */
static int
write_line(enum qt_log_level level, const char *module, const char *text)
{
	int	fd = atomic_load_explicit(&log_fd, memory_order_relaxed);
	char	line[LINE_SIZE], iso[QT_CLOCK_ISO_SIZE];
	size_t	len;
	ssize_t	n;

	if (is_journal && fd == STDERR_FILENO) {
		len = (size_t)snprintf(line, 128, "<%d>%.64s: ",
		    levels[level].priority, module);
	} else {
		qt_clock_iso(qt_clock_real_ms(), iso);
		len = (size_t)snprintf(line, 128, "%s %s %.64s: ", iso,
		    levels[level].name, module);
	}
	len = add_escaped(line, len, text);
	line[len++] = '\n';
	do {
		n = write(fd, line, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void
qt_log(enum qt_log_level level, const char *module, const char *fmt, ...)
{
	int		saved = errno, cut;
	unsigned int	lost;
	char		text[TEXT_SIZE], more[48];
	va_list		ap;

	pthread_once(&env_once, read_env);
	if ((int)level > atomic_load_explicit(&max_level,
	    memory_order_relaxed) &&
	    (level != QT_LOG_DEBUG || !qt_log_is_debug(module)))
		return;

	va_start(ap, fmt);
	cut = vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text);
	va_end(ap);
	if (cut)
		memcpy(text + sizeof(text) - 4, "...", 4);

	lost = atomic_exchange_explicit(&dropped, 0, memory_order_relaxed);
	if (lost > 0) {
		snprintf(more, sizeof(more), "%u lines were dropped", lost);
		if (write_line(QT_LOG_WARN, "log", more) == 0)
			lost = 0;
	}
	if (lost > 0 || write_line(level, module, text) < 0)
		lost++;
	if (lost > 0)
		atomic_fetch_add_explicit(&dropped, lost,
		    memory_order_relaxed);
	errno = saved;
}
