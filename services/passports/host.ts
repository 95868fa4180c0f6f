import { findPerson, getPerson, listMembers } from '#contracts/identity'
import type { Host, Job } from '#kernel'

/** Who people are that a passport is shared with, and who belongs to whom one is moved to. */
export const needs = [findPerson, getPerson, listMembers] as const

/** What this service has of the world. */
export type PassportsHost = Host<'passports', (typeof needs)[number]>

/** Finds who has an address that a passport was opened to, or invites them. */
export type FindReader = Job<{ id: string }>
