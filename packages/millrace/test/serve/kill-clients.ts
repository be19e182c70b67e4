import { closed, connect } from './serving.ts'

/** Records under way at most. */
const WINDOW = 500

export interface Ack {
  readonly sequence: number
  readonly partition: number
  readonly offset: number
}

/** Sends numbered records in order and notes what was acknowledged. Connects again to whatever server there is, and sends again what was not. */
export class Writer {
  readonly acks: Ack[] = []
  readonly #topic: string
  readonly #value: (n: number) => unknown
  #sent = 0
  /** Over all connections: what was sent may be in the log. */
  #everSent = 0
  #stopped = false

  constructor(topic: string, value: (n: number) => unknown) {
    this.#topic = topic
    this.#value = value
  }

  /** Resolves after `stop`, once everything ever sent was acknowledged. */
  async run(url: () => string): Promise<void> {
    while (!this.#stopped || this.acks.length < this.#everSent) {
      let send = (): void => undefined
      const path = `/v1/ingest/${this.#topic}?producer_id=writer&sequence=${this.acks.length}`
      const ws = await connect(url(), path, (text) => {
        const message = JSON.parse(text) as { ack?: Ack; error?: unknown }
        if (message.error !== undefined) throw new Error(text)
        if (message.ack === undefined) return
        if (message.ack.sequence !== this.acks.length) throw new Error(`ack ${message.ack.sequence} after ${this.acks.length - 1}`)
        this.acks.push(message.ack)
        send()
      })
      if (ws === null) continue
      this.#sent = this.acks.length
      send = () => {
        const end = this.#stopped ? this.#everSent : this.acks.length + WINDOW
        while (this.#sent < end) ws.send(JSON.stringify({ value: this.#value(this.#sent++) }))
        this.#everSent = Math.max(this.#everSent, this.#sent)
        if (this.#stopped && this.acks.length === this.#everSent) ws.close()
      }
      send()
      await closed(ws)
    }
  }

  stop(): void {
    this.#stopped = true
  }
}

export interface Seen {
  readonly cursor: string
  readonly key?: unknown
  readonly value: unknown
}

/** Reads a topic from where it was, and keeps everything it was told. */
export class Reader {
  readonly seen: Seen[] = []
  readonly #topic: string
  #stopped = false
  #terminate = (): void => undefined

  constructor(topic: string) {
    this.#topic = topic
  }

  async run(url: () => string): Promise<void> {
    while (!this.#stopped) {
      const from = this.seen.at(-1)?.cursor ?? 'earliest'
      const ws = await connect(url(), `/v1/subscribe/${this.#topic}?from=${from}`, (text) => {
        const message = JSON.parse(text) as Partial<Seen>
        if (message.cursor !== undefined) this.seen.push({ cursor: message.cursor, key: message.key, value: message.value })
      })
      if (ws === null) continue
      this.#terminate = () => ws.terminate()
      if (this.#stopped) ws.terminate()
      await closed(ws)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#terminate()
  }
}

/** How often the server is killed; more with `npm run soak`. */
export function killRounds(short: number): number {
  return Number(process.env.MILLRACE_SOAK_ROUNDS ?? short)
}

export function showRound(round: number, rounds: number, records: number): void {
  if (rounds <= 10) return
  process.stderr.write(`round ${round.toLocaleString('en')} of ${rounds.toLocaleString('en')}, ${records.toLocaleString('en')} records acknowledged\n`)
}
