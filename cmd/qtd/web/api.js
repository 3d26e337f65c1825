// SPDX-License-Identifier: Apache-2.0
// The HTTP side of qtd. Addresses are relative to the page, so that any base
// path works.

export const url = (relative) => new URL(relative, document.baseURI).href;

export function socketUrl() {
	const address = new URL('ws', document.baseURI);
	address.protocol = address.protocol.replace('http', 'ws');
	return address.href;
}

async function body(response) {
	try {
		return await response.json();
	} catch {
		return {};
	}
}

function post(path, value) {
	return fetch(url(path), {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(value ?? {}),
	});
}

// {me} when logged in, {login: KIND} when not. Throws when the server cannot
// be reached.
export async function whoAmI() {
	const response = await fetch(url('api/me'), { cache: 'no-store' });
	if (response.ok)
		return { me: await body(response) };
	if (response.status === 401 || response.status === 403)
		return { login: (await body(response)).login ?? 'token' };
	throw new Error(`The server answered ${response.status}`);
}

// {ok}, or {status, error, retryAfter}.
export async function login(credentials) {
	let response;
	try {
		response = await post('login', credentials);
	} catch {
		return { status: 0, error: 'The server cannot be reached' };
	}
	if (response.ok)
		return { ok: true };
	const answer = await body(response);
	return {
		status: response.status,
		error: answer.error,
		retryAfter: answer.retry_after ??
			Number(response.headers.get('Retry-After')),
	};
}

export const logout = () => post('logout');

// {commands, reason} of a session, or {status, error}.
export async function history(session, query, limit, signal) {
	try {
		const response = await fetch(`${url(`api/sessions/${
			encodeURIComponent(session)}/history`)}?${new URLSearchParams(
			{ q: query, limit })}`, { cache: 'no-store', signal });
		return { status: response.status, ...await body(response) };
	} catch {
		return { status: 0 };
	}
}

function filesUrl(fields) {
	return `${url('api/files')}?${new URLSearchParams(fields)}`;
}

// Sends one file; progress(fraction) is called on the way. Resolves to
// {status, path?, error?}; status 0 is a lost connection or a cancel.
export function upload(session, file, { overwrite, progress, signal }) {
	return new Promise((resolve) => {
		const request = new XMLHttpRequest();
		const fields = { session, name: file.name };
		if (overwrite)
			fields.overwrite = '1';
		request.open('PUT', filesUrl(fields));
		request.upload.onprogress = (event) =>
			progress(event.total ? event.loaded / event.total : 1);
		request.onloadend = () => {
			let answer = {};
			try {
				answer = JSON.parse(request.responseText);
			} catch {
				// not JSON: the status says enough
			}
			resolve({ status: request.status, ...answer });
		};
		signal.addEventListener('abort', () => request.abort());
		request.send(file);
	});
}

// Where a file can be fetched from, once it is known that it can:
// {href} or {status, error}.
export async function locate(session, path) {
	const href = filesUrl({ session, path });
	const stop = new AbortController();
	try {
		const response = await fetch(href,
			{ cache: 'no-store', signal: stop.signal });
		if (response.ok) {
			stop.abort();	// the browser's own download follows
			return { href };
		}
		return { status: response.status, ...await body(response) };
	} catch {
		return { status: 0, error: 'The server cannot be reached' };
	}
}
