/** Raised when messages change in a way that clients of the version before do not understand. */
export const PROTOCOL_VERSION = 1

/** The WebSocket subprotocol that asks for row numbers, where an address can have no query. */
export const ENVELOPE_PROTOCOL = 'millrace.envelope'

/** Where a client is in a stream. */
export interface StreamPosition {
  /** Absent: whatever stream there is. */
  readonly stream?: string | undefined
  /** The number of the first row wanted. */
  readonly next: number
}

/** The address that asks for numbered rows, from a position on or, without one, from now on. Other parameters of `url` stay. */
export function streamUrl(url: string, position: StreamPosition | null): string {
  const address = new URL(url)
  address.searchParams.set('envelope', 'true')
  if (position !== null) {
    address.searchParams.set('from', String(position.next))
    if (position.stream !== undefined) address.searchParams.set('stream', position.stream)
  }
  return address.href
}
