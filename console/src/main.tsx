import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import './styles.css'
import { base } from './api/base.ts'
import { client, got } from './api/client.ts'
import { listen } from './api/live.ts'
import { ApiProblem } from './api/problem.ts'
import { sessionKnown } from './api/session.ts'
import { router } from './routes.tsx'
import { PersonKnown, type Person } from './shell/person.tsx'
import { SessionDialog } from './shell/session-dialog.tsx'
import { currentLanguage, onLanguage, spoken } from './shell/language.ts'
import { Speaking } from './texts/texts.tsx'
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
            <Notifications position="bottom-right" />
          </PersonKnown>
        </QueryClientProvider>
      </Speaking>
    </MantineProvider>
  )
}

const person = await got(client.GET('/api/auth/profile')).catch(async error => {
  // The role needs a second factor first; the page that sets it up leads back.
  if (!(error instanceof ApiProblem) || error.code !== 'second_factor_missing') throw error
  location.assign(`${base}/api/auth/security`)
  return await new Promise<never>(() => {})
})
sessionKnown()
await spoken(person.locale)
listen(queries)
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App person={person} />
  </StrictMode>,
)
