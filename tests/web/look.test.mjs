// SPDX-License-Identifier: Apache-2.0
// Appearance, searching, copying, phones, and access for everybody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as t from './lib.mjs';

let world;
let server;

before(async () => {
	world = new t.World();
	await t.launch();
	server = await world.qtd('--no-login');
});
after(async () => {
	await t.shut();
	await world.end();
});

const enter = (options) => t.enterNew(server, options);
const background = (page) => page.evaluate(() =>
	getComputedStyle(document.body).backgroundColor);
const cell = (page) => page.locator('.pane.active .xterm-screen')
	.evaluate((e) => e.clientHeight / document
		.querySelectorAll('.pane.active .xterm-rows > div').length);

test('the theme follows the system, and a choice is remembered', async () => {
	const page = await enter({ colorScheme: 'light' });
	assert.equal(await background(page), 'rgb(255, 255, 255)');
	await page.emulateMedia({ colorScheme: 'dark' });
	await t.until('a dark page', async () =>
		await background(page) === 'rgb(22, 24, 29)');
	await t.menu(page, 'Settings');
	await page.getByRole('radio', { name: 'Solarized, light' })
		.check({ force: true });
	await t.until('the theme', async () =>
		await background(page) === 'rgb(253, 246, 227)');
	await page.reload();
	await t.prompt(page);
	assert.equal(await background(page), 'rgb(253, 246, 227)');
	// The terminal's own colours too, under the strict policy.
	await t.type(page, 'clear; printf "\\033[31mred\\033[38;2;1;2;3mtrue\\n"',
		/^redtrue/m);
	const colours = await page.evaluate(() => ['red', 'true'].map((text) =>
		getComputedStyle([...document.querySelectorAll(
			'.pane.active .xterm-rows span')].find((s) =>
			s.textContent === text)).color));
	assert.deepEqual(colours, ['rgb(220, 50, 47)', 'rgb(1, 2, 3)']);
	await t.leave(page);
});

test('the text size changes by key and is remembered', async () => {
	const page = await enter();
	const usual = await cell(page);
	for (let i = 0; i < 4; i++)
		await page.keyboard.press('Control+=');
	await t.until('larger text', async () => await cell(page) > usual + 3);
	await t.type(page, 'clear; stty size', /^\d+ \d+$/m);
	await page.reload();
	await t.prompt(page);
	assert.ok(await cell(page) > usual + 3, 'still large after a reload');
	await page.keyboard.press('Control+0');
	await t.until('the usual size', async () =>
		Math.abs(await cell(page) - usual) < 0.5);
	await t.leave(page);
});

test('the search box finds, counts and steps', async () => {
	const page = await enter();
	await t.type(page, 'clear; for i in 1 2 3; do echo "Needle $i"; done',
		/^Needle 3\n\$/m);
	await page.keyboard.press('Control+Shift+F');
	const count = page.locator('.search-count');
	const says = (text) => t.until(`'${text}'`, async () =>
		await count.textContent() === text);
	await page.keyboard.type('needle [0-9]');
	await says('None');
	await page.getByRole('button', { name: 'Regular expression' }).click();
	await says('3 of 3');
	await page.getByRole('button', { name: 'Match case' }).click();
	await says('None');
	await page.getByRole('button', { name: 'Match case' }).click();
	await says('3 of 3');
	await page.getByRole('combobox', { name: /Find/ }).focus();
	await page.keyboard.press('Enter');
	await says('2 of 3');
	await page.keyboard.press('Shift+Enter');
	await says('3 of 3');
	await page.getByRole('combobox', { name: /Find/ }).fill('(');
	await says('Not a valid expression');
	await page.keyboard.press('Escape');
	await t.type(page, 'echo typed', /^typed$/m);
	await t.leave(page);
});

test('copy and paste by key; a big paste arrives whole', async () => {
	const page = await enter();
	await page.evaluate(() => navigator.clipboard.writeText('echo pasted'));
	await page.keyboard.press('Control+Shift+V');
	await t.shows(page, /\$ echo pasted/);
	await page.keyboard.press('Enter');
	await t.shows(page, /^pasted$/m);
	const { x, y } = await page.locator('.pane.active .xterm-rows > div',
		{ hasText: /^pasted/ }).last().boundingBox();
	await page.mouse.dblclick(x + 20, y + 8);
	await page.keyboard.press('Control+Shift+C');
	await t.until('the selection on the clipboard', async () =>
		await page.evaluate(() => navigator.clipboard.readText()) ===
			'pasted');
	// Longer than a frame; cat - counts what arrives.
	const line = 'x'.repeat(1000);
	const big = `${Array(60).fill(line).join('\n')}\n`;
	await t.type(page, 'clear; stty -echo; echo go; head -n 60 | ' +
		'wc -c; stty echo', /^go$/m);
	await page.evaluate((text) => navigator.clipboard.writeText(text), big);
	await page.keyboard.press('Control+Shift+V');
	await t.shows(page, new RegExp(`^${big.length}$`, 'm'));
	await t.leave(page);
});

test('a program may put text on the clipboard, never read it', async () => {
	const page = await enter();
	await page.evaluate(() => navigator.clipboard.writeText('secret'));
	await t.type(page, 'printf "\\033]52;c;?\\007"; echo asked', /^asked$/m);
	await t.type(page, `printf '\\033]52;c;%s\\007' ` +
		'$(printf "from afar" | base64); echo told', /^told$/m);
	await t.until('the text on the clipboard', async () =>
		await page.evaluate(() => navigator.clipboard.readText()) ===
			'from afar');
	assert.doesNotMatch((await t.screen(page)).join('\n'), /c2VjcmV0|52;c;c/);
	await t.leave(page);
});

test('a query is answered once, and not by a replay', async () => {
	const page = await enter();
	await t.type(page, 'clear; printf "\\033[c"; read -rst 5 -dc answer; ' +
		'printf "%q\\n" "$answer"', /\$'\\E\[\?1;2'/);
	await page.reload();
	await t.shows(page, /\$'\\E\[\?1;2'\n\$ *\n*$/);
	await t.type(page, 'echo clean', /^\$ echo clean\nclean$/m);
	await t.leave(page);
});

test('screen reader mode is switched on and remembered', async () => {
	const page = await enter();
	assert.equal(await page.locator('.xterm-accessibility').count(), 0);
	await t.menu(page, 'Settings');
	await page.getByRole('switch', { name: /Screen reader/ }).check();
	await page.keyboard.press('Escape');
	await page.locator('.pane.active .xterm-accessibility').waitFor(
		{ state: 'attached' });
	await page.reload();
	await t.prompt(page);
	await page.locator('.pane.active .xterm-accessibility').waitFor(
		{ state: 'attached' });
	await t.leave(page);
});

test('help and menu say every shortcut that works', async () => {
	const page = await enter();
	await page.keyboard.press('Control+Shift+H');
	const help = page.getByRole('dialog', { name: 'Help' });
	for (const text of ['Split right', 'Find…', 'Larger text', 'New session',
		'Ctrl+Shift+E', 'Ctrl+Shift+F'])
		await help.getByText(text, { exact: true }).first().waitFor();
	await page.keyboard.press('Escape');
	await t.type(page, 'echo back in the terminal', /^back in the/m);
	await t.leave(page);
});

test('every button has a name, every field a label', async () => {
	const page = await enter();
	await page.keyboard.press('Control+Shift+E');
	await t.prompt(page);
	await page.keyboard.press('Control+Shift+L');
	await page.keyboard.press('Control+Shift+F');
	await t.menu(page, 'Settings');
	const nameless = await page.evaluate(() => [...document
		.querySelectorAll('button, input, select')].filter((node) =>
		!node.getAttribute('aria-label') && !node.labels?.length &&
		!node.textContent.trim()).map((node) => node.outerHTML));
	assert.deepEqual(nameless, []);
	await t.leave(page);
});

test('a phone has a key bar with sticky modifiers', async () => {
	const page = await enter({ ...t.devices['Pixel 7'] });
	const key = (name) => page.getByRole('button', { name, exact: true });
	await key('Control, for the next key').waitFor();
	// A program to interrupt; Ctrl is for one key only.
	await t.type(page, 'clear; sleep 1000');
	await key('Control, for the next key').tap();
	await page.keyboard.type('c');
	await t.shows(page, /\^C\n\$/);
	await t.type(page, 'echo c', /^c$/m);
	await key('Up').tap();
	await t.shows(page, /\$ echo c\nc\n\$ echo c/);
	await page.keyboard.press('Enter');
	await page.keyboard.type('echo a');
	await key('Pipe').tap();
	await page.keyboard.type('tr a b\n');
	await t.shows(page, /^b$/m);
	const overflow = await page.evaluate(() =>
		document.documentElement.scrollWidth - innerWidth);
	assert.ok(overflow <= 0, 'nothing sticks out');
	await t.leave(page);
});

test('a phone shows one pane, the drawer over it, and scrolls', async () => {
	const page = await enter({ ...t.devices['Pixel 7'] });
	await t.menu(page, 'Split right');
	await page.getByRole('button', { name: /^Pane 2 of 2/ }).waitFor();
	await t.prompt(page);
	await page.getByRole('button', { name: /^Pane 2 of 2/ }).tap();
	await page.getByRole('button', { name: /^Pane 1 of 2/ }).waitFor();
	await page.getByRole('button', { name: 'Sessions' }).tap();
	await page.locator('#drawer .session-open').first().waitFor();
	await page.locator('#scrim').tap({ position: { x: 390, y: 300 } });
	await page.locator('#drawer').waitFor({ state: 'hidden' });
	await t.type(page, 'clear; seq 200', /^200\n\$/m);
	await swipe(page, 300, 600);
	await t.until('older lines', async () =>
		!(await t.screen(page)).includes('200'));
	await t.leave(page);
});

// One finger, from y to y, through the browser's own input.
async function swipe(page, from, to) {
	const session = await page.context().newCDPSession(page);
	const touch = (type, y) => session.send('Input.dispatchTouchEvent',
		{ type, touchPoints: y === undefined ? [] : [{ x: 200, y }] });
	await touch('touchStart', from);
	for (let i = 1; i <= 10; i++)
		await touch('touchMove', from + (to - from) * i / 10);
	await touch('touchEnd');
}

test('WebGL draws where it is fast, and a lost GPU is survived', async () => {
	const page = await t.open();
	// This browser emulates a GPU; the page is to think that it has one.
	await page.addInitScript(() => {
		const { prototype } = WebGL2RenderingContext;
		const { getParameter } = prototype;
		prototype.getParameter = function (name) {
			return name === 0x9246 ? 'A GPU' : getParameter.call(this, name);
		};
	});
	await page.goto(server.url);
	const canvases = page.locator('.pane.active .xterm-screen canvas');
	await canvases.first().waitFor();
	assert.equal(await page.locator('.xterm-rows').count(), 0);
	await page.keyboard.type('clear; echo "drawn $((1 + 1))"\n');
	await canvases.first().evaluate(() => {
		for (const canvas of document.querySelectorAll('canvas'))
			canvas.getContext('webgl2')
				?.getExtension('WEBGL_lose_context').loseContext();
	});
	await t.shows(page, /^drawn 2$/m);
	page.complaints = page.complaints.filter((text) =>
		!/webgl/i.test(text));
	await t.leave(page);
});

test('the page is installable and offers no outside address', async () => {
	const page = await enter();
	const manifest = await page.evaluate(async () => {
		const link = document.querySelector('link[rel=manifest]');
		return { ...await (await fetch(link.href)).json(),
			url: link.href };
	});
	assert.equal(manifest.display, 'standalone');
	assert.equal(new URL(manifest.start_url, manifest.url).href, server.url);
	for (const icon of manifest.icons) {
		const response = await page.request.get(
			new URL(icon.src, manifest.url).href);
		assert.equal(response.status(), 200, icon.src);
	}
	const outside = await page.evaluate(() => performance
		.getEntriesByType('resource').map((entry) => entry.name)
		.filter((name) => !name.startsWith(location.origin)));
	assert.deepEqual(outside, []);
	await t.leave(page);
});

test('the policy is strict', async () => {
	const page = await t.open();
	const response = await page.goto(server.url);
	const policy = response.headers()['content-security-policy'];
	assert.match(policy, /default-src 'none'/);
	assert.match(policy, /script-src 'self'(;|$)/);
	assert.match(policy, /style-src 'self'(;|$)/);
	assert.doesNotMatch(policy, /unsafe/);
	await t.prompt(page);
	await t.leave(page);
});
