import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { lazy } from 'react'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'

const Heads = lazy(() => import('./heads.tsx'))

export type Passport = components['schemas']['Passport']

export const list = listOf('/api/passports', {
  columns: [
    { id: 'identifier', sort: 'identifier', value: ({ identifier, id }) => identifier ?? id },
    { id: 'model', sort: 'model' },
    ...plain('status:state category:word chemistry massKg:kg'),
    { id: 'manufacturedOn', kind: 'date', sort: 'manufacturedOn' },
    ...plain('serial? version:number?'),
    { id: 'createdAt', kind: 'instant', sort: 'createdAt', aside: true },
    { id: 'updatedAt', kind: 'instant', sort: 'updatedAt' },
  ],
  open: ({ id }) => `/passports/${id}`,
  acts: [
    {
      name: texts => texts.passports.publish,
      may: ({ status }) => status === 'draft',
      warns: texts => texts.passports.publishText,
      run: ({ id }) => publish(id),
    },
    {
      name: texts => texts.passports.archive,
      may: ({ status }) => status === 'published',
      warns: texts => texts.passports.archiveText,
      run: end,
    },
    {
      name: texts => texts.passports.remove,
      may: ({ status }) => status === 'draft',
      warns: texts => texts.passports.removeText,
      run: end,
    },
  ],
  empty: texts => ({ title: texts.passports.emptyTitle, text: texts.passports.emptyText }),
  imports: { path: '/api/passports/import', Heads },
})

export const publish = (id: string) => ask('POST', `/api/passports/${id}/publish`)

/** A draft is gone then, what was published is kept and says that it is over: as it was seen, and not as others made it. */
export async function end({ id, version }: { id: string; version: number }): Promise<void> {
  await ask('DELETE', `/api/passports/${id}`, { headers: { 'if-match': `"${version}"` } })
}

const text = { type: 'string', maxLength: 256 } as const
const number = { type: 'number', minimum: 0 } as const

/**
 * What people enter at first; a passport takes any data, and what stands here beside it is edited as JSON. Names are those
 * under which the platform finds them again.
 */
export const dataSchema: Schema = {
  type: 'object',
  required: ['generalInformation'],
  properties: {
    generalInformation: {
      type: 'object',
      required: ['batteryIdentifier', 'batteryCategory'],
      properties: {
        batteryIdentifier: { ...text, maxLength: 2048 },
        batteryCategory: {
          enum: ['EV', 'LMT', 'industrial', 'industrialStationary', 'industrialWithoutBms', 'SLI', 'portable'],
        },
        batteryModel: { type: 'object', properties: { id: text, modelName: text } },
        batterySerialNumber: text,
        batteryMass: number,
        manufacturingDate: { type: 'string', format: 'date' },
      },
    },
    materialComposition: {
      type: 'object',
      properties: { batteryChemistry: text, criticalRawMaterials: { type: 'array', items: text } },
    },
    carbonFootprint: { type: 'object', properties: { totalCarbonFootprint: number, measurementUnit: text } },
  },
}

export const titleOf = ({ identifier, id }: { identifier: string | null; id: string }): string => identifier ?? id
