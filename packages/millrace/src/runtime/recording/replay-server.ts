import { MillraceError } from '../../kernel/index.ts'
import { DEFAULT_LIMITS, listen, type Listener, type ServerConnection } from '../../wire/index.ts'
import { parseFault, type Fault, type FaultOptions } from './replay-fault.ts'
import { ReplaySession, type SessionEnd } from './replay-session.ts'
import { ReplayTrack, type ReplaySpeed } from './replay-track.ts'
import { Recording } from './recording.ts'

export interface ReplayOptions extends FaultOptions {
  /** A recording, or the file of one. */
  readonly recording: Recording | string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** Default: any path. */
  readonly path?: string
  /** Default 1. Recordings without times are always served at `max`. */
  readonly speed?: ReplaySpeed
  /** Starts over at the end instead of closing. */
  readonly loop?: boolean
  /** Finishes when every connection of the recording was delivered to the end and its client has gone. */
  readonly once?: boolean
  /** Every client gets this connection. Default: the n-th client gets the n-th, and so on from the first again. */
  readonly conn?: string
  /** Messages a client must send on each connection before it is served. Default 0. */
  readonly waitForMessages?: number
  readonly onEvent?: (event: ReplayEvent) => void
}

export interface ReplayEvent {
  readonly kind: 'connected' | SessionEnd
  /** 1 for the first connection made to the server. */
  readonly client: number
  /** Frames of this recorded connection sent so far, over its reconnects. */
  readonly frames: number
  /** Name of the recorded connection; empty while nothing was read, or where it has no name. */
  readonly conn: string
}

interface Finish {
  readonly resolve: () => void
  readonly reject: (error: MillraceError) => void
}

/** A closing handshake may come after megabytes that a slow client has still to read. */
const CLOSE_MS = 10 * 60_000
/** For the goodbyes when the server itself closes. */
const GRACE_MS = 200

/**
 * Serves a recording as the server it was recorded from would have. A client that a fault threw off finds its connection
 * continued when it comes back; every other client starts at the beginning.
 */
export class ReplayServer {
  readonly url: string
  readonly port: number
  readonly recording: Recording
  /** Resolves after the delivery `once` asks for, or after `close`; rejects when the recording cannot be read on. */
  readonly finished: Promise<void>
  readonly #options: ReplayOptions
  readonly #fault: Fault | null
  readonly #listener: Listener
  readonly #broken: ReplayTrack[] = []
  readonly #open = new Set<ReplayTrack>()
  readonly #delivered = new Set<string>()
  readonly #finish: Finish
  #tracks = 0
  #clients = 0
  #running = 0
  #frames = 0

  private constructor(recording: Recording, options: ReplayOptions, fault: Fault | null, listener: Listener) {
    this.recording = recording
    this.#options = options
    this.#fault = fault
    this.#listener = listener
    this.url = listener.url
    this.port = listener.port
    let finish: Finish | undefined
    this.finished = new Promise((resolve, reject) => {
      finish = { resolve, reject }
    })
    this.#finish = finish!
    // Whoever does not wait for the end need not handle its failure.
    this.finished.catch(() => {})
  }

  /**
   * @throws MillraceError USAGE for options that have no meaning, FILE_NOT_READABLE, and what `listen` throws.
   */
  static async start(options: ReplayOptions): Promise<ReplayServer> {
    const fault = parseFault(options)
    checkOptions(options)
    const recording =
      typeof options.recording === 'string' ? await Recording.open(options.recording) : options.recording
    if (options.conn !== undefined) await requireConnection(recording, options.conn)
    const waiting: ServerConnection[] = []
    let server: ReplayServer | undefined
    const listener = await listen({
      port: options.port ?? 0,
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.path === undefined ? {} : { path: options.path }),
      subprotocols: 'any',
      maxMessageBytes: DEFAULT_LIMITS.feedMessageBytes,
      closeMs: CLOSE_MS,
      autoPong: false,
      onClient: (client) => (server === undefined ? waiting.push(client) : void server.#serve(client)),
    })
    server = new ReplayServer(recording, options, fault, listener)
    for (const client of waiting) void server.#serve(client)
    return server
  }

  /** Connections accepted so far. */
  get clients(): number {
    return this.#clients
  }

  /** Frames handed to the kernel so far, to all clients. */
  get frames(): number {
    return this.#frames
  }

  async close(): Promise<void> {
    await this.#listener.close({ graceMs: GRACE_MS })
    await Promise.all([...this.#open].map((track) => track.close()))
    this.#finish.resolve()
  }

  async #serve(client: ServerConnection): Promise<void> {
    const number = ++this.#clients
    this.#running++
    const gone = new Promise<void>((resolve) => client.ws.once('close', () => resolve()))
    const session = new ReplaySession(client, this.#fault, (frames) => {
      this.#frames += frames
    })
    try {
      await session.awaitMessages(this.#options.waitForMessages ?? 0)
      const track = this.#broken.shift() ?? this.#newTrack()
      const report = (kind: ReplayEvent['kind']): void =>
        this.#options.onEvent?.({ kind, client: number, frames: track.frames, conn: track.name })
      report('connected')
      const end = await session.run(track)
      if (end === 'broken') this.#broken.push(track)
      else await this.#closeTrack(track)
      // A broken track is taken over at once: a stalled client may come back before it lets its old connection go.
      report(end)
      await gone
      if (end === 'completed') this.#delivered.add(track.name)
    } catch (error) {
      client.ws.close(1011, 'the recording cannot be read')
      this.#finish.reject(MillraceError.from(error))
    } finally {
      this.#running--
    }
    if (this.#options.once === true && this.#isDelivered()) await this.close()
  }

  #newTrack(): ReplayTrack {
    const { conn, loop, speed } = this.#options
    const choice = conn === undefined ? { ordinal: this.#tracks } : { name: conn }
    this.#tracks++
    const track = new ReplayTrack(this.recording, choice, { speed: speed ?? 1, loop: loop ?? false })
    this.#open.add(track)
    return track
  }

  async #closeTrack(track: ReplayTrack): Promise<void> {
    this.#open.delete(track)
    await track.close()
  }

  #isDelivered(): boolean {
    if (this.#running > 0 || this.#broken.length > 0 || this.#delivered.size === 0) return false
    const { conn } = this.#options
    const wanted = conn === undefined ? (this.recording.knownConnections ?? []) : [conn]
    return wanted.every((name) => this.#delivered.has(name))
  }
}

function checkOptions(options: ReplayOptions): void {
  const { speed, loop, once: single } = options
  if (loop === true && single === true) {
    throw new MillraceError('USAGE', 'options "loop" and "once" exclude each other')
  }
  if (speed !== undefined && speed !== 'max' && !(speed > 0 && Number.isFinite(speed))) {
    throw new MillraceError('USAGE', `speed ${speed} is not a positive number`, {
      hint: 'Use 1 for the recorded pace, 10 for ten times as fast, or max.',
    })
  }
}

/** Fails early for a name that no frame has. */
async function requireConnection(recording: Recording, name: string): Promise<void> {
  for await (const _ of recording.frames({ name })) return
}
