// SPDX-License-Identifier: Apache-2.0
// Colours, of the terminal and of what is around it.
//
// A theme is the sixteen ANSI colours and a few of its own; the page's
// colours are mixed from them in style.css, so that a theme is only this.

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan',
	'white', 'brightBlack', 'brightRed', 'brightGreen', 'brightYellow',
	'brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'];

function theme(label, scheme, background, foreground, accent, ansi, more) {
	return { label, scheme, background, foreground, accent,
		ansi: ansi.split(' '), ...more };
}

export const themes = {
	dark: theme('Dark', 'dark', '#16181d', '#d7dae0', '#6ea8fe',
		'#2a2e37 #f2777a #8fce8b #e6c37a #7aa6f0 #c792ea #6fcbd4 #c9cdd6 ' +
		'#676e7d #ff8f92 #a8e3a3 #ffdc95 #9bc0ff #dcb3ff #8ee3ea #ffffff'),
	light: theme('Light', 'light', '#ffffff', '#23272f', '#1f62d0',
		'#23272f #c22f3a #1d7a36 #8a5a00 #1f5fcb #8b3fb5 #0f7482 #6b7280 ' +
		'#565d69 #d93a45 #23883f #9c6800 #2f70e0 #9d4fc8 #15828f #2f343d'),
	contrast: theme('High contrast, dark', 'dark', '#000000', '#ffffff',
		'#ffd84d',
		'#000000 #ff6b6b #5dff7f #ffff66 #82aaff #ff8cff #66ffff #ffffff ' +
		'#a6a6a6 #ff8f8f #8cffa3 #ffff99 #a9c4ff #ffb0ff #99ffff #ffffff',
		{ minimumContrast: 7 }),
	'contrast-light': theme('High contrast, light', 'light', '#ffffff',
		'#000000', '#0033a8',
		'#000000 #a10010 #005a14 #5c3d00 #00339e #6a0090 #00505c #3d3d3d ' +
		'#2e2e2e #8f000e #004a10 #4d3300 #002b87 #5a007a #00434d #000000',
		{ minimumContrast: 7 }),
	'solarized-dark': theme('Solarized, dark', 'dark', '#002b36', '#93a1a1',
		'#268bd2',
		'#073642 #dc322f #859900 #b58900 #268bd2 #d33682 #2aa198 #eee8d5 ' +
		'#586e75 #cb4b16 #93a825 #c99a14 #459fdc #6c71c4 #3fb5ab #fdf6e3'),
	'solarized-light': theme('Solarized, light', 'light', '#fdf6e3',
		'#586e75', '#1f78b8',
		'#073642 #dc322f #748500 #a67d00 #1f78b8 #d33682 #208a82 #93a1a1 ' +
		'#657b83 #cb4b16 #586e75 #657b83 #839496 #6c71c4 #93a1a1 #002b36'),
	nord: theme('Nord', 'dark', '#2e3440', '#d8dee9', '#88c0d0',
		'#3b4252 #d57780 #a3be8c #ebcb8b #8fadcc #b48ead #88c0d0 #e5e9f0 ' +
		'#6d7a96 #de8a92 #b4cc9f #f0d6a0 #a3bcd8 #c4a3be #8fbcbb #eceff4'),
	gruvbox: theme('Gruvbox', 'dark', '#282828', '#ebdbb2', '#83a598',
		'#3c3836 #fb4934 #b8bb26 #fabd2f #83a598 #d3869b #8ec07c #a89984 ' +
		'#928374 #ff6a57 #c9cc3f #ffce5a #9bbcae #e09db0 #a5d393 #fbf1c7'),
};

const lightScheme = matchMedia('(prefers-color-scheme: light)');
const moreContrast = matchMedia('(prefers-contrast: more)');

// The theme that a setting stands for; 'auto' follows the system.
export function resolve(name) {
	if (themes[name])
		return themes[name];
	if (moreContrast.matches)
		return lightScheme.matches ? themes['contrast-light']
			: themes.contrast;
	return lightScheme.matches ? themes.light : themes.dark;
}

export function onSystemChange(listener) {
	lightScheme.addEventListener('change', listener);
	moreContrast.addEventListener('change', listener);
}

// The same for xterm.js. `own` are colours that the server's owner set.
export function xtermTheme(name, own) {
	const t = resolve(name);
	const colors = {
		background: t.background, foreground: t.foreground,
		cursor: t.foreground, cursorAccent: t.background,
		selectionBackground: `${t.accent}55`,
		selectionInactiveBackground: `${t.accent}33`,
		scrollbarSliderBackground: `${t.foreground}26`,
		scrollbarSliderHoverBackground: `${t.foreground}4d`,
		scrollbarSliderActiveBackground: `${t.foreground}66`,
		overviewRulerBorder: '#00000000',
	};
	ANSI.forEach((color, i) => { colors[color] = t.ansi[i]; });
	return { ...colors, ...own };
}

// Tells the style sheet, and the browser's own frame.
export function paint(name, own) {
	const t = resolve(name);
	const root = document.documentElement;
	const set = (key, value) => root.style.setProperty(key, value);
	root.dataset.scheme = t.scheme;
	root.dataset.contrast = t.minimumContrast ? 'more' : 'normal';
	set('color-scheme', t.scheme);
	set('--bg', own?.background ?? t.background);
	set('--fg', own?.foreground ?? t.foreground);
	set('--accent', t.accent);
	set('--red', t.ansi[1]);
	set('--green', t.ansi[2]);
	set('--yellow', t.ansi[3]);
	const meta = document.querySelector('meta[name="theme-color"]');
	meta.content = own?.background ?? t.background;
}
