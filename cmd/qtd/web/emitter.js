// SPDX-License-Identifier: Apache-2.0
// Events between objects that have no element of their own.

export class Emitter {
	#listeners = new Map();

	// Returns a function that stops listening.
	on(name, listener) {
		if (!this.#listeners.has(name))
			this.#listeners.set(name, new Set());
		this.#listeners.get(name).add(listener);
		return () => this.#listeners.get(name).delete(listener);
	}

	emit(name, ...values) {
		for (const listener of this.#listeners.get(name) ?? [])
			listener(...values);
	}
}
