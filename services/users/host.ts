import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { type Host } from '#kernel'

export const settings = Type.Object({})

/** Whether there is a picture. */
export const needs = [getDocumentFile] as const

/** What this service has of the world. */
export type UsersHost = Host<'users', (typeof needs)[number], typeof settings>
