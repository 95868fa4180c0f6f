import { listDocumentsOf } from '#contracts/documents'
import { findPerson, getOrganisation, getPerson, listMembers } from '#contracts/identity'
import type { Host, Job } from '#kernel'

type Asked = typeof findPerson | typeof getOrganisation | typeof getPerson | typeof listMembers | typeof listDocumentsOf

/** Who people are that a passport is shared with, and who belongs to whom one is moved to. */
export const needs: readonly Asked[] = [findPerson, getPerson, listMembers]

/** What a passport's page lists, and what an organisation is that is to publish and was never heard of. */
export const asksLater: readonly Asked[] = [listDocumentsOf, getOrganisation]

/** What this service has of the world. */
export type PassportsHost = Host<'passports', Asked>

/** Finds who has an address that a passport was opened to, or invites them. */
export type FindReader = Job<{ id: string }>
