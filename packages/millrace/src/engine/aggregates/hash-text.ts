/** A hash of 52 bits: the high 20 and the low 32 as unsigned integers. */
export interface Hash {
  readonly high: number
  readonly low: number
}

/** Two lanes of FNV-1a over the UTF-16 units, each finished as MurmurHash3 does. Not for secrets. */
export function hashText(text: string): Hash {
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b)
  }
  return { high: avalanche(a ^ text.length) >>> 12, low: avalanche(b + Math.imul(a, 0x9e3779b1)) >>> 0 }
}

function avalanche(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
