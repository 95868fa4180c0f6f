import { createTheme, type CSSVariablesResolver } from '@mantine/core'

/** The one place for colours and defaults: every pair of text and ground has a contrast of 4.5 or more in both schemes. */
export const themeFor = (close: string) =>
  createTheme({
    primaryColor: 'blue',
    primaryShade: 8,
    autoContrast: true,
    fontFamily: 'system-ui, sans-serif',
    headings: { fontFamily: 'system-ui, sans-serif', sizes: { h1: { fontSize: '1.6rem' } } },
    defaultRadius: 'md',
    focusRing: 'auto',
    // Plain: naming the components here would bring them all with the first screen.
    components: {
      Button: { defaultProps: { size: 'sm' } },
      Modal: {
        defaultProps: {
          closeButtonProps: { 'aria-label': close },
          // Else it would be a second banner of the page.
          attributes: { header: { role: 'presentation' } },
          centered: true,
          returnFocus: true,
          transitionProps: { duration: 0 },
        },
      },
      Notification: { defaultProps: { closeButtonProps: { 'aria-label': close } } },
      Popover: { defaultProps: { returnFocus: true, withinPortal: true, shadow: 'md' } },
    },
  })

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5b6167',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-placeholder': '#666c73',
    '--mantine-color-anchor': '#0a56b8',
  },
  dark: {
    '--mantine-color-dimmed': '#a9afb6',
    '--mantine-color-error': '#ff9d94',
    '--mantine-color-placeholder': '#a0a6ad',
    '--mantine-color-anchor': '#8fbcff',
  },
})
