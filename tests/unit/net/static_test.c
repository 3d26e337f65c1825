/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/static.h>: what is served, what is not, and how often it is read. */

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <zlib.h>

#include <qt/net/static.h>
#include <qt/net/work.h>

#include "../../../libcommon/net/beneath_priv.h"
#include "serve.h"

#define BIG (5u << 20)

static char			 buf[8 << 20];
static char			 dir[] = "/tmp/qt-static-XXXXXX";
static struct qt_net_static	*st;
static struct qt_net_work	*work;

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

__attribute__((destructor)) static void
remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
put_file(const char *name, const void *data, size_t len)
{
	char	path[256];
	int	fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void
setup(struct serve *sv)
{
	struct qt_net_static_conf	conf = QT_NET_STATIC_CONF_INIT;

	if (sv->arg != NULL)
		conf = *(struct qt_net_static_conf *)sv->arg;
	assert_int_equal(qt_net_work_new(&sv->loop, 1, 8, &work), 0);
	assert_int_equal(qt_net_static_new(sv->server, dir, &conf, work, &st,
	    NULL), 0);
	serve_route(sv, "/*", QT_NET_METHOD(GET), 0, 0, qt_net_static_handle,
	    st);
}

static void
teardown(struct serve *sv)
{
	(void)sv;
	qt_net_static_free(st);
	qt_net_work_free(work);
}

static void
start(struct serve *sv)
{
	char	path[256];

	if (strstr(dir, "XXXXXX") != NULL)
		assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sub", dir);
	mkdir(path, 0755);
	put_file("index.html", "<p>home</p>", 11);
	put_file("a.txt", "0123456789", 10);
	put_file(".hidden", "secret", 6);
	put_file("sub/index.html", "sub", 3);
	snprintf(path, sizeof(path), "%s/link", dir);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/sub/up", dir);
	unlink(path);
	assert_int_equal(symlink("..", path), 0);
	sv->setup = setup;
	sv->teardown = teardown;
	serve_start(sv);
}

#define SERVE(sv, a)							\
	struct serve sv = { .conf = QT_NET_CONF_INIT, .arg = (a) };	\
	start(&sv)
#define H " HTTP/1.1\r\nHost: a\r\n"

/* The value of a header in the answer in buf, in a static buffer. */
static const char *
value_of(const char *name)
{
	static char	value[256];
	const char	*p = strstr(buf, name);

	assert_non_null(p);
	p += strlen(name) + 2;
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\r"), p);
	return value;
}

static void
get(struct serve *sv, const char *path, const char *headers)
{
	char	req[1024];

	snprintf(req, sizeof(req), "GET %s" H "%s\r\n", path, headers);
	ask(sv->port, req, buf, sizeof(buf));
}

QT_TEST(small_files_are_read_once_and_served_from_memory)
{
	SERVE(sv, NULL);
	(void)state;
	for (int i = 0; i < 3; i++) {
		get(&sv, "/a.txt", "");
		assert_starts(buf, "HTTP/1.1 200 OK\r\nDate: ");
		assert_has(buf, "Content-Type: text/plain; charset=utf-8\r\n");
		assert_has(buf, "Content-Length: 10\r\n");
		assert_has(buf, "X-Content-Type-Options: nosniff\r\n");
		assert_has(buf, "\r\n\r\n0123456789");
	}
	assert_int_equal(counter(&sv.stats.static_misses), 1);
	assert_int_equal(counter(&sv.stats.static_hits), 2);
	serve_stop(&sv);
}

QT_TEST(folders_serve_their_index_and_redirect_without_slash)
{
	SERVE(sv, NULL);
	(void)state;
	get(&sv, "/", "");
	assert_has(buf, "<p>home</p>");
	get(&sv, "/sub/", "");
	assert_has(buf, "\r\n\r\nsub");
	get(&sv, "/sub?q=1", "");
	assert_starts(buf, "HTTP/1.1 308 ");
	assert_string_equal(value_of("Location"), "/sub/?q=1");
	get(&sv, "//sub", "");
	assert_string_equal(value_of("Location"), "/sub/");
	serve_stop(&sv);
}

QT_TEST(links_dot_files_and_climbing_are_not_served)
{
	static const char *const	paths[] = { "/link", "/sub/up/a.txt",
	    "/.hidden", "/%2ehidden", "/none", "/a.txt/x", "/sub/none/x" };

	SERVE(sv, NULL);
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(&sv, paths[i], "");
		assert_starts(buf, "HTTP/1.1 404 ");
	}
	get(&sv, "/../a.txt", "");
	assert_starts(buf, "HTTP/1.1 400 ");
	serve_stop(&sv);
}

QT_TEST(the_walk_refuses_what_openat2_refuses)
{
	static const char *const	names[] = { "link", "sub/up/a.txt",
	    "../a", "sub/../../a", "none", "a.txt/x", "sub/../a.txt", "" };
	int				root, fd;

	SERVE(sv, NULL);
	(void)state;
	root = open(dir, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(qt__net_open_beneath_walk(root, names[i]) < 0);
	for (int i = 0; i < 5; i++)
		assert_true(qt__net_open_beneath(root, names[i]) < 0);
	fd = qt__net_open_beneath_walk(root, "sub/index.html");
	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, 10), 3);
	close(fd);
	close(root);
	serve_stop(&sv);
}

QT_TEST(what_the_client_has_is_304)
{
	char	headers[256], etag[64], date[64];

	SERVE(sv, NULL);
	(void)state;
	get(&sv, "/a.txt", "");
	snprintf(etag, sizeof(etag), "%s", value_of("ETag"));
	snprintf(date, sizeof(date), "%s", value_of("Last-Modified"));
	snprintf(headers, sizeof(headers), "If-None-Match: \"x\", W/%s\r\n",
	    etag);
	get(&sv, "/a.txt", headers);
	assert_starts(buf, "HTTP/1.1 304 ");
	assert_has_not(buf, "0123");
	assert_string_equal(value_of("ETag"), etag);
	snprintf(headers, sizeof(headers), "If-Modified-Since: %s\r\n", date);
	get(&sv, "/a.txt", headers);
	assert_starts(buf, "HTTP/1.1 304 ");
	get(&sv, "/a.txt", "If-None-Match: \"x\"\r\n"
	    "If-Modified-Since: Sun, 06 Nov 2044 08:49:37 GMT\r\n");
	assert_starts(buf, "HTTP/1.1 200 ");
	get(&sv, "/a.txt",
	    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	assert_starts(buf, "HTTP/1.1 200 ");
	serve_stop(&sv);
}

QT_TEST(ranges_are_206_416_or_ignored)
{
	SERVE(sv, NULL);
	(void)state;
	get(&sv, "/a.txt", "Range: bytes=2-4\r\n");
	assert_starts(buf, "HTTP/1.1 206 ");
	assert_has(buf, "Content-Range: bytes 2-4/10\r\n");
	assert_has(buf, "\r\n\r\n234");
	get(&sv, "/a.txt", "Range: bytes=-3\r\n");
	assert_has(buf, "\r\n\r\n789");
	get(&sv, "/a.txt", "Range: bytes=8-100\r\n");
	assert_has(buf, "Content-Range: bytes 8-9/10\r\n");
	get(&sv, "/a.txt", "Range: bytes=10-\r\n");
	assert_starts(buf, "HTTP/1.1 416 ");
	assert_has(buf, "Content-Range: bytes */10\r\n");
	get(&sv, "/a.txt", "Range: bytes=0-1,3-4\r\n");
	assert_starts(buf, "HTTP/1.1 200 ");
	get(&sv, "/a.txt", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n");
	assert_starts(buf, "HTTP/1.1 200 ");
	serve_stop(&sv);
}

/* Many processes' worth of loopback buffers: partial writes happen. */
QT_TEST(large_files_arrive_whole_also_in_ranges)
{
	static unsigned char	big[BIG];
	size_t			len;
	char			*body;

	SERVE(sv, NULL);
	(void)state;
	for (size_t i = 0; i < BIG; i++)
		big[i] = (unsigned char)(i * 2654435761u >> 13);
	put_file("big.bin", big, BIG);
	len = ask(sv.port, "GET /big.bin" H "\r\n", buf, sizeof(buf));
	body = memmem(buf, len, "\r\n\r\n", 4);
	assert_int_equal(len - (size_t)(body + 4 - buf), BIG);
	assert_memory_equal(body + 4, big, BIG);
	len = ask(sv.port, "GET /big.bin" H "Range: bytes=1000000-4999999\r\n"
	    "\r\n", buf, sizeof(buf));
	body = memmem(buf, len, "\r\n\r\n", 4);
	assert_int_equal(len - (size_t)(body + 4 - buf), 4000000);
	assert_memory_equal(body + 4, big + 1000000, 4000000);
	serve_stop(&sv);
}

static size_t
inflate_to(const char *p, size_t len, char *out, size_t size)
{
	z_stream	z = { 0 };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (unsigned char *)p;
	z.avail_in = (unsigned int)len;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned int)size;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return z.total_out;
}

QT_TEST(text_is_compressed_once_on_the_pool)
{
	static char	text[20000], out[20001];
	struct timespec	nap = { 0, 2000000 };
	size_t		len;
	char		*body;
	int		tries = 0;

	SERVE(sv, NULL);
	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "abcdefgh \n"[i * i % 10];
	put_file("t.js", text, sizeof(text));
	do {
		nanosleep(&nap, NULL);
		len = ask(sv.port, "GET /t.js" H "Accept-Encoding: br, gzip\r\n"
		    "\r\n", buf, sizeof(buf));
	} while (strstr(buf, "Content-Encoding: gzip") == NULL &&
	    ++tries < 5000);
	assert_has(buf, "Content-Encoding: gzip\r\n");
	assert_has(buf, "Vary: Accept-Encoding\r\n");
	body = memmem(buf, len, "\r\n\r\n", 4);
	body += 4;
	assert_int_equal(inflate_to(body, len - (size_t)(body - buf), out,
	    sizeof(out)), sizeof(text));
	assert_memory_equal(out, text, sizeof(text));
	get(&sv, "/t.js", "Accept-Encoding: gzip;q=0\r\n");
	assert_has_not(buf, "Content-Encoding");
	get(&sv, "/t.js", "");
	assert_has_not(buf, "Content-Encoding");
	assert_true(counter(&sv.stats.static_misses) == 1);
	serve_stop(&sv);
}

QT_TEST(a_gz_file_beside_is_used_unless_it_is_older)
{
	static char	text[2000];
	struct timespec	old[2] = { { 1000, 0 }, { 1000, 0 } };
	char		path[256];

	SERVE(sv, NULL);
	(void)state;
	memset(text, 'x', sizeof(text));
	put_file("u.css", text, sizeof(text));
	put_file("u.css.gz", "not really gzip", 15);
	get(&sv, "/u.css", "Accept-Encoding: gzip\r\n");
	assert_has(buf, "not really gzip");
	assert_has(buf, "Content-Type: text/css");
	put_file("v.css", text, sizeof(text));
	put_file("v.css.gz", "stale", 5);
	snprintf(path, sizeof(path), "%s/v.css.gz", dir);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	get(&sv, "/v.css", "Accept-Encoding: gzip\r\n");
	assert_has_not(buf, "stale");
	serve_stop(&sv);
}

QT_TEST(a_changed_file_is_noticed)
{
	struct timespec	nap = { 0, 20000000 };
	int		tries = 0;

	SERVE(sv, NULL);
	(void)state;
	get(&sv, "/a.txt", "");
	assert_has(buf, "0123456789");
	put_file("a.txt", "changed", 7);
	do {
		nanosleep(&nap, NULL);
		get(&sv, "/a.txt", "");
	} while (strstr(buf, "\r\n\r\nchanged") == NULL && ++tries < 500);
	assert_has(buf, "\r\n\r\nchanged");
	assert_int_equal(counter(&sv.stats.static_misses), 2);
	serve_stop(&sv);
}

QT_TEST(the_cache_stays_within_its_bytes)
{
	static char			data[20000];
	struct qt_net_static_conf	conf = { 100000, 100, 30000, NULL };
	char				name[32], path[40];

	SERVE(sv, &conf);
	(void)state;
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "f%d.bin", i);
		put_file(name, data, sizeof(data));
		snprintf(path, sizeof(path), "/%s", name);
		get(&sv, path, "");
		assert_starts(buf, "HTTP/1.1 200 ");
		assert_true(counter(&sv.stats.static_bytes) <= 100000);
	}
	assert_true(counter(&sv.stats.static_evicted) >= 7);
	serve_stop(&sv);
}
