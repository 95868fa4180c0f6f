import { useRouter } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from 'react'

/** Leads to a screen of the console; a real link, for every button of the mouse. */
export function Link(
  props: { to: string; children?: ReactNode } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>,
) {
  const { to, children, onClick, ...rest } = props
  const router = useRouter()
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    void router.navigate({ to: to.split('?')[0]!, search: searchOf(to) as never })
  }
  return (
    <a
      {...rest}
      href={router.history.createHref(`${router.basepath === '/' ? '' : router.basepath}${to}`)}
      onClick={follow}
    >
      {children}
    </a>
  )
}

export const searchOf = (to: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(to.split('?')[1] ?? ''))
