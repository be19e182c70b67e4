import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** A feed on a free port; clients are handed out in the order they connect. */
export class Feed {
  readonly #server: WebSocketServer
  readonly #arrived: WebSocket[] = []
  #wanted: ((client: WebSocket) => void) | null = null
  #connections = 0

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (client) => {
      this.#connections++
      if (this.#wanted === null) this.#arrived.push(client)
      else this.#wanted(client)
      this.#wanted = null
    })
  }

  static async start(): Promise<Feed> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    const feed = new Feed(server)
    await once(server, 'listening')
    return feed
  }

  get table(): string {
    return this.tableWith('')
  }

  /** `options`: more of them, each behind a comma. */
  tableWith(options: string): string {
    const { port } = this.#server.address() as AddressInfo
    return `CREATE TABLE trades (symbol TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH (
  connector = 'websocket', endpoint = 'ws://127.0.0.1:${port}/', format = 'json', reconnect.initial_delay = '10ms'${options}
);`
  }

  /** Clients that were let in. */
  get connections(): number {
    return this.#connections
  }

  client(): Promise<WebSocket> {
    const arrived = this.#arrived.shift()
    if (arrived !== undefined) return Promise.resolve(arrived)
    return new Promise((resolve) => {
      this.#wanted = resolve
    })
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
