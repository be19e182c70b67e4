import type { Delivery, Position, Source } from '../../connectors/index.ts'

/** A source that goes on where it was: after what it has delivered itself, or after what was stored of an earlier one. */
export class PositionSource implements Source {
  /** Handed out so far. */
  deliveries = 0
  records = 0
  readonly #source: Source
  readonly #connected: () => void
  #position: Position | null

  constructor(source: Source, from: Position | null, connected: () => void) {
    this.#source = source
    this.#position = from
    this.#connected = connected
  }

  async connect(_from: Position | null, signal: AbortSignal): Promise<void> {
    await this.#source.connect(this.#position, signal)
    this.#connected()
  }

  async read(signal: AbortSignal): Promise<Delivery | null> {
    const delivery = await this.#source.read(signal)
    if (delivery === null || delivery.payloads.length === 0) return delivery
    if (delivery.position !== null) this.#position = delivery.position
    this.deliveries++
    this.records += delivery.payloads.length
    return delivery
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}
