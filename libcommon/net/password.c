/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bcrypt by libxcrypt. See <qt/net/users.h>.
 *
 * libxcrypt cuts a password at 72 bytes and at a NUL without a word, and
 * crypt_gensalt with cost 0 means 5: so the length is checked here, the cost
 * always given, and only a full "$2b$" hash of 60 characters is believed.
 */

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/net/users.h>

#define HASH_LEN (QT_NET_HASH_SIZE - 1)

int
qt_net_password_check(const char *password, size_t len, struct qt_err *err)
{
	if (len == 0)
		qt_err_set(err, "the password is empty");
	else if (len > QT_NET_PASSWORD_MAX)
		qt_err_set(err, "the password is longer than %d bytes, which "
		    "bcrypt cannot take", QT_NET_PASSWORD_MAX);
	else if (memchr(password, '\0', len) != NULL)
		qt_err_set(err, "the password has a NUL byte in it");
	else
		return 0;
	return -EINVAL;
}

static int
is_hash(const char *text)
{
	return strnlen(text, QT_NET_HASH_SIZE) == HASH_LEN &&
	    strncmp(text, "$2b$", 4) == 0;
}

/* crypt(3) of password by setting. 0, -EINVAL, -ENOMEM. */
static int
run(const char *password, size_t len, const char *setting,
    char out[QT_NET_HASH_SIZE])
{
	struct crypt_data	*data;	/* 32 KiB: not for a small stack */
	char			 copy[QT_NET_PASSWORD_MAX + 1];
	char			*result;
	int			 rc = -EINVAL;

	if (qt_net_password_check(password, len, NULL) < 0)
		return -EINVAL;
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		return -ENOMEM;
	memcpy(copy, password, len);
	copy[len] = '\0';
	result = crypt_rn(copy, setting, data, (int)sizeof(*data));
	if (result != NULL && is_hash(result)) {
		memcpy(out, result, QT_NET_HASH_SIZE);
		rc = 0;
	}
	explicit_bzero(copy, sizeof(copy));
	explicit_bzero(data, sizeof(*data));
	free(data);
	return rc;
}

int
qt_net_password_hash(const char *password, size_t len, unsigned int cost,
    char out[QT_NET_HASH_SIZE])
{
	char	setting[CRYPT_GENSALT_OUTPUT_SIZE];
	char	salt[16];

	if (cost < 4 || cost > 31)
		return -EINVAL;
	qt_random(salt, sizeof(salt));
	if (crypt_gensalt_rn("$2b$", cost, salt, sizeof(salt), setting,
	    sizeof(setting)) == NULL)
		return -EINVAL;
	return run(password, len, setting, out);
}

int
qt_net_password_verify(const char *password, size_t len, const char *hash)
{
	char	ours[QT_NET_HASH_SIZE];

	return is_hash(hash) && run(password, len, hash, ours) == 0 &&
	    qt_is_equal_secret(ours, hash, HASH_LEN);
}
