import type { ByteWriter } from './byte-writer.ts'

const SCRATCH = new Uint8Array(64)

/**
 * Writes unscaled / 10^scale in plain digits: `unscaled` a safe integer, at least one digit before the point and
 * exactly `places` behind it (places >= scale) or, without `places`, as many as the number needs.
 */
export function writeScaled(out: ByteWriter, unscaled: number, scale: number, places?: number): void {
  let from = SCRATCH.length
  let rest = unscaled < 0 ? -unscaled : unscaled
  // Nine digits at a time stay in small integers.
  if (rest >= 1e9) {
    const high = Math.floor(rest / 1e9)
    from = putDigits(rest - high * 1e9, from, 9)
    rest = high
  }
  from = putDigits(rest, from, 1)
  const digits = SCRATCH.length - from
  let fraction = scale
  let last = SCRATCH.length
  if (places === undefined) {
    while (fraction > 0 && last > from && SCRATCH[last - 1] === 0x30) {
      fraction--
      last--
    }
    // Zero, at any scale.
    if (last === from) fraction = 0
  }
  out.reserve(Math.max(digits, scale + 1) + (places ?? 0) + 2)
  const { bytes } = out
  let { at } = out
  if (unscaled < 0) bytes[at++] = 0x2d
  const whole = digits - scale
  if (whole <= 0) bytes[at++] = 0x30
  for (let i = 0; i < whole; i++) bytes[at++] = SCRATCH[from++]!
  if (fraction > 0 || (places ?? 0) > 0) {
    bytes[at++] = 0x2e
    for (let i = whole; i < 0; i++) bytes[at++] = 0x30
    while (from < last) bytes[at++] = SCRATCH[from++]!
    for (let i = scale; i < (places ?? 0); i++) bytes[at++] = 0x30
  }
  out.at = at
}

/** Digits of a small non-negative integer before `to`, zero-padded to `width`; returns where they begin. */
function putDigits(value: number, to: number, width: number): number {
  let rest = value | 0
  const padded = to - width
  do {
    const quotient = (rest / 10) | 0
    SCRATCH[--to] = 0x30 + (rest - quotient * 10)
    rest = quotient
  } while (rest > 0)
  while (to > padded) SCRATCH[--to] = 0x30
  return to
}

/** Exactly `width` digits; `value` is a small non-negative integer. Room must be reserved. */
export function writePadded(out: ByteWriter, value: number, width: number): void {
  const { bytes, at } = out
  let rest = value | 0
  for (let i = at + width - 1; i >= at; i--) {
    const quotient = (rest / 10) | 0
    bytes[i] = 0x30 + (rest - quotient * 10)
    rest = quotient
  }
  out.at = at + width
}
