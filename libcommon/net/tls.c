/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and contexts of TLS. See <qt/net/tls.h>; tls_conn.c relays. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls_priv.h"

static int
copy(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text != NULL && *out == NULL ? -ENOMEM : 0;
}

/* ALPN: http/1.1 or nothing. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char	ours[] = "\010http/1.1";

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours,
	    sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

/* The file that cannot be read by us is the usual mistake: say that first. */
static int
fail(struct qt_err *err, const char *what, const char *path)
{
	unsigned long	code = ERR_peek_last_error();
	const char	*reason = ERR_reason_error_string(code);
	int		 rc = -EINVAL;

	if (access(path, R_OK) < 0)
		rc = -errno;
	qt_err_set(err, rc == -EINVAL ? "%s '%s': %s" : "%s '%s'", what, path,
	    reason != NULL ? reason : "not usable");
	ERR_clear_error();
	return rc;
}

static int
load_files(SSL_CTX *ctx, const struct qt_net_tls *tls, struct qt_err *err)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->cert) != 1)
		return fail(err, "certificate", tls->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, tls->key, SSL_FILETYPE_PEM) != 1)
		return fail(err, "key", tls->key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail(err, "key does not fit the certificate", tls->key);
	if (tls->client_ca == NULL)
		return 0;
	if (SSL_CTX_load_verify_locations(ctx, tls->client_ca, NULL) != 1)
		return fail(err, "client CA", tls->client_ca);
	SSL_CTX_set_client_CA_list(ctx,
	    SSL_load_client_CA_file(tls->client_ca));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

static SSL_CTX *
make_context(void)
{
	static const unsigned char	id[] = "qt";
	SSL_CTX				*ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	return ctx;
}

int
qt_net_tls_reload(struct qt_net_tls *tls, struct qt_err *err)
{
	SSL_CTX	*ctx = make_context();
	int	 rc;

	if (ctx == NULL)
		return -ENOMEM;
	rc = load_files(ctx, tls, err);
	if (rc < 0) {
		SSL_CTX_free(ctx);
		return rc;
	}
	SSL_CTX_free(tls->ctx);	/* connections hold their own reference */
	tls->ctx = ctx;
	return 0;
}

int
qt_net_tls_new(const struct qt_net_tls_conf *conf, struct qt_net_tls **out,
    struct qt_err *err)
{
	struct qt_net_tls	*tls;
	int			 rc;

	*out = NULL;
	if (conf->cert == NULL || conf->key == NULL) {
		qt_err_set(err, "TLS needs a certificate and its key");
		return -EINVAL;
	}
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		return -ENOMEM;
	rc = copy(&tls->cert, conf->cert);
	if (rc == 0)
		rc = copy(&tls->key, conf->key);
	if (rc == 0)
		rc = copy(&tls->client_ca, conf->client_ca);
	if (rc == 0)
		rc = qt_net_tls_reload(tls, err);
	if (rc < 0) {
		qt_net_tls_free(tls);
		return rc;
	}
	*out = tls;
	return 0;
}

void
qt_net_tls_free(struct qt_net_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls->cert);
	free(tls->key);
	free(tls->client_ca);
	free(tls);
}
