import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

export type Style = (format: Format, text: string) => string

/** What the rendering needs to know of an output; `process.stdout` and `process.stderr` fit. */
export interface TerminalStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Whether lines already printed can be redrawn. */
export function canRedraw(stream: TerminalStream, env: Environment = process.env): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb'
}

/**
 * How text for `stream` is styled: FORCE_COLOR (other than empty, 0 and false) asks for colour anywhere, NO_COLOR (other than empty)
 * refuses it, otherwise a terminal that is not dumb gets it.
 */
export function styleFor(stream: TerminalStream, env: Environment = process.env): Style {
  return hasColor(stream, env)
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_, text) => text
}

function hasColor(stream: TerminalStream, env: Environment): boolean {
  const forced = env.FORCE_COLOR
  if (forced !== undefined) return forced !== '' && forced !== '0' && forced !== 'false'
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  return canRedraw(stream, env)
}
