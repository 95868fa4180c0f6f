/** The one style sheet of pages: light and dark as the device is, text and buttons with a contrast above 4.5. */
export const style = `
:root{color-scheme:light dark;--ground:#fff;--text:#1b1d20;--accent:#0a56b8;--on-accent:#fff;--line:#767b82;--wrong:#b3261e}
@media(prefers-color-scheme:dark){:root{--ground:#16181b;--text:#e7e9ec;--accent:#8fbcff;--on-accent:#0d1a2b;--line:#8b9199;--wrong:#ff9d94}}
body{margin:0;background:var(--ground);color:var(--text);font:1.125rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:34rem;margin:0 auto;padding:6vh 1.25rem 3rem}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;padding:.3rem .6rem;background:var(--ground)}
.top{border-bottom:1px solid var(--line)}
.top>div{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;align-items:center;max-width:70rem;margin:0 auto;padding:.75rem 1.25rem}
.top a{text-decoration:none;padding:.2rem 0}
.top a:first-child{font-weight:600;margin-inline-end:auto}
dt{font-weight:600;margin-top:1rem}
dd{margin:.15rem 0 0}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 1rem}
a{color:var(--accent);text-underline-offset:.2em}
nav{margin-top:2rem}
nav ul{list-style:none;margin:0;padding:0}
nav a,footer a{display:inline-block;padding:.4rem 0}
footer{display:flex;flex-wrap:wrap;gap:0 1.5rem;max-width:70rem;margin:0 auto;padding:1rem 1.25rem;font-size:.9rem}
button{font:inherit;font-weight:600;padding:.65rem 1.25rem;border:2px solid transparent;border-radius:.5rem;
background:var(--accent);color:var(--on-accent);cursor:pointer}
label{display:block;margin:0 0 1.1rem;font-weight:600}
small{display:block;margin-top:.35rem;font-weight:400}
input,textarea,select{display:block;box-sizing:border-box;width:100%;margin-top:.35rem;padding:.6rem .75rem;font:inherit;font-weight:400;
color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:.5rem}
.check{display:flex;gap:.5rem;align-items:center;font-weight:400}
.check input{width:auto;margin:0}
form+form{margin-top:1rem}
img{max-width:100%;height:auto;border-radius:.5rem}
pre{overflow-x:auto;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem}
code{font-size:.9em}
blockquote{margin:1rem 0;padding-left:.9rem;border-left:.25rem solid var(--line)}
table{display:block;overflow-x:auto;border-collapse:collapse}
th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);text-align:start;vertical-align:top}
[role=alert],[role=status]{margin:0 0 1.25rem;padding:.1rem 0 .1rem .9rem;border-left:.25rem solid var(--accent)}
[role=alert]{border-color:var(--wrong)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
@media print{button,nav,footer,.top{display:none}}
`
