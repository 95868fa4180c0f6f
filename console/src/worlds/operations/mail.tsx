/**
 * A mail as its reader sees it. Nothing in it runs or is fetched; how its parts look, which mail says at each of them,
 * moves into one sheet that the policy lets in.
 */
export function Mail({ html, title }: { html: string; title: string }) {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
  const looks: string[] = []
  const plain = html.replaceAll(/ style="([^"]*)"/g, (_, look: string) => ` class="look-${looks.push(look)}"`)
  const sheet = looks.map((look, index) => `.look-${index + 1}{${look}}`).join('')
  const page = plain.replace('</head>', `<style nonce="${nonce}">${sheet}</style></head>`)
  return <iframe className="preview" sandbox="" srcDoc={page} title={title} />
}
