import { getDocumentFile } from '#contracts/documents'
import { getSeller } from '#contracts/orders'
import type { Host } from '#kernel'

/** Whether a document is there, and whether orders know as whom somebody sells. */
export const needs = [getDocumentFile, getSeller] as const

/** What this service has of the world. */
export type VendorsHost = Host<'vendors', (typeof needs)[number]>
