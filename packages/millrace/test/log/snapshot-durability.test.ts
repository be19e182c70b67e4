import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStateStore } from '../../src/log/index.ts'
import { FAULTS, FaultyDisk } from './faulty-disk.ts'
import { apply, changesOf } from './state-model.mjs'
import { linesOf, temporaryDirectory } from './temporary-log.ts'

const WRITER = fileURLToPath(new URL('snapshot-writer.mjs', import.meta.url))

/** Opens the store again: the named snapshot is whole. */
async function checkAgainst(
  directory: string,
  snapshot: number | null,
  state: ReadonlyMap<string, string>,
): Promise<void> {
  const store = await openStateStore({ directory })
  try {
    if (snapshot !== null) {
      const loaded = new Map<string, string>()
      for await (const changes of store.load('job', snapshot)) apply(loaded, changes)
      expect(loaded).toEqual(state)
    }
    for (const report of await store.verify()) expect(report.damage).toBeNull()
    await store.settle('job', snapshot)
  } finally {
    await store.close()
  }
}

describe('kill -9', () => {
  it('at any moment leaves the named snapshot whole', { timeout: 240_000 }, async () => {
    const directory = temporaryDirectory()
    const state = new Map<string, string>()
    let step = 0
    let snapshot: number | null = null
    for (let round = 0; round < 8; round++) {
      const trace = join(directory, `trace-${round}`)
      const child = spawn(process.execPath, [WRITER, join(directory, 'state'), trace, `${step}`], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const gone = once(child, 'exit')
      const wanted = 4 + ((round * 31) % 70)
      await new Promise<void>((resolve) => {
        const watcher = watch(directory, () => {
          if (linesOf(trace).length < wanted) return
          watcher.close()
          resolve()
        })
      })
      child.kill('SIGKILL')
      await gone
      const lines = linesOf(trace)
      expect(lines.filter(([event]) => event === 'refused')).toEqual([])
      const named = lines.filter(([event]) => event === 'named').at(-1)
      if (named !== undefined) {
        for (let n = step + 1; n <= Number(named[1]); n++) apply(state, changesOf(n))
        step = Number(named[1])
        snapshot = Number(named[2])
      }
      await checkAgainst(join(directory, 'state'), snapshot, state)
    }
    expect(step).toBeGreaterThan(30)
  })
})

describe('a disk', () => {
  const disk = new FaultyDisk()

  it('that is slow delays the snapshot: it counts after its sync', async (context) => {
    if (disk.missing !== null) context.skip(disk.missing)
    const directory = temporaryDirectory()
    const trace = join(directory, 'trace')
    await disk.run(WRITER, [join(directory, 'state'), trace, '0', '7'], { FAULTS_TRACE: trace, FAULTS_DELAY: '5' })
    const lines = linesOf(trace).map((line) => line.join(' '))
    for (let n = 1; n <= 7; n++) {
      const named = lines.findIndex((line) => line.startsWith(`named ${n} `))
      const events = lines.slice(lines.indexOf(`begin ${n}`), named)
      const synced = events.indexOf('sync end', events.indexOf('data begin'))
      expect(synced).toBeGreaterThan(0)
      expect(events.lastIndexOf('meta end')).toBeGreaterThan(synced)
      expect(events.at(-1)).toBe('meta end')
    }
  })

  it('that is full refuses the snapshot whole, keeps the ones before, and takes it when there is room', async (context) => {
    const directory = temporaryDirectory()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', directory]).status === 0
    if (!mounted) context.skip('no permission to mount a small file system')
    onTestFinished(() => void spawnSync('umount', ['-l', directory]))
    const store = await openStateStore({ directory: join(directory, 'state') })
    onTestFinished(() => store.close())
    const large = (letter: string) => [{ node: 'n', key: Buffer.from('k'), value: Buffer.alloc(9_000_000, letter) }]
    const loaded = async (snapshot: number) => {
      const state = new Map<string, string>()
      for await (const changes of store.load('o', snapshot)) apply(state, changes)
      return state.get('n/k')!
    }
    const first = await store.save('o', large('a'))
    await store.settle('o', first)
    let last = first
    const full = (async () => {
      for (;;) last = await store.save('o', large('b'))
    })()
    await expect(full).rejects.toMatchObject({ code: 'LOG_FULL' })
    expect((await loaded(last))[0]).toBe(last === first ? 'a' : 'b')
    expect((await store.verify()).map((r) => r.damage)).toEqual([null])
    await store.settle('o', first)
    expect((await loaded(first))[0]).toBe('a')
    expect((await loaded(await store.save('o', large('c'))))[0]).toBe('c')
  })

  it.for(FAULTS)(
    'that fails in %s with %i, whichever call, leaves the named snapshot whole',
    { timeout: 240_000 },
    async (fault, context) => {
      if (disk.missing !== null) context.skip(disk.missing)
      const calls = await disk.runForEveryCall(fault, WRITER, ['6', '4'], async (directory, lines, failed) => {
        const refusals = lines.filter(([event]) => event === 'refused').map(([, , code]) => code)
        expect([...new Set(refusals)]).toEqual(failed ? ['LOG_FAILED'] : [])
        const named = lines.filter(([event]) => event === 'named').at(-1)
        const state = new Map<string, string>()
        for (let n = 7; n <= Number(named?.[1] ?? 0); n++) apply(state, changesOf(n))
        await checkAgainst(directory, named === undefined ? null : Number(named[2]), state)
      })
      expect(calls).toBeGreaterThan(2)
    },
  )
})
