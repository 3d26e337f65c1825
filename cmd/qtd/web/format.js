// SPDX-License-Identifier: Apache-2.0
// Says sizes, ages and ends in words.

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function bytes(count) {
	let unit = 0;
	while (count >= 1000 && unit < UNITS.length - 1) {
		count /= 1000;
		unit++;
	}
	const digits = unit && count < 100 ? 1 : 0;
	return `${count.toFixed(digits)} ${UNITS[unit]}`;
}

export function age(ms) {
	const seconds = Math.max(0, (Date.now() - ms) / 1000);
	if (seconds < 60)
		return 'now';
	if (seconds < 3600)
		return `${Math.floor(seconds / 60)} min`;
	if (seconds < 86400)
		return `${Math.floor(seconds / 3600)} h`;
	return `${Math.floor(seconds / 86400)} d`;
}

const SIGNALS = { 1: 'hung up', 2: 'interrupted', 3: 'quit', 6: 'aborted',
	9: 'killed', 11: 'crashed (segmentation fault)', 13: 'broken pipe',
	15: 'terminated' };

// A wait status as a shell tells it: a code, or 128 + the signal's number.
export function ending(status) {
	if (status === 0)
		return 'finished';
	if (status > 128 && status < 193)
		return SIGNALS[status - 128] ?? `ended by signal ${status - 128}`;
	return `ended with status ${status}`;
}

export const plural = (count, word) =>
	`${count} ${word}${count === 1 ? '' : 's'}`;
