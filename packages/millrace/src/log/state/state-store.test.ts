import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { apply, changesOf } from '../../../test/log/state-model.mjs'
import { temporaryDirectory } from '../../../test/log/temporary-log.ts'
import { openStateStore, type StateChange, type StateStore } from '../index.ts'
import { migrate } from '../store/migrations.ts'
import { chunkKey } from './chunk.ts'
import { openStateEnvironment, readOwners, STATE_FORMAT } from './state-environment.ts'

async function open(directory: string): Promise<StateStore> {
  const store = await openStateStore({ directory })
  onTestFinished(() => store.close())
  return store
}

async function stateOf(store: StateStore, owner: string, snapshot: number): Promise<Map<string, string>> {
  const state = new Map<string, string>()
  for await (const changes of store.load(owner, snapshot)) apply(state, changes)
  return state
}

const change = (node: string, key: string, value: string | null): StateChange => ({
  node,
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
})

describe('snapshots', () => {
  it('are increments that load as the state, across restarts, roll backs and merges', async () => {
    const changes = fc.array(
      fc.record({
        node: fc.constantFrom('a', 'b', 'ä\0'),
        key: fc.nat(40).map((n) => Buffer.from(`k${n}`)),
        value: fc.option(
          fc
            .oneof({ weight: 20, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.nat(900_000) })
            .map((size) => Buffer.alloc(size, `${size} `)),
        ),
      }),
      { maxLength: 60 },
    )
    const action = fc.record({
      owner: fc.constantFrom('one', 'two'),
      changes,
      then: fc.constantFrom('settle', 'settle', 'settle', 'nothing', 'lose', 'reopen'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const directory = temporaryDirectory()
        let store = await openStateStore({ directory })
        try {
          const named = new Map<string, { snapshot: number; state: Map<string, string> }>()
          let highest = 0
          for (const { owner, changes: some, then } of actions) {
            const before = named.get(owner)
            const snapshot = await store.save(owner, some)
            expect(snapshot).toBeGreaterThan(highest)
            highest = snapshot
            if (then === 'lose') {
              await store.settle(owner, before?.snapshot ?? null)
            } else {
              const state = new Map(before?.state)
              apply(state, some)
              named.set(owner, { snapshot, state })
              if (then === 'settle') await store.settle(owner, snapshot)
              if (then === 'reopen') {
                await store.close()
                store = await openStateStore({ directory })
              }
            }
            for (const [name, saved] of named) expect(await stateOf(store, name, saved.snapshot)).toEqual(saved.state)
          }
          expect((await store.verify()).filter((r) => r.damage !== null)).toEqual([])
          expect((await store.owners()).toSorted()).toEqual([...named.keys()].toSorted())
        } finally {
          await store.close()
        }
      }),
      { numRuns: 25 },
    )
  })

  it('hold values larger than a transaction', async () => {
    const store = await open(temporaryDirectory())
    const large = 'x'.repeat(9_000_001)
    const snapshot = await store.save('o', [change('n', 'a', '1'), change('n', 'b', large), change('m', 'c', '2')])
    const state = await stateOf(store, 'o', snapshot)
    expect([...state.keys()]).toEqual(['n/a', 'n/b', 'm/c'])
    expect(state.get('n/b') === large).toBe(true)
  })

  it('are numbered upwards though their owner is forgotten', async () => {
    const directory = temporaryDirectory()
    let store = await open(directory)
    const first = await store.save('o', [change('n', 'k', 'v')])
    await store.settle('o', null)
    expect(await store.owners()).toEqual([])
    await expect(stateOf(store, 'o', first)).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    await store.close()
    store = await open(directory)
    expect(await store.save('o', [])).toBeGreaterThan(first)
    await expect(store.save('', [])).rejects.toMatchObject({ code: 'LOG_INVALID' })
  })
})

/** The model's largest increments have 1.4 MB, and every seventh is a large one. */
const LARGEST_INCREMENTS = 3_000_000

describe('merging', () => {
  it('keeps the increments within a few times the state, and reads on meanwhile', async () => {
    const directory = temporaryDirectory()
    const store = await open(directory)
    const state = new Map<string, string>()
    const settled: Promise<void>[] = []
    let stored = 0
    for (let n = 1; n <= 120; n++) {
      const changes = changesOf(n)
      apply(state, changes)
      const snapshot = await store.save('o', changes)
      // Not waited for: merges go on while the next snapshots are saved.
      settled.push(store.settle('o', snapshot))
      if (n % 40 !== 0) continue
      expect(await stateOf(store, 'o', snapshot)).toEqual(state)
      await Promise.all(settled)
      expect(await stateOf(store, 'o', snapshot)).toEqual(state)
      const [report] = await store.verify()
      let size = 0
      for (const [key, value] of state) size += key.length + value.length
      expect(report).toMatchObject({ damage: null })
      expect(report!.snapshots).toBeLessThan(12)
      expect(report!.bytes).toBeLessThan(4 * size + LARGEST_INCREMENTS)
      stored = report!.bytes
    }
    const { merges, snapshots, bytes, fileBytes } = store.statistics()
    expect(snapshots).toBe(120)
    expect(merges).toBeGreaterThan(5)
    expect(bytes).toBeGreaterThan(2 * stored)
    expect(fileBytes).toBeGreaterThan(stored)
  })

  it('makes room when most of the state is deleted', async () => {
    const store = await open(temporaryDirectory())
    const keys = Array.from({ length: 4000 }, (_, i) => `key ${i}`)
    await store.settle(
      'o',
      await store.save(
        'o',
        keys.map((key) => change('n', key, 'v'.repeat(1000))),
      ),
    )
    let last = 0
    for (let i = 0; i < 4000; i += 400) {
      last = await store.save(
        'o',
        keys.slice(i, Math.min(i + 400, 3990)).map((key) => change('n', key, null)),
      )
      await store.settle('o', last)
    }
    for (let i = 0; i < 8; i++) await store.settle('o', (last = await store.save('o', [])))
    expect([...(await stateOf(store, 'o', last)).keys()]).toEqual(keys.slice(3990).map((key) => `n/${key}`))
    expect((await store.verify())[0]!.bytes).toBeLessThan(100_000)
  })

  it('gives up for an owner who is forgotten meanwhile', async () => {
    const directory = temporaryDirectory()
    let store = await open(directory)
    let last = 0
    for (let n = 0; n < 8; n++) last = await store.save('o', changesOf(10))
    const merging = store.settle('o', last)
    const kept = await store.save('other', [change('n', 'k', 'v')])
    await Promise.all([store.settle('o', null), merging])
    expect(await store.owners()).toEqual(['other'])
    await store.close()
    store = await open(directory)
    expect([...(await stateOf(store, 'other', kept))]).toEqual([['n/k', 'v']])
    await store.close()
    const environment = openStateEnvironment(directory)
    expect(environment.keys('chunks', {}).length).toBe(1)
    await environment.close()
  })
})

describe('damage', () => {
  async function saved(): Promise<{
    readonly directory: string
    readonly snapshot: number
    readonly ids: readonly number[]
  }> {
    const directory = temporaryDirectory()
    const store = await openStateStore({ directory })
    await store.save('o', changesOf(7))
    await store.save('o', changesOf(10))
    const snapshot = await store.save('o', changesOf(21))
    await store.save('sound', changesOf(1))
    await store.close()
    const environment = openStateEnvironment(directory)
    const ids = readOwners(environment)
      .get('o')!
      .map(({ id }) => id)
    await environment.close()
    return { directory, snapshot, ids }
  }

  async function refused(directory: string, snapshot: number): Promise<void> {
    const store = await openStateStore({ directory })
    await expect(stateOf(store, 'o', snapshot)).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringContaining('"o"'),
    })
    const reports = await store.verify()
    expect(reports.map(({ owner, damage }) => [owner, damage === null])).toEqual([
      ['o', false],
      ['sound', true],
    ])
    await store.close()
  }

  it('of any chunk is found, wherever it is, and never loaded', async () => {
    const { directory, snapshot, ids } = await saved()
    const environment = openStateEnvironment(directory)
    const keys = environment.keys('chunks', { end: chunkKey(ids.at(-1)! + 1, 0) })
    await environment.close()
    expect(keys.length).toBeGreaterThanOrEqual(10)
    for (const [n, key] of keys.entries()) {
      const store = openStateEnvironment(directory)
      const sound = store.get('chunks', key)!
      const value = Uint8Array.from(sound)
      const at = n % 3 === 0 ? (n * 4) % 40 : (n * 7919) % value.length
      value[at]! ^= 1 << (n % 8)
      await store.write([{ table: 'chunks', key, value }])
      await store.close()
      await refused(directory, snapshot)
      const again = openStateEnvironment(directory)
      await again.write([{ table: 'chunks', key, value: n % 2 === 0 ? null : sound.subarray(0, sound.length - 1) }])
      await again.close()
      await refused(directory, snapshot)
      const last = openStateEnvironment(directory)
      await last.write([{ table: 'chunks', key, value: sound }])
      await last.close()
    }
    const store = await open(directory)
    expect((await store.verify()).map((r) => r.damage)).toEqual([null, null])
  })

  it('by a sound chunk in a wrong place is found', async () => {
    const { directory, snapshot, ids } = await saved()
    const store = openStateEnvironment(directory)
    const other = store.get('chunks', chunkKey(ids[2]!, 0))!
    await store.write([{ table: 'chunks', key: chunkKey(ids[0]!, 0), value: other }])
    await store.close()
    await refused(directory, snapshot)
  })

  it('of the entry of an owner refuses its state, until it is dropped', async () => {
    const { directory, snapshot } = await saved()
    const environment = openStateEnvironment(directory)
    const key = Buffer.from('o')
    const value = environment.get('owners', key)!
    value[9]! ^= 2
    await environment.write([{ table: 'owners', key, value }])
    await environment.close()
    await refused(directory, snapshot)
    const store = await open(directory)
    await expect(store.save('o', [])).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    await expect(store.settle('o', snapshot)).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    await store.settle('o', null)
    const fresh = await store.save('o', [change('n', 'k', 'v')])
    expect([...(await stateOf(store, 'o', fresh))]).toEqual([['n/k', 'v']])
  })

  it('of a chunk stops a merge with an error', async () => {
    const { directory, ids } = await saved()
    const environment = openStateEnvironment(directory)
    const key = chunkKey(ids[1]!, 0)
    const value = environment.get('chunks', key)!
    value[1000]! ^= 2
    await environment.write([{ table: 'chunks', key, value }])
    await environment.close()
    const store = await open(directory)
    let last = 0
    for (let n = 0; n < 8; n++) last = await store.save('o', changesOf(10))
    await expect(store.settle('o', last)).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    await expect(store.settle('o', last)).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    expect(store.statistics().merges).toBe(0)
  })

  it('by cutting the file off is refused before it is mapped', async () => {
    const { directory } = await saved()
    truncateSync(join(directory, 'data.mdb'), 500_000)
    await expect(openStateStore({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })
})

describe('opening', () => {
  it('is for one process, and for formats it knows', async () => {
    const directory = temporaryDirectory()
    const store = await openStateStore({ directory })
    await expect(openStateStore({ directory })).rejects.toMatchObject({ code: 'LOG_LOCKED' })
    await store.close()
    await expect(store.save('o', [])).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    const environment = openStateEnvironment(directory)
    await migrate(environment, { version: STATE_FORMAT.version + 1, migrations: [{ from: 1, plan: () => [] }] })
    await environment.close()
    await expect(openStateStore({ directory })).rejects.toMatchObject({
      code: 'LOG_VERSION',
      message: expect.stringMatching(/version 2.*version 1/),
    })
  })
})
