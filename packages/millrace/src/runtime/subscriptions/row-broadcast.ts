import { randomBytes } from 'node:crypto'
import type {
  AttachOptions,
  Attachment,
  Broadcast,
  BroadcastOptions,
  BroadcastStatistics,
  ClientSink,
} from '../../connectors/index.ts'
import type { EncodedRows } from '../../formats/index.ts'
import { type Chunk, Group, groupKey } from './group.ts'
import { RetainedRows } from './retained-rows.ts'
import { type Counters, Subscription, type SubscriptionHost } from './subscription.ts'
import { TickTimer } from './tick-timer.ts'

/** Writing to sockets goes on for this long before the event loop gets its turn. */
const SLICE_MS = 5
/** Clients between two looks at the clock. */
const CLIENTS_PER_LOOK = 32
/** Chunks that wait to be written before the publisher is asked to wait. */
const WAITING_CHUNKS = 4

interface Work {
  readonly group: Group
  readonly chunk: Chunk
  members: Iterator<Subscription> | null
}

/** The fan-out core. Every protocol that serves clients stands on it with an encoding and a ClientSink of its own. */
export class RowBroadcast implements Broadcast, SubscriptionHost {
  readonly stream = randomBytes(4).toString('hex')
  readonly rows: RetainedRows
  readonly counters: Counters = { messages: 0, bytes: 0, droppedRows: 0, conflatedRows: 0, disconnectedClients: 0 }
  readonly #groups = new Map<string, Group>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #behind = new Set<Subscription>()
  readonly #catchingUp = new Set<Subscription>()
  readonly #timer: TickTimer
  /** Chunks on their way to the members of their groups, oldest first. */
  #work: Work[] = []
  #writing = false
  #idle: (() => void)[] = []
  #caughtUp: (() => void) | null = null
  #closed: { readonly code: number; readonly reason: string } | null = null

  constructor(options: BroadcastOptions) {
    this.rows = new RetainedRows(options.retainBytes)
    this.#timer = new TickTimer(() => this.#tick())
  }

  publish(rows: EncodedRows): Promise<void> | undefined {
    const { bytes, offsets } = rows
    const count = offsets.length - 1
    if (count <= 0 || this.#closed !== null) return undefined
    const first = this.rows.next
    this.rows.append(rows)
    for (const group of this.#groups.values()) {
      for (let i = 0; i < count; i++) {
        group.stage(bytes, offsets[i]!, offsets[i + 1]!, first + i)
        if (group.stagedBytes >= group.chunkBytes) this.#seal(group)
      }
    }
    for (const subscription of this.#behind) subscription.enforce()
    if (this.#work.length > 0 && !this.#writing) this.#write()
    if (!this.#writing && this.#hasStaged()) this.#timer.schedule()
    return this.#work.length > WAITING_CHUNKS ? this.#whenIdle() : undefined
  }

  attach(client: ClientSink, options: AttachOptions): Attachment {
    if (this.#closed !== null) {
      client.close(this.#closed.code, this.#closed.reason)
      return { detach: () => undefined }
    }
    const group = this.#group(options)
    const subscription = new Subscription(client, group, this, options)
    group.chunkBytes = Math.min(group.chunkBytes, subscription.transportBytes)
    this.#subscriptions.add(subscription)
    this.#behind.add(subscription)
    group.subscribers++
    subscription.catchUp()
    return subscription
  }

  async flush(): Promise<void> {
    this.#sealAll()
    if (!this.#writing) this.#write()
    if (this.#work.length > 0) await this.#whenIdle()
  }

  statistics(): BroadcastStatistics {
    let queuedBytes = 0
    for (const subscription of this.#subscriptions) queuedBytes += subscription.queuedBytes
    return { ...this.counters, clients: this.#subscriptions.size, nextSequence: this.rows.next, queuedBytes }
  }

  async close(code: number, reason: string, graceMs: number): Promise<void> {
    if (this.#closed !== null) return
    this.#closed = { code, reason }
    await this.flush()
    if (this.#behind.size > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.#caughtUp = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#timer.cancel()
    for (const subscription of this.#subscriptions) subscription.close(code, reason)
  }

  join(subscription: Subscription): void {
    // What is staged stands in no chunk yet; the newcomer's first chunk begins after it.
    this.#seal(subscription.group)
    subscription.next = this.rows.next
    subscription.group.members.add(subscription)
    this.#behind.delete(subscription)
    this.#catchingUp.delete(subscription)
    this.#checkCaughtUp()
  }

  leave(subscription: Subscription): void {
    subscription.group.members.delete(subscription)
    this.#behind.add(subscription)
  }

  again(subscription: Subscription): void {
    this.#catchingUp.add(subscription)
    if (this.#catchingUp.size > 1) return
    setImmediate(() => {
      const ready = [...this.#catchingUp]
      this.#catchingUp.clear()
      for (const each of ready) each.catchUp()
    })
  }

  remove(subscription: Subscription): void {
    const { group } = subscription
    this.#subscriptions.delete(subscription)
    group.members.delete(subscription)
    this.#behind.delete(subscription)
    this.#catchingUp.delete(subscription)
    this.#checkCaughtUp()
    if (--group.subscribers === 0) this.#groups.delete(groupKey(group.encoding, group.filter))
  }

  /** Rows that come while an earlier tick is still being written gather for the next one. */
  #tick(): void {
    if (this.#writing) return
    this.#sealAll()
    this.#write()
  }

  #hasStaged(): boolean {
    for (const group of this.#groups.values()) if (group.stagedBytes > 0) return true
    return false
  }

  #group({ encoding, filter = null }: { encoding: Group['encoding']; filter?: Group['filter'] | undefined }): Group {
    const key = groupKey(encoding, filter)
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new Group(encoding, filter)
      this.#groups.set(key, group)
    }
    return group
  }

  #sealAll(): void {
    for (const group of this.#groups.values()) this.#seal(group)
  }

  #seal(group: Group): void {
    const chunk = group.seal()
    if (chunk !== null && group.members.size > 0) this.#work.push({ group, chunk, members: null })
  }

  /** Writes chunks to clients until there are none, or for one slice and then again in a later turn. */
  #write(): void {
    this.#writing = true
    const deadline = performance.now() + SLICE_MS
    while (this.#work.length > 0) {
      const work = this.#work[0]!
      work.members ??= work.group.members.values()
      if (!this.#writeChunk(work.chunk, work.members, deadline)) {
        setImmediate(() => this.#write())
        return
      }
      this.#work.shift()
    }
    this.#writing = false
    if (this.#hasStaged()) this.#timer.schedule()
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }

  /** False: time is up before all members had their turn. */
  #writeChunk(chunk: Chunk, members: Iterator<Subscription>, deadline: number): boolean {
    let written = 0
    let next = members.next()
    for (let n = 1; next.done !== true; n++) {
      if (next.value.offer(chunk)) written++
      if (n % CLIENTS_PER_LOOK === 0 && performance.now() > deadline) break
      next = members.next()
    }
    this.counters.messages += written * chunk.messages
    this.counters.bytes += written * chunk.bytes.length
    return next.done === true
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #checkCaughtUp(): void {
    if (this.#behind.size === 0) this.#caughtUp?.()
  }
}
