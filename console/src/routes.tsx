import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type AnyRoute,
  type ErrorComponentProps,
} from '@tanstack/react-router'
import { base } from './api/base.ts'
import { Failed, Frame, NotFound } from './shell/frame.tsx'
import { worlds } from './shell/worlds.ts'

/** Every screen is loaded when it is first opened. */
const root = createRootRoute({ component: Frame, notFoundComponent: NotFound })

const shell = [
  { path: '/', load: () => import('./shell/home.tsx') },
  { path: '/search', load: () => import('./shell/search.tsx') },
  { path: '/signed-in', load: () => import('./shell/signed-in.tsx') },
]

const screens = [...shell, ...worlds.flatMap(world => world.screens)].map(
  ({ path, load }): AnyRoute =>
    createRoute({
      getParentRoute: () => root,
      path: path as '/',
      component: lazyRouteComponent(load),
      errorComponent: ({ error, reset }: ErrorComponentProps) => <Failed error={error as Error} reset={reset} />,
    }) as unknown as AnyRoute,
)

export const router = createRouter({
  routeTree: root.addChildren(screens),
  basepath: `${base}/console`,
  // The address is for people, too: words and their values, nothing around them.
  parseSearch: text => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: words => {
    const given = Object.entries(words).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(given as [string, string][]).toString()
    return text && `?${text}`
  },
  scrollRestoration: true,
  defaultPreload: 'intent',
})
