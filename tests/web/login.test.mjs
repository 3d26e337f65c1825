// SPDX-License-Identifier: Apache-2.0
// Logging in by name and password, and being logged out.
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import * as t from './lib.mjs';

let world;
let users;

before(t.launch);
after(t.shut);
beforeEach(async () => {
	world = new t.World();
	users = path.join(world.dir, 'users');
	for (const [name, role] of [['ann', 'admin'], ['rob', 'reader']]) {
		const { code, stderr } = await world.run('qtd', ['user', '--role',
			role, 'add', users, name], `correct horse ${name}\n`);
		assert.equal(code, 0, stderr);
	}
});
afterEach(() => world.end());

async function fill(page, name, password) {
	await page.getByLabel('Name').fill(name);
	await page.getByLabel('Password').fill(password);
	await page.keyboard.press('Enter');
}

test('a wrong password is refused, the right one lets in', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await fill(page, 'ann', 'wrong');
	await page.getByText('The name or the password is wrong.').waitFor();
	assert.equal(await page.getByLabel('Password').inputValue(), '');
	await page.getByLabel('Password').fill('correct horse ann');
	await page.getByRole('button', { name: 'Log in' }).click();
	await t.prompt(page);
	await t.type(page, 'echo inside', /^inside$/m);
	await page.reload();
	await t.shows(page, /^inside$/m);
	await t.leave(page);
});

test('too many tries are counted down', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await t.until('the brake', async () => {
		if (await page.getByText('Too many tries').isVisible())
			return true;
		if (await page.locator('button[type=submit]').isEnabled())
			await fill(page, 'ann', 'wrong');
		return false;
	}, 60000);
	const button = page.locator('button[type=submit]');
	assert.match(await button.innerText(), /Try again in \d+ s/);
	assert.ok(await button.isDisabled());
	await t.leave(page);
});

test('logging out needs a new login', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await fill(page, 'ann', 'correct horse ann');
	await t.prompt(page);
	await t.menu(page, 'Log out');
	await page.getByLabel('Password').waitFor();
	const answer = await page.request.get(`${server.url}api/me`);
	assert.equal(answer.status(), 401);
	await t.leave(page);
});

test('a login that has ended is asked for again, in place', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await fill(page, 'ann', 'correct horse ann');
	await t.prompt(page);
	await t.type(page, 'echo before', /^before$/m);
	await page.context().clearCookies();
	for (const pid of world.workers(server))
		t.kill(pid, 'SIGKILL');
	await page.getByLabel('Password').waitFor();
	await fill(page, 'ann', 'correct horse ann');
	await page.locator('#login').waitFor({ state: 'hidden' });
	await t.shows(page, /^before$/m);
	await t.type(page, 'echo after', /^after$/m);
	await t.leave(page);
});

test('a changed password asks for the new one, in place', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await fill(page, 'ann', 'correct horse ann');
	await t.prompt(page);
	await t.type(page, 'echo before', /^before$/m);
	await world.run('qtd', ['user', 'passwd', users, 'ann'], 'battery\n');
	await page.getByLabel('Password').waitFor();
	await fill(page, 'ann', 'battery');
	await page.locator('#login').waitFor({ state: 'hidden' });
	await t.shows(page, /^before$/m);
	await t.leave(page);
});

test('a reader looks on', async () => {
	const server = await world.qtd('--users', users);
	const page = await t.open();
	await page.goto(server.url);
	await fill(page, 'ann', 'correct horse ann');
	await t.prompt(page);
	await t.type(page, 'echo for rob', /^for rob$/m);
	const other = await t.open();
	await other.goto(server.url + new URL(page.url()).hash);
	await fill(other, 'rob', 'correct horse rob');
	await t.shows(other, /^for rob$/m);
	await other.getByText('View only').first().waitFor();
	await t.leave(other);
	await t.leave(page);
});

test('without a link, the page says where to find it', async () => {
	const server = await world.qtd();
	const page = await t.open();
	await page.goto(server.url);
	await page.getByText('Open the link that qtd printed').waitFor();
	await page.getByLabel('Link or token').fill('nonsense');
	await page.keyboard.press('Enter');
	await page.getByText(/used already or has expired/).waitFor();
	await page.getByLabel('Link or token').fill(server.link);
	await page.keyboard.press('Enter');
	await t.prompt(page);
	await t.leave(page);
});

test('a base path works', async () => {
	const server = await world.qtd('--no-login', '-b', '/some/where');
	const page = await t.open();
	await page.goto(`${new URL(server.url).origin}/some/where/`);
	await t.prompt(page);
	await t.type(page, 'echo below', /^below$/m);
	await t.leave(page);
});
