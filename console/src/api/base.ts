/** Before every path of the platform; whoever serves the page says what it is. */
export const base = document.querySelector<HTMLMetaElement>('meta[name=base]')?.content ?? ''
