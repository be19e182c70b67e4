import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../../src/kernel/index.ts'
import { openLog, openStateStore } from '../../src/log/index.ts'
import { readRecords, temporaryDirectory, values } from './temporary-log.ts'

const DIST = fileURLToPath(new URL('../../dist/log/index.js', import.meta.url))
const CLOCK = fileURLToPath(new URL('jumping-clock.c', import.meta.url))
const CLOCK_WRITER = fileURLToPath(new URL('clock-writer.mjs', import.meta.url))

const HOUR = 3_600_000_000

const opening = [
  ['log', openLog],
  ['state store', openStateStore],
] as const

describe('a data directory', { timeout: 120_000 }, () => {
  it.for(opening)('of a %s on a disk that is read-only is refused, and named', async ([, open], context) => {
    const disk = temporaryDirectory()
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', disk]).status !== 0)
      context.skip('no permission to mount a file system')
    onTestFinished(() => void spawnSync('umount', ['-l', disk]))
    const directory = join(disk, 'data')
    await (await open({ directory })).close()
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0)
    for (const place of [directory, join(disk, 'new')]) {
      await expect(open({ directory: place })).rejects.toMatchObject({
        code: 'LOG_DIRECTORY',
        message: expect.stringContaining(place),
        hint: expect.stringContaining('read-only'),
      })
    }
    expect(spawnSync('mount', ['-o', 'remount,rw', disk]).status).toBe(0)
    await (await open({ directory })).close()
  })

  it('that this user may not write is refused, and named', async (context) => {
    const user = process.getuid?.()
    if (user === undefined) context.skip('no users here')
    const parent = temporaryDirectory()
    const directory = join(parent, 'data')
    mkdirSync(directory)
    chmodSync(directory, 0o555)
    chmodSync(parent, 0o755)
    const script = `import { openLog, openStateStore } from ${JSON.stringify(DIST)}
      for (const open of [openLog, openStateStore]) {
        await open({ directory: ${JSON.stringify(directory)} }).catch((e) => console.log(e.code, e.message))
      }`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      // The superuser may write everywhere.
      ...(user === 0 && { uid: 65_534, gid: 65_534 }),
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBe(2)
    for (const line of lines)
      expect(line).toMatch(new RegExp(`^LOG_DIRECTORY data directory "${directory}" cannot be used`))
  })

  it.for(opening)('of a %s belongs to one process', async ([name, open]) => {
    const directory = temporaryDirectory()
    const script = `import { openLog, openStateStore } from ${JSON.stringify(DIST)}
      await (${JSON.stringify(name)} === 'log' ? openLog : openStateStore)({ directory: ${JSON.stringify(directory)} })
      process.stdout.write('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = once(child, 'exit')
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await expect(open({ directory })).rejects.toMatchObject({
      code: 'LOG_LOCKED',
      message: expect.stringContaining(`process ${child.pid}`),
    })
    child.kill('SIGKILL')
    await gone
    await (await open({ directory })).close()
  })
})

describe('a clock', { timeout: 120_000 }, () => {
  it('that is set while the log is open neither moves its timestamps nor ages what it has', async (context) => {
    if (process.platform !== 'linux') context.skip('the preloaded library is for Linux')
    const directory = temporaryDirectory()
    const library = join(directory, 'clock.so')
    const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, CLOCK, '-ldl'], { stdio: 'inherit' })
    if (built.status !== 0) context.skip('no C compiler')
    const jump = join(directory, 'jump')
    const { stdout } = spawnSync(process.execPath, [CLOCK_WRITER, join(directory, 'log'), jump, '5', '-8', '0'], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: library, JUMP: jump },
    })
    const rounds = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as [number, number[]])
    expect(rounds.map(([hours]) => hours)).toEqual([0, 5, -8, 0])
    expect(rounds.map(([, times]) => times.length)).toEqual([3, 6, 9, 12])
    const times = rounds.at(-1)![1]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.at(-1)! - times[0]!).toBeLessThan(HOUR / 2)
  })

  it('that is behind after a restart holds timestamps still, and expires nothing', async () => {
    const clock = new ManualClock(100 * HOUR)
    const directory = temporaryDirectory()
    const append = async (hours: number) => {
      clock.set(hours * HOUR)
      const log = await openLog({ directory, clock, maintainEveryMs: 0 })
      if (log.topic('t') === undefined) await log.createTopic('t', { retentionMs: 3_600_000 })
      for (let i = 0; i < 3; i++) await log.append({ topic: 't', records: [{ value: Buffer.alloc(250_000) }] })
      await log.maintain()
      const times = (await readRecords(log, 't')).map((r) => r.timestamp / HOUR)
      await log.close()
      return times
    }
    expect(await append(100)).toEqual([100, 100, 100])
    expect(await append(92)).toEqual([100, 100, 100, 100, 100, 100])
    expect(await append(100.5)).toEqual([100, 100, 100, 100, 100, 100, 100.5, 100.5, 100.5])
  })

  it('that is ahead after a restart is as time that has passed, but what is held and the newest blocks stay', async () => {
    const clock = new ManualClock(100 * HOUR)
    const directory = temporaryDirectory()
    let log = await openLog({ directory, clock, maintainEveryMs: 0 })
    await log.createTopic('t', { retentionMs: 3_600_000 })
    await log.createTopic('held', { retentionMs: 3_600_000 })
    for (const topic of ['t', 'held']) {
      for (let i = 0; i < 6; i++) await log.append({ topic, records: [{ value: Buffer.alloc(250_000) }] })
    }
    await log.commit({ holds: [{ owner: 'pipeline', topic: 'held', partition: 0, offset: 1 }] })
    await log.close()
    clock.set(105 * HOUR)
    log = await openLog({ directory, clock, maintainEveryMs: 0 })
    await log.maintain()
    expect((await readRecords(log, 't')).map((r) => r.offset)).toEqual([4, 5])
    expect((await readRecords(log, 'held')).map((r) => r.offset)).toEqual([1, 2, 3, 4, 5])
    clock.set(100 * HOUR)
    await log.append({ topic: 't', records: values('after') })
    expect((await readRecords(log, 't')).at(-1)!.timestamp).toBe(100 * HOUR)
    await log.close()
  })
})
