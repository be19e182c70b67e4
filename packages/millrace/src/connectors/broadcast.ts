import type { EncodedRows } from '../formats/index.ts'
import type { FrameBuffer } from '../wire/index.ts'

/**
 * What happens to a client that does not read as fast as rows come:
 * - `disconnect`: it is closed with 4429 and a reason that names the row to resume from;
 * - `drop_oldest`: it loses the oldest rows and is told so by a gap notice;
 * - `conflate`: while it is far behind, only the latest row of every key is kept for it; closed with 4429 when even these are too many.
 */
export type SlowClientPolicy =
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'drop_oldest' }
  | { readonly kind: 'conflate'; readonly keyOf: KeyOf }

/** The key of a row, bytes [start, end). Equal texts are the same key. */
export type KeyOf = (bytes: Uint8Array, start: number, end: number) => string

/** Where a client's bytes go: a socket. Never throws. */
export interface ClientSink {
  /** Whole messages, which may be shared with other clients and must not be changed. */
  write(chunk: Buffer): void
  /** Bytes written that the transport has not yet handed to the system. */
  readonly pendingBytes: number
  /** Calls back once what is pending now was handed to the system, or never will be. */
  whenDrained(callback: () => void): void
  /** What was written goes out first. */
  close(code: number, reason: string): void
}

/** Rows a client has lost or cannot get: sequence numbers `from` to `to`, inclusive. */
export interface RowGap {
  readonly from: number
  /** Null: unknown, since `from` counts in a stream that is over. What follows is of the present one. */
  readonly to: number | null
  /** Of the client's own rows; null: unknown. */
  readonly count: number | null
  readonly reason: 'slow_client' | 'not_retained' | 'restarted'
}

/** How rows look on one transport. */
export interface RowEncoding {
  /** Equal ids: equal bytes. Clients share what is encoded. */
  readonly id: string
  /** Appends the message of the row, bytes [start, end). */
  row(out: FrameBuffer, bytes: Uint8Array, start: number, end: number, sequence: number): void
  /** The message of a gap. */
  gap(gap: RowGap): Buffer
  /** The first message to a client; null: none. */
  hello(stream: string, nextSequence: number): Buffer | null
}

/** Which rows a client wants. Clients with equal encoding and filter cost one evaluation a row together. */
export interface RowFilter {
  readonly id: string
  matches(bytes: Uint8Array, start: number, end: number): boolean
}

export interface AttachOptions {
  readonly encoding: RowEncoding
  /** Absent: all rows. */
  readonly filter?: RowFilter | undefined
  readonly policy: SlowClientPolicy
  /** Bytes that may wait for the client before the policy applies. */
  readonly queueBytes: number
  /** The first row wanted, by sequence number. Absent: from now on. */
  readonly from?: number | undefined
  /** The stream that `from` counts in. Absent: the present one. */
  readonly stream?: string | undefined
}

export interface Attachment {
  /** The client is gone. Idempotent. */
  detach(): void
}

export interface BroadcastOptions {
  /** Bytes of rows kept for clients that resume or are behind. At least the largest queue. */
  readonly retainBytes: number
}

export interface BroadcastStatistics {
  readonly clients: number
  /** The sequence number of the next row. */
  readonly nextSequence: number
  /** Written to clients. */
  readonly messages: number
  readonly bytes: number
  /** Rows that clients lost, by policy, and clients that were closed for being slow. */
  readonly droppedRows: number
  readonly conflatedRows: number
  readonly disconnectedClients: number
  /** Bytes waiting for all clients now. */
  readonly queuedBytes: number
}

/**
 * One stream of rows to any number of clients. Rows get sequence numbers from 0 on. Each is encoded once per encoding and filter, and
 * the messages of one tick go to each client in one write. A slow client delays neither the others nor the publisher.
 */
export interface Broadcast {
  /** Another one after every start: sequence numbers of different streams have nothing to do with each other. */
  readonly stream: string
  /** Takes the rows and their bytes. A promise: more would be published than sockets can be written; wait for it. */
  publish(rows: EncodedRows): Promise<void> | undefined
  attach(client: ClientSink, options: AttachOptions): Attachment
  /** Resolves when everything published so far was written to the clients that keep up. */
  flush(): Promise<void>
  statistics(): BroadcastStatistics
  /** Flushes, gives clients that are behind `graceMs` to catch up, then closes all. */
  close(code: number, reason: string, graceMs: number): Promise<void>
}
