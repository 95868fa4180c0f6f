import { anyone, html, lookOf, type Html, type Look } from '#kernel'
import type { IdentityHost } from '../host.ts'

/**
 * Passkeys are what no form can do: asks what the passkey is to answer, has the browser ask it, and sends the answer as
 * a form does. Without it, or in a browser without passkeys, their buttons do not show.
 */
const script = `
const { create, get } = navigator.credentials ?? {}
const reads = { get: 'parseRequestOptionsFromJSON', create: 'parseCreationOptionsFromJSON' }

async function ask(form) {
  const { passkey: kind, from } = form.dataset
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(from, { method: 'POST', headers, body: '{}' })
  if (!answer.ok) throw new Error(String(answer.status))
  const publicKey = PublicKeyCredential[reads[kind]](await answer.json())
  const { id, rawId, type, response } = (await navigator.credentials[kind]({ publicKey })).toJSON()
  const { clientDataJSON, authenticatorData, signature, userHandle, attestationObject, transports } = response
  const kept = kind === 'get' ? { authenticatorData, signature, userHandle } : { attestationObject, transports }
  return JSON.stringify({ id, rawId, type, response: { clientDataJSON, ...kept } })
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!create || !get || !globalThis.PublicKeyCredential?.[reads[form.dataset.passkey]]) continue
  const { passkey } = form.elements
  form.hidden = false
  form.addEventListener('submit', event => {
    if (passkey.value) return
    event.preventDefault()
    const trouble = form.querySelector('[role=alert]')
    trouble.hidden = true
    ask(form).then(
      text => {
        passkey.value = text
        form.submit()
      },
      () => (trouble.hidden = false),
    )
  })
}
`

export function passkeyScript({ http }: IdentityHost): void {
  http.get(
    '/passkeys.js',
    {
      config: { access: anyone },
      schema: { summary: 'Asks passkeys, on pages', produces: ['text/javascript'], hide: true },
    },
    (_request, reply) => reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(script),
  )
}

/** Of pages that ask passkeys: the script of its own file, which asks this site alone. */
export const scripted: Look = (look => ({
  ...look,
  policy: `${look.policy}; script-src 'self'; connect-src 'self'`,
}))(lookOf(''))

/** A button that asks a passkey; it shows where the browser has them. Addresses are beside the page. */
export const passkeyForm = (
  button: string,
  about: { kind: 'get' | 'create'; from: string; action: string; failed: string; fields?: Html },
): Html =>
  html`<form method="post" action="${about.action}" data-passkey="${about.kind}" data-from="${about.from}" hidden>
      <input type="hidden" name="passkey" />${about.fields}
      <p role="alert" hidden>${about.failed}</p>
      <button>${button}</button>
    </form>
    <script src="passkeys.js" defer></script>`
