// SPDX-License-Identifier: Apache-2.0
// What the browser tests share: a qtd of their own in a world of its own, a
// browser, and ways to wait for what a person would see.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)),
	'../..');
const require = createRequire(path.join(top, 'cmd/qtd/web/package.json'));
const { chromium, devices } = require('playwright-core');
export { devices };

const BIN = path.resolve(top, process.env.QT_BUILD ?? 'build', 'bin');
export const SOON_MS = 30000;

// Waits until check() is truthy and returns that; fails after the deadline,
// naming what was waited for.
export async function until(what, check, ms = SOON_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		if (Date.now() > end)
			assert.fail(`not within ${ms} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

const alive = (pid) => {
	try {
		// A zombie is dead: its state is the field after the name.
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
	} catch {
		return false;
	}
};

const children = (pid) => {
	try {
		return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
			.split(' ').filter(Boolean).map(Number);
	} catch {
		return [];
	}
};

// A runtime folder, a home with a quiet shell, and the qtds that use them.
export class World {
	#procs = [];

	constructor() {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'qt-web.'));
		this.home = path.join(this.dir, 'home');
		this.runtime = path.join(this.dir, 'run');
		fs.mkdirSync(this.home);
		fs.mkdirSync(this.runtime, { mode: 0o700 });
		for (const rc of ['.bashrc', '.bash_profile'])
			fs.writeFileSync(path.join(this.home, rc),
				'PS1=\'$ \'\nunset HISTFILE\n');
		this.env = { PATH: `${BIN}:${process.env.PATH}`,
			HOME: this.home, QT_RUNTIME_DIR: this.runtime,
			XDG_CONFIG_HOME: path.join(this.home, '.config'),
			SHELL: '/bin/bash', LANG: 'C.UTF-8', USER: 'tester' };
	}

	// Starts a qtd and waits for the address that it prints. Without a
	// port, any free one.
	async qtd(...args) {
		const all = ['-p', '0', ...args];
		const proc = spawn(path.join(BIN, 'qtd'), all,
			{ env: this.env, cwd: this.home, stdio: ['ignore', 'pipe',
				'pipe'] });
		this.#procs.push(proc);
		const server = { proc, output: '', world: this };
		for (const stream of [proc.stdout, proc.stderr])
			stream.on('data', (data) => { server.output += data; });
		server.link = await until(`the address from qtd ${all.join(' ')}: ` +
			server.output, () => {
			assert.equal(proc.exitCode, null,
				`qtd ended: ${server.output}`);
			return /https?:\/\/[^\s'"]+/.exec(server.output)?.[0];
		});
		server.url = server.link.replace(/#.*/, '');
		server.port = new URL(server.url).port;
		return server;
	}

	// Runs a program of ours to its end: {code, stdout, stderr}.
	run(name, args, input = '') {
		return new Promise((resolve) => {
			const proc = spawn(path.join(BIN, name), args,
				{ env: this.env, cwd: this.home });
			let stdout = '';
			let stderr = '';
			proc.stdout.on('data', (data) => { stdout += data; });
			proc.stderr.on('data', (data) => { stderr += data; });
			proc.on('close', (code) => resolve({ code, stdout, stderr }));
			proc.stdin.on('error', () => {});	// it did not read all
			proc.stdin.end(input);
		});
	}

	// Makes a session from a terminal, as somebody else would.
	async session(name, script) {
		const { code, stderr } = await this.run('qt-session', ['new', '-d',
			'-n', name, '--', 'sh', '-c', script]);
		assert.equal(code, 0, stderr);
	}

	// Kills a qtd with all its workers, as a crash would.
	async crash(server) {
		const pids = [server.proc.pid, ...children(server.proc.pid)
			.filter((pid) => comm(pid).startsWith('qtd'))];
		for (const pid of pids)
			kill(pid, 'SIGKILL');
		await until('qtd to be dead', () => !pids.some(alive));
	}

	workers(server) {
		return children(server.proc.pid)
			.filter((pid) => comm(pid).startsWith('qtd'));
	}

	// Ends everything that was started, and leaves nothing.
	async end() {
		const marks = this.#segmentMarks();
		for (const proc of this.#procs)
			if (alive(proc.pid))
				proc.kill('SIGTERM');
		for (const proc of this.#procs)
			await until('qtd to end', () => !alive(proc.pid)).catch(() =>
				this.crash({ proc }));
		const left = this.#mine();
		for (const pid of left)
			kill(pid, 'SIGKILL');
		await until('the host to end', () => !this.#mine().length);
		for (const name of fs.readdirSync('/dev/shm'))
			if (marks.has(name.split('-').at(-1)))
				fs.rmSync(`/dev/shm/${name}`, { force: true });
		fs.rmSync(this.dir, { recursive: true, force: true });
	}

	// What the names of this world's segments end with.
	#segmentMarks() {
		const marks = new Set();
		for (const pid of this.#mine()) {
			let maps = '';
			try {
				maps = fs.readFileSync(`/proc/${pid}/maps`, 'utf8');
			} catch {
				// it has just ended
			}
			for (const [, mark] of
				maps.matchAll(/\/dev\/shm\/qt-\S+-([0-9a-f]{16})$/gm))
				marks.add(mark);
		}
		return marks;
	}

	// Processes that carry this world's runtime folder in their environment.
	#mine() {
		const mark = `QT_RUNTIME_DIR=${this.runtime}\0`;
		return fs.readdirSync('/proc').filter((name) => {
			if (!/^\d+$/.test(name) || Number(name) === process.pid)
				return false;
			try {
				return fs.readFileSync(`/proc/${name}/environ`, 'latin1')
					.includes(mark) && alive(name);
			} catch {
				return false;
			}
		}).map(Number);
	}
}

function comm(pid) {
	try {
		return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
	} catch {
		return '';
	}
}

export function kill(pid, signal) {
	try {
		process.kill(pid, signal);
	} catch {
		// already gone
	}
}

// --- The browser -------------------------------------------------------

let browser = null;

export async function launch() {
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-background-networking',
			'--disable-component-update', '--no-first-run',
			'--disable-sync', '--disable-default-apps'],
	});
}

export async function shut() {
	await browser?.close();
}

// What a page may say on the console: that a server which a test took away
// is away, and that a login is needed.
// The last is xterm's, of a machine that is busy.
const EXPECTED = new RegExp('WebSocket connection|Failed to load resource|' +
	'ERR_|^task queue exceeded');

// A browser window of its own. Everything that it complains about is in
// page.complaints; Content-Security-Policy violations are among them.
export async function open(options = {}) {
	const context = await browser.newContext({
		viewport: { width: 1100, height: 700 },
		permissions: ['clipboard-read', 'clipboard-write'],
		...options,
	});
	context.setDefaultTimeout(SOON_MS);
	return newPage(context);
}

export async function newPage(context) {
	const page = await context.newPage();
	page.complaints = [];
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()) &&
				!EXPECTED.test(message.text()))
			page.complaints.push(message.text());
	});
	page.on('pageerror', (error) => page.complaints.push(error.stack));
	await page.addInitScript(() => {
		addEventListener('securitypolicyviolation', (event) =>
			console.error(`CSP: ${event.violatedDirective} ` +
				`${event.blockedURI} ${event.sourceFile}`));
	});
	return page;
}

// Opens the page and waits for a prompt.
export async function enter(server, options) {
	const page = await open(options);
	await page.goto(server.link);
	await prompt(page);
	return page;
}

// The same with a session of its own, where no other test has been.
export async function enterNew(server, options) {
	const page = await open(options);
	const made = await page.request.post(`${server.url}api/sessions`,
		{ data: {}, headers: { Origin: new URL(server.url).origin } });
	assert.equal(made.status(), 201, await made.text());
	await page.goto(`${server.url}#s=${(await made.json()).id}`);
	await prompt(page);
	return page;
}

// Closes the window; fails when the page complained.
export async function leave(page) {
	const { complaints } = page;
	await page.context().close();
	assert.deepEqual(complaints, []);
}

// The lines on the screen of the current terminal, or of another pane.
export function screen(page, pane = '.stage:not([hidden]) .pane.active') {
	return page.locator(`${pane} .xterm-rows > div`).allTextContents()
		.then((lines) => lines.map((l) => l.replace(/\u00a0/g, ' ')
			.trimEnd()));
}

export async function shows(page, pattern, { pane, ms } = {}) {
	let last = [];
	try {
		return await until(String(pattern), async () => {
			last = await screen(page, pane);
			return pattern.exec(last.join('\n'));
		}, ms);
	} catch (error) {
		error.message += `; the screen shows:\n` + last
			.map((l) => l.slice(0, 79)).join('\n').trimEnd();
		throw error;
	}
}

export const prompt = (page) => shows(page, /^\$/m);

// Types a command line and waits for what it prints.
export async function type(page, line, pattern, options) {
	await page.keyboard.type(line);
	await page.keyboard.press('Enter');
	if (pattern)
		return shows(page, pattern, options);
	return null;
}

// Everything in the current terminal, scrollback too, by the page's own
// "Copy all text".
export async function everything(page) {
	await menu(page, 'Copy all text');
	await page.getByText('All text is copied').first().waitFor();
	await page.getByRole('button', { name: 'Dismiss' }).last().click();
	return page.evaluate(() => navigator.clipboard.readText());
}

export async function menu(page, name) {
	await page.getByRole('button', { name: /^More/ }).click();
	await page.getByRole('menuitem', { name }).click();
}

export const focusTerminal = (page) =>
	page.locator('.stage:not([hidden]) .pane.active .xterm-screen').click();
