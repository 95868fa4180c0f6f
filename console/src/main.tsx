import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import './styles.css'
import { base } from './api/base.ts'
import { ask } from './api/client.ts'
import { listen } from './api/live.ts'
import { ApiProblem } from './api/problem.ts'
import { sessionKnown } from './api/session.ts'
import { router } from './routes.tsx'
import { keepFocus } from './shell/focus.ts'
import { Notices } from './shell/notices.tsx'
import { PersonKnown, type Person } from './shell/person.tsx'
import { SessionDialog } from './shell/session-dialog.tsx'
import { currentLanguage, languageHere, onLanguage, spoken } from './shell/language.ts'
import { keepReady } from './shell/versions.ts'
import { load, Speaking } from './texts/texts.tsx'
import { themeFor, variables } from './theme.ts'

const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
setNonce(nonce)

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (tries, error) =>
        tries < 3 && (error instanceof ApiProblem ? [429, 502, 503, 504].includes(error.status) : true),
      retryDelay: (tries, error) =>
        error instanceof ApiProblem && error.retryAfter ? error.retryAfter : 500 * 2 ** tries,
    },
  },
})

function App({ person }: { person: Person }) {
  const { texts, language } = useSyncExternalStore(onLanguage, currentLanguage)
  return (
    <MantineProvider
      theme={themeFor(texts.shell.close)}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Speaking texts={texts} language={language}>
        <QueryClientProvider client={queries}>
          <PersonKnown value={person}>
            <RouterProvider router={router} />
            <SessionDialog />
            <Notices />
          </PersonKnown>
        </QueryClientProvider>
      </Speaking>
    </MantineProvider>
  )
}

async function whoIsHere(): Promise<Person> {
  for (;;)
    try {
      return (await ask<Person>('GET', '/api/auth/profile')).data
    } catch (error) {
      const isAway = error instanceof ApiProblem ? [502, 503, 504].includes(error.status) : error instanceof TypeError
      if (isAway) await backOnline()
      // The role needs a second factor first; the page that sets it up leads back.
      else if (error instanceof ApiProblem && error.code === 'second_factor_missing') {
        location.assign(`${base}/api/auth/security`)
        await new Promise(() => {})
      } else throw error
    }
}

/** Says that there is no connection, until there may be one again. Nothing of anybody is kept to show meanwhile. */
async function backOnline(): Promise<void> {
  const texts = await load(languageHere())
  const heading = Object.assign(document.createElement('h1'), { textContent: 'Ohmnibus' })
  const told = Object.assign(document.createElement('p'), { textContent: texts.shell.offlineStart, role: 'status' })
  const main = document.createElement('main')
  main.className = 'waiting'
  main.append(heading, told)
  document.getElementById('root')!.replaceChildren(main)
  await new Promise(resolve => {
    window.addEventListener('online', resolve, { once: true })
    window.setTimeout(resolve, 5_000)
  })
}

const person = await whoIsHere()
sessionKnown()
await spoken(person.locale)
listen(queries, person.role)
keepFocus()
const root = document.getElementById('root')!
root.replaceChildren()
createRoot(root).render(
  <StrictMode>
    <App person={person} />
  </StrictMode>,
)
void keepReady()
