/** The first message: which stream this is, and the number of the next new row. */
export interface Hello {
  /** Differs from one start of the stream to the next; row numbers mean something only within one. */
  readonly stream: string
  readonly next: number
}

/** Rows a client has lost or cannot get: numbers `from` to `to`, inclusive. */
export interface RowGap {
  readonly from: number
  readonly to: number
  /** How many of them; null: unknown. */
  readonly count: number | null
  readonly reason: 'slow_client' | 'not_retained' | 'restarted'
}

export type ServerMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'gap'; readonly gap: RowGap }
  /** `text` is the row as the server wrote it: numbers keep their digits. */
  | { readonly kind: 'row'; readonly sequence: number; readonly text: string }

const ROW = /^\{"seq":(\d+),"row":/
const NOTICE = '{"$millrace":'

/**
 * Reads a message of the envelope form:
 *
 *     {"$millrace":{"hello":{"stream":"9f2c11d0","next":42}}}
 *     {"$millrace":{"gap":{"from":7,"to":19,"count":13,"reason":"slow_client"}}}
 *     {"seq":42,"row":{...}}
 *
 * Undefined when it is none of them; messages that later versions add are to be ignored.
 */
export function parseMessage(text: string): ServerMessage | undefined {
  const row = ROW.exec(text)
  if (row !== null) return { kind: 'row', sequence: Number(row[1]), text: text.slice(row[0].length, -1) }
  if (!text.startsWith(NOTICE)) return undefined
  const { $millrace: notice } = JSON.parse(text) as {
    readonly $millrace: { readonly hello?: Hello; readonly gap?: RowGap }
  }
  if (notice.hello !== undefined) return { kind: 'hello', hello: notice.hello }
  if (notice.gap !== undefined) return { kind: 'gap', gap: notice.gap }
  return undefined
}
