import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openLog } from '../../src/log/index.ts'
import { FAULTS, FaultyDisk } from './faulty-disk.ts'
import { linesOf, readRecords, temporaryDirectory, text } from './temporary-log.ts'

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url))
const SERVER = fileURLToPath(new URL('server-writer.mjs', import.meta.url))

const numberIn = ({ value }: { readonly value: string | null }): number => Number(value!.split(' ', 1)[0])

/** Opens the log of the simple writer again: what was acknowledged is there, at its offset. */
async function checkAgainst(directory: string, lines: readonly string[][]): Promise<number> {
  const log = await openLog({ directory, maintainEveryMs: 0 })
  try {
    for (const report of await log.verify()) expect(report.damage).toBeNull()
    const numbers = log.topic('t') === undefined ? [] : (await readRecords(log, 't')).map(numberIn)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    for (const [event, n, offset] of lines) if (event === 'ack') expect(numbers[Number(offset)]).toBe(Number(n))
    return numbers.length
  } finally {
    await log.close()
  }
}

/** Opens the log of the server-like writer again: each commit is there whole or not at all, and those that were acknowledged are. */
async function checkCommits(directory: string, lines: readonly string[][]): Promise<void> {
  const log = await openLog({ directory, maintainEveryMs: 0 })
  try {
    expect((await log.verify()).map((report) => report.damage).filter((damage) => damage !== null)).toEqual([])
    expect(await log.verifyStore()).toEqual([])
    const journal = (await readRecords(log, 'journal')).map(numberIn)
    expect(journal).toEqual([...new Set(journal)].toSorted((a, b) => a - b))
    const results = [0, 1].map((partition) => readRecords(log, 'result', { partition }))
    const [even, odd] = (await Promise.all(results)).map((records) => records.map(numberIn))
    const twice = (parity: number) => journal.filter((k) => k % 2 === parity).flatMap((k) => [k, k])
    expect([even, odd]).toEqual([twice(0), twice(1)])
    const turnover = (await readRecords(log, 'turnover')).map(numberIn)
    expect(turnover).toEqual(journal.slice(journal.length - turnover.length))
    const values = await log.entries('each/')
    expect(values.map(([, value]) => Number(text(value))).toSorted((a, b) => a - b)).toEqual(journal)
    const last = await log.get('last')
    expect(last === undefined ? undefined : Number(text(last))).toBe(journal.at(-1))
    expect(log.holds().map(({ offset }) => offset)).toEqual(journal.slice(-1))
    for (const [event, k, detail, result] of lines) {
      if (event === 'ack') {
        expect(journal[Number(detail)]).toBe(Number(k))
        expect((Number(k) % 2 === 0 ? even! : odd!)[Number(result)]).toBe(Number(k))
      }
    }
  } finally {
    await log.close()
  }
}

describe('kill -9', () => {
  it('at any moment loses no acknowledged record, and doubles none', { timeout: 240_000 }, async () => {
    const directory = temporaryDirectory()
    let kept = 0
    for (let round = 0; round < 10; round++) {
      const trace = join(directory, `trace-${round}`)
      const child = spawn(process.execPath, [WRITER, join(directory, 'log'), trace], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const gone = once(child, 'exit')
      const wanted = 1 + ((round * 37) % 90)
      await new Promise<void>((resolve) => {
        const watcher = watch(directory, () => {
          if (linesOf(trace).filter(([event]) => event === 'ack').length < wanted) return
          watcher.close()
          resolve()
        })
      })
      child.kill('SIGKILL')
      await gone
      const lines = linesOf(trace)
      expect(lines.filter(([event]) => event === 'refused')).toEqual([])
      const now = await checkAgainst(join(directory, 'log'), lines)
      expect(now).toBeGreaterThanOrEqual(kept + wanted)
      kept = now
    }
  })
})

describe('a disk that', () => {
  const disk = new FaultyDisk()

  it('is slow: no acknowledgement comes before its sync', async (context) => {
    if (disk.missing !== null) context.skip(disk.missing)
    const directory = temporaryDirectory()
    const trace = join(directory, 'trace')
    const log = join(directory, 'log')
    await disk.run(SERVER, [log, trace, join(directory, 'arm')], { FAULTS_TRACE: trace, FAULTS_DELAY: '5' })
    const lines = linesOf(trace)
    let acknowledged = 0
    for (const [at, [event, n]] of lines.entries()) {
      if (event !== 'ack') continue
      acknowledged++
      const submitted = lines.findIndex(([e, m]) => e === 'submit' && m === n)
      const events = lines.slice(submitted, at).map((l) => l.join(' '))
      const pages = events.indexOf('data begin')
      const begun = events.indexOf('sync begin', pages)
      const synced = events.indexOf('sync end', begun)
      const valid = events.indexOf('meta end', synced)
      expect([pages, begun, synced, valid].every((i) => i >= 0)).toBe(true)
    }
    expect(acknowledged).toBe(9)
    await checkCommits(log, lines)
  })

  it('is full refuses appends, keeps what it has, and goes on once retention has made room', async (context) => {
    const directory = temporaryDirectory()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]).status === 0
    if (!mounted) context.skip('no permission to mount a small file system')
    onTestFinished(() => void spawnSync('umount', ['-l', directory]))
    const log = await openLog({ directory: join(directory, 'log'), maintainEveryMs: 0 })
    onTestFinished(() => log.close())
    await log.createTopic('t')
    const append = (n: number) => log.append({ topic: 't', records: [{ value: Buffer.alloc(250_000, `${n} `) }] })
    let count = 0
    const full = (async () => {
      for (;;) {
        await append(count)
        count++
      }
    })()
    await expect(full).rejects.toMatchObject({ code: 'LOG_FULL' })
    expect(count).toBeGreaterThan(50)
    const numbers = async () => (await readRecords(log, 't')).map(numberIn)
    expect(await numbers()).toEqual(Array.from({ length: count }, (_, i) => i))
    await log.alterTopic('t', { retentionBytes: 4_000_000 })
    await log.maintain()
    for (let i = 0; i < 100; i++) await append(count + i)
    expect((await numbers()).at(-1)).toBe(count + 99)
    expect((await log.verify())[0]!.damage).toBeNull()
  })

  it.for(FAULTS)(
    'fails in %s with %i, whichever call: the end, and nothing acknowledged is lost',
    { timeout: 240_000 },
    async (fault, context) => {
      if (disk.missing !== null) context.skip(disk.missing)
      const calls = await disk.runForEveryCall(fault, SERVER, [], async (directory, lines, failed) => {
        const answers = lines.filter(([event]) => event === 'ack' || event === 'refused')
        const from = answers.findIndex(([event]) => event === 'refused')
        // Nothing is acknowledged after a fault, and everything else fails for good.
        expect(from >= 0).toBe(failed)
        expect(answers.length).toBe(9)
        if (failed) expect([...new Set(answers.slice(from).map(([, , code]) => code))]).toEqual(['LOG_FAILED'])
        await checkCommits(directory, lines)
      })
      expect(calls).toBeGreaterThan(2)
    },
  )
})
