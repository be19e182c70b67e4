import { DEFAULT_LIMITS, KeepAlive, type ServerConnection } from '../../wire/index.ts'

const SWEEP_MS = 1000

interface Vitals {
  readonly keepAlive: KeepAlive
  /** Bytes the system has taken so far. */
  taken: number
}

/** Pings silent clients and lets the dead go. */
export class LiveSockets {
  readonly #clients = new Map<ServerConnection, Vitals>()
  readonly #dead: () => void
  readonly #sweep: NodeJS.Timeout

  constructor(dead: () => void) {
    this.#dead = dead
    this.#sweep = setInterval(() => this.#check(), SWEEP_MS).unref()
  }

  add(connection: ServerConnection): void {
    const { heartbeatMs, pongMs } = DEFAULT_LIMITS
    const keepAlive = new KeepAlive({ heartbeatMs, pongMs }, performance.now())
    const onLife = (): void => keepAlive.onLife(performance.now())
    this.#clients.set(connection, { keepAlive, taken: 0 })
    connection.ws.on('pong', onLife)
    connection.ws.on('ping', onLife)
    connection.ws.on('message', onLife)
    connection.ws.once('close', () => this.#clients.delete(connection))
  }

  close(): void {
    clearInterval(this.#sweep)
  }

  /** A client that takes its bytes is alive; one we do not read from cannot show it. */
  #check(): void {
    const now = performance.now()
    for (const [{ ws, socket }, vitals] of this.#clients) {
      const taken = socket.bytesWritten - socket.writableLength
      const silenced = ws.isPaused && socket.writableLength === 0
      if (silenced || (taken > vitals.taken && socket.writableLength > 0)) vitals.keepAlive.onLife(now)
      vitals.taken = taken
      switch (vitals.keepAlive.check(now)) {
        case 'ping':
          if (ws.readyState === ws.OPEN) ws.ping()
          break
        case 'dead':
        case 'idle':
          this.#dead()
          socket.destroy()
          break
        case 'wait':
          break
      }
    }
  }
}
