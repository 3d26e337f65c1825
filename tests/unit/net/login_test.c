/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/login.h>, audit.h, origin.h: who may come in. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/sys.h>
#include <qt/net/audit.h>
#include <qt/net/login.h>
#include <qt/net/origin.h>
#include <qt/net/work.h>

#include "../test.h"

static char	dir[] = "/tmp/qt-login-XXXXXX";
static char	path[64];

__attribute__((destructor)) static void
remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

/* ann's password is "right", hashed cheaply. */
static void
write_users(void)
{
	char	hash[QT_NET_HASH_SIZE];
	FILE	*f;

	if (path[0] == '\0') {
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/users", dir);
	}
	unlink(path);
	assert_int_equal(qt_net_password_hash("right", 5, 4, hash), 0);
	f = fopen(path, "w");
	fprintf(f, "ann:writer:%s\n", hash);
	fclose(f);
}

struct world {
	uv_loop_t		 loop;
	struct qt_net_users	*users;
	struct qt_net_work	*work;
	struct qt_net_login	*login;
	struct qt_net_backoff	*backoff;
	struct qt_net_stats	 stats;
	int			 done;
	enum qt_net_role	 role;
};

static void
world_start(struct world *w, unsigned int limit)
{
	write_users();
	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	assert_int_equal(qt_net_users_open(path, &w->users, NULL), 0);
	assert_int_equal(qt_net_work_new(&w->loop, 1, limit, &w->work), 0);
	assert_int_equal(qt_net_backoff_new(64, &w->backoff), 0);
	assert_int_equal(qt_net_login_new(w->users, w->work, w->backoff,
	    &w->stats, &w->login), 0);
}

static void
world_stop(struct world *w)
{
	qt_net_login_free(w->login);
	qt_net_work_free(w->work);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	qt_net_backoff_free(w->backoff);
	qt_net_users_close(w->users);
}

static void
on_done(const struct qt_net_login_result *result, void *arg)
{
	struct world	*w = arg;

	w->done++;
	w->role = result->role;
}

static const struct qt_net_addr	here = { .family = 4, .b = { 192, 0, 2, 7 } };
static const struct qt_net_addr	there = { .family = 4, .b = { 192, 0, 2, 8 } };

static int
check(struct world *w, const struct qt_net_addr *addr, const char *name,
    const char *password)
{
	unsigned int	retry;

	return qt_net_login_check(w->login, addr, name, password,
	    strlen(password), &retry, on_done, w);
}

static void
too_late(uv_timer_t *tick)
{
	(void)tick;
	fail_msg("no answer in 20 seconds");
}

/* The loop has only unreferenced handles: turn it by hand. */
static void
wait_done(struct world *w, int count)
{
	uv_timer_t	tick;

	uv_timer_init(&w->loop, &tick);
	uv_timer_start(&tick, too_late, 20000, 0);
	while (w->done < count)
		uv_run(&w->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&w->loop, UV_RUN_NOWAIT);
}

QT_TEST(the_right_password_gives_the_role_and_others_none)
{
	struct world	w;

	(void)state;
	world_start(&w, 8);
	assert_int_equal(check(&w, &here, "ann", "right"), 0);
	wait_done(&w, 1);
	assert_int_equal(w.role, QT_NET_ROLE_WRITER);
	assert_int_equal(check(&w, &here, "ann", "wrong"), 0);
	wait_done(&w, 2);
	assert_int_equal(w.role, QT_NET_ROLE_NONE);
	assert_int_equal(check(&w, &here, "nobody", "right"), 0);
	wait_done(&w, 3);
	assert_int_equal(w.role, QT_NET_ROLE_NONE);
	assert_int_equal(check(&w, &here, "ann", ""), -EINVAL);
	assert_int_equal(atomic_load(&w.stats.logins_ok), 1);
	assert_int_equal(atomic_load(&w.stats.logins_failed), 3);
	world_stop(&w);
}

QT_TEST(failures_back_off_by_address_and_by_account)
{
	struct world	w;

	(void)state;
	world_start(&w, 8);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(check(&w, &here, "ann", "wrong"), 0);
		wait_done(&w, i + 1);
	}
	/* Right now, but too late; and from anywhere else as well. */
	assert_int_equal(check(&w, &here, "ann", "right"), -EBUSY);
	assert_int_equal(check(&w, &there, "ann", "right"), -EBUSY);
	assert_int_equal(check(&w, &here, "bob", "x"), -EBUSY);
	assert_int_equal(check(&w, &there, "bob", "x"), 0);
	wait_done(&w, 4);
	world_stop(&w);
}

QT_TEST(a_full_queue_says_so)
{
	struct world	w;
	int		rc = 0, n;

	(void)state;
	world_start(&w, 1);
	/* The dummy hash takes a quarter of a second: the queue fills. */
	for (n = 0; n < 3 && rc == 0; n++)
		rc = check(&w, n == 0 ? &here : &there, n == 0 ? "x" :
		    n == 1 ? "y" : "z", "p");
	assert_int_equal(rc, -EAGAIN);
	assert_true(atomic_load(&w.stats.rejects[QT_NET_REJECT_busy]) > 0);
	/* Freed with checks under way: they are finished, and told nobody. */
	world_stop(&w);
	assert_int_equal(w.done, 0);
}

static struct qt_net_str
str(const char *text)
{
	return (struct qt_net_str){ text, strlen(text) };
}

QT_TEST(basic_is_compared_whole)
{
	char	user[8], pass[8];
	size_t	len;

	(void)state;
	assert_true(qt_net_basic_is(str("Basic dTpw"), "u:p"));
	assert_true(qt_net_basic_is(str("basic  dTpw"), "u:p"));
	assert_false(qt_net_basic_is(str("Basic dTpw"), "u:pp"));
	assert_false(qt_net_basic_is(str("Basic dTpwAA=="), "u:p"));
	assert_false(qt_net_basic_is(str("Bearer dTpw"), "u:p"));
	assert_false(qt_net_basic_is(str(""), "u:p"));
	assert_false(qt_net_basic_is(str("Basic "), ""));
	assert_int_equal(qt_net_basic_parse(str("Basic dTpwOnE="), user, 8,
	    pass, 8, &len), 0);
	assert_string_equal(user, "u");
	assert_string_equal(pass, "p:q");
	assert_int_equal(qt_net_basic_parse(str("Basic dXA="), user, 8, pass,
	    8, &len), -EINVAL);
	assert_int_equal(qt_net_basic_parse(str("Basic dTowMTIzNDU2Nzg="),
	    user, 8, pass, 8, &len), -ENAMETOOLONG);
}

static enum qt_net_origin_result
origin(const struct qt_net_origins *o, const char *host, const char *lines,
    int is_secure)
{
	static struct qt_net_head	h;
	char				text[512];
	long				n;

	n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n%s"
	    "\r\n", host, lines);
	assert_int_equal(qt_net_head_parse(&h, text, (size_t)n, 0), n);
	return qt_net_origins_check(o, &h, is_secure);
}

QT_TEST(origins_are_exact)
{
	struct qt_net_origins	*o;

	(void)state;
	assert_int_equal(qt_net_origins_new(&o), 0);
	assert_int_equal(qt_net_origins_add(o, "https://ok.example:8443"), 0);
	assert_int_equal(qt_net_origins_add(o, "ok.example"), -EINVAL);
	assert_int_equal(qt_net_origins_add(o, "https://a/x"), -EINVAL);
	assert_int_equal(origin(o, "a:80", "Origin: http://a\r\n", 0),
	    QT_NET_ORIGIN_OK);
	assert_int_equal(origin(o, "a:81", "Origin: http://a\r\n", 0),
	    QT_NET_ORIGIN_BAD);
	assert_int_equal(origin(o, "a", "Origin: https://A\r\n", 1),
	    QT_NET_ORIGIN_OK);
	assert_int_equal(origin(o, "a", "Origin: https://a.evil\r\n", 1),
	    QT_NET_ORIGIN_BAD);
	assert_int_equal(origin(o, "a",
	    "Origin: https://ok.example:8443\r\n", 0), QT_NET_ORIGIN_OK);
	assert_int_equal(origin(o, "a", "Origin: https://ok.example\r\n", 0),
	    QT_NET_ORIGIN_BAD);
	assert_int_equal(origin(o, "[::1]:7681",
	    "Origin: http://[::1]:7681\r\n", 0), QT_NET_ORIGIN_OK);
	assert_int_equal(origin(o, "a", "Origin: null\r\n", 0),
	    QT_NET_ORIGIN_BAD);
	assert_int_equal(origin(o, "a", "Referer: http://a/x?y\r\n", 0),
	    QT_NET_ORIGIN_OK);
	assert_int_equal(origin(o, "a", "Referer: http://a.b/x\r\n", 0),
	    QT_NET_ORIGIN_BAD);
	assert_int_equal(origin(o, "a", "", 0), QT_NET_ORIGIN_NONE);
	assert_int_equal(origin(NULL, "a", "Sec-Fetch-Site: same-site\r\n", 0),
	    QT_NET_ORIGIN_BAD);
	qt_net_origins_set_https(o, 1);
	assert_int_equal(origin(o, "a", "Origin: https://a\r\n", 0),
	    QT_NET_ORIGIN_OK);
	qt_net_origins_free(o);
}

QT_TEST(hosts_on_the_list_only)
{
	struct qt_net_origins	*o;

	(void)state;
	assert_int_equal(qt_net_origins_new(&o), 0);
	assert_true(qt_net_origins_is_host(o, str("anything")));
	assert_int_equal(qt_net_origins_add_host(o, "localhost"), 0);
	assert_int_equal(qt_net_origins_add_host(o, "a.example:99"), 0);
	assert_int_equal(qt_net_origins_add_host(o, "a/b"), -EINVAL);
	assert_true(qt_net_origins_is_host(o, str("LocalHost:7681")));
	assert_true(qt_net_origins_is_host(o, str("a.example:99")));
	assert_false(qt_net_origins_is_host(o, str("a.example")));
	assert_false(qt_net_origins_is_host(o, str("evil.example")));
	assert_false(qt_net_origins_is_host(o, str("")));
	assert_true(qt_net_origins_is_host(NULL, str("x")));
	qt_net_origins_free(o);
}

QT_TEST(the_audit_log_is_one_object_a_line)
{
	struct qt_net_audit	*a;
	char			 name[80], text[1024];
	ssize_t			 n;
	int			 fd;

	(void)state;
	write_users();
	snprintf(name, sizeof(name), "%s/audit", dir);
	assert_int_equal(qt_net_audit_open(name, &a, NULL), 0);
	assert_int_equal(qt_net_audit(a, "login", 0, "a\"\n\x1b[2J", NULL,
	    &here, NULL), 0);
	assert_int_equal(qt_net_audit(a, "logout", 1, "ann", "writer", NULL,
	    "bye"), 0);
	qt_net_audit_close(a);
	assert_int_equal(qt_net_audit(NULL, "x", 1, NULL, NULL, NULL, NULL),
	    0);
	fd = open(name, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	text[n] = '\0';
	close(fd);
	unlink(name);
	assert_memory_equal(text, "{\"time\":\"", 9);
	assert_non_null(strstr(text, "\"event\":\"login\",\"ok\":false,"
	    "\"user\":\"a\\\"\\n\\u001b[2J\",\"addr\":\"192.0.2.7\"}\n{"));
	assert_non_null(strstr(text, "\"user\":\"ann\",\"role\":\"writer\","
	    "\"detail\":\"bye\"}\n"));
}

QT_TEST(an_audit_log_that_takes_nothing_says_so_and_holds_nobody_up)
{
	struct qt_net_audit	*a;
	struct qt_err		 err = QT_ERR_INIT;
	char			 name[80];

	(void)state;
	write_users();		/* makes the folder */
	snprintf(name, sizeof(name), "%s/fifo", dir);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(qt_net_audit_open(name, &a, &err), -ENXIO);
	assert_non_null(strstr(err.text, "a FIFO that nobody reads"));
	unlink(name);
	assert_int_equal(qt_net_audit_open("/dev/full", &a, NULL), 0);
	assert_int_equal(qt_net_audit(a, "login", 1, "ann", NULL, NULL, NULL),
	    -ENOSPC);
	qt_net_audit_close(a);
}

/* Half a line is written: the next one begins on a line of its own. */
QT_TEST(a_line_that_a_full_disk_cut_does_not_spoil_the_next)
{
	struct qt_net_audit	*a;
	char			 name[80], text[512] = "", *second;
	int			 fd;

	(void)state;
	write_users();
	snprintf(name, sizeof(name), "%s/audit", dir);
	assert_int_equal(qt_net_audit_open(name, &a, NULL), 0);
	qt_sys_fault(QT_SYS_WRITE, 1, 0);
	assert_int_equal(qt_net_audit(a, "one", 1, NULL, NULL, NULL, NULL),
	    -ENOSPC);
	assert_int_equal(qt_net_audit(a, "two", 1, NULL, NULL, NULL, NULL), 0);
	qt_net_audit_close(a);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	unlink(name);
	second = strchr(text, '\n');
	assert_non_null(second);
	assert_int_equal(second[1], '{');
	assert_non_null(strstr(second, "\"event\":\"two\""));
	assert_string_equal(strrchr(text, '}'), "}\n");
}
