import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bytes, readRecords, temporaryDirectory, text, values } from '../../../test/log/temporary-log.ts'
import { openLog } from '../index.ts'
import { Environment } from './environment.ts'
import { migrate } from './migrations.ts'
import { Store } from './store.ts'

const DIST = fileURLToPath(new URL('../../../dist/log/index.js', import.meta.url))

describe('ownership', () => {
  it('is with one process: a second one is told which', async () => {
    const directory = temporaryDirectory()
    const script = `import { openLog } from ${JSON.stringify(DIST)}
      await openLog({ directory: ${JSON.stringify(directory)} })
      process.stdout.write('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      await expect(openLog({ directory })).rejects.toMatchObject({
        code: 'LOG_LOCKED',
        message: expect.stringContaining(`process ${child.pid}`),
      })
      // Without the file, the locks of LMDB's reader table still tell.
      writeFileSync(join(directory, 'owner.json'), '')
      await expect(openLog({ directory })).rejects.toMatchObject({
        code: 'LOG_LOCKED',
        message: expect.stringContaining(`process ${child.pid}`),
      })
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    const log = await openLog({ directory })
    await log.close()
  })

  it('is not shared within a process', async () => {
    const directory = temporaryDirectory()
    const log = await openLog({ directory })
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_LOCKED' })
    await log.createTopic('t')
    await log.close()
    await (await openLog({ directory })).close()
  })

  it('ends with a process that is gone, though its pid lives on', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'owner.json'), JSON.stringify({ pid: process.pid, started: 'another boot 1' }))
    await (await openLog({ directory })).close()
  })
})

describe('a directory that cannot be used', () => {
  it('is named', async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'file')
    writeFileSync(file, '')
    await expect(openLog({ directory: join(file, 'below') })).rejects.toMatchObject({
      code: 'LOG_DIRECTORY',
      message: expect.stringContaining(file),
    })
  })

  it('is refused when its file is none of ours', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'data.mdb'), 'not a data file'.repeat(1000))
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })
})

describe('format version', () => {
  it('of a newer program is refused, naming both', async () => {
    const directory = temporaryDirectory()
    await (await openLog({ directory })).close()
    const store = Store.open(directory)
    await migrate(store, { version: 2, migrations: [{ from: 1, plan: () => [] }] })
    await store.close()
    await expect(openLog({ directory })).rejects.toMatchObject({
      code: 'LOG_VERSION',
      message: expect.stringMatching(/version 2.*version 1/),
    })
  })

  it('of an older one is converted step by step, each with its version', async () => {
    const directory = temporaryDirectory()
    const store = Store.open(directory)
    await migrate(store, { version: 1, migrations: [] })
    const key = bytes('mark')
    const read = () => text(store.get('values', key) ?? null)
    const append = (letter: string) => () => [
      { table: 'values' as const, key, value: bytes(`${read() ?? ''}${letter}`) },
    ]
    const migrations = [
      { from: 1, plan: append('a') },
      { from: 2, plan: append('b') },
    ]
    await migrate(store, { version: 2, migrations })
    expect(read()).toBe('a')
    await migrate(store, { version: 3, migrations })
    await migrate(store, { version: 3, migrations })
    expect(read()).toBe('ab')
    await expect(migrate(store, { version: 5, migrations })).rejects.toMatchObject({ code: 'LOG_VERSION' })
    await store.close()
  })
})

describe('tables', () => {
  it('that have lost their names refuse the log, instead of beginning anew', async () => {
    for (const name of ['catalog', 'partitions', 'values']) {
      const directory = temporaryDirectory()
      const log = await openLog({ directory, maintainEveryMs: 0 })
      await log.createTopic('t')
      await log.append({ topic: 't', records: values('a') })
      await log.close()
      const file = join(directory, 'data.mdb')
      const content = readFileSync(file)
      for (let at = content.indexOf(`${name}\0`); at !== -1; at = content.indexOf(`${name}\0`, at + 1))
        content[at]! ^= 1
      writeFileSync(file, content)
      await expect(openLog({ directory })).rejects.toMatchObject({
        code: 'LOG_CORRUPT',
        detail: `Table "${name}" is missing.`,
      })
    }
  })

  it('that a crash kept from being made are made', async () => {
    const directory = temporaryDirectory()
    await new Environment(directory, ['catalog', 'partitions']).close()
    const log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('t')
    await log.append({ topic: 't', records: values('a') })
    expect((await readRecords(log, 't')).length).toBe(1)
    await log.close()
  })

  it('with entries of no known format are refused', async () => {
    const directory = temporaryDirectory()
    const store = Store.open(directory)
    await store.write([{ table: 'tail', key: bytes('k'), value: bytes('v') }])
    await store.close()
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })
})

describe('damaged entries', () => {
  it('of the catalogue refuse the log, of a partition its topic, of a value that value', async () => {
    const directory = temporaryDirectory()
    const log = await openLog({ directory, maintainEveryMs: 0 })
    await log.createTopic('sound')
    await log.createTopic('damaged')
    for (const topic of ['sound', 'damaged']) {
      await log.append({ topic, records: [{ value: Buffer.alloc(300_000) }, ...values('a')] })
    }
    await log.commit({ puts: [{ key: 'k', value: bytes('v') }] })
    await log.close()

    const flip = async (table: 'catalog' | 'partitions' | 'values', key: Uint8Array) => {
      const store = Store.open(directory)
      const value = store.get(table, key)!
      value[value.length - 1]! ^= 4
      await store.write([{ table, key, value }])
      await store.close()
    }
    await flip('values', bytes('k'))
    await flip('partitions', Uint8Array.of(0, 0, 0, 2))
    const again = await openLog({ directory, maintainEveryMs: 0 })
    await expect(again.get('k')).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    await expect((await again.reader('damaged', { to: 2 })).next()).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    await expect(again.append({ topic: 'damaged', records: values('b') })).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
    })
    expect((await readRecords(again, 'sound')).length).toBe(2)
    expect((await again.verify()).map((r) => r.damage === null)).toEqual([true, false])
    await again.close()
    await flip('catalog', bytes('topic/1'))
    await expect(openLog({ directory })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })
})
