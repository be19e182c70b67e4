import { addInt, type Int, MICROS_PER_SECOND } from '../../kernel/index.ts'
import { rowError, shown } from './definition.ts'

/** What clocks show somewhere. All offsets are microseconds east of UTC. */
export interface TimeZone {
  readonly name: string
  /** At an instant. */
  offsetAt(micros: Int): number
}

const MICROS_PER_MILLI = 1000
const MILLIS_PER_DAY = 86_400_000
/** What a Date can be. */
const MAX_MILLIS = 8.64e15
const MAX_KEPT_DAYS = 10_000
const MAX_KEPT_ZONES = 1000

const FIXED = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/i
const UTC = /^(?:UTC|GMT|Z|Etc\/UTC)$/i

const kept = new Map<string, TimeZone>()

/** A zone by its IANA name or as an offset like +05:30. Throws a row error where there is none. */
export function timeZone(name: string): TimeZone {
  let zone = kept.get(name)
  if (zone === undefined) {
    zone = fixedZone(name) ?? namedZone(name)
    if (kept.size === MAX_KEPT_ZONES) kept.clear()
    kept.set(name, zone)
  }
  return zone
}

function fixedZone(name: string): TimeZone | undefined {
  if (UTC.test(name)) return { name: 'UTC', offsetAt: () => 0 }
  const match = FIXED.exec(name)
  if (match === null) return undefined
  const [, sign, hours, minutes = '0', seconds = '0'] = match
  if (Number(hours) > 18 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * MICROS_PER_SECOND
  return { name, offsetAt: () => (sign === '-' ? -offset : offset) }
}

function namedZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat
  try {
    // Some platforms take any offset as a name; those that `fixedZone` has refused are none.
    if (FIXED.test(name)) throw new RangeError(name)
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    throw rowError(`there is no time zone ${shown(name)}`, "Zones are named as in 'Europe/Berlin', 'UTC' or '+05:30'.")
  }
  return new NamedZone(name, format)
}

/** Asks the platform's time zone data, and keeps the offset of days on which it does not change: asking takes microseconds. */
class NamedZone implements TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  /** By day since 1970; null: the offset changes on it. */
  readonly #days = new Map<number, number | null>()

  constructor(name: string, format: Intl.DateTimeFormat) {
    this.name = name
    this.#format = format
  }

  offsetAt(micros: Int): number {
    const millis = Math.floor(Number(micros) / MICROS_PER_MILLI)
    const day = Math.floor(millis / MILLIS_PER_DAY)
    let offset = this.#days.get(day)
    if (offset === undefined) {
      const start = this.#ask(day * MILLIS_PER_DAY)
      offset = start === this.#ask((day + 1) * MILLIS_PER_DAY) ? start : null
      if (this.#days.size === MAX_KEPT_DAYS) this.#days.clear()
      this.#days.set(day, offset)
    }
    return offset ?? this.#ask(millis)
  }

  #ask(millis: number): number {
    const known = Math.max(-MAX_MILLIS, Math.min(MAX_MILLIS, millis))
    const part = this.#format.formatToParts(known).find(({ type }) => type === 'timeZoneName')
    return part === undefined ? 0 : (fixedZone(part.value)?.offsetAt(0) ?? 0)
  }
}

/** What clocks in the zone show at an instant, as if it were UTC. */
export function localTime(instant: Int, zone: TimeZone): Int {
  return addInt(instant, zone.offsetAt(instant))
}

const DAY = 86_400 * MICROS_PER_SECOND

/**
 * The instant at which clocks in the zone show a time: the first of two where they are set back, and where they are set forward the time
 * they would show if they had not been, as java.time and Temporal have it.
 */
export function instantOf(local: Int, zone: TimeZone): Int {
  const before = zone.offsetAt(addInt(local, -DAY))
  const after = zone.offsetAt(addInt(local, DAY))
  const early = addInt(local, -Math.max(before, after))
  const late = addInt(local, -Math.min(before, after))
  if (localTime(early, zone) === local) return early
  if (localTime(late, zone) === local) return late
  return addInt(local, -before)
}
