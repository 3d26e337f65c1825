/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_LOG_H
#define QT_BASE_LOG_H

/*
 * The log of the long-running parts: one line an event on stderr (or the file
 * of qt_log_open), "TIME LEVEL module: text". Text from outside is escaped,
 * so terminal bytes cannot poison a terminal. When stderr is the journal
 * (JOURNAL_STREAM), lines carry "<N>" priorities instead of times.
 *
 * QT_DEBUG=shm,session or QT_DEBUG=all turns on debug lines by module,
 * qt_log_level(QT_LOG_DEBUG) those of all modules; the default is info.
 * Thread-safe: one write(2) a line. Never blocks the caller on a full pipe
 * when the descriptor is nonblocking: the line is dropped and counted.
 */
enum qt_log_level { QT_LOG_ERROR, QT_LOG_WARN, QT_LOG_INFO, QT_LOG_DEBUG };

void	qt_log_level(enum qt_log_level max);
/* Appends to path, created 0600; NULL returns to stderr. 0 or -errno. */
int	qt_log_open(const char *path);
int	qt_log_is_debug(const char *module);
void	qt_log(enum qt_log_level level, const char *module, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#define qt_debug(module, ...) do {					\
	if (qt_log_is_debug(module))					\
		qt_log(QT_LOG_DEBUG, module, __VA_ARGS__);		\
} while (0)

#endif /* QT_BASE_LOG_H */
