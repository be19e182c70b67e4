import { rowError } from './definition.ts'

/** Results longer than this (in UTF-16 units) are refused: one row must not fill the memory. */
const MAX_TEXT_LENGTH = 16 * 1024 * 1024

const SURROGATE = /[\ud800-\udfff]/

/** Whether characters and UTF-16 units are the same thing in this text. */
export function isPlain(text: string): boolean {
  return !SURROGATE.test(text)
}

export function codePointLength(text: string): number {
  if (isPlain(text)) return text.length
  let length = 0
  for (const _ of text) length++
  return length
}

/** Characters [from, to), counted from 0; positions outside the text are cut off. */
export function codePointSlice(text: string, from: number, to: number): string {
  const start = Math.max(0, from)
  if (to <= start) return ''
  if (isPlain(text)) return text.slice(start, to)
  return [...text].slice(start, to).join('')
}

/** The number of characters before a UTF-16 offset. */
export function codePointIndex(text: string, offset: number): number {
  return codePointLength(text.slice(0, offset))
}

export function checkTextLength(length: number): void {
  if (length > MAX_TEXT_LENGTH)
    throw rowError(`the text would be ${length} characters long; the limit is ${MAX_TEXT_LENGTH}`)
}
