import { InvalidArgumentError } from 'commander'
import { byteSizeOption, parseDuration } from '../kernel/index.ts'

/** Parsers for values on the command line. Each throws what commander prints beside the option's name. */

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `Write a whole number from ${min} up.`
          : `Write a whole number from ${min} to ${max}.`,
      )
    }
    return value
  }
}

export const port = wholeNumber(0, 65_535)
export const positiveCount = wholeNumber(1, Number.MAX_SAFE_INTEGER)

/** `10,20,30` */
export function countList(text: string): readonly number[] {
  return text.split(',').map((part) => positiveCount(part.trim()))
}

/** The path of a URL. */
export function urlPath(text: string): string {
  if (!/^\/[^?#\s]*$/.test(text)) throw new InvalidArgumentError("Write a path like '/' or '/ws'.")
  return text
}

/** `max`, or a positive factor. */
export function speed(text: string): number | 'max' {
  if (text === 'max') return text
  const value = Number(text)
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('Write 1 for the recorded pace, 10 for ten times as fast, or max.')
  }
  return value
}

/** A duration in microseconds, or `never`: null. */
export function patience(text: string): number | null {
  if (text === 'never') return null
  const micros = parseDuration(text)
  if (micros === undefined || micros < 0) throw new InvalidArgumentError("Write a number with a unit, like 30s, or never.")
  return micros
}

/** A duration in milliseconds. */
export function durationMs(text: string): number {
  const micros = parseDuration(text)
  if (micros === undefined || micros <= 0)
    throw new InvalidArgumentError("Write a number with a unit, like 30s or '5 minutes'.")
  return Math.ceil(micros / 1000)
}

export function byteSize(text: string): number {
  const result = byteSizeOption().safeParse(text)
  if (!result.success) throw new InvalidArgumentError("Write bytes or a number with a unit, like 65536 or '4 MiB'.")
  return result.data
}

/** `Name: value`, repeatable. The value may hold colons and commas. */
export function header(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new InvalidArgumentError("Write 'Name: value'.")
  return [...before, [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]]
}

/** A repeatable option. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
