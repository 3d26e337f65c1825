/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What secrets look like, as those who hand them out document it. See
 * redact_priv.h; qt-hist(1) lists the names.
 *
 * A pattern begins with something fixed, and repetitions that are followed by
 * more are bounded: so looking for it takes a time that is linear in the text.
 * The first group is the secret. A value that is a reference to a variable or to
 * what a command prints is none.
 */

#include "redact_priv.h"

/* Where a token of letters and digits begins, and where it ends. */
#define B	"(?<![A-Za-z0-9_])"
#define E	"(?![A-Za-z0-9])"
/* The value of an option or an assignment, without its quotes: one group. */
#define V1	"(?|\"(?![$`])([^\"]+)|'([^']+)|" \
		"(?![$`\"'<])([^\\s\"'&;|<>()`]+))"
/* Words for a secret, as part of a name. */
#define WORDS	"(?:tokens?|secrets?|passw(?:or)?d|passphrase|pgpassword|" \
		"api_?key|access_?key|private_?key|secret_?key|auth_?key|" \
		"encryption_?key|signing_?key|credentials?|_pass|_pwd|_pat)"
/* The rest of a command: options and operands up to a list's next one. */
#define ARGS	"[^|;&\\n]{0,512}?[ \\t]"

const struct qt__rule qt__rules[] = {
	/* Clouds. */
	{ "aws-access-key-id", "akia asia abia acca a3t",
	    B "((?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16})" E },
	{ "aws-secret-key", "secret_access_key session_token secretaccesskey",
	    "(?i)(?:secret_access_key|aws_session_token|secretaccesskey)"
	    "[\"']?(?:[ \\t]*[=:][ \\t]*|[ \\t]+)" V1 },
	{ "aws-mws-key", "amzn.mws.", "(amzn\\.mws\\.[0-9a-f-]{36})" },
	{ "azure-storage-key", "accountkey= sharedaccesskey=",
	    "(?i)(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{40,100}={0,2})" },
	{ "azure-sas", "sig=", "[?&;]sig=([A-Za-z0-9%+/=]{40,120})" },
	{ "azure-client-secret", "q~",
	    "(?<![A-Za-z0-9_.~-])([A-Za-z0-9_.~-]{3}[0-9]Q~"
	    "[A-Za-z0-9_.~-]{31,34})" },
	{ "gcp-api-key", "aiza", B "(AIza[A-Za-z0-9_-]{35})" },
	{ "gcp-oauth", "ya29.", B "(ya29\\.[A-Za-z0-9_-]{20,})" },
	{ "gcp-client-secret", "gocspx-", B "(GOCSPX-[A-Za-z0-9_-]{20,})" },
	{ "digitalocean", "dop_v1_ doo_v1_ dor_v1_",
	    B "(do[opr]_v1_[0-9a-f]{64})" },
	{ "pulumi", "pul-", B "(pul-[0-9a-f]{40})" E },
	{ "netlify", "nfp_", B "(nfp_[A-Za-z0-9]{36,})" },
	{ "heroku", "hrku-", B "(HRKU-[A-Za-z0-9_-]{30,})" },
	{ "databricks", "dapi", B "(dapi[0-9a-f]{32}(?:-[0-9])?)" E },
	{ "terraform-cloud", ".atlasv1.",
	    "([A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,})" },
	{ "vault", "hvs. hvb. hvr.", B "(hv[sbr]\\.[A-Za-z0-9_-]{20,})" },
	{ "tailscale", "tskey-",
	    B "(tskey-[a-z]{2,12}-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]+)?)" },
	{ "doppler", "dp.", B "(dp\\.(?:pt|st|ct|sa|scim|audit)\\."
	    "[A-Za-z0-9_.]{40,})" },

	/* Where code is kept. */
	{ "github-personal", "ghp_", B "(ghp_[A-Za-z0-9]{36,})" },
	{ "github-oauth", "gho_", B "(gho_[A-Za-z0-9]{36,})" },
	{ "github-user", "ghu_", B "(ghu_[A-Za-z0-9]{36,})" },
	{ "github-server", "ghs_", B "(ghs_[A-Za-z0-9_.-]{36,})" },
	{ "github-refresh", "ghr_", B "(ghr_[A-Za-z0-9]{36,})" },
	{ "github-fine-grained", "github_pat_",
	    B "(github_pat_[A-Za-z0-9_]{36,})" },
	{ "github-app-old", "v1.", B "(v1\\.[0-9a-f]{40})" E },
	{ "gitlab", "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- "
	    "glagent- gloas- glsoat- glffct- glwt-",
	    B "(gl(?:pat|dt|rtr?|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-"
	    "[A-Za-z0-9_.-]{20,})" },
	{ "gitlab-runner-old", "gr1348941",
	    B "(GR1348941[A-Za-z0-9_-]{20,})" },
	{ "atlassian", "atatt3 atctt3 atbb",
	    B "(ATATT3[A-Za-z0-9_=-]{40,}|ATCTT3[A-Za-z0-9_=-]{40,}|"
	    "ATBB[A-Za-z0-9]{32})" },

	/* Where packages are kept. */
	{ "npm", "npm_", B "(npm_[A-Za-z0-9]{36})" E },
	{ "npmrc", "_authtoken _auth=", "_auth(?:Token)?[ =]+" V1 },
	{ "pypi", "pypi-ag", B "(pypi-Ag[A-Za-z0-9_-]{50,})" },
	{ "rubygems", "rubygems_", B "(rubygems_[0-9a-f]{48})" },
	{ "docker", "dckr_pat_ dckr_oat_", B "(dckr_[po]at_[A-Za-z0-9_-]{20,})" },

	/* Messages and payments. */
	{ "slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxd- xoxe",
	    B "(xox[abcdeoprs](?:\\.xox[bp])?-[A-Za-z0-9%-]{10,})" },
	{ "slack-app", "xapp-", B "(xapp-[0-9]-[A-Za-z0-9-]{20,})" },
	{ "slack-webhook", "hooks.slack.com",
	    "hooks\\.slack\\.com/(?:services|workflows|triggers)/"
	    "([A-Za-z0-9+/]{20,})" },
	{ "discord-webhook", "/api/webhooks/",
	    "/api/webhooks/[0-9]{10,20}/([A-Za-z0-9_-]{40,})" },
	{ "telegram-bot", ":aa", "(?<![0-9])([0-9]{8,10}:AA[A-Za-z0-9_-]{33})" },
	{ "stripe", "sk_live_ sk_test_ rk_live_ rk_test_",
	    B "([rs]k_(?:live|test)_[A-Za-z0-9]{10,})" },
	{ "stripe-webhook", "whsec_", B "(whsec_[A-Za-z0-9+/=]{24,})" },
	{ "square", "sq0atp- sq0csp-", B "(sq0(?:atp|csp)-[A-Za-z0-9_-]{22,})" },
	{ "shopify", "shpat_ shpss_ shpca_ shppa_",
	    B "(shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32})" },
	{ "twilio", "sk", B "(SK[0-9a-f]{32})" E },
	{ "sendgrid", "sg.",
	    B "(SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64})" },
	{ "mailgun", "key-", B "(key-[0-9a-f]{32})" E },
	{ "mailchimp", "-us", B "([0-9a-f]{32}-us[0-9]{1,2})" E },

	/* Models. */
	{ "openai", "sk-", B "(sk-(?:proj-|svcacct-|admin-|None-)?"
	    "[A-Za-z0-9_-]{32,})" },
	{ "anthropic", "sk-ant-", B "(sk-ant-[A-Za-z0-9_-]{20,})" },
	{ "huggingface", "hf_ api_org_",
	    B "(hf_[A-Za-z0-9]{30,}|api_org_[A-Za-z0-9]{30,})" },
	{ "groq", "gsk_", B "(gsk_[A-Za-z0-9]{40,})" },
	{ "replicate", "r8_", B "(r8_[A-Za-z0-9]{37,})" },
	{ "perplexity", "pplx-", B "(pplx-[A-Za-z0-9]{40,})" },
	{ "xai", "xai-", B "(xai-[A-Za-z0-9_-]{40,})" },

	/* Other services. */
	{ "grafana", "glsa_ glc_", B "(glsa_[A-Za-z0-9_]{32,}|"
	    "glc_[A-Za-z0-9+/=]{32,})" },
	{ "newrelic", "nrak-", B "(NRAK-[A-Z0-9]{27})" E },
	{ "linear", "lin_api_", B "(lin_api_[A-Za-z0-9]{32,})" },
	{ "notion", "ntn_ secret_",
	    B "(ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})" E },
	{ "figma", "figd_", B "(figd_[A-Za-z0-9_-]{36,})" },
	{ "postman", "pmak-", B "(PMAK-[0-9a-f]{24}-[0-9a-f]{34})" },
	{ "supabase", "sbp_ sb_secret_",
	    B "(sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})" },
	{ "planetscale", "pscale_", B "(pscale_[a-z]{2,12}_[A-Za-z0-9_.-]{30,})" },

	/* Keys. */
	{ "private-key", "private key", "-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY"
	    "(?: BLOCK)?-----((?:[^-]|-(?!----END))+)" },
	{ "age-key", "age-secret-key-1",
	    "(?i)(AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{40,})" },
	{ "jwt", "eyj", B "(eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\."
	    "[A-Za-z0-9_-]*)" },

	/* Whatever it is, from what is said about it. */
	{ "assignment", "token secret passw pgpass passphrase apikey api_key "
	    "accesskey access_key privatekey private_key authkey auth_key "
	    "encryptionkey encryption_key signingkey signing_key credential "
	    "_pass _pwd _pat",
	    "(?i)" WORDS "(?:_[a-z0-9_]{0,32}|[0-9]{1,3})?(?<!_name|_file|_path|"
	    "_id|_url|_uri|_type|_arn|_ttl|_dir|_len|_size|_count|_length)"
	    "[ \\t]?=[ \\t]?"
	    "(?!(?:true|false|yes|no|none|null|[0-9]{1,5})(?![^\\s\"';&|)]))"
	    V1 },
	{ "json", "token secret passw apikey api_key accesskey access_key "
	    "privatekey private_key credential",
	    "(?i)" WORDS "[a-z0-9_]{0,24}\\\\?[\"'][ \\t]*:[ \\t]*\\\\?[\"']"
	    "([^\"'\\\\]+)" },
	{ "option", "--pass --token --secret --api-key --apikey --client-secret "
	    "--access-token --auth-token --access-key --secret-key "
	    "--private-token --storepass --keypass --http-passw --ftp-passw "
	    "--proxy-passw --db-passw --admin-passw --root-passw --bearer "
	    "--passphrase --requirepass --github-token --oauth-token "
	    "--registry-token --bind-passw",
	    "(?i)(?<![A-Za-z0-9])--(?:[a-z]{2,12}-)?(?:passw(?:or)?d|pass|"
	    "passphrase|token|secret|api-?key|access-key|secret-key|"
	    "client-secret|access-token|auth-token|private-token|storepass|"
	    "keypass|requirepass|bearer)(?:=|[ \\t]+)(?!-)" V1 },
	{ "url-password", "://", "://[^\\s/:@\"'<>]{0,128}:(?![$@])"
	    "([^\\s/@\"'<>]{1,512})@" },
	{ "url-token", "://", "://(?![$])([A-Za-z0-9_-]{20,256})"
	    "(?::x-oauth-basic)?@" },
	{ "authorization", "authorization",
	    "(?i)authorization[\"']?[ \\t]*[:=][ \\t]*[\"']?(?:(?:bearer|basic|"
	    "token|digest|apikey|negotiate|key|bot)[ \\t]+)?+(?![$`])"
	    "([^\\s\"']+)" },
	{ "bearer", "bearer", "(?i)\\bbearer[ \\t]+(?![$`])"
	    "([A-Za-z0-9._~+/=-]{16,})" },
	{ "header", "x-api-key x-auth-token x-vault-token private-token "
	    "x-amz-security-token api-key: x-access-token x-csrf-token "
	    "job-token: deploy-token: x-auth-key",
	    "(?i)(?:x-api-key|api-key|x-auth-(?:token|key)|x-vault-token|"
	    "private-token|job-token|deploy-token|x-amz-security-token|"
	    "x-access-token|x-csrf-token)[ \\t]*:[ \\t]*(?![$`])([^\\s\"']+)" },
	{ "cookie", "cookie:", "(?i)\\bcookie:[ \\t]*(?![$`])([^\"'\\n]+)" },

	/* Of commands. */
	{ "curl-user", "curl", "\\bcurl\\b" ARGS "(?:-[a-zA-Z]{0,8}[uU]|--user|"
	    "--proxy-user)[ \\t=]?[\"']?[^\\s:\"']{0,128}:(?![/$])"
	    "([^\\s\"']+)" },
	{ "httpie", "http", "(?<![A-Za-z0-9_/.:-])https?(?=[ \\t])" ARGS
	    "(?:-a|--auth)[ \\t=]?[\"']?[^\\s:\"']{0,128}:(?![/$])([^\\s\"']+)" },
	{ "mysql", "mysql mariadb",
	    "\\b(?:mysql|mariadb)[a-z_-]{0,16}\\b" ARGS "-p(?![$])[\"']?"
	    "([^\\s\"']+)" },
	{ "sshpass", "sshpass", "\\bsshpass[ \\t]+" "-p[ \\t]*" V1 },
	{ "redis", "redis-cli", "\\bredis-cli\\b" ARGS "-a[ \\t]+" V1 },
	{ "login", "login", "\\b(?:docker|podman|helm|az|oc|buildah|skopeo|nerdctl)"
	    "\\b[^|;&\\n]{0,128}?\\blogin\\b" ARGS "-p[ \\t]*=?" V1 },
	{ "smb-user", "%", "\\b(?:smbclient|rpcclient|net|mount\\.cifs)\\b" ARGS
	    "-U[ \\t]*[\"']?[^\\s%\"']{1,128}%(?![$])([^\\s\"']+)" },
	{ "openssl-pass", "pass:", "(?<![A-Za-z0-9])pass:(?![$])([^\\s\"']+)" },
	{ "ldap", "ldap", "\\bldap[a-z]{1,12}\\b" ARGS "-w[ \\t]+" V1 },
	{ "archive", "zip 7z rar", "\\b(?:zip|unzip|7za?|7zr|rar|unrar)\\b" ARGS
	    "(?:-P[ \\t]+|-h?p)(?=[^\\s-])" V1 },
	{ "htpasswd", "htpasswd", "\\bhtpasswd\\b[^|;&\\n]{0,128}?[ \\t]"
	    "-[a-zA-Z]{0,6}b[a-zA-Z]{0,6}[ \\t]+(?:[^\\s]+[ \\t]+){2}" V1 },
	{ "piped-password", "sudo chpasswd passwd",
	    "\\b(?:echo|printf)[ \\t]+(?:-[neE]+[ \\t]+)?" V1
	    "[\"']?[ \\t]*\\|[ \\t]*(?:sudo[ \\t]+-|sudo[ \\t]+(?:chpasswd|"
	    "passwd)|chpasswd|passwd)" },
};
const size_t qt__rules_count = sizeof(qt__rules) / sizeof(qt__rules[0]);

_Static_assert(sizeof(qt__rules) / sizeof(qt__rules[0]) <= QT__HINTS_RULES,
    "as many as a set holds");
