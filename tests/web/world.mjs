// SPDX-License-Identifier: Apache-2.0
// A qtd in a world of its own, for tests that need no browser.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)),
	'../..');
const build = path.resolve(top, process.env.QT_BUILD ?? 'build');
const bin = path.join(build, 'bin');
const SOON_MS = 15000;

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

export async function until(what, check, ms = SOON_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`);
		await pause();
	}
}

const isAlive = (pid) => {
	try {
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
	} catch {
		return false;
	}
};

export class World {
	procs = [];

	constructor() {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'qt-raw.'));
		this.runtime = path.join(this.dir, 'run');
		fs.mkdirSync(this.runtime, { mode: 0o700 });
		this.env = { ...process.env, HOME: this.dir, SHELL: '/bin/sh',
			QT_RUNTIME_DIR: this.runtime,
			XDG_CONFIG_HOME: path.join(this.dir, 'config') };
		delete this.env.QT_SESSION;
	}

	// Starts a qtd on a free port and waits until it is ready.
	async qtd(...args) {
		const proc = spawn(path.join(bin, 'qtd'), ['-p', '0', ...args],
			{ env: this.env, cwd: this.dir,
				stdio: ['ignore', 'pipe', 'pipe'] });
		const server = { proc, out: '', err: '' };
		this.procs.push(proc);
		proc.stdout.on('data', (data) => { server.out += data; });
		proc.stderr.on('data', (data) => { server.err += data; });
		server.link = await until('qtd prints its address', () => {
			assert.equal(proc.exitCode, null, `qtd ended: ${server.err}`);
			return /https?:\/\/\S+/.exec(server.out)?.[0];
		});
		const url = new URL(server.link);
		server.port = Number(url.port);
		server.token = new URLSearchParams(url.hash.slice(1)).get('token');
		return server;
	}

	workers({ proc }) {
		return fs.readFileSync(`/proc/${proc.pid}/task/${proc.pid}/children`,
			'utf8').split(' ').filter(Boolean).map(Number);
	}

	// What the session host has, whatever becomes of qtd.
	sessions() {
		const { stdout } = spawnSync(path.join(bin, 'qt-session'),
			['ls', '-a', '-J'], { env: this.env, encoding: 'utf8' });
		return JSON.parse(stdout || '[]');	// 1: there are none
	}

	async end() {
		for (const proc of this.procs) {
			proc.kill();
			await until('qtd ends', () => proc.exitCode !== null ||
				proc.signalCode !== null);
		}
		const lock = path.join(this.runtime, 'host.lock');
		const host = fs.existsSync(lock)
			? Number.parseInt(fs.readFileSync(lock, 'utf8'), 10) : 0;
		if (host > 0 && isAlive(host)) {
			process.kill(host);
			await until('the host ends', () => !isAlive(host));
		}
		fs.rmSync(this.dir, { recursive: true, force: true });
	}
}
