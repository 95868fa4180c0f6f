import { address } from './addressing.ts'
import { deliver, deliverDigest, deliverTogether } from './delivery.ts'
import type { Jobs, NotificationsHost, Steps } from './host.ts'

/**
 * About four days of tries, as RFC 5321 (4.5.4.1) asks of a sender; and a process that is killed again and again spends
 * tries too.
 */
const tries = 25

/** The way of messages, by how soon they are wanted. */
export function openJobs(host: NotificationsHost): Jobs {
  const define = (urgency: keyof Jobs, names: Record<keyof Steps, string>): Steps => {
    const steps: Steps = {
      address: host.job(names.address, ({ messageId, messageIds = [messageId!] }) => address(host, steps, messageIds), {
        tries,
        urgency,
      }),
      deliver: host.job(names.deliver, ({ deliveryId }, run) => deliver(host, steps, deliveryId, run), {
        tries,
        urgency,
      }),
      gather: host.job(names.gather, (gathering, run) => deliverTogether(host, steps, gathering, run), {
        tries,
        urgency,
      }),
      digest: host.job(names.digest, (digest, run) => deliverDigest(host, steps, digest, run), { tries, urgency }),
    }
    return steps
  }
  return {
    urgent: define('urgent', {
      address: 'address-code',
      deliver: 'deliver-code',
      gather: 'gather-code',
      digest: 'digest-code',
    }),
    normal: define('normal', { address: 'address', deliver: 'deliver', gather: 'gather', digest: 'digest' }),
    bulk: define('bulk', {
      address: 'address-bulk',
      deliver: 'deliver-bulk',
      gather: 'gather-bulk',
      digest: 'digest-bulk',
    }),
  }
}
