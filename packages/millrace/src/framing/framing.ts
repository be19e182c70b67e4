import type { OptionSchema } from '../kernel/index.ts'

/** Why a payload could not be split. */
export interface BadPayload {
  readonly reason: 'invalid' | 'too_large'
  readonly message: string
}

/** Turns one payload, as the transport delivered it, into the records it holds. Keeps nothing between payloads. */
export interface Splitter {
  /**
   * Calls `each` with the range of every record of bytes [start, end), in order, without copying. Returns what is wrong
   * with the payload or null. A payload that is bad as a whole yields no record.
   */
  split(bytes: Uint8Array, start: number, end: number, each: (start: number, end: number) => void): BadPayload | null
}

/** One framing step. `options` names every option it reads; what `parseOptions` returned is what `splitter` takes. */
export interface FramingDefinition<Options = unknown> {
  readonly name: string
  readonly summary: string
  readonly options: OptionSchema
  splitter(options: Options): Splitter
}
