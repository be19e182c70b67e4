import { describe, expect, it } from 'vitest'
import type { Delivery, RetryPolicy, Source } from '../../src/connectors/index.ts'
import { type ErrorCode, ManualClock, MillraceError } from '../../src/kernel/index.ts'
import type { Gap } from '../../src/runtime/index.ts'
import { Inbox } from '../../src/runtime/job/inbox.ts'
import { SourceDriver } from '../../src/runtime/job/source-driver.ts'

type Event =
  | { readonly kind: 'connected' }
  | { readonly kind: 'payload'; readonly timestamp: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'fails'; readonly code: ErrorCode }

const connected: Event = { kind: 'connected' }
const end: Event = { kind: 'end' }
const lost: Event = { kind: 'fails', code: 'CONNECTOR_NOT_CONNECTED' }
const payload = (timestamp: number): Event => ({ kind: 'payload', timestamp })

/** Does what the script says, one event a call; every call takes a second of the clock. */
class ScriptedSource implements Source {
  closed = false
  readonly #events: Event[]
  readonly #clock: ManualClock

  constructor(events: readonly Event[], clock: ManualClock) {
    this.#events = [...events]
    this.#clock = clock
  }

  async connect(): Promise<void> {
    this.#next()
  }

  async read(): Promise<Delivery | null> {
    const event = this.#next()
    if (event.kind === 'end') return null
    const timestamp = event.kind === 'payload' ? event.timestamp : undefined
    return { payloads: [{ value: new Uint8Array(1), timestamp }], position: null, ack: async () => undefined }
  }

  async close(): Promise<void> {
    this.closed = true
  }

  #next(): Event {
    this.#clock.advance(1_000_000)
    const event = this.#events.shift()
    if (event === undefined) throw new MillraceError('CANCELLED', 'the script is over')
    if (event.kind === 'fails') throw new MillraceError(event.code, 'scripted')
    return event
  }
}

const RETRY: RetryPolicy = { initialDelay: 1, maxDelay: 1, maxRetries: null }

async function drive(events: readonly Event[], options: { retry?: RetryPolicy | null; replayable?: boolean; firstConnection?: number } = {}) {
  const clock = new ManualClock(0)
  const source = new ScriptedSource(events, clock)
  const gaps: Gap[] = []
  const notices: string[] = []
  const driver = new SourceDriver({
    node: 'source_1',
    table: 'feed',
    source,
    retry: options.retry === undefined ? RETRY : options.retry,
    replayable: options.replayable ?? false,
    firstConnection: options.firstConnection ?? null,
    clock,
    inbox: new Inbox(1e6),
    gap: (gap) => gaps.push(gap),
    notice: (message) => notices.push(message),
  })
  const error = await driver.run().then(
    () => null,
    (thrown: unknown) => MillraceError.from(thrown),
  )
  expect(source.closed).toBe(true)
  expect(driver.connected).toBe(false)
  return { gaps: gaps.map(({ from, to }) => [from, to]), notices, error, reconnects: driver.reconnects }
}

describe('SourceDriver', () => {
  it('tries again when it cannot connect at first: no gap, there was nothing before', async () => {
    const run = await drive([lost, lost, connected, payload(5), end])
    expect(run).toMatchObject({ error: null, gaps: [], reconnects: 2 })
    expect(run.notices[0]).toMatch(/^table "feed": scripted; connecting again in \d+ ms$/)
  })

  it('states a gap from the last payload to the new connection', async () => {
    const run = await drive([connected, payload(1_500_000), lost, lost, connected, payload(7e6), end])
    expect(run).toMatchObject({ error: null, gaps: [[1_500_000, 5_000_000]], reconnects: 2 })
  })

  it('lets no gap reach into the one before: a connection without payloads counts from when it was made', async () => {
    const run = await drive([connected, payload(1_500_000), lost, connected, lost, connected, end])
    expect(run.gaps).toEqual([
      [1_500_000, 4_000_000],
      [4_000_000, 6_000_000],
    ])
  })

  it('gives up after the retries in a row, and states a gap without an end', async () => {
    const run = await drive([connected, payload(1), lost, lost, lost], { retry: { ...RETRY, maxRetries: 2 } })
    expect(run).toMatchObject({ error: { code: 'CONNECTOR_RETRIES_EXHAUSTED' }, gaps: [[1, null]], reconnects: 2 })
    expect(run.error).toMatchObject({ message: 'table "feed": scripted', detail: 'Tried again 2 times.' })
  })

  it('counts retries anew once there was a payload', async () => {
    const again = [lost, connected, payload(1)]
    const run = await drive([connected, ...again, ...again, ...again, end], { retry: { ...RETRY, maxRetries: 1 } })
    expect(run).toMatchObject({ error: null, reconnects: 3 })
  })

  it('waits longer each time a connection is lost after a word or two', async () => {
    const refused = [connected, payload(1), lost]
    const run = await drive([...Array.from({ length: 12 }, () => refused).flat(), connected, end], {
      retry: { initialDelay: 1, maxDelay: 10_000, maxRetries: 1 },
    })
    expect(run).toMatchObject({ error: null, reconnects: 12 })
    expect(run.notices.at(-1)).toMatch(/connecting again in [2-3] ms$/)
  })

  it('gives up an address that never answered, but not one that once did', async () => {
    const options = { firstConnection: 3_500_000 }
    const never = await drive([lost, lost, lost, lost, lost], options)
    expect(never).toMatchObject({ error: { code: 'CONNECTOR_RETRIES_EXHAUSTED' }, gaps: [], reconnects: 3 })
    expect(never.error).toMatchObject({ detail: 'It was never connected, and tried again 3 times.' })
    const once = await drive([connected, payload(1), lost, lost, lost, lost, lost, connected, end], options)
    expect(once).toMatchObject({ error: null, reconnects: 5 })
  })

  it('does not try again what cannot mend itself, nor where no policy says so', async () => {
    const refused: Event = { kind: 'fails', code: 'CONNECTOR_REFUSED' }
    expect(await drive([refused, connected])).toMatchObject({ error: { code: 'CONNECTOR_REFUSED' }, reconnects: 0 })
    expect(await drive([connected, lost], { retry: null })).toMatchObject({ error: { code: 'CONNECTOR_NOT_CONNECTED' } })
  })

  it('states no gap where everything can be read again', async () => {
    expect(await drive([connected, payload(1), lost, connected, end], { replayable: true })).toMatchObject({ gaps: [] })
  })
})
