import type { Value } from '../../kernel/index.ts'

/** Approximate heap bytes of a value. */
export function valueBytes(value: Value): number {
  if (typeof value === 'string') return 16 + value.length * 2
  if (value instanceof Uint8Array) return 64 + value.length
  if (Array.isArray(value)) {
    let bytes = 32
    for (const item of value as readonly Value[]) bytes += valueBytes(item)
    return bytes
  }
  return typeof value === 'object' && value !== null ? 40 : 16
}
