// SPDX-License-Identifier: Apache-2.0
// The login page: a name and a password, or the link that qtd printed.
import * as api from './api.js';
import { el } from './dom.js';

const main = document.getElementById('login');

// Takes the token out of the address, where it must not stay. Null if none.
function takeToken() {
	const fields = new URLSearchParams(location.hash.slice(1));
	const token = fields.get('token');
	if (!token)
		return null;
	fields.delete('token');
	const rest = String(fields);
	history.replaceState(null, '', location.pathname + location.search +
		(rest && `#${rest}`));
	return token;
}

let unused = null;	// a token that the server has not answered yet

const reasons = {
	token: {
		401: 'This link was used already or has expired. Where qtd runs, ' +
			'“qtd link” makes a new one.',
		403: 'This link is not for this address.',
	},
	password: { 401: 'The name or the password is wrong.' },
};

function reason(kind, { status, error }) {
	return reasons[kind][status] ?? error ??
		`The server answered ${status}.`;
}

// Counts down on the button, which cannot be pressed meanwhile.
async function wait(button, seconds, isDone) {
	const label = button.textContent;
	button.disabled = true;
	const until = performance.now() + seconds * 1000;
	await new Promise((resolve) => {
		const tick = () => {
			const left = Math.ceil((until - performance.now()) / 1000);
			if (left <= 0 || isDone()) {
				resolve();
				return;
			}
			button.textContent = `Try again in ${left} s`;
			setTimeout(tick, 250);
		};
		tick();
	});
	button.textContent = label;
	button.disabled = false;
}

function field(label, attributes) {
	const input = el('input', { required: true, autocapitalize: 'off',
		spellcheck: 'false', ...attributes });
	return { input, node: el('label', { class: 'field' },
		el('span', { text: label }), input) };
}

function parts(kind) {
	if (kind === 'password') {
		const user = field('Name', { type: 'text', name: 'user',
			autocomplete: 'username', maxlength: '64' });
		const password = field('Password', { type: 'password',
			name: 'password', autocomplete: 'current-password' });
		return {
			intro: 'Log in to your terminals.',
			fields: [user, password], action: 'Log in',
			read: () => ({ user: user.input.value,
				password: password.input.value }),
		};
	}
	const link = field('Link or token', { type: 'password', name: 'token',
		autocomplete: 'off' });
	return {
		intro: 'Open the link that qtd printed when it started, or one ' +
			'that “qtd link” makes there; or paste it here.',
		fields: [link], action: 'Continue',
		read: () => ({ token: link.input.value.trim()
			.replace(/^.*#(?:.*&)?token=/, '') }),
	};
}

// Shows the form until a login succeeds.
function ask(kind, problem) {
	return new Promise((resolve) => {
		const { intro, fields, action, read } = parts(kind);
		const error = el('p', { class: 'error', role: 'alert',
			text: problem ?? '' });
		const submit = el('button', { type: 'submit', text: action,
			class: 'button primary' });
		const mark = document.querySelector('link[rel="icon"]').href;
		const form = el('form', {}, el('img', { src: mark, alt: '' }),
			el('h1', { text: 'Quantum Terminal' }),
			el('p', { class: 'dim', text: intro }),
			...fields.map((f) => f.node), error, submit);
		form.addEventListener('submit', async (event) => {
			event.preventDefault();
			submit.disabled = true;
			const answer = await api.login(read());
			submit.disabled = false;
			if (answer.ok) {
				main.hidden = true;
				main.replaceChildren();
				resolve();
				return;
			}
			if (answer.status === 429) {
				error.textContent = 'Too many tries.';
				await wait(submit, answer.retryAfter || 30,
					() => !form.isConnected);
				error.textContent = '';
				return;
			}
			error.textContent = reason(kind, answer);
			const last = fields.at(-1).input;
			last.value = '';
			last.focus();
		});
		main.replaceChildren(form);
		main.hidden = false;
		fields[0].input.focus();
	});
}

// Logins that are not ours to ask for; a reload tries again.
const ELSEWHERE = {
	basic: 'The browser asks for a name and a password: reload the page.',
	header: 'The proxy in front of this server logs you in: go through it.',
};

function explain(kind) {
	main.replaceChildren(el('form', {}, el('h1', { text: 'Not logged in' }),
		el('p', { class: 'dim', text: ELSEWHERE[kind] }),
		el('button', { type: 'button', text: 'Reload',
			class: 'button primary',
			on: { click: () => location.reload() } })));
	main.hidden = false;
	return new Promise(() => {});
}

// Resolves to api/me's answer once somebody is logged in. Throws when the
// server cannot be reached.
export async function logIn() {
	unused = takeToken() ?? unused;
	let problem = null;
	if (unused) {
		const answer = await api.login({ token: unused });
		if (answer.status === 0)
			throw new Error(answer.error);
		unused = null;
		if (!answer.ok)
			problem = answer.status === 429
				? 'Too many tries: wait a little, then use a new link.'
				: reason('token', answer);
	}
	for (;;) {
		const { me, login } = await api.whoAmI();
		if (me)
			return me;
		if (ELSEWHERE[login])
			await explain(login);
		await ask(login === 'password' ? 'password' : 'token', problem);
		problem = null;
	}
}
