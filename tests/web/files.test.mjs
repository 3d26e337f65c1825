// SPDX-License-Identifier: Apache-2.0
// Files to and from the folder of a session.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import * as t from './lib.mjs';

let world;
let server;
let folder;

before(async () => {
	world = new t.World();
	folder = path.join(world.home, 'deep folder');
	fs.mkdirSync(folder);
	await t.launch();
	server = await world.qtd('--no-login');
});
after(async () => {
	await t.shut();
	await world.end();
});

async function enterFolder() {
	const page = await t.enterNew(server);
	await t.type(page, `cd '${folder}'; clear; pwd`, /deep folder\n\$/);
	return page;
}

// Drops files on the current pane as a file manager would.
async function drop(page, name, text) {
	const data = await page.evaluateHandle(([file, content]) => {
		const transfer = new DataTransfer();
		transfer.items.add(new File([content], file));
		return transfer;
	}, [name, text]);
	const pane = page.locator('.stage:not([hidden]) .pane.active ' +
		'.xterm-screen');
	await pane.dispatchEvent('dragover', { dataTransfer: data });
	await page.locator('.pane.dropping').waitFor();
	await pane.dispatchEvent('drop', { dataTransfer: data });
}

const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');

test('a dropped file lands in the folder of the shell', async () => {
	const page = await enterFolder();
	await drop(page, 'note é.txt', 'dropped\n');
	await page.getByText(/^Uploaded/).waitFor();
	assert.equal(read('note é.txt'), 'dropped\n');
	await t.type(page, 'cat note*', /^dropped$/m);
	await t.leave(page);
});

test('a file that exists is kept until somebody says otherwise', async () => {
	const page = await enterFolder();
	fs.writeFileSync(path.join(folder, 'same.txt'), 'old');
	await drop(page, 'same.txt', 'new');
	await page.getByRole('button', { name: 'Keep both' }).click();
	await t.until('the second file', () =>
		fs.existsSync(path.join(folder, 'same (2).txt')));
	assert.equal(read('same.txt'), 'old');
	await drop(page, 'same.txt', 'newer');
	await page.getByRole('button', { name: 'Replace' }).click();
	await t.until('the file to be replaced', () =>
		read('same.txt') === 'newer');
	await t.leave(page);
});

test('files are chosen from the menu, several at once', async () => {
	const page = await enterFolder();
	const chooser = page.waitForEvent('filechooser');
	await t.menu(page, 'Upload files…');
	const big = randomBytes(3 << 20);
	await (await chooser).setFiles([
		{ name: 'big.bin', mimeType: 'application/octet-stream',
			buffer: big },
		{ name: 'small.txt', mimeType: 'text/plain',
			buffer: Buffer.from('small') },
	]);
	await t.until('both files', () => {
		try {
			return read('small.txt') === 'small' && fs.readFileSync(
				path.join(folder, 'big.bin')).equals(big);
		} catch {
			return false;
		}
	});
	await t.leave(page);
});

test('a file is downloaded by its name in the folder', async () => {
	const page = await enterFolder();
	fs.writeFileSync(path.join(folder, 'take me.txt'), 'taken');
	await t.menu(page, 'Download a file…');
	await page.getByRole('textbox', { name: 'File' }).fill('take me.txt');
	const coming = page.waitForEvent('download');
	await page.getByRole('button', { name: 'Download' }).click();
	const file = await coming;
	assert.equal(file.suggestedFilename(), 'take me.txt');
	assert.equal(fs.readFileSync(await file.path(), 'utf8'), 'taken');
	await t.leave(page);
});

test('a file that is not there is said so', async () => {
	const page = await enterFolder();
	await t.menu(page, 'Download a file…');
	await page.getByRole('textbox', { name: 'File' }).fill('nowhere.txt');
	await page.getByRole('button', { name: 'Download' }).click();
	await page.locator('.notice.bad', { hasText: 'nowhere.txt' }).waitFor();
	await t.leave(page);
});
