import { useRouter } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from 'react'

/** Leads to a screen of the console, or to a whole address; a real link, for every button of the mouse. */
export function Link(
  props: { to: string; children?: ReactNode } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>,
) {
  const { to, children, onClick, ...rest } = props
  const router = useRouter()
  const go = useFollow()
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    go(to)
  }
  const isOutside = /^https?:/.test(to)
  const href = isOutside ? to : router.history.createHref(`${router.basepath === '/' ? '' : router.basepath}${to}`)
  return (
    <a {...rest} href={href} onClick={isOutside ? onClick : follow}>
      {children}
    </a>
  )
}

/** Goes to a screen of the console, as a link does. */
export function useFollow(): (to: string) => void {
  const router = useRouter()
  return to => void router.navigate({ to: to.split('?')[0]!, search: searchOf(to) as never })
}

const searchOf = (to: string): Record<string, string> => Object.fromEntries(new URLSearchParams(to.split('?')[1] ?? ''))
