// SPDX-License-Identifier: Apache-2.0
// Bundles the page: node build.mjs OUTDIR
//
//	OUTDIR/index.html		names the hashed assets, relatively
//	OUTDIR/assets/NAME-HASH.EXT	may be cached for ever
//	OUTDIR/**/FILE.gz		next to each, when it is smaller
//
// Nothing is written over while it may be served: new assets come first,
// then index.html by rename, then assets that nothing names any more go.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here,
	'../../../build/web'));
const assets = path.join(out, 'assets');
const kept = new Set();

// xterm.js styles itself by <style> elements and style="" attributes, which
// a Content-Security-Policy without 'unsafe-inline' refuses. The same through
// the CSSOM is allowed: <qt-style> (csp-style.js) adopts a constructed sheet.
// Each replacement must be found as often as it is named, so that an upgrade
// of xterm.js cannot pass by unnoticed.
const rewrites = [
	{ times: 3, from: /createElement\("style"\)/g,
		to: 'createElement("qt-style")' },
	{ times: 1, from: /(\w+)\.setAttribute\("style",(`[^;]*;`)\)/g,
		to: '$1.style.cssText=$2' },
];

const cspPlugin = {
	name: 'csp',
	setup(build) {
		const filter = /@xterm[/\\]xterm[/\\]lib[/\\]xterm\.mjs$/;
		build.onLoad({ filter }, ({ path: file }) => {
			let contents = fs.readFileSync(file, 'utf8');
			for (const { from, to, times } of rewrites) {
				const found = contents.match(from)?.length ?? 0;
				if (found !== times)
					throw new Error(`${file}: ${from} found ${found} ` +
						`times, not ${times}: look at what changed`);
				contents = contents.replace(from, to);
			}
			return { contents, loader: 'js' };
		});
	},
};

async function esbuild() {
	try {
		return await import('esbuild');
	} catch {
		console.error(`build.mjs: esbuild not found: run 'npm ci' in ${here}`);
		process.exit(3);
	}
}

// Writes the file by rename, and its .gz when that is smaller.
function put(name, data) {
	const file = path.join(out, name);
	const pairs = [[file, Buffer.from(data)]];
	const packed = gzipSync(data, { level: 9 });
	if (packed.length < pairs[0][1].length)
		pairs.push([`${file}.gz`, packed]);
	for (const [to, bytes] of pairs) {
		fs.writeFileSync(`${to}.new`, bytes);
		fs.renameSync(`${to}.new`, to);
		kept.add(to);
	}
}

// Stores a plain file under its hash. Returns its name relative to OUTDIR.
function putHashed(file, data) {
	const hash = createHash('sha256').update(data).digest('hex').slice(0, 8);
	const { name, ext } = path.parse(file);
	const to = `assets/${name}-${hash.toUpperCase()}${ext}`;
	put(to, data);
	return to;
}

function putIcons() {
	const names = {};
	for (const icon of ['icon.svg', 'icon-active.svg', 'icon-maskable.svg'])
		names[icon] = putHashed(icon,
			fs.readFileSync(path.join(here, 'icons', icon)));
	const manifest = JSON.parse(fs.readFileSync(
		path.join(here, 'manifest.webmanifest'), 'utf8'));
	for (const icon of manifest.icons)
		icon.src = path.basename(names[icon.src]);
	names['manifest.webmanifest'] = putHashed('manifest.webmanifest',
		JSON.stringify(manifest));
	return names;
}

// Every script that the first paint needs, so that they load in parallel.
function preloads(outputs, entry) {
	return outputs[entry].imports
		.filter((i) => i.kind === 'import-statement')
		.map((i) => path.relative(out, path.resolve(i.path)))
		.map((f) => `<link rel="modulepreload" href="${f}">`).join('\n');
}

async function main() {
	const { build } = await esbuild();
	fs.mkdirSync(assets, { recursive: true });
	const result = await build({
		entryPoints: [path.join(here, 'main.js')],
		bundle: true, splitting: true, format: 'esm', minify: true,
		target: 'es2022', outdir: assets, entryNames: '[name]-[hash]',
		chunkNames: '[name]-[hash]', metafile: true, write: false,
		legalComments: 'linked', plugins: [cspPlugin], logLevel: 'warning',
	});
	for (const file of result.outputFiles)
		put(path.relative(out, file.path), file.contents);

	const { outputs } = result.metafile;
	const entry = Object.keys(outputs).find((f) => outputs[f].entryPoint);
	const names = putIcons();
	names['main.js'] = path.relative(out, path.resolve(entry));
	names['main.css'] = path.relative(out,
		path.resolve(outputs[entry].cssBundle));
	const html = fs.readFileSync(path.join(here, 'index.html'), 'utf8')
		.replace('<!-- preload -->', preloads(outputs, entry))
		.replace(/\{\{([\w.-]+)\}\}/g, (all, name) => {
			if (!names[name])
				throw new Error(`index.html: no asset ${name}`);
			return names[name];
		});
	put('index.html', html);

	for (const file of fs.readdirSync(assets))
		if (!kept.has(path.join(assets, file)))
			fs.unlinkSync(path.join(assets, file));
}

await main();
