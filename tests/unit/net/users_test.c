/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/users.h>: the file, its edits, and what bcrypt is not trusted with. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/net/users.h>

#include "../test.h"

#define HASH "$2b$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghi"

static char	dir[] = "/tmp/qt-users-XXXXXX";
static char	path[64];

__attribute__((destructor)) static void
remove_dir(void)
{
	char	lock[80];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(lock);
	unlink(path);
	rmdir(dir);
}

static void
write_users(const char *text, mode_t mode)
{
	int	fd;

	if (path[0] == '\0') {
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/users", dir);
	}
	unlink(path);
	if (text == NULL)
		return;
	fd = open(path, O_CREAT | O_WRONLY, mode);
	assert_true(fd >= 0);
	fchmod(fd, mode);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

QT_TEST(users_are_read_with_their_roles)
{
	struct qt_net_users	*u;
	struct qt_net_account	 a;

	(void)state;
	write_users("# people\nann:admin:" HASH "\n\nbob.x@y:reader:" HASH,
	    0600);
	assert_int_equal(qt_net_users_open(path, &u, NULL), 0);
	assert_int_equal(qt_net_users_count(u), 2);
	assert_int_equal(qt_net_users_get(u, "bob.x@y", &a), 1);
	assert_int_equal(a.role, QT_NET_ROLE_READER);
	assert_string_equal(a.hash, HASH);
	assert_int_equal(qt_net_users_get(u, "bob", &a), 0);
	assert_null(qt_net_users_at(u, 2));
	qt_net_users_close(u);
}

QT_TEST(bad_lines_are_named)
{
	static const char *const	bad[] = { "ann", "ann:admin",
	    "ann:root:" HASH, ":admin:" HASH, "-a:admin:" HASH,
	    "a b:admin:" HASH, "ann:admin:$1$x", "ann:admin:" HASH "x",
	    "ann:admin:$2a$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuu"
	    "abcdefghi", "x:admin:" HASH "\nx:admin:" HASH };
	struct qt_net_users		*u;
	struct qt_err			 err = QT_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_users(bad[i], 0600);
		assert_true(qt_net_users_open(path, &u, &err) < 0);
		assert_non_null(strstr(err.text, "line "));
		assert_null(u);
	}
	write_users("ann:admin:" HASH, 0666);
	assert_int_equal(qt_net_users_open(path, &u, &err), -QT_EOWNER);
}

QT_TEST(a_changed_file_is_loaded_and_a_broken_one_changes_nothing)
{
	struct qt_net_users	*u;
	struct qt_net_account	 a;

	(void)state;
	write_users("ann:admin:" HASH, 0600);
	assert_int_equal(qt_net_users_open(path, &u, NULL), 0);
	write_users("ann:admin:" HASH "\nbob:writer:" HASH, 0600);
	assert_int_equal(qt_net_users_refresh(u, NULL), 0);
	assert_int_equal(qt_net_users_get(u, "bob", &a), 1);
	write_users("rubbish", 0600);
	assert_int_equal(qt_net_users_refresh(u, NULL), -EINVAL);
	assert_int_equal(qt_net_users_get(u, "bob", &a), 1);
	qt_net_users_close(u);
}

QT_TEST(edits_keep_the_rest_of_the_file)
{
	struct qt_net_users	*u;
	struct qt_net_account	 a;
	struct qt_err		 err = QT_ERR_INIT;
	struct stat		 sb;
	char			 text[4096];
	ssize_t			 n;
	int			 fd;

	(void)state;
	write_users(NULL, 0);
	assert_int_equal(qt_net_users_add(path, "ann", QT_NET_ROLE_ADMIN,
	    "correct horse", 13, &err), 0);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(qt_net_users_add(path, "ann", QT_NET_ROLE_ADMIN, "x",
	    1, &err), -EEXIST);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "# kept\nbob:reader:" HASH "\n", 79), 79);
	close(fd);
	assert_int_equal(qt_net_users_set_role(path, "bob",
	    QT_NET_ROLE_WRITER, &err), 0);
	assert_int_equal(qt_net_users_open(path, &u, &err), 0);
	assert_int_equal(qt_net_users_get(u, "ann", &a), 1);
	assert_memory_equal(a.hash, "$2b$12$", 7);
	assert_int_equal(qt_net_password_verify("correct horse", 13, a.hash),
	    1);
	assert_int_equal(qt_net_password_verify("correct hors", 12, a.hash),
	    0);
	assert_int_equal(qt_net_users_get(u, "bob", &a), 1);
	assert_int_equal(a.role, QT_NET_ROLE_WRITER);
	qt_net_users_close(u);
	assert_int_equal(qt_net_users_del(path, "ann", &err), 0);
	assert_int_equal(qt_net_users_del(path, "ann", &err), -ENOENT);
	assert_int_equal(qt_net_users_passwd(path, "ann", "x", 1, &err),
	    -ENOENT);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n] = '\0';
	assert_string_equal(text, "# kept\nbob:writer:" HASH "\n");
}

QT_TEST(edits_at_once_lose_nothing)
{
	struct qt_net_users	*u;
	char			 line[128];

	(void)state;
	write_users("", 0600);
	/* del and set_role take no hash: the lock is all that is slow. */
	for (int i = 0; i < 8; i++) {
		FILE	*f = fopen(path, "a");

		snprintf(line, sizeof(line), "u%d:reader:" HASH "\n", i);
		fputs(line, f);
		fclose(f);
	}
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			snprintf(line, sizeof(line), "u%d", i);
			_exit(qt_net_users_set_role(path, line,
			    QT_NET_ROLE_ADMIN, NULL) != 0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int	status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(qt_net_users_open(path, &u, NULL), 0);
	assert_int_equal(qt_net_users_count(u), 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(qt_net_users_at(u, i)->role,
		    QT_NET_ROLE_ADMIN);
	qt_net_users_close(u);
}

QT_TEST(passwords_that_bcrypt_would_cut_are_refused)
{
	char	long_one[73], hash[QT_NET_HASH_SIZE];

	(void)state;
	memset(long_one, 'a', sizeof(long_one));
	assert_int_equal(qt_net_password_hash(long_one, 73, 4, hash), -EINVAL);
	assert_int_equal(qt_net_password_hash("a\0b", 3, 4, hash), -EINVAL);
	assert_int_equal(qt_net_password_hash("", 0, 4, hash), -EINVAL);
	assert_int_equal(qt_net_password_hash("x", 1, 3, hash), -EINVAL);
	assert_int_equal(qt_net_password_hash(long_one, 72, 4, hash), 0);
	assert_int_equal(qt_net_password_verify(long_one, 72, hash), 1);
	assert_int_equal(qt_net_password_verify(long_one, 73, hash), 0);
	assert_int_equal(qt_net_password_verify(long_one, 71, hash), 0);
	assert_int_equal(qt_net_password_verify("x", 1, "x"), 0);
	assert_int_equal(qt_net_password_verify("x", 1, "abJnggxhB/yWI"), 0);
}

QT_TEST(any_change_of_an_account_changes_its_stamp)
{
	struct qt_net_account	a = { "ann", QT_NET_ROLE_WRITER, "$2b$12$x" };
	struct qt_net_account	b = a;
	uint64_t		stamp = qt_net_account_stamp(&a);

	(void)state;
	assert_true(stamp != 0);
	assert_true(qt_net_account_stamp(&b) == stamp);
	b.role = QT_NET_ROLE_READER;
	assert_true(qt_net_account_stamp(&b) != stamp);
	b = a;
	b.hash[7] = 'y';
	assert_true(qt_net_account_stamp(&b) != stamp);
	b = a;
	b.name[2] = 'm';
	assert_true(qt_net_account_stamp(&b) != stamp);
}

/* A FIFO would hold whoever opens it; a link is not replaced by a file. */
QT_TEST(a_fifo_is_refused_at_once_and_a_link_stays_a_link)
{
	char			place[] = "/tmp/qt-users-XXXXXX";
	char			fifo[64], file[64], link[64], lock[64];
	struct qt_net_users	*users;
	struct qt_net_account	 a;
	struct qt_err		 err = QT_ERR_INIT;
	struct stat		 st;

	(void)state;
	assert_non_null(mkdtemp(place));
	snprintf(fifo, sizeof(fifo), "%s/fifo", place);
	snprintf(file, sizeof(file), "%s/file", place);
	snprintf(link, sizeof(link), "%s/link", place);
	snprintf(lock, sizeof(lock), "%s/file.lock", place);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(qt_net_users_open(fifo, &users, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a small file"));
	assert_int_equal(qt_net_users_add(file, "ann", QT_NET_ROLE_WRITER,
	    "pw", 2, &err), 0);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(qt_net_users_set_role(link, "ann",
	    QT_NET_ROLE_READER, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(qt_net_users_open(file, &users, &err), 0);
	assert_int_equal(qt_net_users_get(users, "ann", &a), 1);
	assert_int_equal(a.role, QT_NET_ROLE_READER);
	qt_net_users_close(users);
	unlink(fifo);
	unlink(link);
	unlink(file);
	unlink(lock);
	assert_int_equal(rmdir(place), 0);
}
