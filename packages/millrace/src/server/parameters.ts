import { MillraceError } from '../kernel/index.ts'
import { MAX_PRODUCER_ID } from '../runtime/index.ts'

/** @throws MillraceError REQUEST_INVALID */
export function producerId(text: string): string {
  if (text.length > 0 && text.length <= MAX_PRODUCER_ID && /^[\x20-\x7e]+$/.test(text)) return text
  throw new MillraceError('REQUEST_INVALID', 'the producer id is empty, too long or not ASCII', {
    hint: `Choose 1 to ${MAX_PRODUCER_ID} printable characters, like a UUID.`,
  })
}

/** @throws MillraceError REQUEST_INVALID */
export function sequenceNumber(text: string): number {
  const value = Number(text)
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value
  throw new MillraceError('REQUEST_INVALID', `producer sequence ${JSON.stringify(text)} is no whole number from 0`)
}

/** `true`, `false` or absent. @throws MillraceError REQUEST_INVALID */
export function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  if (text === null || text === 'false') return false
  if (text === 'true' || text === '') return true
  throw new MillraceError('REQUEST_INVALID', `parameter "${name}" is ${JSON.stringify(text)}`, { hint: 'Write true or false.' })
}
