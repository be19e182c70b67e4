/**
 * How many pieces of one unfinished message `ws` may hold. A message of the largest allowed size must get through in
 * pieces of 256 bytes; a peer that sends it byte by byte only ties up memory.
 */
export function maxBufferedChunks(maxMessageBytes: number): number {
  return Math.max(4096, Math.ceil(maxMessageBytes / 256))
}
