/* SPDX-License-Identifier: Apache-2.0 */
/* Content types by file name. See <qt/net/static.h>. */

#include <qt/net/static.h>

static const struct {
	const char	*ext;
	const char	*type;
} types[] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "mjs", "text/javascript; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "json", "application/json" },
	{ "map", "application/json" },
	{ "webmanifest", "application/manifest+json" },
	{ "svg", "image/svg+xml" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "webp", "image/webp" },
	{ "avif", "image/avif" },
	{ "ico", "image/x-icon" },
	{ "woff2", "font/woff2" },
	{ "woff", "font/woff" },
	{ "ttf", "font/ttf" },
	{ "otf", "font/otf" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "log", "text/plain; charset=utf-8" },
	{ "md", "text/plain; charset=utf-8" },
	{ "c", "text/plain; charset=utf-8" },
	{ "h", "text/plain; charset=utf-8" },
	{ "sh", "text/plain; charset=utf-8" },
	{ "csv", "text/csv; charset=utf-8" },
	{ "xml", "application/xml" },
	{ "pdf", "application/pdf" },
	{ "wasm", "application/wasm" },
	{ "cast", "application/x-asciicast" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "mp3", "audio/mpeg" },
	{ "ogg", "audio/ogg" },
	{ "gz", "application/gzip" },
	{ "zip", "application/zip" },
	{ "tar", "application/x-tar" },
};

const char *
qt_net_mime_type(struct qt_net_str path)
{
	struct qt_net_str	ext = { NULL, 0 };

	for (size_t i = path.len; i > 0 && path.p[i - 1] != '/'; i--) {
		if (path.p[i - 1] == '.') {
			ext.p = path.p + i;
			ext.len = path.len - i;
			break;
		}
	}
	for (size_t i = 0; ext.p != NULL &&
	    i < sizeof(types) / sizeof(types[0]); i++) {
		if (qt_net_str_is_nocase(ext, types[i].ext))
			return types[i].type;
	}
	return "application/octet-stream";
}
