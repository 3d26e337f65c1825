// SPDX-License-Identifier: Apache-2.0
// The list of sessions as the server last told it.
//
// Events: 'change'.
import { clean, commandName } from './dom.js';
import { Emitter } from './emitter.js';

export class Sessions extends Emitter {
	#connection;
	#list = [];
	isKnown = false;

	constructor(connection) {
		super();
		this.#connection = connection;
		connection.on('sessions', (list) => this.#take(list));
		connection.on('hello', () => this.#watch());
	}

	get all() { return this.#list; }
	get running() {
		return this.#list.filter((s) => s.state === 'running');
	}

	byId(id) { return this.#list.find((s) => s.id === id); }
	byName(name) {
		return this.#list.find((s) => s.name === name || s.id === name);
	}

	kill(id) { return this.#connection.call('kill', { id }); }
	forget(id) { return this.#connection.call('forget', { id }); }
	rename(id, name) {
		return this.#connection.call('rename', { id, name });
	}

	async refresh() {
		this.#take(await this.#connection.call('list'));
		return this.#list;
	}

	async #watch() {
		try {
			await this.#connection.call('watch', { on: true });
		} catch {
			// The connection went again: the next hello asks anew.
		}
	}

	#take(answer) {
		const list = Array.isArray(answer) ? answer : answer?.sessions;
		if (!Array.isArray(list))
			return;
		this.#list = list.map((s) => ({ ...s, name: clean(s.name),
			title: clean(s.title), command: commandName(s.command) }))
			.sort((a, b) => rank(a) - rank(b) || b.created - a.created);
		this.isKnown = true;
		this.emit('change');
	}
}

const rank = (session) => session.state === 'running' ? 0 : 1;
