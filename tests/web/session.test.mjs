// SPDX-License-Identifier: Apache-2.0
// A session in the page outlives the page, qtd and its workers.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import * as t from './lib.mjs';

let world;

before(t.launch);
after(t.shut);
beforeEach(() => { world = new t.World(); });
afterEach(() => world.end());

// Prints numbered lines, slowly enough to be interrupted in the middle.
const COUNT = 4000;
const counting = `for i in $(seq ${COUNT}); do echo "line $i."; ` +
	'[ $((i % 20)) = 0 ] && read -t 0.02 <> <(:); done; echo DO""NE';

function assertCounted(text) {
	const lines = [...text.matchAll(/^line (\d+)\.$/gm)].map((m) => +m[1]);
	const wrong = lines.findIndex((n, i) => n !== i + 1);
	assert.equal(wrong, -1, `line ${wrong + 1} is ${lines[wrong]}`);
	assert.equal(lines.length, COUNT);
}

// The old screen has prompts too: the new session is there when it is gone.
async function startAgain(page) {
	await page.getByRole('button', { name: 'Start again' }).click();
	await t.shows(page, /^\$\s*$/);
}

test('the link logs in once and leaves the address', async () => {
	const server = await world.qtd();
	assert.match(server.link, /#token=/);
	const page = await t.enter(server);
	assert.doesNotMatch(page.url(), /token/);
	const [cookie] = await page.context().cookies();
	assert.ok(cookie.httpOnly);
	assert.equal(cookie.sameSite, 'Strict');
	await t.type(page, 'echo "sum is $((40 + 2))"', /^sum is 42$/m);

	const other = await t.open();
	await other.goto(server.link);
	await other.getByText(/used already or has expired/).waitFor();
	await t.leave(other);
	await t.leave(page);
});

test('a link is not lost while the server cannot be reached', async () => {
	const server = await world.qtd();
	const page = await t.open();
	await page.route('**/login', (route) => route.abort(), { times: 1 });
	await page.goto(server.link);
	await page.getByText('The server cannot be reached').waitFor();
	await t.prompt(page);
	assert.doesNotMatch(page.url(), /token/);
	await t.leave(page);
});

test('a reload shows the same session at the same place', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'mark=kept; seq 300', /^300\n\$/m);
	await page.reload();
	await t.shows(page, /^300\n\$/m);
	await t.type(page, 'echo "it is $mark"', /^it is kept$/m);
	const text = await t.everything(page);
	assert.equal(text.match(/^150$/gm).length, 1, 'scrollback once');
	await t.leave(page);
});

test('kill -9 of qtd loses and repeats no byte', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.enter(server);
	const [, pid] = await t.type(page, 'echo pid=$$', /^pid=(\d+)$/m);
	await page.keyboard.type(`${counting}\n`);
	await t.shows(page, /^line [1-9]\d\d\.$/m);
	await world.crash(server);
	await page.locator('#banner').waitFor();
	await world.qtd('--no-login', '-p', server.port);
	await page.getByRole('button', { name: 'Try now' }).click()
		.catch(() => {});	// it came back by itself
	await t.shows(page, /^DONE$/m, { ms: 30000 });
	assertCounted(await t.everything(page));
	await t.type(page, 'echo "still $$"', new RegExp(`^still ${pid}$`, 'm'));
	await t.leave(page);
});

test('a count of a thousand million does not hold the page', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.enter(server);
	await page.keyboard.type("for f in L M S T I Z b @ P X; do " +
		"printf 'x\\033[999999999%s' $f; done; tput reset\n");
	await t.type(page, 'echo still $((40 + 2))', /^still 42$/m);
	await t.leave(page);
});

test('half a million accents on a letter do not hold the page', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.enter(server);
	await page.keyboard.type("printf a; yes $'\\u0301' | head -n 500000 | " +
		"tr -d '\\n'; echo\n");
	await t.type(page, 'echo still $((40 + 2))', /^still 42$/m);
	await t.leave(page);
});

test('kill -9 of a worker loses and repeats no byte', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await page.keyboard.type(`${counting}\n`);
	await t.shows(page, /^line [1-9]\d\d\.$/m);
	const workers = world.workers(server);
	assert.ok(workers.length > 0, 'there are workers');
	for (const pid of workers)
		t.kill(pid, 'SIGKILL');
	await t.shows(page, /^DONE$/m, { ms: 30000 });
	assertCounted(await t.everything(page));
	await t.leave(page);
});

test('what is typed while a worker restarts arrives', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	const dropped = page.waitForEvent('websocket');
	for (const pid of world.workers(server))
		t.kill(pid, 'SIGKILL');
	await page.keyboard.type('echo typed $((1+1))\n');
	await dropped;
	await t.shows(page, /^typed 2$/m);
	await t.leave(page);
});

test('the last output of a session is shown, then how it ended', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'exec sh -c "echo last words; exit 3"');
	await page.getByText(/ended with status 3/).first().waitFor();
	await t.shows(page, /^last words$/m);
	await startAgain(page);
	await t.type(page, 'echo anew', /^anew$/m);
	await t.leave(page);
});

test('a session whose host died is said to be lost', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'echo "host $PPID"', /^host \d+$/m);
	const [, host] = await t.shows(page, /^host (\d+)$/m);
	t.kill(Number(host), 'SIGKILL');
	await page.getByText(/was lost: the session host ended/).first()
		.waitFor();
	await t.shows(page, /^host \d+$/m);
	await startAgain(page);
	await t.type(page, 'echo anew', /^anew$/m);
	await t.leave(page);
});

test('closing the ended pane leads to an empty page and on', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'exit');
	await page.getByText(/finished/).first().waitFor();
	await page.locator('.ended').getByRole('button', { name: 'Close' })
		.click();
	await page.getByText('No terminal is open').waitFor();
	await page.locator('#empty').getByRole('button',
		{ name: 'New session' }).click();
	await t.prompt(page);
	await t.leave(page);
});

test('two viewers see the same, and control goes to who types', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.enter(server);
	await t.type(page, 'echo one', /^one$/m);
	const name = new URL(page.url()).hash;
	const other = await t.open({ viewport: { width: 700, height: 400 } });
	await other.goto(server.url + name);
	await t.shows(other, /^one$/m);
	await t.type(other, 'stty size; echo two', /^two$/m);
	await t.shows(page, /^two$/m);
	// The first is larger: it is told that another decides the size.
	await page.getByRole('button', { name: 'Take control' }).click();
	await t.type(page, 'stty size; echo three', /^three$/m);
	const sizes = (await t.screen(page)).filter((l) => /^\d+ \d+$/.test(l));
	assert.equal(sizes.length, 2);
	assert.ok(Number(sizes[1].split(' ')[1]) >
		Number(sizes[0].split(' ')[1]), sizes.join(' then '));
	await t.shows(other, /^three$/m);
	await t.leave(other);
	await t.leave(page);
});

test('a read-only server lets people look but not type', async () => {
	const writer = await world.qtd('--no-login');
	const page = await t.enter(writer);
	await t.type(page, 'echo seen', /^seen$/m);
	const reader = await world.qtd('--no-login', '--read-only');
	const other = await t.open();
	await other.goto(reader.url + new URL(page.url()).hash);
	await t.shows(other, /^seen$/m);
	await other.getByText('View only').first().waitFor();
	await other.keyboard.type('echo from-the-reader\n');
	await t.type(page, 'echo after', /^after$/m);
	await t.shows(other, /^after$/m);
	assert.doesNotMatch((await t.screen(other)).join('\n'), /from-the/);
	await t.leave(other);
	await t.leave(page);
});

test('a flood does not take Ctrl-C away', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await page.keyboard.type('yes "$(seq -s, 200)" | head -c 2G\n');
	await t.shows(page, /,\d+,\d+,/);
	// It cannot all be shown: what is left out is said.
	await page.locator('.chip', { hasText: /of output skipped/ }).waitFor();
	const began = Date.now();
	await page.keyboard.press('Control+c');
	await t.shows(page, /\^C[^]*\n\$ *\n*$/, { ms: 10000 });
	assert.ok(Date.now() - began < 10000);
	await t.type(page, 'echo calm', /^calm$/m);
	await t.leave(page);
});

test('50 MB at once end with their last line', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'yes | head -c 50000000; echo; echo at the end',
		/^at the end\n\$/m, { ms: 60000 });
	await t.leave(page);
});

test('the terminal in a terminal shows the same', async () => {
	const server = await world.qtd();
	const page = await t.enter(server);
	await t.type(page, 'echo from the browser', /^from the browser$/m);
	const name = decodeURIComponent(new URL(page.url()).hash.slice(3));
	const { stdout, stderr } = await world.run('qt-session',
		['capture', name]);
	assert.match(stdout, /^from the browser$/m, stderr);
	await world.run('qt-session',
		['send', '-l', name, 'echo from a terminal']);
	await t.shows(page, /^from a terminal$/m);
	await t.leave(page);
});

test('a visitor without a layout comes to the latest session', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.enter(server);
	await t.type(page, 'mine=yes; echo ready', /^ready$/m);
	await t.leave(page);
	const later = await t.open();
	await later.goto(server.url);
	await t.shows(later, /^ready$/m);
	await t.type(later, 'echo "mine: $mine"', /^mine: yes$/m);
	await t.leave(later);
});

test('a session that is gone is said so, and a new one opens', async () => {
	const server = await world.qtd('--no-login');
	const page = await t.open();
	await page.goto(`${server.url}#s=nowhere`);
	await page.getByText('There is no session nowhere').waitFor();
	await t.prompt(page);
	await t.leave(page);
});
