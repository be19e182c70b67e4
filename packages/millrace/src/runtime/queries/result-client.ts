import type { RowEncoding } from '../../connectors/index.ts'
import type { JobEnd } from '../job/job-types.ts'

/** How the messages of a result look on one transport. A row is the message as JSON. */
export interface ResultEncoding extends RowEncoding {
  /** One message. */
  frame(message: Uint8Array): Buffer
}

/** Where the messages of a subscription go: a socket. Never throws. */
export interface ResultClient {
  write(chunk: Buffer): void
  /** Bytes written that the transport has not yet handed to the system. */
  readonly pendingBytes: number
  /** Calls back once what is pending now was handed to the system, or never will be. */
  whenDrained(callback: () => void): void
  /** The subscription is over: the query has ended, or the client was too slow (`failed` with CLIENT_TOO_SLOW). */
  end(end: JobEnd): void
}
