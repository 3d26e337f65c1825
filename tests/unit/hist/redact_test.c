/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule finds what it is for, and keeps the shape of the rest. */

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/hist/redact.h>

/* So many of a kind; made here, so that no file looks as if it had secrets. */
#define D8	"01234567"
#define H8	"0a1b2c3d"
#define H32	H8 H8 H8 H8
#define H40	H32 H8
#define L8	"aB3dE5gH"
#define L16	L8 L8
#define L24	L16 L8
#define L32	L16 L16
#define L36	L32 "zZ9y"
#define L40	L32 L8
#define L64	L32 L32
#define R	QT_HIST_REDACTION

/* What is between marks is the secret. */
#define O	"\x01"
#define C	"\x02"

static const struct {
	const char	*rule, *text;
} secrets[] = {
	{ "aws-access-key-id", "aws s3 ls --key " O "AKIA" "ABCDEFGH01234567"
	    C " --x" },
	{ "aws-secret-key", "export AWS_SECRET_ACCESS_KEY=" O L40 C " && ls" },
	{ "aws-secret-key", "aws configure set aws_secret_access_key " O L40 C },
	{ "aws-mws-key", "mws " O "amzn.mws." "01234567-0123-0123-0123-"
	    "0123456789ab" C },
	{ "azure-storage-key", "az x 'AccountName=a;AccountKey=" O L64 L8 L8
	    "==" C ";E=b'" },
	{ "azure-sas", "azcopy 'https://a.b/c?sv=1&sig=" O L40 "%3D" C
	    "&se=2'" },
	{ "azure-client-secret", "az login -p " O "abc8Q~" L32 C },
	{ "gcp-api-key", "curl 'https://m/?key=" O "AIza" L32 "abc" C "&q=1'" },
	{ "gcp-oauth", "x " O "ya29." L24 C },
	{ "gcp-client-secret", "x " O "GOCSPX-" L24 "abcd" C },
	{ "digitalocean", "doctl auth init -t " O "dop_v1_" H32 H32 C },
	{ "pulumi", "pulumi " O "pul-" H40 C },
	{ "netlify", "netlify " O "nfp_" L36 C },
	{ "heroku", "x " O "HRKU-" L36 C },
	{ "databricks", "x " O "dapi" H32 C },
	{ "terraform-cloud", "x " O L8 "abcdef" ".atlasv1." L64 C },
	{ "vault", "vault login " O "hvs." L24 C },
	{ "tailscale", "tailscale up " O "tskey-auth-" L16 "-" L16 C },
	{ "doppler", "x " O "dp.pt." L40 C },
	{ "github-personal", "gh " O "ghp_" L36 C },
	{ "github-oauth", "gh " O "gho_" L36 C },
	{ "github-user", "gh " O "ghu_" L36 C },
	{ "github-server", "gh " O "ghs_" L36 C },
	{ "github-refresh", "gh " O "ghr_" L36 C },
	{ "github-fine-grained", "gh " O "github_pat_" L24 "_" L36 C },
	{ "github-app-old", "gh " O "v1." H40 C },
	{ "gitlab", "x " O "glpat-" L16 "abcd" C " y" },
	{ "gitlab-runner-old", "x " O "GR1348941" L24 C },
	{ "atlassian", "x " O "ATATT3" L64 C },
	{ "npm", "x " O "npm_" L36 C },
	{ "npmrc", "npm set //r/:_authToken " O L24 C },
	{ "pypi", "x " O "pypi-Ag" L64 C },
	{ "rubygems", "x " O "rubygems_" H40 H8 C },
	{ "docker", "x " O "dckr_pat_" L24 "abc" C },
	{ "slack-token", "x " O "xoxb-" D8 "-" D8 "-" L24 C },
	{ "slack-app", "x " O "xapp-1-A" D8 "-" L24 C },
	{ "slack-webhook", "curl -d x https://hooks.slack.com/services/" O
	    "T01234567/B01234567/" L24 C },
	{ "discord-webhook", "curl https://discord.com/api/webhooks/"
	    "0123456789012345/" O L64 C },
	{ "telegram-bot", "curl https://api.telegram.org/bot" O D8 "9:AA" L32
	    "a" C "/getMe" },
	{ "stripe", "x " O "sk_live_" L24 C },
	{ "stripe-webhook", "x " O "whsec_" L32 C },
	{ "square", "x " O "sq0atp-" L24 C },
	{ "shopify", "x " O "shpat_" H32 C },
	{ "twilio", "x " O "SK" H32 C },
	{ "sendgrid", "x " O "SG." L16 "abcdef." L40 "abc" C },
	{ "mailgun", "x " O "key-" H32 C },
	{ "mailchimp", "x " O H32 "-us12" C },
	{ "openai", "x " O "sk-proj-" L40 C },
	{ "anthropic", "x " O "sk-ant-api03-" L40 C },
	{ "huggingface", "x " O "hf_" L32 "ab" C },
	{ "groq", "x " O "gsk_" L40 L8 C },
	{ "replicate", "x " O "r8_" L36 "a" C },
	{ "perplexity", "x " O "pplx-" L40 L8 C },
	{ "xai", "x " O "xai-" L40 C },
	{ "grafana", "x " O "glsa_" L32 "_" H8 C },
	{ "newrelic", "x " O "NRAK-" "ABCDEFGHIJKLMNOPQRSTUVWXYZ0" C },
	{ "linear", "x " O "lin_api_" L40 C },
	{ "notion", "x " O "ntn_" L40 C },
	{ "figma", "x " O "figd_" L40 C },
	{ "postman", "x " O "PMAK-" H8 H8 H8 "-" H32 "0a" C },
	{ "supabase", "x " O "sbp_" H40 C },
	{ "planetscale", "x " O "pscale_tkn_" L40 C },
	{ "private-key", "echo '-----BEGIN RSA PRIVATE KEY-----" O "\n" L64
	    "\n" L64 "\n" C "-----END RSA PRIVATE KEY-----' >k" },
	{ "private-key", "echo '-----BEGIN PRIVATE KEY-----" O "\n" L64 C },
	{ "age-key", "x " O "AGE-SECRET-KEY-1" "QPZRY9X8GF2TVDW0S3JN54KHCE6M"
	    "UA7LQPZRY9X8GF2TVDW0" C },
	{ "jwt", "x " O "eyJ" L16 ".eyJ" L24 "." L32 C },
	{ "assignment", "export MY_TOKEN=" O "hunter2" C },
	{ "assignment", "export DB_PASSWORD='" O "a b;c" C "'; psql" },
	{ "assignment", "API_KEY=\"" O "x y" C "\" ./run" },
	{ "assignment", "PGPASSWORD=" O "pw" C " psql -U me" },
	{ "assignment", "kubectl create secret generic s "
	    "--from-literal=password=" O "pw" C " -n x" },
	{ "assignment", "curl 'https://h/p?access_token=" O "abc" C "&x=1'" },
	{ "assignment", "SECRET_KEY_BASE=" O "abc" C },
	{ "json", "curl -d '{\"password\": \"" O "pw" C "\", \"a\": 1}' h" },
	{ "option", "mysqldump --password=" O "pw" C " db" },
	{ "option", "foo --password " O "pw" C " db" },
	{ "option", "foo --api-key '" O "p w" C "' db" },
	{ "option", "foo --github-token " O "pw" C },
	{ "url-password", "git clone https://me:" O "pw" C "@host/r.git" },
	{ "url-password", "psql postgres://u:" O "p:w" C "@h:5432/d" },
	{ "url-token", "git clone https://" O L24 C "@host/r.git" },
	{ "authorization", "curl -H 'Authorization: Bearer " O "abc" C "' h" },
	{ "authorization", "curl -H \"authorization: Basic " O "YTpi" C "\"" },
	{ "bearer", "x bearer " O L24 C },
	{ "header", "curl -H 'X-Api-Key: " O "abc" C "' h" },
	{ "header", "curl --header \"PRIVATE-TOKEN: " O "abc" C "\" h" },
	{ "cookie", "curl -H 'Cookie: " O "sid=1; b=2" C "' h" },
	{ "curl-user", "curl -su me:" O "pw" C " https://h" },
	{ "curl-user", "curl https://h --user 'me:" O "pw" C "'" },
	{ "httpie", "http -v -a me:" O "pw" C " GET h" },
	{ "httpie", "https --auth me:" O "pw" C " h; true" },
	{ "mysql", "mysql -u root -p" O "pw" C " db" },
	{ "sshpass", "sshpass -p '" O "p w" C "' ssh h" },
	{ "redis", "redis-cli -h h -a " O "pw" C " ping" },
	{ "login", "docker login -u me -p " O "pw" C " reg" },
	{ "smb-user", "smbclient //h/s -U me%" O "pw" C " -c ls" },
	{ "openssl-pass", "openssl enc -k x -pass pass:" O "pw" C },
	{ "ldap", "ldapsearch -x -D cn=a -w " O "pw" C " b" },
	{ "archive", "zip -P " O "pw" C " a.zip b" },
	{ "archive", "7z a -p" O "pw" C " a.7z b" },
	{ "htpasswd", "htpasswd -cb file me " O "pw" C },
	{ "piped-password", "echo " O "pw" C " | sudo -S ls" },
	{ "piped-password", "echo '" O "me:pw" C "' | chpasswd" },
};

/* Of these, nothing is one. */
static const char *const plain[] = {
	"ls -la", "git push origin token-refactor", "cat ~/.aws/credentials",
	"export TOKEN=$(cat file)", "export TOKEN=\"$OTHER\"",
	"curl -H \"Authorization: Bearer $TOKEN\" https://h",
	"curl -u \"$USER:$PASS\" https://h", "mysql -u root -p db",
	"mysql -u root -p", "docker login", "python x.py --max_tokens=100",
	"grep -r password .", "vim password.txt", "man passwd",
	"TOKENIZERS_PARALLELISM=false ./x", "SECRET_NAME=foo kubectl get s",
	"PASSWORD_FILE=/run/x ./y", "foo --password-file x",
	"git clone git@host:me/repo.git", "git clone https://host/r.git",
	"git clone ssh://me@host/r", "ssh me@host", "cd /tmp; OLDPWD=/x",
	"git show " H40, "sha256sum a; echo " H32 H32, "echo sk-learn",
	"pip install pypi-tools", "sed -i 's/secret/public/' a",
	"curl https://host:8080/a", "http GET host:8080", "key-value x",
	"psql postgres://u:$PW@h/d", "unzip a.zip -d x", "zip -r a.zip -P",
	"less /api/webhooks/x", "make -j2 PASSWORD=", "echo hi | sudo tee x",
	"docker run -p 80:80 nginx", "npm_config_x=1 npm i",
	"head -n 1 <<< '-----BEGIN CERTIFICATE-----'", "echo v1.2.3",
	"export FOO_AUTH_TYPE=basic", "ldapsearch -x", "redis-cli -h h ping",
	"echo $AWS_SECRET_ACCESS_KEY", "git log --pretty='%h %s'", "",
};

static struct qt_hist_redact *
open_ours(void)
{
	struct qt_hist_redact	*r;

	assert_int_equal(qt_hist_redact_open(&r, NULL, NULL, NULL, NULL), 0);
	return r;
}

/* All of text but marks to *in; *want has what is between them replaced. */
static void
read_case(const char *text, struct qt_buf *in, struct qt_buf *want)
{
	bool	is_secret = false;

	qt_buf_reset(in);
	qt_buf_reset(want);
	for (; *text != '\0'; text++) {
		if (*text == *O) {
			assert_int_equal(qt_buf_add(want, R, strlen(R)), 0);
			is_secret = true;
		} else if (*text == *C) {
			is_secret = false;
		} else {
			assert_int_equal(qt_buf_add(in, text, 1), 0);
			if (!is_secret)
				assert_int_equal(qt_buf_add(want, text, 1), 0);
		}
	}
}

QT_TEST(each_rule_finds_its_secret_and_keeps_the_rest)
{
	struct qt_hist_redact	*r = open_ours();
	struct qt_buf		 in = QT_BUF_INIT, want = QT_BUF_INIT;
	struct qt_buf		 out = QT_BUF_INIT, again = QT_BUF_INIT;
	size_t			 cursor = 0, i;
	const char		*name;
	bool			 is_users;

	(void)state;
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		read_case(secrets[i].text, &in, &want);
		if (qt_hist_redact_text(r, &out, in.data, in.len) != 1)
			fail_msg("%s finds nothing in: %s", secrets[i].rule,
			    in.data);
		if (strcmp(out.data, want.data) != 0)
			fail_msg("%s: '%s' became '%s'", secrets[i].rule,
			    in.data, out.data);
		if (qt_hist_redact_text(r, &again, out.data, out.len) != 0)
			fail_msg("%s: '%s' once more", secrets[i].rule,
			    out.data);
	}
	/* None was forgotten. */
	while (qt_hist_redact_next(r, &cursor, &name, &is_users) == 1) {
		assert_false(is_users);
		for (i = 0; strcmp(secrets[i].rule, name) != 0;)
			if (++i == sizeof(secrets) / sizeof(secrets[0]))
				fail_msg("no case of %s", name);
	}
	qt_buf_clear(&in);
	qt_buf_clear(&want);
	qt_buf_clear(&out);
	qt_buf_clear(&again);
	qt_hist_redact_close(r);
}

QT_TEST(what_is_no_secret_stays)
{
	struct qt_hist_redact	*r = open_ours();
	struct qt_buf		 out = QT_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (qt_hist_redact_text(r, &out, plain[i], strlen(plain[i])))
			fail_msg("'%s' became '%s'", plain[i], out.data);
	qt_buf_clear(&out);
	qt_hist_redact_close(r);
}

QT_TEST(several_are_found_and_what_overlaps_is_one)
{
	static const char	text[] = "A_TOKEN=ghp_" L36 " curl -u me:pw "
	    "https://a:b@h && mysql -ppw";
	struct qt_hist_redact	*r = open_ours();
	struct qt_buf		 out = QT_BUF_INIT;

	(void)state;
	assert_int_equal(qt_hist_redact_text(r, &out, text, strlen(text)), 1);
	assert_string_equal(out.data, "A_TOKEN=" R " curl -u me:" R
	    " https://a:" R "@h && mysql -p" R);
	qt_buf_clear(&out);
	qt_hist_redact_close(r);
}

QT_TEST(the_mode_says_what_becomes_of_an_event)
{
	struct qt_hist_redact	*r = open_ours();
	struct qt_hist_event	 e = { .text = { "X_TOKEN=abc ls", 14 } };
	struct qt_buf		 hold = QT_BUF_INIT;

	(void)state;
	qt_hist_redact_set_mode(r, QT_HIST_DROP);
	assert_int_equal(qt_hist_redact_event(r, &e, &hold), 1);
	qt_hist_redact_set_mode(r, QT_HIST_KEEP);
	assert_int_equal(qt_hist_redact_event(r, &e, &hold), 0);
	assert_int_equal(e.flags, 0);
	assert_int_equal(qt_hist_redact_event(NULL, &e, &hold), 0);
	qt_hist_redact_set_mode(r, QT_HIST_REDACT);
	assert_int_equal(qt_hist_redact_event(r, &e, &hold), 0);
	assert_int_equal(e.flags, QT_HIST_REDACTED);
	assert_int_equal(e.text.len, strlen("X_TOKEN=" R " ls"));
	e.flags = 0;
	assert_int_equal(qt_hist_redact_event(r, &e, &hold), 0);
	assert_int_equal(e.flags, 0);
	qt_buf_clear(&hold);
	qt_hist_redact_close(r);
}

static void
note(void *arg, const char *what)
{
	char	*all = arg;

	strcat(strcat(all, what), ";");
}

QT_TEST(rules_of_the_user_count_and_wrong_lines_are_told)
{
	char			 path[] = "/tmp/qt-redact.XXXXXX", all[2048] = "";
	int			 fd = mkstemp(path);
	struct qt_hist_redact	*r;
	struct qt_buf		 out = QT_BUF_INIT;
	static const char	 file[] = "# mine\n\nours  zz([0-9]+)\r\n"
	    "wrong (\nalone\nnosuch -\nurl-password -\nmode drop\nmode x\n"
	    "cookie cookies?=\\S+";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, strlen(file)), strlen(file));
	close(fd);
	assert_int_equal(qt_hist_redact_open(&r, path, note, all, NULL), 0);
	assert_non_null(strstr(all, "line 4: rule 'wrong': at character 2: "));
	assert_non_null(strstr(all, "line 5: 'alone' has no pattern;"));
	assert_non_null(strstr(all, "line 6: there is no rule 'nosuch'"));
	assert_non_null(strstr(all, "line 9: mode 'x': redact, drop or keep;"));
	assert_int_equal(qt_hist_redact_mode(r), QT_HIST_DROP);
	assert_int_equal(qt_hist_redact_text(r, &out, "a zz12 b", 8), 1);
	assert_string_equal(out.data, "a zz" R " b");
	assert_int_equal(qt_hist_redact_text(r, &out, "x://a:b@h", 9), 0);
	assert_int_equal(qt_hist_redact_text(r, &out, "cookies=1 x", 11), 1);
	assert_string_equal(out.data, R " x");
	assert_int_equal(qt_hist_redact_text(r, &out, "cookie: abc", 11), 0);
	qt_hist_redact_close(r);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(qt_hist_redact_open(&r, path, note, all, NULL), 0);
	qt_hist_redact_close(r);
	qt_buf_clear(&out);
}

QT_TEST(a_rule_that_never_ends_is_stopped_and_takes_the_rest)
{
	char			 path[] = "/tmp/qt-redact.XXXXXX", text[64];
	int			 fd = mkstemp(path);
	struct qt_hist_redact	*r;
	struct qt_buf		 out = QT_BUF_INIT;
	static const char	 file[] = "slow (a+)+$\n";

	(void)state;
	assert_int_equal(write(fd, file, strlen(file)), strlen(file));
	close(fd);
	assert_int_equal(qt_hist_redact_open(&r, path, NULL, NULL, NULL), 0);
	memset(text, 'a', sizeof(text));
	text[63] = 'b';
	assert_int_equal(qt_hist_redact_text(r, &out, text, 64), 1);
	assert_string_equal(out.data, R);
	qt_hist_redact_close(r);
	assert_int_equal(unlink(path), 0);
	qt_buf_clear(&out);
}

/* Thousands of beginnings of secrets that come to nothing. */
QT_TEST(a_hostile_command_of_a_megabyte_is_bounded)
{
	static const char *const pieces[] = { "token=", "curl ", "mysql -",
	    "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaaaa.", "https://a:",
	    "_pass_pass", "echo a|", "--token ", "authorization:",
	    "\"password\":\"", "curl -u a", "glpat-", "password_a_a_" };
	struct qt_hist_redact	*r = open_ours();
	struct qt_buf		 in = QT_BUF_INIT, out = QT_BUF_INIT;
	uint64_t		 begin = qt_clock_mono_ms();

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		qt_buf_reset(&in);
		while (in.len < QT_HIST_TEXT_MAX)
			assert_int_equal(qt_buf_add(&in, pieces[i],
			    strlen(pieces[i])), 0);
		(void)qt_hist_redact_text(r, &out, in.data, in.len);
	}
	if (qt_clock_mono_ms() - begin > 30000)
		fail_msg("%llu ms", (unsigned long long)
		    (qt_clock_mono_ms() - begin));
	qt_buf_clear(&in);
	qt_buf_clear(&out);
	qt_hist_redact_close(r);
}
