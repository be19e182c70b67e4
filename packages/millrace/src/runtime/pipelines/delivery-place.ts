import type { SinkToken } from '../../connectors/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'

/** How far a table's topic is delivered, and what the sink says of that place. */
export interface DeliveryPlace {
  readonly offset: number
  /** Null: the sink has none to give. */
  readonly token: SinkToken | null
}

/** The topic of a sink has one partition. */
export const DELIVERED_PARTITION = 0

/** The key of the place, and the owner of the hold on what is not delivered. */
function deliveryKey(table: string): string {
  return `delivery/${table}`
}

/** At the earliest record when nothing was delivered yet. @throws MillraceError STATE_CORRUPT, LOG_UNKNOWN_TOPIC */
export async function loadDelivery(log: Log, table: string): Promise<DeliveryPlace> {
  const bytes = await log.get(deliveryKey(table))
  if (bytes !== undefined) {
    try {
      return JSON.parse(Buffer.from(bytes).toString()) as DeliveryPlace
    } catch (cause) {
      throw new MillraceError('STATE_CORRUPT', `how far table "${table}" is delivered cannot be read`, { cause })
    }
  }
  const [range] = await log.offsets(table)
  const first = { offset: range?.start ?? 0, token: null }
  await saveDelivery(log, table, first)
  return first
}

export async function saveDelivery(log: Log, table: string, place: DeliveryPlace): Promise<void> {
  const key = deliveryKey(table)
  await log.commit({
    puts: [{ key, value: Buffer.from(JSON.stringify(place)) }],
    holds: [{ owner: key, topic: table, partition: DELIVERED_PARTITION, offset: place.offset }],
  })
}

/** Forgets how far a table was delivered. Nothing delivers it. */
export async function forgetDelivery(log: Log, table: string): Promise<void> {
  const key = deliveryKey(table)
  const holds = log.holds().filter(({ owner }) => owner === key)
  await log.commit({ puts: [{ key, value: null }], holds: holds.map((hold) => ({ ...hold, offset: null })) })
}
