import type { AttachOptions, ClientSink, RowGap } from '../../connectors/index.ts'
import { ERROR_CODES } from '../../kernel/index.ts'
import { FrameBuffer } from '../../wire/index.ts'
import { Conflation } from './conflation.ts'
import type { Chunk, Group } from './group.ts'
import type { RetainedRows } from './retained-rows.ts'

/** What is written to a client that catches up before other work gets its turn. */
const CATCH_UP_BYTES = 256 * 1024

export interface Counters {
  messages: number
  bytes: number
  droppedRows: number
  conflatedRows: number
  disconnectedClients: number
}

/** What a subscription needs of its broadcast. */
export interface SubscriptionHost {
  readonly stream: string
  readonly rows: RetainedRows
  readonly counters: Counters
  /** The subscription has everything up to the last row published: from now on it gets chunks. */
  join(subscription: Subscription): void
  /** It has not, and gets no chunks until it joins again. */
  leave(subscription: Subscription): void
  /** It has room for more: calls `catchUp` in a later turn. */
  again(subscription: Subscription): void
  remove(subscription: Subscription): void
}

/**
 * One client. While it keeps up it is written the chunks of its group. When it cannot take one, or wants rows of the past, it is behind:
 * it has a cursor into the retained rows and is written its own messages as its transport finds room, until it has caught up.
 */
export class Subscription {
  readonly group: Group
  /** What may wait in the transport, where it can be neither dropped nor replaced. */
  readonly transportBytes: number
  /** The next row this client gets. Chunks that begin before it are not for it. */
  next: number
  readonly #client: ClientSink
  readonly #host: SubscriptionHost
  readonly #options: AttachOptions
  readonly #conflation: Conflation | null
  #gap: RowGap | null = null
  /** Rows asked for by `from` are no backlog: the policy applies once they were delivered. */
  #resuming = false
  /** The client will say when it has room. */
  #waiting = false
  #closed = false

  constructor(client: ClientSink, group: Group, host: SubscriptionHost, options: AttachOptions) {
    this.#client = client
    this.group = group
    this.#host = host
    this.#options = options
    const { policy, queueBytes } = options
    this.transportBytes = policy.kind === 'disconnect' ? queueBytes : queueBytes >> 2
    this.#conflation = policy.kind === 'conflate' ? new Conflation(policy.keyOf) : null
    this.next = host.rows.next
    const hello = options.encoding.hello(host.stream, host.rows.next)
    if (hello !== null) this.#client.write(hello)
    if (options.from !== undefined) this.#resume(options.from)
  }

  get isBehind(): boolean {
    return this.next < this.#host.rows.next || this.#gap !== null || (this.#conflation?.bytes ?? 0) > 0
  }

  get queuedBytes(): number {
    const { rows } = this.#host
    const behind = this.group.members.has(this) ? 0 : rows.bytesFrom(Math.max(this.next, rows.first))
    return this.#client.pendingBytes + behind + (this.#conflation?.bytes ?? 0)
  }

  /** Writes a chunk of the group: true. False: the chunk is not for this client, or it cannot take it and falls behind. */
  offer(chunk: Chunk): boolean {
    if (chunk.first < this.next) return false
    const pending = this.#client.pendingBytes
    if (pending > 0 && pending + chunk.bytes.length > this.transportBytes) {
      this.next = chunk.first
      if (this.#options.policy.kind === 'disconnect') {
        this.#disconnect()
      } else {
        this.#host.leave(this)
        this.enforce()
        this.catchUp()
      }
      return false
    }
    this.#client.write(chunk.bytes)
    return true
  }

  /** While behind: writes what there is room for, and joins when nothing is left. */
  catchUp(): void {
    if (this.#closed) return
    let budget = CATCH_UP_BYTES
    while (this.isBehind) {
      if (this.#client.pendingBytes >= this.transportBytes) {
        this.#wait()
        return
      }
      if (budget <= 0) {
        this.#host.again(this)
        return
      }
      this.#dropUnretained()
      if (this.#closed) return
      budget -= this.#writeSome(Math.min(this.transportBytes, budget))
    }
    this.#resuming = false
    this.#host.join(this)
  }

  /** While behind, after rows were published: keeps what waits for the client within its queue. */
  enforce(): void {
    if (this.#closed) return
    this.#dropUnretained()
    if (this.#resuming || this.#closed) return
    const { policy, queueBytes } = this.#options
    const room = queueBytes - this.#client.pendingBytes
    switch (policy.kind) {
      case 'disconnect':
        break
      case 'drop_oldest':
        if (this.#host.rows.bytesFrom(this.next) > room) this.#dropOldest(room)
        break
      case 'conflate':
        if (this.#host.rows.bytesFrom(this.next) > queueBytes >> 1) this.#fold()
        if (this.#conflation!.bytes > room) this.#disconnect()
        break
    }
  }

  close(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#host.remove(this)
    this.#client.close(code, reason)
  }

  /** The client is gone already. */
  detach(): void {
    if (this.#closed) return
    this.#closed = true
    this.#host.remove(this)
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.#client.whenDrained(() => {
      this.#waiting = false
      if (!this.group.members.has(this)) this.catchUp()
    })
  }

  #resume(from: number): void {
    const { rows, stream } = this.#host
    const foreign = (this.#options.stream !== undefined && this.#options.stream !== stream) || from > rows.next
    this.#resuming = true
    this.next = foreign ? rows.first : Math.max(from, rows.first)
    if (foreign) {
      this.#gap = { from, to: null, count: null, reason: 'restarted' }
    } else if (from < rows.first) {
      this.#gap = {
        from,
        to: rows.first - 1,
        count: this.group.filter === null ? rows.first - from : null,
        reason: 'not_retained',
      }
    }
  }

  /** Rows that went before the client could get them. */
  #dropUnretained(): void {
    const { rows } = this.#host
    if (this.next >= rows.first) return
    if (this.#options.policy.kind === 'disconnect') {
      this.#disconnect()
      return
    }
    const lost = rows.first - this.next
    this.#lose(rows.first, this.group.filter === null ? lost : null, lost)
  }

  #dropOldest(room: number): void {
    const { rows } = this.#host
    const { filter } = this.group
    let excess = rows.bytesFrom(this.next) - room
    let lost = 0
    let next = this.next
    rows.scan(this.next, (bytes, start, end, sequence) => {
      // The newest row stays, whatever its size.
      if (excess <= 0 || sequence === rows.next - 1) return false
      excess -= end - start
      next = sequence + 1
      if (filter === null || filter.matches(bytes, start, end)) lost++
      return true
    })
    if (next > this.next) this.#lose(next, lost, lost)
  }

  #lose(next: number, count: number | null, rows: number): void {
    const gap = this.#gap
    this.#host.counters.droppedRows += rows
    this.#gap = {
      from: gap?.from ?? this.next,
      to: gap?.to === null ? null : next - 1,
      count: count === null || gap?.count === null ? null : (gap?.count ?? 0) + count,
      reason: gap?.reason ?? 'slow_client',
    }
    this.next = next
  }

  /** Replaces the rows that wait by the latest of every key. */
  #fold(): void {
    const { filter } = this.group
    this.#host.rows.scan(this.next, (bytes, start, end, sequence) => {
      if (filter === null || filter.matches(bytes, start, end)) {
        if (this.#conflation!.add(bytes, start, end, sequence)) this.#host.counters.conflatedRows++
      }
      return true
    })
    this.next = this.#host.rows.next
  }

  /** One write: the gap, then conflated rows, then rows; about `limit` bytes. Returns how many bytes it was. */
  #writeSome(limit: number): number {
    const { encoding } = this.#options
    const { filter } = this.group
    const out = new FrameBuffer(Math.min(limit, 64 * 1024))
    const gap = this.#gap
    this.#gap = null
    if (gap !== null) out.appendFrame(encoding.gap(gap))
    this.#conflation?.takeWhile((row, sequence) => {
      encoding.row(out, row, 0, row.length, sequence)
      return out.length < limit
    })
    if (out.length < limit) {
      this.#host.rows.scan(this.next, (bytes, start, end, sequence) => {
        if (filter === null || filter.matches(bytes, start, end)) encoding.row(out, bytes, start, end, sequence)
        this.next = sequence + 1
        return out.length < limit
      })
    }
    const messages = out.frames
    if (messages === 0) return 0
    const bytes = out.take()
    this.#client.write(bytes)
    this.#host.counters.messages += messages
    this.#host.counters.bytes += bytes.length
    return bytes.length
  }

  #disconnect(): void {
    this.#host.counters.disconnectedClients++
    this.close(ERROR_CODES.CLIENT_TOO_SLOW.close, `too slow; resume with from=${this.next}&stream=${this.#host.stream}`)
  }
}
