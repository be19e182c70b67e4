export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

export function percentile(sorted, fraction) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]
}

/** CPU seconds (user and system) this process spends in `work`. */
export async function cpuSeconds(work) {
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, value }
}

/**
 * CPU seconds (user and system, all threads) of this process from the moment it is warm: compilers and caches have then done what a server
 * needs done once. `mark` is called with every count of results; the clock starts when it first reaches `warm`.
 */
export class SteadyCpu {
  #warm
  #before = null

  constructor(warm) {
    this.#warm = warm
  }

  mark(results) {
    if (this.#before === null && results >= this.#warm) this.#before = process.cpuUsage()
  }

  seconds() {
    if (this.#before === null) throw new Error('never got warm')
    const { user, system } = process.cpuUsage(this.#before)
    return (user + system) / 1e6
  }
}

/** Runs ours and the baseline in turn, `rounds` times each after a warm-up, so that both meet the same neighbours. */
export async function alternate(rounds, ours, baseline) {
  await ours()
  await baseline()
  const figures = { ours: [], baseline: [] }
  for (let i = 0; i < rounds; i++) {
    figures.ours.push(await ours())
    figures.baseline.push(await baseline())
  }
  return { ours: median(figures.ours), baseline: median(figures.baseline) }
}

export function assertEqual(ours, theirs, what) {
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
  if (a !== b) throw new Error(`${what}: answers differ before anything is timed: ${a} against ${b}`)
}
