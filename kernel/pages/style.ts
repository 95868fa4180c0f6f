/** The one style sheet of pages: light and dark as the device is, text and buttons with a contrast above 4.5. */
export const style = `
:root{color-scheme:light dark;--ground:#fff;--text:#1b1d20;--accent:#0a56b8;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#16181b;--text:#e7e9ec;--accent:#8fbcff;--on-accent:#0d1a2b}}
body{margin:0;background:var(--ground);color:var(--text);font:1.125rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:34rem;margin:0 auto;padding:12vh 1.25rem 3rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 1rem}
a{color:var(--accent);text-underline-offset:.2em}
nav{margin-top:2rem}
nav ul{list-style:none;margin:0;padding:0}
nav a{display:inline-block;padding:.4rem 0}
button{font:inherit;font-weight:600;padding:.65rem 1.25rem;border:2px solid transparent;border-radius:.5rem;
background:var(--accent);color:var(--on-accent);cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
@media print{button,nav{display:none}}
`
