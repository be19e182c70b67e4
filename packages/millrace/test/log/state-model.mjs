/** A state that is known for every step: what the writer of snapshots saves, and what must be loaded again. */

const KEYS = 3000

function random(seed) {
  let x = (seed * 2654435761 + 12345) >>> 0
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return Math.floor((x / 2 ** 32) * below)
  }
}

/** Changes of step n: mostly small ones, now and then values larger than a chunk or a great many. */
export function changesOf(n) {
  const next = random(n)
  const count = n % 10 === 0 ? 20_000 : 1 + next(400)
  return Array.from({ length: count }, (_, i) => {
    const size = i === 0 && n % 7 === 0 ? 700_000 : next(60)
    return {
      node: `node ${next(3)}`,
      key: Buffer.from(`key ${next(KEYS)}`),
      value: next(4) === 0 ? null : Buffer.alloc(size + 8, `${n}:${i} `),
    }
  })
}

export function apply(state, changes) {
  for (const { node, key, value } of changes) {
    const name = `${node}/${Buffer.from(key).toString()}`
    if (value === null) state.delete(name)
    else state.set(name, Buffer.from(value).toString())
  }
}
