import { Alert, FileInput, Group, List, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import profileSchema from 'schema:put /api/vendors/profile'
import sellerSchema from 'schema:put /api/orders/seller'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { Editor } from '../../blocks/editor.tsx'
import type { Schema } from '../../blocks/schema.ts'
import { Screen } from '../../blocks/screen.tsx'
import { within } from '../../blocks/screens.tsx'
import { Step } from '../../blocks/step.tsx'
import { State } from '../../blocks/values.tsx'
import { fill, nameOf, useTexts } from '../../texts/texts.tsx'

type Vendor = components['schemas']['OwnVendor']

/** What is not there yet is nothing that went wrong. */
const useOwn = <T,>(path: string) =>
  useQuery({
    queryKey: [path, 'own'],
    queryFn: async (): Promise<{ data?: T; tag?: string | undefined }> => {
      try {
        return await ask<T>('GET', path)
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return {}
        throw error
      }
    },
  })

/** Evidence is uploaded, not typed. */
const { evidence: _evidence, avatarId: _avatar, ...profileFields } = profileSchema.properties ?? {}
const ownSchema: Schema = { ...profileSchema, properties: profileFields }

/** Where each step of the checklist is done. */
const places: Readonly<Record<string, string>> = {
  profile: '/vendor/profile',
  payment: '/vendor/profile',
  evidence: '/vendor/profile',
  terms: '/vendor/profile',
  seller: '/vendor/seller',
}

/** What there must be before one may sell, each where it is done, and then the question to be let in. */
export function Selling() {
  const texts = useTexts()
  const { data } = useOwn<Vendor>('/api/vendors/profile')
  const vendor = data?.data
  const named = texts.selling.steps as Record<string, string>
  const steps =
    vendor?.checklist ??
    ['profile', 'seller', 'payment', 'evidence', 'terms'].map(step => ({ step, done: false, missing: [] }))
  const mayAsk = vendor && ['draft', 'rejected'].includes(vendor.status) && steps.every(({ done }) => done)
  return (
    <Screen title={texts.selling.title}>
      {data && (
        <Stack>
          <Text>{texts.selling.about}</Text>
          {vendor && (
            <Group>
              <Text span>{vendor.name}</Text> <State value={vendor.status} />
            </Group>
          )}
          {vendor?.reason && (
            <Alert variant="default" role="status" title={texts.selling.refused}>
              {vendor.reason}
            </Alert>
          )}
          <List spacing="xs" listStyleType="none" className="steps">
            {steps.map(({ step, done, missing }) => (
              <Step key={step} name={named[step] ?? step} to={places[step]} done={done}>
                {!done && missing.length > 0 && `: ${missing.map(each => nameOf(texts, each)).join(', ')}`}
              </Step>
            ))}
          </List>
          {mayAsk && (
            <Group>
              <ActButton act={{ name: t => t.selling.submit, run: () => ask('POST', '/api/vendors/profile/submit') }} />
            </Group>
          )}
        </Stack>
      )}
    </Screen>
  )
}

/** What proves who sells: a file is taken in, and stands with the rest once the form is saved. */
function Evidence({ count, add }: { count: number; add: (docId: string) => void }) {
  const texts = useTexts()
  const [file, choose] = useState<File | null>(null)
  const send = async (): Promise<void> => {
    const form = new FormData()
    form.set('kind', 'other')
    form.set('file', file!)
    add((await ask<{ docId: string }>('POST', '/api/documents/upload', { body: form })).data.docId)
    choose(null)
  }
  return (
    <Stack gap="xs">
      <Group align="flex-end">
        <FileInput label={texts.selling.evidence} value={file} onChange={choose} clearable miw="16rem" />
        <ActButton act={{ name: t => t.documents.upload, run: send }} disabled={!file} />
      </Group>
      {count > 0 && <Text role="status">{fill(texts.selling.uploaded, { count })}</Text>}
    </Stack>
  )
}

/** What goes back as it came: nothing that was never said, nor the account, which comes with its end alone and stays. */
const saidOf = (was: object, schema: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(within(was as Record<string, unknown>, schema)).filter(
      ([name, value]) => value !== null && name !== 'iban',
    ),
  )

/** The picture stays, which the form does not show. */
const avatarOf = ({ avatar }: Partial<Vendor>): object => {
  const id = avatar && /documents\/([\w-]+)/.exec(avatar)?.[1]
  return id ? { avatarId: id } : {}
}

const small = { smallBusiness: false }

/** One's own, which is there or not: what was read goes back with what was changed. */
function OwnForm(props: {
  title: string
  path: string
  schema: Schema
  kept?: (was: Partial<Vendor>) => object
  begins?: object
  children?: ReactNode
}) {
  const { title, path, schema, kept, begins = {}, children } = props
  const texts = useTexts()
  const navigate = useNavigate()
  const { data } = useOwn<Partial<Vendor>>(path)
  return (
    <Screen title={title} within={texts.selling.title}>
      {children}
      {data && (
        <Editor
          name={path}
          schema={schema}
          initial={{ data: saidOf(data.data ?? begins, schema), ...(data.tag && { tag: data.tag }) }}
          button={texts.form.save}
          save={(body, headers) =>
            ask('PUT', path, { body: { ...(body as object), ...kept?.(data.data ?? {}) }, headers })
          }
          saved={() => void navigate({ to: '/vendor' })}
        />
      )}
    </Screen>
  )
}

export function SellingProfile() {
  const { selling } = useTexts()
  const [fresh, add] = useState<readonly string[]>([])
  const kept = (was: Partial<Vendor>): object => ({
    ...avatarOf(was),
    ...(fresh.length > 0 && { evidence: [...(was.evidence ?? []), ...fresh] }),
  })
  return (
    <OwnForm title={selling.steps.profile} path="/api/vendors/profile" schema={ownSchema} kept={kept}>
      <Evidence count={fresh.length} add={docId => add([...fresh, docId])} />
    </OwnForm>
  )
}

export function SellingSeller() {
  const { selling } = useTexts()
  return <OwnForm title={selling.steps.seller} path="/api/orders/seller" schema={sellerSchema} begins={small} />
}
