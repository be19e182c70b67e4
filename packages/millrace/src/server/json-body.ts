import { MillraceError } from '../kernel/index.ts'

/** The members of a body that is one JSON object. @throws MillraceError REQUEST_INVALID */
export function parseJsonObject(body: Buffer, members: readonly string[]): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(utf8(body))
  } catch (cause) {
    if (MillraceError.is(cause)) throw cause
    throw new MillraceError('REQUEST_INVALID', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MillraceError('REQUEST_INVALID', 'the body is no JSON object', { hint: `Members: ${members.join(', ')}.` })
  }
  const stray = Object.keys(value).find((name) => !members.includes(name))
  if (stray !== undefined) {
    throw new MillraceError('REQUEST_INVALID', `there is no member ${JSON.stringify(stray)}`, { hint: `Members: ${members.join(', ')}.` })
  }
  return value as Readonly<Record<string, unknown>>
}

/** @throws MillraceError REQUEST_INVALID */
export function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new MillraceError('REQUEST_INVALID', 'the body is not UTF-8')
  }
}
