// SPDX-License-Identifier: Apache-2.0
// Files to and from the folder that a session's program is in.
import * as api from './api.js';
import { choose, promptDialog } from './dialog.js';
import { clean, el } from './dom.js';
import { notice, progressNotice } from './notice.js';

const REASONS = {
	0: 'The connection was lost',
	401: 'Your login is no longer good: reload the page',
	403: 'You may not do that in this session',
	404: 'There is no such file or session',
	413: 'It is larger than this server takes',
	507: 'The disk is full',
};

const reason = ({ status, error }) =>
	clean(error) || REASONS[status] || `The server answered ${status}`;

// "name (2).txt" from "name.txt"
function otherName(name, count) {
	const dot = name.lastIndexOf('.');
	return dot > 0 ? `${name.slice(0, dot)} (${count})${name.slice(dot)}`
		: `${name} (${count})`;
}

async function send(pane, file, overwrite) {
	const stop = new AbortController();
	const shown = progressNotice(`Uploading ${file.name}`,
		() => stop.abort());
	const answer = await api.upload(pane.session, file,
		{ overwrite, signal: stop.signal, progress: shown.update });
	if (stop.signal.aborted)
		shown.fail(`${file.name}: cancelled`);
	else if (answer.status === 409)
		shown.done();
	else if (answer.status >= 300 || answer.status === 0)
		shown.fail(`${file.name}: ${reason(answer)}`);
	else
		shown.done(`Uploaded ${clean(answer.path) || file.name}`);
	return answer.status;
}

async function uploadOne(pane, file) {
	if (await send(pane, file, false) !== 409)
		return;
	const what = await choose({
		title: `${file.name} exists already`,
		text: 'Keep both stores the new one under another name.',
		choices: [{ label: 'Replace', value: 'replace', kind: 'danger' },
			{ label: 'Keep both', value: 'both', kind: 'primary' }],
	});
	if (what === 'replace')
		await send(pane, file, true);
	for (let i = 2; what === 'both' && i < 100; i++) {
		const renamed = new File([file], otherName(file.name, i));
		if (await send(pane, renamed, false) !== 409)
			return;
	}
}

export async function upload(pane, files) {
	for (const file of files)
		await uploadOne(pane, file);
}

export function pickFiles(pane) {
	const input = el('input', { type: 'file', multiple: true });
	input.addEventListener('change', () => upload(pane, input.files));
	input.click();
}

export async function download(pane) {
	const selected = pane.view.term.getSelection().trim();
	const path = await promptDialog({
		title: 'Download a file',
		text: 'From the folder that the program is in, or a whole path.',
		label: 'File', action: 'Download',
		value: selected.includes('\n') ? '' : selected.slice(0, 4096),
	});
	if (!path)
		return;
	const { href, ...failed } = await api.locate(pane.session, path);
	if (href)
		el('a', { href, download: path.split('/').pop() }).click();
	else
		notice(`${path}: ${reason(failed)}`, { kind: 'bad' });
}

// Drops onto a pane upload into its session's folder.
export function listenDrops(stages, paneAt) {
	const over = (event) => {
		const hasFiles = event.dataTransfer?.types.includes('Files');
		const pane = hasFiles && paneAt(event.target);
		if (!pane || pane.isReadonly || pane.ended)
			return null;
		event.preventDefault();
		return pane;
	};
	const mark = (pane) => {
		for (const node of stages.querySelectorAll('.dropping'))
			node.classList.remove('dropping');
		pane?.element.classList.add('dropping');
	};
	stages.addEventListener('dragover', (event) => mark(over(event)));
	stages.addEventListener('dragleave', (event) => {
		if (!stages.contains(event.relatedTarget))
			mark(null);
	});
	stages.addEventListener('drop', (event) => {
		const pane = over(event);
		mark(null);
		if (pane)
			upload(pane, [...event.dataTransfer.files]);
	});
	// A file dropped beside a pane must not replace the page.
	for (const type of ['dragover', 'drop'])
		addEventListener(type, (event) => event.preventDefault());
}
