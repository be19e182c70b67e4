import { WebSocket } from 'ws'
import { unreachable } from '../../kernel/index.ts'
import { encodeFrame, FrameBuffer, OPCODE, type ServerConnection } from '../../wire/index.ts'
import type { Fault, FaultAction } from './replay-fault.ts'
import type { ReplayTrack } from './replay-track.ts'

/**
 * - `completed`: the recording came to its end and all of it was handed to the kernel.
 * - `broken`: the fault struck; the track goes on with the next client.
 * - `left`: the client went away by itself.
 */
export type SessionEnd = 'completed' | 'broken' | 'left'

const WRITE_BYTES = 128 * 1024
/** Longer delays overflow Node's timers. */
const MAX_DELAY_MS = 2 ** 30

/** Serves one client, with at most one write of about 128 kB under way. */
export class ReplaySession {
  readonly #client: ServerConnection
  readonly #fault: Fault | null
  readonly #onWritten: (frames: number) => void
  readonly #buffer = new FrameBuffer(WRITE_BYTES + WRITE_BYTES / 4)
  #gone = false
  #stalled = false
  #wake: (() => void) | undefined

  /** `onWritten` is told how many frames each write handed to the kernel. */
  constructor(client: ServerConnection, fault: Fault | null, onWritten: (frames: number) => void) {
    this.#client = client
    this.#fault = fault
    this.#onWritten = onWritten
    client.ws.on('ping', (data) => {
      if (!this.#stalled) client.ws.pong(data)
    })
    client.socket.once('close', () => this.#leave())
    client.socket.once('end', () => this.#leave())
  }

  /** Resolves when the client has sent so many messages, or left. */
  async awaitMessages(count: number): Promise<void> {
    if (count === 0 || this.#gone) return
    await new Promise<void>((resolve) => {
      let missing = count
      this.#wake = resolve
      this.#client.ws.on('message', () => {
        if (--missing === 0) resolve()
      })
    })
    this.#wake = undefined
  }

  /** @throws what reading the recording throws; the client is still connected then. */
  async run(track: ReplayTrack): Promise<SessionEnd> {
    const breakAt = this.#fault?.next(track.frames) ?? Infinity
    for (;;) {
      const pause = await this.#pack(track, breakAt)
      if (!(await this.#write())) return 'left'
      if (pause === 'full') continue
      if (pause === 'place') {
        await this.#strike(track, this.#fault!.action)
        return 'broken'
      }
      if (pause === 'end') {
        if (this.#fault?.atEnd === true) await this.#strike(track, this.#fault.action)
        else this.#client.ws.close(1000)
        return 'completed'
      }
      await this.#sleep(pause)
    }
  }

  /** Fills the buffer; says why it stopped, or how many milliseconds to wait for the next frame. */
  async #pack(track: ReplayTrack, breakAt: number): Promise<'full' | 'place' | 'end' | number> {
    const buffer = this.#buffer
    for (;;) {
      if (track.frames >= breakAt) return 'place'
      const frame = track.peek()
      if (frame === undefined) {
        // What is packed should not wait for the disk.
        if (buffer.length > 0) return 'full'
        if (!(await track.load())) return 'end'
        continue
      }
      const delayMs = track.delayMs(frame)
      if (delayMs > 0) return delayMs
      buffer.append(frame.binary ? OPCODE.binary : OPCODE.text, frame.payload)
      track.take()
      if (buffer.length >= WRITE_BYTES) return 'full'
    }
  }

  /** Resolves when the kernel has taken all packed bytes; false if the client is gone. */
  #write(): Promise<boolean> {
    const buffer = this.#buffer
    const { ws, socket } = this.#client
    // After a close frame, from either side, no data may follow.
    if (this.#gone || ws.readyState !== WebSocket.OPEN) return Promise.resolve(false)
    if (buffer.length === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      socket.write(buffer.bytes(), (error) => {
        const written = error === undefined || error === null
        if (written) this.#onWritten(buffer.frames)
        buffer.clear()
        resolve(written)
      })
    })
  }

  async #strike(track: ReplayTrack, action: FaultAction): Promise<void> {
    const { ws, socket } = this.#client
    switch (action.kind) {
      case 'fin':
        // Unread bytes at a close turn FIN into a reset, which would destroy frames on their way: keep reading, let nobody
        // answer, and let the client close its half when it has seen our end.
        socket.removeAllListeners('data')
        socket.resume()
        socket.end()
        return
      case 'reset': {
        const lost = track.peek() ?? ((await track.load()) ? track.peek() : undefined)
        if (lost !== undefined) {
          const frame = encodeFrame(lost.binary ? OPCODE.binary : OPCODE.text, lost.payload)
          track.take()
          await new Promise((resolve) => socket.write(frame.subarray(0, Math.ceil(frame.length / 2)), resolve))
        }
        socket.resetAndDestroy()
        return
      }
      case 'close':
        ws.close(action.code)
        return
      case 'stall':
        this.#stalled = true
        return
      default:
        unreachable(action)
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#gone) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, MAX_DELAY_MS))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  #leave(): void {
    this.#gone = true
    this.#wake?.()
  }
}
