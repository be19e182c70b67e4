import { performance } from 'node:perf_hooks'
import type { ConnectionChoice, Recording } from './recording.ts'
import type { RecordedEvent } from './recorded-event.ts'

/** How fast a recording is served: a factor on its own pace, or as fast as the client takes it. */
export type ReplaySpeed = number | 'max'

export interface TrackOptions {
  readonly speed: ReplaySpeed
  readonly loop: boolean
}

/**
 * One recorded connection on its way to a client, and to the next client after a fault: the place in the recording and the
 * schedule outlive the connection, as those of a live feed do.
 */
export class ReplayTrack {
  readonly choice: ConnectionChoice
  readonly #recording: Recording
  readonly #options: TrackOptions
  #source: AsyncGenerator<readonly RecordedEvent[]>
  #batch: readonly RecordedEvent[] = []
  #at = 0
  #passFrames = 0
  #frames = 0
  #name = ''
  /** Wall time and recorded time of the first frame of this pass. */
  #start: { readonly wallMs: number; readonly recordedMs: number } | undefined

  constructor(recording: Recording, choice: ConnectionChoice, options: TrackOptions) {
    this.#recording = recording
    this.choice = choice
    this.#options = options
    this.#source = recording.frames(choice)
  }

  /** Frames taken so far, over all passes. */
  get frames(): number {
    return this.#frames
  }

  /** Name of the recorded connection, once a frame was read. */
  get name(): string {
    return this.#name
  }

  /** The next frame, or undefined when `load` must be awaited first. */
  peek(): RecordedEvent | undefined {
    return this.#batch[this.#at]
  }

  take(): void {
    this.#at++
    this.#frames++
    this.#passFrames++
  }

  /** Reads on; false at the end of the recording. Only when `peek` gives nothing. */
  async load(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next()
      if (next.done !== true) {
        this.#batch = next.value
        this.#at = 0
        this.#name = next.value[0]!.conn
        return true
      }
      // A recording without frames would go round for ever.
      if (!this.#options.loop || this.#passFrames === 0) return false
      this.#source = this.#recording.frames(this.choice)
      this.#passFrames = 0
      this.#start = undefined
    }
  }

  /** Milliseconds until the frame is due. The first frame of a pass is due at once, and so are those without a time. */
  delayMs(frame: RecordedEvent): number {
    if (this.#options.speed === 'max' || Number.isNaN(frame.timeMs)) return 0
    const nowMs = performance.now()
    this.#start ??= { wallMs: nowMs, recordedMs: frame.timeMs }
    return this.#start.wallMs + (frame.timeMs - this.#start.recordedMs) / this.#options.speed - nowMs
  }

  /** Releases the file. */
  async close(): Promise<void> {
    await this.#source.return(undefined)
  }
}
