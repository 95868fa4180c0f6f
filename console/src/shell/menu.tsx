import { Button, Menu } from '@mantine/core'
import { Fragment, useEffect, useRef, useState } from 'react'
import type { MenuProps } from './choices.ts'

/** The menu of a button, open as soon as it is here. */
export default function Opened({ sections, position, width, ...button }: MenuProps) {
  const [opened, open] = useState(false)
  const target = useRef<HTMLButtonElement>(null)
  // It has the focus that the button before it had, and gets it back.
  useEffect(() => {
    target.current?.focus()
    open(true)
  }, [])
  return (
    <Menu
      opened={opened}
      onChange={open}
      position={position}
      width={width}
      // Within the banner of the page, and of nothing but what can be chosen.
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <Button variant="default" ref={target} {...button} />
      </Menu.Target>
      <Menu.Dropdown>
        {sections.map(({ title, choices }, index) => (
          <Fragment key={index}>
            {title ? <Menu.Label>{title}</Menu.Label> : index > 0 && <Menu.Divider />}
            {choices.map(({ label, act, checked, lang }, at) =>
              checked === undefined ? (
                <Menu.Item key={at} lang={lang} onClick={act}>
                  {label}
                </Menu.Item>
              ) : (
                <Menu.RadioItem key={at} lang={lang} value={label} checked={checked} onChange={act} closeMenuOnClick>
                  {label}
                </Menu.RadioItem>
              ),
            )}
          </Fragment>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
