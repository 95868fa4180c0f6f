/** Behind the sheet of all pages: wider, with products side by side; colours are the operator's. */
export const sheetOf = (light: string, dark: string): string => `
:root{--accent:${light};--soft:#f3f5f8}
@media(prefers-color-scheme:dark){:root{--accent:${dark};--soft:#22262b}}
body{font-size:1rem}
main{max-width:70rem;padding-top:1.5rem}
.slim{max-width:40rem}
.plain{background:none;color:var(--accent);border-color:var(--accent)}
.slim ul{padding-inline-start:1.25rem}
.pair>label{flex:1}
.top>div{gap:.75rem 1.5rem}
.top a,.top a:first-child,.top strong{font-weight:600;margin:0}
.top form{display:flex;gap:.5rem;flex:1 1 16rem;align-items:center}
.top input{margin:0;padding:.45rem .75rem}
.top button{padding:.45rem 1rem;flex:none;white-space:nowrap}
.top img{height:1.75rem;vertical-align:middle;margin-inline-end:.5rem;border-radius:0}
.crumbs{margin:0 0 1rem;font-size:.9rem}
.crumbs ol,.chips,.grid,.facts{list-style:none;margin:0;padding:0}
.crumbs ol,.chips{display:flex;flex-wrap:wrap;gap:.4rem .9rem}
.crumbs a,.chips a{padding:.15rem 0}
.chips{margin:0 0 1.25rem}
.chips a{padding:.3rem .8rem;border:1px solid var(--line);border-radius:2rem;text-decoration:none}
.shop{display:grid;gap:2rem}
@media(min-width:55rem){.shop{grid-template-columns:15rem 1fr}.product{grid-template-columns:1fr 1fr}}
.shop details summary{cursor:pointer;font-weight:600;padding:.3rem 0}
.shop fieldset{border:0;margin:0 0 1rem;padding:0}
.shop legend{font-weight:600;padding:0}
.shop label{margin:0 0 .6rem}
.pair{display:flex;gap:.5rem}
.pair label{font-weight:400}
.grid{display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}
.card{display:flex;flex-direction:column;gap:.25rem;padding:.75rem;border-radius:.75rem;background:var(--soft)}
.card a{font-weight:600;text-decoration:none}
.card p{margin:0}
.card .check{margin:auto 0 0;padding-top:.35rem}
.grid+form{margin-top:1.25rem}
.wide{overflow-x:auto;margin-bottom:2rem}
.wide table{display:table;overflow:visible}
.wide th,.wide td{min-width:9rem;max-width:16rem}
.wide tr>:first-child{min-width:6rem}
.shot{display:block;aspect-ratio:4/3;overflow:hidden;border-radius:.5rem;background:var(--soft)}
.shot img{width:100%;height:100%;object-fit:contain;display:block}
.price{font-size:1.15rem;font-weight:600}
.card s,.was{font-weight:400;font-size:.95rem}
.small{font-size:.9rem}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem}
.facts dt,.facts dd{margin:0}
.reviews{list-style:none;padding:0}
.reviews li{padding:.75rem 0;border-bottom:1px solid var(--line)}
.reviews p{margin:.25rem 0}
`
