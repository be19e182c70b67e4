import { skipJsonSpace } from '../../kernel/index.ts'

/**
 * Walks over text that the scanner accepted: no check is repeated. `visit` gets ranges; a key's range includes its
 * quotes.
 */

export function eachMember(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void,
): void {
  let i = skipJsonSpace(bytes, start + 1, end)
  while (bytes[i] !== 0x7d) {
    const keyEnd = pastString(bytes, i)
    const valueStart = skipJsonSpace(bytes, skipJsonSpace(bytes, keyEnd, end) + 1, end)
    const valueEnd = pastValue(bytes, valueStart, end)
    visit(i, keyEnd, valueStart, valueEnd)
    i = skipJsonSpace(bytes, valueEnd, end)
    if (bytes[i] === 0x2c) i = skipJsonSpace(bytes, i + 1, end)
  }
}

export function eachElement(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (valueStart: number, valueEnd: number) => void,
): void {
  let i = skipJsonSpace(bytes, start + 1, end)
  while (bytes[i] !== 0x5d) {
    const valueEnd = pastValue(bytes, i, end)
    visit(i, valueEnd)
    i = skipJsonSpace(bytes, valueEnd, end)
    if (bytes[i] === 0x2c) i = skipJsonSpace(bytes, i + 1, end)
  }
}

/** Behind the string that begins at `i`. */
function pastString(bytes: Uint8Array, i: number): number {
  for (i++; ; i++) {
    const c = bytes[i]!
    if (c === 0x22) return i + 1
    if (c === 0x5c) i++
  }
}

/** Behind the value that begins at `i`. */
export function pastValue(bytes: Uint8Array, i: number, end: number): number {
  const first = bytes[i]!
  if (first === 0x22) return pastString(bytes, i)
  if (first !== 0x7b && first !== 0x5b) {
    while (i < end && !endsScalar(bytes[i]!)) i++
    return i
  }
  for (let depth = 0; ; ) {
    const c = bytes[i]!
    if (c === 0x22) {
      i = pastString(bytes, i)
      continue
    }
    i++
    if (c === 0x7b || c === 0x5b) depth++
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i
  }
}

function endsScalar(c: number): boolean {
  return c === 0x2c || c === 0x7d || c === 0x5d || c <= 0x20
}
