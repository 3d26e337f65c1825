/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/tls.h>: the same requests, by TLS; what is not offered. */

#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <qt/net/tls.h>

#include "serve.h"

static char		 buf[12 << 20];
static char		 dir[] = "/tmp/qt-tls-XXXXXX";
static char		 cert[64], key[64];
static unsigned int	 tls_port;
static struct qt_net_tls *tls;

/* A self-signed certificate, made once. */
static void
make_cert(void)
{
	EVP_PKEY	*pkey = EVP_EC_gen("P-256");
	X509		*x = X509_new();
	FILE		*f;

	assert_non_null(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, pkey);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	f = fopen(cert, "w");
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(key, "w");
	PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

__attribute__((destructor)) static void
remove_cert(void)
{
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

static void
show(struct qt_net_req *req, void *arg)
{
	char	addr[QT_NET_ADDR_TEXT_SIZE];

	(void)arg;
	qt_net_addr_text(qt_net_req_addr(req), addr);
	qt_net_reply_text(req, 200, "secure=%d addr=%s",
	    qt_net_req_is_secure(req), addr);
}

static void
echo(struct qt_net_req *req, void *arg)
{
	struct qt_net_str	body = qt_net_req_body(req);

	(void)arg;
	qt_net_reply(req, 200, "text/plain", body.p, body.len);
}

static void
take(struct qt_net_req *req, void *arg)
{
	struct qt_net_upgrade	up;

	(void)arg;
	assert_int_equal(qt_net_req_take(req, &up), 0);
	assert_true(up.is_secure);
	assert_int_equal(send(up.fd, "taken", 5, 0), 5);
	close(up.fd);
}

static void
setup(struct serve *sv)
{
	struct qt_net_tls_conf	conf = { cert, key, sv->arg };
	int			fd;

	assert_int_equal(qt_net_tls_new(&conf, &tls, NULL), 0);
	assert_int_equal(qt_net_bind("127.0.0.1", 0, 0, &fd, NULL), 0);
	tls_port = qt_net_bound_port(fd);
	assert_int_equal(qt_net_server_listen_tls(sv->server, fd, tls, NULL),
	    0);
	serve_route(sv, "/", QT_NET_METHOD(GET), 0, 0, show, NULL);
	serve_route(sv, "/echo", QT_NET_METHOD(POST), 0, 8 << 20, echo, NULL);
	serve_route(sv, "/ws", QT_NET_METHOD(GET), QT_NET_WS, 0, take, NULL);
}

static void
start(struct serve *sv, const char *client_ca)
{
	if (cert[0] == '\0')
		make_cert();
	*sv = (struct serve){ .conf = QT_NET_CONF_INIT, .setup = setup,
	    .arg = (void *)client_ca };
	serve_start(sv);
}

static void
finish(struct serve *sv)
{
	serve_stop(sv);
	qt_net_tls_free(tls);
}

struct client {
	SSL_CTX	*ctx;
	SSL	*ssl;
	int	 fd;
	int	 rc;	/* of SSL_connect */
};

static struct client
dial_tls(int max_version, const char *alpn, int with_cert)
{
	struct client	c;

	c.ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(c.ctx, 0);
	SSL_CTX_set_security_level(c.ctx, 0);
	if (max_version != 0)
		SSL_CTX_set_max_proto_version(c.ctx, max_version);
	if (with_cert) {
		SSL_CTX_use_certificate_file(c.ctx, cert, SSL_FILETYPE_PEM);
		SSL_CTX_use_PrivateKey_file(c.ctx, key, SSL_FILETYPE_PEM);
	}
	c.fd = dial(tls_port);
	c.ssl = SSL_new(c.ctx);
	SSL_set_fd(c.ssl, c.fd);
	if (alpn != NULL)
		SSL_set_alpn_protos(c.ssl, (const unsigned char *)alpn,
		    (unsigned int)strlen(alpn));
	c.rc = SSL_connect(c.ssl);
	return c;
}

static void
hang_up(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
}

/* Sends all, then reads until size bytes have come or the end. */
static size_t
talk(struct client *c, const char *text, size_t text_len, size_t size)
{
	size_t	at = 0, len = 0;
	int	n;

	while (at < text_len) {
		n = SSL_write(c->ssl, text + at, (int)(text_len - at));
		assert_true(n > 0);
		at += (size_t)n;
	}
	while (len < size && (n = SSL_read(c->ssl, buf + len,
	    (int)(sizeof(buf) - 1 - len))) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	return len;
}

#define ASK(c, text) talk(c, text, strlen(text), sizeof(buf))

QT_TEST(requests_come_through_with_their_address)
{
	struct serve	sv;
	struct client	c;

	(void)state;
	start(&sv, NULL);
	c = dial_tls(0, "\010http/1.1", 0);
	assert_int_equal(c.rc, 1);
	ASK(&c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_has(buf, "secure=1 addr=127.0.0.1");
	hang_up(&c);
	assert_int_equal(counter(&sv.stats.tls_handshakes), 1);
	finish(&sv);
}

QT_TEST(large_bodies_go_both_ways)
{
	static char	req[6 << 20];
	struct serve	sv;
	struct client	c;
	size_t		head, len;
	char		*body;

	(void)state;
	start(&sv, NULL);
	head = (size_t)snprintf(req, sizeof(req), "POST /echo HTTP/1.1\r\n"
	    "Host: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
	    sizeof(req) - 200);
	for (size_t i = head; i < head + sizeof(req) - 200; i++)
		req[i] = (char)(i * 7 >> 2);
	c = dial_tls(0, NULL, 0);
	len = talk(&c, req, head + sizeof(req) - 200, sizeof(buf));
	body = memmem(buf, len, "\r\n\r\n", 4);
	assert_non_null(body);
	body += 4;
	assert_int_equal(len - (size_t)(body - buf), sizeof(req) - 200);
	assert_memory_equal(body, req + head, sizeof(req) - 200);
	hang_up(&c);
	finish(&sv);
}

QT_TEST(upgrades_are_handed_over_behind_tls)
{
	struct serve	sv;
	struct client	c;

	(void)state;
	start(&sv, NULL);
	c = dial_tls(0, NULL, 0);
	ASK(&c, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nOrigin: https://a\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n");
	assert_string_equal(buf, "taken");
	hang_up(&c);
	finish(&sv);
}

QT_TEST(old_versions_http2_and_plain_text_are_refused)
{
	struct serve	sv;
	struct client	c;

	(void)state;
	start(&sv, NULL);
	c = dial_tls(TLS1_1_VERSION, NULL, 0);
	assert_true(c.rc <= 0);
	hang_up(&c);
	c = dial_tls(0, "\002h2", 0);
	assert_true(c.rc <= 0);
	hang_up(&c);
	c = dial_tls(TLS1_2_VERSION, NULL, 0);
	assert_int_equal(c.rc, 1);
	hang_up(&c);
	ask(tls_port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", buf, sizeof(buf));
	assert_has_not(buf, "secure");
	await_counter(&sv.stats.tls_errors, 3);
	finish(&sv);
}

QT_TEST(a_client_certificate_can_be_asked_for)
{
	struct serve	sv;
	struct client	c;

	(void)state;
	if (cert[0] == '\0')
		make_cert();
	start(&sv, cert);
	c = dial_tls(TLS1_2_VERSION, NULL, 0);
	assert_true(c.rc <= 0);
	hang_up(&c);
	c = dial_tls(0, NULL, 1);
	ASK(&c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_has(buf, "secure=1");
	hang_up(&c);
	finish(&sv);
}

QT_TEST(a_handshake_has_a_deadline)
{
	struct serve	sv;
	int		fd;

	(void)state;
	if (cert[0] == '\0')
		make_cert();
	sv = (struct serve){ .conf = QT_NET_CONF_INIT, .setup = setup };
	sv.conf.head_timeout_ms = 100;
	serve_start(&sv);
	fd = dial(tls_port);
	assert_int_equal(hear_all(fd, buf, sizeof(buf)), 0);
	close(fd);
	assert_int_equal(counter(&sv.stats.tls_errors), 1);
	finish(&sv);
}

QT_TEST(bad_files_are_named)
{
	struct qt_net_tls_conf	conf = { "/nonexistent/c", "/nonexistent/k",
	    NULL };
	struct qt_net_tls	*t;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	if (cert[0] == '\0')
		make_cert();
	assert_int_equal(qt_net_tls_new(&conf, &t, &err), -ENOENT);
	assert_has(err.text, "/nonexistent/c");
	conf.cert = key;
	conf.key = key;
	assert_int_equal(qt_net_tls_new(&conf, &t, &err), -EINVAL);
	assert_has(err.text, key);
	assert_null(t);
}
