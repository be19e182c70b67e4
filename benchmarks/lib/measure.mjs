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
