import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openLog } from '../../src/log/index.ts'
import { readRecords, temporaryDirectory } from './temporary-log.ts'

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url))
const FAULTS = fileURLToPath(new URL('disk-faults.c', import.meta.url))

const EIO = 5
const ENOSPC = 28

const linesOf = (trace: string): string[][] =>
  existsSync(trace)
    ? readFileSync(trace, 'utf8')
        .split('\n')
        .filter((l) => l !== '')
        .map((l) => l.split(' '))
    : []

/** Opens the log again: what was acknowledged is there, at its offset; what was refused for want of room is not. */
async function checkAgainst(directory: string, lines: readonly string[][]): Promise<number> {
  const log = await openLog({ directory, maintainEveryMs: 0 })
  try {
    for (const report of await log.verify()) expect(report.damage).toBeNull()
    const numbers =
      log.topic('t') === undefined ? [] : (await readRecords(log, 't')).map((r) => Number(r.value!.split(' ', 1)[0]))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    for (const [event, n, detail] of lines) {
      if (event === 'ack') expect(numbers[Number(detail)]).toBe(Number(n))
      if (event === 'refused' && detail === 'LOG_FULL') expect(numbers).not.toContain(Number(n))
    }
    return numbers.length
  } finally {
    await log.close()
  }
}

describe('kill -9', () => {
  it('at any moment loses no acknowledged record, and doubles none', async () => {
    const directory = temporaryDirectory()
    let kept = 0
    for (let round = 0; round < 10; round++) {
      const trace = join(directory, `trace-${round}`)
      const child = spawn(process.execPath, [WRITER, join(directory, 'log'), trace], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
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
  const reason = process.platform === 'linux' ? 'no C compiler' : 'the preloaded library is for Linux'
  let library: string | null = null
  const builds = mkdtempSync(join(tmpdir(), 'millrace-faults-'))
  afterAll(() => rmSync(builds, { recursive: true, force: true }))

  beforeAll(() => {
    if (process.platform !== 'linux') return
    const built = join(builds, 'disk-faults.so')
    const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', built, FAULTS, '-ldl'], { stdio: 'inherit' })
    if (status === 0) library = built
  })

  async function run(directory: string, count: number, environment: Record<string, string>): Promise<string[][]> {
    const trace = join(directory, 'trace')
    const child = spawn(
      process.execPath,
      [WRITER, join(directory, 'log'), trace, `${count}`, join(directory, 'armed')],
      {
        stdio: ['ignore', 'ignore', 'ignore'],
        env: {
          ...process.env,
          LD_PRELOAD: library!,
          FAULTS_TRACE: trace,
          FAULTS_ARM: join(directory, 'armed'),
          ...environment,
        },
      },
    )
    await once(child, 'exit')
    return linesOf(trace)
  }

  it('is slow: no acknowledgement comes before its sync', async (context) => {
    if (library === null) context.skip(reason)
    const directory = temporaryDirectory()
    const lines = await run(directory, 60, { FAULTS_DELAY: '5' })
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
    expect(acknowledged).toBe(60)
    await checkAgainst(join(directory, 'log'), lines)
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
    const numbers = async () => (await readRecords(log, 't')).map((r) => Number(r.value!.split(' ', 1)[0]))
    expect(await numbers()).toEqual(Array.from({ length: count }, (_, i) => i))
    await log.alterTopic('t', { retentionBytes: 4_000_000 })
    await log.maintain()
    for (let i = 0; i < 100; i++) await append(count + i)
    expect((await numbers()).at(-1)).toBe(count + 99)
    expect((await log.verify())[0]!.damage).toBeNull()
  })

  const faults = [
    ['data', EIO],
    ['data', ENOSPC],
    ['data', 0],
    ['sync', EIO],
    ['sync', ENOSPC],
    ['meta', EIO],
    ['meta', ENOSPC],
    ['meta', 0],
  ] as const
  it.for(faults)(
    'fails in %s with %i: a refusal or a fatal error, and no acknowledged record is lost',
    async ([kind, what], context) => {
      if (library === null) context.skip(reason)
      for (let n = 1; n <= 4; n++) {
        const directory = temporaryDirectory()
        const lines = await run(directory, 30, { FAULTS_FAIL: `${kind}:${n}:${what}` })
        expect(lines.at(-1)).toEqual(['done'])
        const refusals = lines.filter(([event]) => event === 'refused').map(([, , code]) => code)
        // Only a data page that finds no room is harmless; everything else leaves the disk in doubt.
        expect([...new Set(refusals)]).toEqual([kind === 'data' && what === ENOSPC ? 'LOG_FULL' : 'LOG_FAILED'])
        if (refusals.includes('LOG_FAILED')) {
          const from = lines.findIndex(([event]) => event === 'refused')
          expect(lines.slice(from).filter(([event]) => event === 'ack')).toEqual([])
        }
        await checkAgainst(join(directory, 'log'), lines)
      }
    },
  )
})
