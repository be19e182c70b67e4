import type { PayloadBlock, PayloadValues } from './executor.ts'

export function payloadCount(block: PayloadBlock): number {
  return block.timestamps.length
}

export function payloadBytes(block: PayloadBlock): number {
  const { values } = block
  if (values.kind === 'packed') return values.offsets[values.offsets.length - 1]! - values.offsets[0]!
  let total = 0
  for (const payload of values.payloads) total += payload.length
  return total
}

/** The same payloads back to back in a buffer of their own, which can be moved to another thread. */
export function pack(block: PayloadBlock): PayloadBlock & { readonly values: Extract<PayloadValues, { kind: 'packed' }> } {
  const { values } = block
  if (values.kind === 'packed') {
    const start = values.offsets[0]!
    const bytes = values.bytes.slice(start, values.offsets[values.offsets.length - 1])
    // A view would take the whole buffer it lies in with it.
    const timestamps = block.timestamps.slice()
    return { ...block, timestamps, values: { kind: 'packed', bytes, offsets: values.offsets.map((o) => o - start) } }
  }
  const bytes = new Uint8Array(payloadBytes(block))
  const offsets = new Uint32Array(values.payloads.length + 1)
  let at = 0
  values.payloads.forEach((payload, i) => {
    bytes.set(payload, at)
    at += payload.length
    offsets[i + 1] = at
  })
  return { ...block, values: { kind: 'packed', bytes, offsets } }
}
