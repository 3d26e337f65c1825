/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_SYS_H
#define QT_BASE_SYS_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * The one system-call layer through which fault tests inject.
 *
 * Everything in libcommon that changes files, memory or sockets whose failure
 * matters goes through these wrappers. Each behaves as its namesake but
 * returns -errno instead of setting errno, retries EINTR where a retry is
 * right (never close), and always adds O_CLOEXEC / MFD_CLOEXEC / SOCK_CLOEXEC.
 *
 * Faults: a test (or the environment, QT_FAULT="fallocate:3:ENOSPC") makes the
 * n-th call of one kind fail, or be short. When no fault is set the cost is
 * one predictable branch. Thread-safe; a fault is set before threads start.
 */
enum qt_sys_call {
	QT_SYS_OPEN, QT_SYS_READ, QT_SYS_WRITE, QT_SYS_PREAD, QT_SYS_PWRITE,
	QT_SYS_FSYNC, QT_SYS_FTRUNCATE, QT_SYS_FALLOCATE, QT_SYS_MMAP,
	QT_SYS_LINK, QT_SYS_RENAME, QT_SYS_UNLINK, QT_SYS_MKDIR,
	QT_SYS_FORK, QT_SYS_SEND, QT_SYS_RECV, QT_SYS_ACCEPT, QT_SYS_MEMFD,
	QT_SYS_EVENTFD, QT_SYS_PTY, QT_SYS_LOCK,
	QT_SYS_COUNT_
};

/*
 * Of what is opened for writing the descriptor is above 2: where standard error
 * is closed, a message must not end up in a file.
 */
int	qt_sys_open(int dirfd, const char *path, int flags, mode_t mode);
ssize_t	qt_sys_read(int fd, void *buf, size_t size);
ssize_t	qt_sys_write(int fd, const void *buf, size_t len);
ssize_t	qt_sys_pread(int fd, void *buf, size_t size, off_t at);
ssize_t	qt_sys_pwrite(int fd, const void *buf, size_t len, off_t at);
/* All len bytes, or a negative code; a short write is continued. */
int	qt_sys_write_all(int fd, const void *buf, size_t len);
/*
 * fdatasync(2), of a folder fsync(2): not every file system takes a new name
 * for data. Never retried.
 */
int	qt_sys_fsync(int fd);
int	qt_sys_ftruncate(int fd, off_t size);
int	qt_sys_fallocate(int fd, int mode, off_t at, off_t len);
/*
 * MAP_SHARED from offset 0, without reserving swap, kept out of core dumps;
 * *map is NULL on failure.
 */
int	qt_sys_mmap(int fd, size_t size, int prot, void **map);
/*
 * The same, of whole pages, at an address that is a multiple of align, which is
 * a power of two and not less than a page.
 */
int	qt_sys_mmap_aligned(int fd, size_t size, int prot, size_t align,
	    void **map);
/* Gives an O_TMPFILE descriptor its name. -EEXIST when it is taken. */
int	qt_sys_linkat_fd(int fd, int dirfd, const char *path);
int	qt_sys_rename(int dirfd, const char *from, const char *to);
/*
 * Replaces nothing: -EEXIST. Where the file system cannot do that in one step
 * the name is claimed first, by an empty file.
 */
int	qt_sys_rename_new(int dirfd, const char *from, const char *to);
int	qt_sys_unlink(int dirfd, const char *path);
int	qt_sys_mkdir(const char *path, mode_t mode);
int	qt_sys_mkdirat(int dirfd, const char *path, mode_t mode);
pid_t	qt_sys_fork(void);
/*
 * A child that runs run(arg) in our memory, on this stack (16-byte aligned),
 * while the calling thread stands still until it calls execve(2) or _exit(2):
 * nothing is copied, however large we are. run calls async-signal-safe
 * functions only and leaves our memory as it found it; block all signals
 * around the call. Counts as fork. With sanitizers it is fork(2).
 */
pid_t	qt_sys_vfork(int (*run)(void *arg), void *arg, void *stack,
	    size_t size);
/* size 0 leaves it empty; seals are F_SEAL_* to add, more may be added. */
int	qt_sys_memfd(const char *name, size_t size, int seals);
int	qt_sys_eventfd(unsigned int initial);	/* nonblocking */
/* A new pty pair, both ends owned by the caller; -1 in both on failure. */
int	qt_sys_pty(int *leader, int *tty);
/*
 * Sends one packet with up to 4 descriptors (borrowed), or receives one;
 * received descriptors are owned by the caller and close-on-exec. Never
 * raises SIGPIPE. On receive *nfds is in: room, out: how many arrived; extra
 * ones are closed. A truncated packet is -EMSGSIZE. 0 from recv: end.
 */
ssize_t	qt_sys_send_fds(int sock, const void *buf, size_t len, const int *fds,
	    size_t nfds, int flags);
ssize_t	qt_sys_recv_fds(int sock, void *buf, size_t size, int *fds,
	    size_t *nfds, int flags);
int	qt_sys_accept(int sock);	/* nonblocking, close-on-exec */
/*
 * Open-file-description byte lock (F_OFD_SETLK) of type F_RDLCK, F_WRLCK or
 * F_UNLCK. -EAGAIN when somebody else holds it; -ENOSYS where the kernel or
 * the file system has no such locks.
 */
int	qt_sys_lock(int fd, int type, off_t at, off_t len);
/* 1 when another description holds a write lock there, 0, or negative. */
int	qt_sys_is_locked(int fd, off_t at, off_t len);
/* The same for a lock of either type. */
int	qt_sys_is_used(int fd, off_t at, off_t len);
/*
 * 1 and a byte of the range that another description holds a write lock on, if
 * there is one: any of them, not the first. 0, or negative.
 */
int	qt_sys_find_locked(int fd, off_t at, off_t len, off_t *found);

/*
 * Makes call number nth (1 is the next) of this kind return -error; with
 * error 0 a read, write, send or recv moves at most half of what was asked.
 * nth 0 clears. One fault of a kind at a time; it happens once. In QT_FAULT,
 * "CALL:NTH:ERROR,..." with the error's name, "short", "kill" or "stop"; a call
 * is named as its constant above. A bad QT_FAULT ends the program with 2.
 */
#define QT_SYS_KILL	4096	/* SIGKILL to ourselves, instead of the call */
#define QT_SYS_STOP	4097	/* SIGSTOP; the call follows when we go on */
#define QT_SYS_STAYS	8192	/* added to an error: all calls from then on */
void	qt_sys_fault(enum qt_sys_call call, unsigned int nth, int error);
/* How many calls of this kind were made since the last qt_sys_fault(). */
unsigned int qt_sys_calls(enum qt_sys_call call);

/*
 * Each call that did something to a file or a folder, as a test replays it: one
 * record, and behind it the name, the new name and the bytes, size bytes in
 * all. Files and folders are told by their inode numbers. A sync has two
 * records: what others did before its first one is synced after its second. One
 * that failed, too: what it was to sync may never be, whatever is synced later.
 */
struct qt_sys_event {
	uint64_t	size;
	uint64_t	dev, ino;	/* the file; ino 0: not known */
	uint64_t	dir, to_dir;	/* of the name, of the new one */
	int64_t		at, len;	/* of a write; len: the new size */
	uint64_t	data_len;	/* bytes that follow */
	uint32_t	name_len, to_len;
	uint32_t	flags;		/* of open, fallocate; below */
	uint16_t	call;		/* QT_SYS_OPEN that makes or cuts off,
					   PWRITE (all writes), FSYNC,
					   FTRUNCATE, FALLOCATE, LINK, RENAME,
					   UNLINK, MKDIR; COUNT_: a mark */
	uint16_t	reserved;
	uint32_t	who;		/* the thread, gettid(2) */
	uint32_t	reserved2;
};
#define QT_SYS_BEGINS	1u		/* of a sync */
#define QT_SYS_FAILED	2u
/*
 * From now on such records are appended to this file (O_APPEND; borrowed), by
 * the children of this process, too; -1: no longer. To be called before threads
 * start. Ends the program with 2 when it cannot be written.
 */
void	qt_sys_record(int fd);
/* A record of the caller's own: what is ino, value is at. */
void	qt_sys_record_mark(uint64_t what, uint64_t value);

#endif /* QT_BASE_SYS_H */
