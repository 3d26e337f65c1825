// SPDX-License-Identifier: Apache-2.0
// The search box offers the commands of its session, as a real bash with
// qt-hist's hooks recorded them.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import * as t from './lib.mjs';

let world;
let server;

before(async () => {
	world = new t.World();
	// A login shell has a PATH of its own.
	const [bin] = world.env.PATH.split(':');
	for (const rc of ['.bashrc', '.bash_profile'])
		fs.appendFileSync(path.join(world.home, rc),
			`eval "$('${bin}/qt-hist' init bash)"\n`);
	await t.launch();
	server = await world.qtd('--no-login');
});
after(async () => {
	await t.shut();
	await world.run('qt-hist', ['sync-spool', '-d']);
	await world.run('qt-map', ['rm', '-f',
		path.join(world.home, '.local/state/qt/hist/store')]);
	await world.end();
});

const enter = (options) => t.enterNew(server, options);
const box = (page) => page.getByRole('combobox', { name: /Find/ });
const list = (page) => page.getByRole('listbox',
	{ name: 'Commands of this session' });
const offered = (page) => list(page).getByRole('option').locator('code')
	.allTextContents();
async function offers(page, commands) {
	let last;
	await t.until(`offered: ${commands}`, async () => {
		last = await offered(page);
		return JSON.stringify(last) === JSON.stringify(commands);
	}).catch((error) => {
		error.message += `, but ${JSON.stringify(last)}`;
		throw error;
	});
}

// Opens the box with nothing in it, and looks for this.
async function find(page, text) {
	await page.keyboard.press('Control+Shift+F');
	await box(page).fill(text);
}

test('commands are offered, the latest first, and put on the line', async () => {
	const other = await enter();
	await t.type(other, 'echo another session', /^another session$/m);
	const page = await enter();
	await t.type(page, 'echo one', /^one$/m);
	await t.type(page, '(exit 3); echo two', /^two$/m);
	await t.type(page, '(exit 3)', /\(exit 3\)\n\$/m);
	await find(page, '');
	await offers(page, ['(exit 3)', '(exit 3); echo two', 'echo one']);
	assert.match(await list(page).getByRole('option').first().textContent(),
		/^\(exit 3\)3now$/);
	await box(page).fill('echo');
	await offers(page, ['(exit 3); echo two', 'echo one']);
	assert.equal(await box(page).getAttribute('aria-expanded'), 'true');
	assert.equal(await box(page).getAttribute('aria-activedescendant'), null);
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowDown');
	const current = list(page).getByRole('option', { selected: true });
	assert.equal(await current.locator('code').textContent(), 'echo one');
	assert.equal(await box(page).getAttribute('aria-activedescendant'),
		await current.getAttribute('id'));
	// Up to the last one, by way of the box itself.
	await page.keyboard.press('ArrowDown');
	assert.equal(await current.count(), 0);
	await page.keyboard.press('ArrowUp');
	await page.keyboard.press('Enter');
	assert.ok(await box(page).isHidden());
	// It stands there and can be edited; it runs when it is told to.
	await t.shows(page, /\$ \(exit 3\)\n\$ echo one\n*$/);
	await page.keyboard.type(' more');
	await page.keyboard.press('Enter');
	await t.shows(page, /^\$ echo one more\none more\n\$$/m);
	// What was just run is the first one the next time; by a click, too.
	await find(page, 'echo');
	await offers(page, ['echo one more', '(exit 3); echo two', 'echo one']);
	await list(page).getByText('(exit 3); echo two').click();
	await t.shows(page, /one more\n\$ \(exit 3\); echo two\n*$/);
	await t.leave(other);
	await t.leave(page);
});

test('a command of several lines is put there as one', async () => {
	const page = await enter();
	await t.type(page, 'echo "first');
	await t.type(page, 'second"', /^first\nsecond\n\$/m);
	const text = 'echo "first⏎second"';
	await find(page, 'first');
	await offers(page, [text]);
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await t.shows(page, /\nsecond\n\$ echo "first\n(> )?second"\n*$/);
	await page.keyboard.press('Enter');
	await t.shows(page, /second"\nfirst\nsecond\n\$\n*$/);
	// A program that would take its lines one by one does not get it.
	await t.type(page, 'clear; bind "set enable-bracketed-paste off"');
	await t.type(page, 'echo off', /^off\n\$/m);
	await find(page, 'first');
	await offers(page, [text]);
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await page.getByText(/it is copied instead/).waitFor();
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
		'echo "first\nsecond"');
	await t.type(page, 'echo still', /^off\n\$ echo still\nstill\n\$/m);
	await t.leave(page);
});

test('what is in a command stays text, and is to be seen', async () => {
	const page = await enter();
	const evil = `: '<img src=x onerror="window.pwned=1">'; ` +
		'echo $QT_SESSION';
	const [id] = await t.type(page, evil, /^[0-9a-f-]{36}$/m);
	const rows = [`echo a\\u001b[201~\\rrm -rf b`, `echo \\u202eabc\\u2028d`]
		.map((command, i) => `{"command":"${command}","start":${9e9 + i},` +
			`"qt_session":"${id}"}\n`).join('');
	const { code, stderr } = await world.run('qt-hist',
		['import', '-f', 'json', '-'], rows);
	assert.equal(code, 0, stderr);
	await find(page, '');
	await offers(page, ['echo <U+202E>abc<U+2028>d',
		'echo a␛[201~␍rm -rf b',
		evil]);
	assert.equal(await page.locator('#app img').count(), 0);
	assert.equal(await page.evaluate(() => window.pwned), undefined);
	// Controls are never typed.
	await list(page).getByText('rm -rf').click();
	await page.getByText(/it is copied instead/).waitFor();
	await t.type(page, 'echo still', /^\$ echo still\nstill\n\$/m);
	await t.leave(page);
});

test('a mistake is told, the newest answer counts, Escape closes', async () => {
	const page = await enter();
	await t.type(page, 'echo one', /^one$/m);
	await find(page, 'exit:zz');
	// Nothing was offered in this box yet, so nothing is said.
	await t.until('an answer', () => page.evaluate(() => performance
		.getEntriesByType('resource').some((e) => e.name
			.includes('history?q=exit'))));
	assert.ok(await list(page).isHidden());
	await box(page).fill('');
	await offers(page, ['echo one']);
	await box(page).fill('exit:zz');
	await page.getByText(/does not parse at byte 6: expected a status/)
		.first().waitFor();
	assert.ok(await list(page).isHidden());

	let let_go;
	const asked = new Promise((resolve) => {
		page.route(/history\?q=slow/, async (route) => {
			resolve();
			await new Promise((go) => { let_go = go; });
			await route.fulfill({ json: { reason: null,
				commands: [{ command: 'slow' }] } }).catch(() => {});
		});
	});
	await box(page).fill('slow');
	await asked;
	await box(page).fill('one');
	await offers(page, ['echo one']);
	let_go();
	// A pattern for the terminal is one for the history.
	await page.getByRole('button', { name: 'Regular expression' }).click();
	await box(page).fill('^echo o.e$');
	await offers(page, ['echo one']);
	await box(page).fill('^o.e');
	await t.until('no offer', async () => (await offered(page)).length === 0);
	await box(page).focus();
	await page.keyboard.press('Escape');
	assert.ok(await box(page).isHidden());
	await t.type(page, 'echo typed', /^typed$/m);
	await t.leave(page);
});

test('who may only look is offered nothing, and asks for nothing', async () => {
	const page = await enter();
	await t.type(page, 'echo one', /^one$/m);
	const reader = await world.qtd('--no-login', '--read-only');
	const looking = await t.open();
	let asked = 0;
	await looking.route(/\/history/, (route) => {
		asked++;
		return route.continue();
	});
	await looking.goto(reader.url + page.url().replace(/.*#/, '#'));
	await t.shows(looking, /^one$/m);
	await find(looking, 'one');
	await t.until('the matches in the terminal', async () => /of 2/.test(
		await looking.locator('.search-count').textContent()));
	assert.ok(await list(looking).isHidden());
	assert.equal(asked, 0);
	await t.leave(looking);
	await t.leave(page);
});
