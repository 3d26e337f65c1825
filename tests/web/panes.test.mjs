// SPDX-License-Identifier: Apache-2.0
// Tabs, panes, and the list of sessions.
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

const enterNew = (options) => t.enterNew(server, options);
const panes = (page) => page.locator('.stage:not([hidden]) .pane');
const tabs = (page) => page.getByRole('tab');
const hasCount = (what, locator, count) => t.until(`${count} ${what}`,
	async () => await locator.count() === count);

test('panes split by key, and each is a shell of its own', async () => {
	const page = await enterNew();
	await t.type(page, 'me=left; echo "I am $me"', /^I am left$/m);
	await page.keyboard.press('Control+Shift+E');
	await hasCount('panes', panes(page), 2);
	await t.prompt(page);
	await t.type(page, 'echo "not ${me:-me}"', /^not me$/m);
	await page.keyboard.press('Control+Shift+O');
	await hasCount('panes', panes(page), 3);
	await t.prompt(page);
	await page.keyboard.press('Control+Shift+ArrowLeft');
	await t.type(page, 'echo "again $me"', /^again left$/m);
	await t.leave(page);
});

test('a reload brings tabs, panes and sizes back', async () => {
	const page = await enterNew();
	await t.type(page, 'echo first tab', /^first tab$/m);
	await page.getByRole('button', { name: 'New session' }).first().click();
	await hasCount('tabs', tabs(page), 2);
	await t.prompt(page);
	await page.keyboard.press('Control+Shift+E');
	await t.prompt(page);
	await t.type(page, 'echo right pane', /^right pane$/m);
	const divider = page.getByRole('separator');
	await divider.focus();
	for (let i = 0; i < 5; i++)
		await page.keyboard.press('ArrowLeft');
	assert.equal(await divider.getAttribute('aria-valuenow'), '40');
	await page.reload();
	await t.shows(page, /^right pane$/m);
	await hasCount('tabs', tabs(page), 2);
	await hasCount('panes', panes(page), 2);
	assert.equal(await divider.getAttribute('aria-valuenow'), '40');
	await page.keyboard.press('Control+Shift+1');
	await t.shows(page, /^first tab$/m);
	await t.leave(page);
});

test('a divider is dragged, and the shell learns its size', async () => {
	const page = await enterNew();
	await page.keyboard.press('Control+Shift+E');
	await hasCount('panes', panes(page), 2);
	await t.prompt(page);
	const before = await t.type(page, 'stty size', /^\d+ (\d+)$/m);
	const box = await page.getByRole('separator').boundingBox();
	await page.mouse.move(box.x + 4, box.y + 100);
	await page.mouse.down();
	await page.mouse.move(box.x - 196, box.y + 100, { steps: 5 });
	await page.mouse.up();
	await t.until('more columns', async () => {
		await page.locator('.pane.active .xterm-screen').click();
		const after = await t.type(page, 'clear; stty size',
			/^\d+ (\d+)$/m);
		return Number(after[1]) > Number(before[1]) + 15;
	});
	await t.leave(page);
});

test('a pane is enlarged and closed; its session goes on', async () => {
	const page = await enterNew();
	await t.type(page, 'echo stays', /^stays$/m);
	await page.keyboard.press('Control+Shift+E');
	await hasCount('panes', panes(page), 2);
	await t.prompt(page);
	await page.keyboard.press('Control+Shift+Z');
	await hasCount('visible panes', panes(page).filter({ visible: true }),
		1);
	await page.keyboard.press('Control+Shift+Z');
	await hasCount('visible panes', panes(page).filter({ visible: true }),
		2);
	await page.keyboard.press('Control+Shift+X');
	await hasCount('panes', panes(page), 1);
	await t.shows(page, /^stays$/m);
	const list = await (await page.request.get(
		`${server.url}api/sessions`)).json();
	assert.ok(list.filter((s) => s.state === 'running').length >= 2);
	await t.leave(page);
});

test('the list renames, ends and removes a session', async () => {
	const page = await enterNew();
	await page.keyboard.press('Control+Shift+L');
	const current = page.locator('.session.current');
	await current.hover();
	await current.getByRole('button', { name: /^Rename/ }).click();
	await page.keyboard.type('builder');
	await page.keyboard.press('Enter');
	await page.getByRole('tab', { name: 'builder' }).waitFor();
	await t.until('the name in the address',
		() => page.url().endsWith('#s=builder'));

	const item = page.locator('.session', { hasText: 'builder' });
	await item.hover();
	await item.getByRole('button', { name: /^End/ }).click();
	await page.getByRole('button', { name: 'Cancel' }).click();
	await item.getByRole('button', { name: /^End/ }).click();
	await page.getByRole('button', { name: 'End session' }).click();
	await page.getByText(/builder (hung up|killed|finished|terminated)/)
		.first().waitFor();
	await item.getByRole('button', { name: /^Remove/ }).click();
	await hasCount('items', item, 0);
	await t.leave(page);
});

test('a name that is taken is refused with a reason', async () => {
	await world.session('taken', 'exec cat');
	const page = await enterNew();
	await t.menu(page, 'Rename session…');
	await page.getByRole('textbox', { name: 'Name' }).fill('taken');
	await page.keyboard.press('Enter');
	await page.locator('.notice.bad').waitFor();
	assert.match(await page.locator('.notice.bad').innerText(), /taken/);
	await t.leave(page);
});

test('a session made elsewhere appears in the list and opens', async () => {
	const page = await enterNew();
	await page.keyboard.press('Control+Shift+L');
	await world.session('elsewhere',
		'echo hello from elsewhere; exec cat');
	await page.getByRole('button', { name: /elsewhere/ }).first().click();
	await t.shows(page, /^hello from elsewhere$/m);
	await page.keyboard.type('echoed\n');
	await t.shows(page, /^echoed\nechoed$/m);
	await t.leave(page);
});

test('HTML in a title or a name stays text', async () => {
	const page = await enterNew();
	const evil = '<img src=x onerror="window.pwned=1">\u202etxt';
	await t.type(page, `printf '\\033]0;%s\\007' '${evil}'; echo titled`,
		/^titled$/m);
	await page.keyboard.press('Control+Shift+L');
	await t.until('the title in the tab', async () =>
		(await page.locator('.tab.current .tab-title').textContent())
			.includes('<img src=x'));
	const list = () => page.locator('#drawer').textContent();
	await t.until('the title in the list', async () =>
		(await list()).includes('<img'));
	assert.ok(!(await list()).includes('\u202e'), 'nothing reorders it');
	assert.equal(await page.locator('#app img').count(), 0);
	assert.equal(await page.evaluate(() => window.pwned), undefined);
	assert.match(await page.title(), /<img/);
	await t.leave(page);
});

test('a session that is busy elsewhere marks its tab', async () => {
	const page = await enterNew();
	await page.getByRole('button', { name: 'New session' }).first().click();
	await t.prompt(page);
	await page.keyboard.press('Control+Shift+1');
	await t.type(page, 'read -t 1 <> <(:); printf "\\a"');
	await page.keyboard.press('Control+Shift+2');
	await page.locator('.tab.bell').waitFor();
	await page.keyboard.press('Control+Shift+1');
	await hasCount('marked tabs', page.locator('.tab.bell'), 0);
	await t.leave(page);
});

test('a link to a session opens that one', async () => {
	await world.session('linked', 'echo you followed the link; exec cat');
	const page = await t.open();
	await page.goto(`${server.url}#s=linked`);
	await t.shows(page, /^you followed the link$/m);
	await t.leave(page);
});
