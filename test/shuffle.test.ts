import assert from 'node:assert/strict'
import { cpSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { getCode, getInvitation, MemberInvited, SendOtp } from '#contracts/identity'
import { defineService, newId, type Host, type Service } from '#kernel'
import { openPool, type Pool } from '../kernel/database.ts'
import { open, start, type TestPlatform } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { baseline, client, register, type Client } from './journeys/client.ts'
import { pick, randomFrom, seedFrom } from './journeys/random.ts'

/** An event as it lies in the log. */
interface Entry {
  event_id: string
  topic: string
  owner: string
  key: string
  actor: string
  data: string
  published_at: Date
}

const services = await choose()
const seed = seedFrom(process.env.SHUFFLE_SEED)
const rounds = Number(process.env.SHUFFLE_ROUNDS ?? 4)
const password = 'quiet trains at dawn'

// ── What happened, and what it left before anybody reacted ──

/** Who reacts to what, as `service: topic`, learnt by starting them. */
const subscriptions = new Map<string, Set<string>>()

const deaf = services.map((service): Service => ({
  ...service,
  start: host => service.start({
    ...host,
    on({ topic }) {
      subscriptions.set(service.name, (subscriptions.get(service.name) ?? new Set()).add(topic))
    },
  }),
}))
