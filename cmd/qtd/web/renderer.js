// SPDX-License-Identifier: Apache-2.0
// Draws by WebGL where that is fast, else by xterm's own DOM renderer.
//
// A browser gives a page only a few GPU contexts, so only terminals that are
// seen have one. A lost context (driver reset, too many) falls back to the
// DOM and is asked for again when the terminal is next shown.
import { settings } from './settings.js';

const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render/i;

let fast;	// whether WebGL is there and not emulated in software

function isFast() {
	if (fast === undefined) {
		const canvas = document.createElement('canvas');
		const gl = canvas.getContext('webgl2',
			{ failIfMajorPerformanceCaveat: true });
		const name = gl?.getExtension('WEBGL_debug_renderer_info');
		// Firefox gives the name without the extension.
		const renderer = gl?.getParameter(
			name?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER) ?? '';
		fast = gl !== null && !SOFTWARE.test(renderer);
		gl?.getExtension('WEBGL_lose_context')?.loseContext();
	}
	return fast;
}

export function attachRenderer(term) {
	let addon = null;
	let visible = true;
	let disposed = false;

	const wanted = () => visible && !disposed &&
		settings.get('renderer') === 'auto' && isFast();

	function drop() {
		addon?.dispose();
		addon = null;
	}

	async function update() {
		if (!wanted()) {
			drop();
			return;
		}
		if (addon)
			return;
		const { WebglAddon } = await import('@xterm/addon-webgl');
		if (addon || !wanted())
			return;
		try {
			addon = new WebglAddon();
			addon.onContextLoss(drop);
			term.loadAddon(addon);
		} catch {
			drop();
			fast = false;
		}
	}

	update();
	return {
		update,
		setVisible(now) {
			visible = now;
			update();
		},
		dispose() {
			disposed = true;
			drop();
		},
	};
}
