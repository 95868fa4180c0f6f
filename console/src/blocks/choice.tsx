import { Checkbox, Select, TextInput, type SelectProps } from '@mantine/core'

/** One of a few, always one. */
export const Choice = ({ choose, ...about }: Omit<SelectProps, 'onChange'> & { choose: (value: string) => void }) => (
  <Select {...about} allowDeselect={false} onChange={next => choose(next!)} />
)

/** So or not. */
export const Tick = ({ label, on, turn }: { label: string; on: boolean; turn: (on: boolean) => void }) => (
  <Checkbox label={label} checked={on} onChange={event => turn(event.currentTarget.checked)} />
)

/** A day, as the browser has people choose one. */
export const Day = ({ label, value, choose }: { label: string; value: string; choose: (day: string) => void }) => (
  <TextInput
    type="date"
    maw="12rem"
    label={label}
    value={value}
    onChange={event => choose(event.currentTarget.value)}
  />
)
