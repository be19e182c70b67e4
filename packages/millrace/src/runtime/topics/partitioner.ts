/**
 * The partition a keyed record belongs to: that of Kafka's default partitioner, so that keys stay where they are when topics move there
 * (murmur2 with its seed, sign bit dropped, modulo).
 */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(key) & 0x7fffffff) % partitions
}

/** Austin Appleby's MurmurHash2, 32 bits, with the seed Kafka uses. */
export function murmur2(data: Uint8Array): number {
  const M = 0x5bd1e995
  const { length } = data
  let h = 0x9747b28c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - i
  if (rest >= 3) h ^= data[i + 2]! << 16
  if (rest >= 2) h ^= data[i + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ data[i]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}
