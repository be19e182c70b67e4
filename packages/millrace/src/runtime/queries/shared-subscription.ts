import { setImmediate } from 'node:timers/promises'
import type { Attachment, ClientSink, SlowClientPolicy } from '../../connectors/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import { FrameBuffer } from '../../wire/index.ts'
import type { ResultClient, ResultEncoding } from './result-client.ts'
import { noticeMessage, standingMessage } from './result-messages.ts'
import type { SharedQuery } from './shared-query.ts'

export interface SharedSubscriptionOptions {
  readonly client: ResultClient
  readonly encoding: ResultEncoding
  /** Of a result that only appends; a changelog with holes is worth nothing, so its slow subscribers are closed. */
  readonly policy: SlowClientPolicy
  readonly queueBytes: number
}

/** Bytes of one write while a newcomer is told what stands. */
const CHUNK_BYTES = 64 * 1024

/** One subscriber of a shared query: first what stands, if the result changes, then what comes. */
export class SharedSubscription implements ClientSink {
  readonly #shared: SharedQuery
  readonly #options: SharedSubscriptionOptions
  #attachment: Attachment | null = null
  #gone = false

  constructor(shared: SharedQuery, options: SharedSubscriptionOptions) {
    this.#shared = shared
    this.#options = options
  }

  get pendingBytes(): number {
    return this.#options.client.pendingBytes
  }

  write(chunk: Buffer): void {
    this.#options.client.write(chunk)
  }

  whenDrained(callback: () => void): void {
    this.#options.client.whenDrained(callback)
  }

  begin(): void {
    const { standing, broadcast } = this.#shared
    const { next } = broadcast.rows
    if (standing === null) this.#join(undefined)
    else void this.#tellAndJoin(standing.rows(), next)
  }

  /** The broadcast is over, or finds it too slow. */
  close(): void {
    if (this.#gone) return
    this.detach()
    this.#shared.leave(this)
    this.#options.client.end(this.#shared.end ?? { kind: 'failed', error: tooSlow() })
  }

  detach(): void {
    this.#gone = true
    this.#attachment?.detach()
    this.#attachment = null
  }

  async #tellAndJoin(rows: readonly string[], next: number): Promise<void> {
    await this.#tell(rows)
    this.#join(next)
  }

  async #tell(rows: readonly string[]): Promise<void> {
    const { client, encoding, queueBytes } = this.#options
    const out = new FrameBuffer(CHUNK_BYTES)
    for (const row of rows) {
      const message = standingMessage(row)
      encoding.row(out, message, 0, message.length, 0)
      if (out.length < CHUNK_BYTES) continue
      client.write(out.take())
      while (client.pendingBytes >= queueBytes && !this.#gone) {
        await new Promise<void>((resolve) => client.whenDrained(resolve))
        // A socket that is being destroyed calls back at once and has room only after a turn of the event loop.
        await setImmediate()
      }
      if (this.#gone) return
    }
    if (out.frames > 0) client.write(out.take())
  }

  /** `from`: the first message that is not in what was told. */
  #join(from: number | undefined): void {
    if (this.#gone) return
    const { broadcast, standing } = this.#shared
    const { client, encoding, policy, queueBytes } = this.#options
    if (from !== undefined && from < broadcast.rows.first) return this.close()
    client.write(encoding.frame(noticeMessage({ live: {} })))
    const attachment = broadcast.attach(this, {
      encoding,
      policy: standing === null ? policy : { kind: 'disconnect' },
      queueBytes,
      from,
    })
    if (this.#gone) attachment.detach()
    else this.#attachment = attachment
  }
}

function tooSlow(): MillraceError {
  return new MillraceError('CLIENT_TOO_SLOW', 'the subscriber does not read as fast as rows come', {
    hint: 'Subscribe again; a materialized view can be resumed where it was left.',
  })
}
