import type { ButtonProps } from '@mantine/core'
import type { ComponentProps } from 'react'

/** One thing to choose; of several of which one holds, `checked` says which. */
export interface Choice {
  readonly label: string
  readonly act: () => void
  readonly checked?: boolean
  readonly lang?: string
}

/** Choices below a heading; without one, below a line. */
export interface Choices {
  readonly title?: string
  readonly choices: readonly Choice[]
}

export type MenuProps = {
  readonly sections: readonly Choices[]
  readonly position: 'bottom-start' | 'bottom-end'
  readonly width?: number
} & ButtonProps &
  Pick<ComponentProps<'button'>, 'aria-label'>
