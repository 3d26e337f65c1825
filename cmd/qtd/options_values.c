/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of options: addresses, credentials, signals, users. */

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "options.h"

#define CREDENTIAL_MAX 512

static int
ends_with(const char *text, const char *end)
{
	size_t	a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

static int
is_address(const char *text)
{
	unsigned char	b[16];

	return inet_pton(AF_INET, text, b) == 1 ||
	    inet_pton(AF_INET6, text, b) == 1;
}

/* The first address of an interface, of the family asked for. */
static int
interface_address(const char *name, int family, char *out, socklen_t size)
{
	struct ifaddrs	*list, *i;
	const void	*a = NULL;

	if (getifaddrs(&list) < 0)
		return 0;
	for (i = list; i != NULL && a == NULL; i = i->ifa_next) {
		if (strcmp(i->ifa_name, name) != 0 || i->ifa_addr == NULL ||
		    i->ifa_addr->sa_family != family)
			continue;
		a = family == AF_INET ? (const void *)
		    &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr :
		    &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr;
		inet_ntop(family, a, out, size);
	}
	freeifaddrs(list);
	return a != NULL;
}

static int
is_loopback(const char *where)
{
	struct in_addr	a;

	return strcmp(where, "localhost") == 0 || strcmp(where, "::1") == 0 ||
	    (inet_pton(AF_INET, where, &a) == 1 &&
	    ntohl(a.s_addr) >> 24 == 127);
}

/* "[::1]" without its brackets. */
static void
strip_brackets(char *text)
{
	size_t	len = strlen(text);

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		memmove(text, text + 1, len - 2);
		text[len - 2] = '\0';
	}
}

void
options_where(struct options *o, const char *value, int is_6)
{
	const char	*unix_mark = "";

	if (value == NULL)
		value = is_6 ? "::1" : "127.0.0.1";
	o->is_unix = strncmp(value, "unix:", 5) == 0;
	if (!o->is_unix && value[0] != '\0' && (strchr(value, '/') != NULL ||
	    ends_with(value, ".sock") || ends_with(value, ".socket"))) {
		o->is_unix = 1;		/* as ttyd has it */
		unix_mark = "unix:";
	}
	if ((size_t)snprintf(o->where, sizeof(o->where), "%s%s", unix_mark,
	    value) >= sizeof(o->where) || value[0] == '\0')
		qt_die(QT_EXIT_USAGE, "-i '%s': an address, the name of an "
		    "interface, or unix:PATH", value);
	if (o->is_unix) {
		o->is_local = 1;
		return;
	}
	strip_brackets(o->where);
	if (strcmp(o->where, "0.0.0.0") == 0 && is_6)
		strcpy(o->where, "*");
	else if (strcmp(o->where, "localhost") == 0)
		strcpy(o->where, is_6 ? "::1" : "127.0.0.1");
	else if (strcmp(o->where, "*") != 0 && !is_address(o->where) &&
	    !interface_address(value, is_6 ? AF_INET6 : AF_INET, o->where,
	    sizeof(o->where)))
		qt_die(QT_EXIT_USAGE, "-i '%s': no address, and no interface "
		    "with an %s address", value, is_6 ? "IPv6" : "IPv4");
	o->is_local = is_loopback(o->where);
}

void
options_base(struct options *o, const char *value)
{
	size_t	len = strlen(value);

	if (len == 0 || value[0] != '/' || len + 2 > sizeof(o->base) ||
	    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~/") != len || strstr(value, "//") != NULL ||
	    strstr(value, "/.") != NULL)
		qt_die(QT_EXIT_USAGE, "-b '%s': a path like /qt, of letters, "
		    "digits and -._~/", value);
	memcpy(o->base, value, len + 1);
	if (o->base[len - 1] != '/')
		strcpy(o->base + len, "/");
}

static char *
read_credential(const char *path)
{
	char	 line[CREDENTIAL_MAX + 2];
	FILE	*f = fopen(path, "re");
	char	*got;

	if (f == NULL)
		qt_die(QT_EXIT_SYS, "-c @%s: %s", path, strerror(errno));
	got = fgets(line, sizeof(line), f);
	fclose(f);
	if (got == NULL)
		qt_die(QT_EXIT_SYS, "-c @%s: the file is empty", path);
	line[strcspn(line, "\r\n")] = '\0';
	got = strdup(line);
	explicit_bzero(line, sizeof(line));
	return got;
}

void
options_credential(struct options *o, const char *value)
{
	char	*copy, *colon;

	copy = value[0] == '@' ? read_credential(value + 1) : strdup(value);
	if (copy == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	colon = strchr(copy, ':');
	if (colon == NULL || colon == copy || colon[1] == '\0' ||
	    strlen(copy) > CREDENTIAL_MAX)
		qt_die(QT_EXIT_USAGE, "-c: USER:PASS, or @FILE with a line "
		    "of it");
	free(o->credential);
	o->credential = copy;
	/* ps(1) shows arguments to everybody: not the password for long. */
	if (value[0] != '@')
		memset((char *)(uintptr_t)value + (colon - copy) + 1, '*',
		    strlen(colon + 1));
}

/* KEY=VALUE: a JSON value, or else a text. */
void
options_client(struct options *o, const char *value)
{
	const char	*eq = strchr(value, '=');
	json_t		*all, *one;
	char		*text;
	int		 rc;

	if (eq == NULL || eq == value)
		qt_die(QT_EXIT_USAGE, "-t '%s': KEY=VALUE", value);
	all = o->client_options.len > 0 ?
	    json_loads(o->client_options.data, 0, NULL) : json_object();
	one = json_loads(eq + 1, JSON_DECODE_ANY, NULL);
	if (one == NULL)
		one = json_string(eq + 1);
	if (one == NULL)
		qt_die(QT_EXIT_USAGE, "-t '%s': not UTF-8", value);
	text = strndup(value, (size_t)(eq - value));
	rc = text == NULL || all == NULL ? -1 :
	    json_object_set_new(all, text, one);
	free(text);
	text = rc < 0 ? NULL : json_dumps(all, JSON_COMPACT);
	json_decref(all);
	qt_buf_clear(&o->client_options);
	if (text == NULL || qt_buf_add(&o->client_options, text,
	    strlen(text)) < 0)
		qt_die(QT_EXIT_USAGE, "-t '%s': KEY=VALUE", value);
	free(text);
}

int
options_signal(const char *value)
{
	const char	*name = strncasecmp(value, "SIG", 3) == 0 ?
	    value + 3 : value;
	const char	*abbrev;
	char		*end;
	long		 n = strtol(value, &end, 10);

	if (*value != '\0' && *end == '\0' && n > 0 && n < NSIG)
		return (int)n;
	for (int sig = 1; sig < NSIG; sig++) {
		abbrev = sigabbrev_np(sig);
		if (abbrev != NULL && strcasecmp(abbrev, name) == 0)
			return sig;
	}
	qt_die(QT_EXIT_USAGE, "-s '%s': no such signal", value);
}

uid_t
options_uid(const char *value)
{
	const struct passwd	*pw = getpwnam(value);

	return pw != NULL ? pw->pw_uid :
	    (uid_t)qt_opt_ulong("-u", value, 0, 0xfffffffe);
}

gid_t
options_gid(const char *value)
{
	const struct group	*gr = getgrnam(value);

	return gr != NULL ? gr->gr_gid :
	    (gid_t)qt_opt_ulong("-g", value, 0, 0xfffffffe);
}
