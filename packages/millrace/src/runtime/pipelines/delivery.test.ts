import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory, temporaryLog, values } from '../../../test/log/temporary-log.ts'
import { faultyLog, gone } from '../../../test/runtime/pipelines/faulty-log.ts'
import type { Sink } from '../../connectors/index.ts'
import { MillraceError, type OptionValue } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import { Templates } from '../templates.ts'
import { Delivery, type DeliveryOptions } from './delivery.ts'
import { forgetDelivery, loadDelivery } from './delivery-place.ts'
import { deliver } from './delivery-run.ts'

/** What a program reads that is handed the output. */
class Reader extends Writable {
  text = ''
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

interface Delivering {
  readonly delivery: Delivery
  readonly errors: { readonly code: string; readonly retryIn: number | null }[]
}

function start(
  log: Log,
  options: Readonly<Record<string, OptionValue>>,
  more: Partial<DeliveryOptions> = {},
): Delivering {
  const errors: Delivering['errors'] = []
  const delivery = new Delivery({
    log,
    table: 'out',
    options,
    templates: new Templates(() => undefined),
    stdout: new Reader(),
    retry: { initialDelay: 0, maxDelay: 0, maxRetries: null },
    events: { error: ({ code }, retryIn) => errors.push({ code, retryIn }) },
    ...more,
  })
  onTestFinished(() => delivery.stop())
  return { delivery, errors }
}

const file = (path: string): Record<string, OptionValue> => ({
  connector: 'single_file',
  path,
  format: 'json',
  type: 'sink',
})
const GROUPS = Array.from({ length: 5 }, (_, group) => Array.from({ length: 3 }, (_, i) => `{"n":${group * 3 + i}}`))
const WHOLE = GROUPS.flat()
  .map((line) => `${line}\n`)
  .join('')

function contentOf(path: string): string {
  return path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString() : readFileSync(path, 'utf8')
}

describe('a delivery', () => {
  it('writes what is there and what comes, and goes on where it was', async () => {
    const log = await temporaryLog()
    await log.createTopic('out')
    const stdout = new Reader()
    const options = { connector: 'stdout', format: 'json' }
    const first = start(log, options, { stdout })
    await first.delivery.opened
    for (const group of GROUPS.slice(0, 2)) {
      await log.append({ topic: 'out', records: values(...group) })
      await first.delivery.drain()
    }
    expect(await first.delivery.statistics()).toMatchObject({ state: 'running', records: 6, lag: 0, error: null })
    await first.delivery.stop()
    for (const group of GROUPS.slice(2)) await log.append({ topic: 'out', records: values(...group) })
    expect(await first.delivery.statistics()).toMatchObject({ state: 'stopped', lag: 9 })
    const second = start(log, options, { stdout })
    await second.delivery.drain()
    await second.delivery.stop()
    expect(stdout.text).toBe(WHOLE)
    expect(log.holds()).toMatchObject([{ owner: 'delivery/out', topic: 'out', offset: 15 }])
    await forgetDelivery(log, 'out')
    expect([log.holds(), await log.entries('delivery/')]).toEqual([[], []])
  })

  it('notes everything that was written when it is told to stop', async () => {
    const log = await temporaryLog()
    await log.createTopic('out')
    for (let n = 0; n < 3; n++) await log.append({ topic: 'out', records: [{ value: Buffer.alloc(300_000) }] })
    const stop = new AbortController()
    let reads = 0
    const stopping = new Proxy(log, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'reader') return value.bind(target) as unknown
        return async (...asked: Parameters<Log['reader']>) => {
          const reader = await target.reader(...asked)
          const next = (signal?: AbortSignal) => {
            if (reads++ === 2) stop.abort()
            return reader.next(signal)
          }
          return { next }
        }
      },
    })
    let rows = 0
    const sink: Sink = {
      open: async () => undefined,
      write: async ({ offsets }) => {
        rows += offsets.length - 1
      },
      flush: async (signal) => signal.throwIfAborted(),
      close: async () => undefined,
    }
    const ignore = (): void => undefined
    await deliver({
      log: stopping,
      table: 'out',
      sink,
      separator: new Uint8Array(0),
      signal: stop.signal,
      opened: ignore,
      delivered: ignore,
      missed: ignore,
    })
    expect(rows).toBe(2)
    expect(await loadDelivery(log, 'out')).toEqual({ offset: rows, token: null })
  })

  it('loses nothing when it dies; what was not noted comes again', async () => {
    for (let commit = 0; commit < 6; commit++) {
      const log = await temporaryLog()
      await log.createTopic('out')
      const stdout = new Reader()
      const options = { connector: 'stdout', format: 'json' }
      const dying = start(
        faultyLog(log, (each) => (each < commit ? 'kept' : gone())),
        options,
        { stdout },
      )
      for (const group of GROUPS) {
        await log.append({ topic: 'out', records: values(...group) })
        await dying.delivery.drain()
      }
      const noted = Math.max(0, commit - 1)
      const before = stdout.text
      stdout.text = ''
      const second = start(log, options, { stdout })
      await second.delivery.drain()
      expect(stdout.text).toBe(
        GROUPS.slice(noted)
          .flat()
          .map((line) => `${line}\n`)
          .join(''),
      )
      expect(WHOLE.startsWith(before)).toBe(true)
    }
  })

  it.each(['out.ndjson', 'out.ndjson.gz'])('has each row in file %s once, wherever it dies', async (name) => {
    for (let commit = 0; commit < 7; commit++) {
      for (const answer of ['lost', 'refused', 'and half a row after it']) {
        const path = join(temporaryDirectory(), name)
        const log = await temporaryLog()
        await log.createTopic('out')
        const fate = (each: number) => (each < commit ? 'kept' : each === commit && answer === 'lost' ? 'lost' : gone())
        const dying = start(faultyLog(log, fate), file(path))
        for (const group of GROUPS) {
          await log.append({ topic: 'out', records: values(...group) })
          await dying.delivery.drain()
        }
        expect(dying.errors).toEqual(commit < 6 ? [{ code: 'LOG_CLOSED', retryIn: null }] : [])
        if (answer === 'and half a row after it' && existsSync(path)) appendFileSync(path, '{"n":')
        const second = start(log, file(path))
        await second.delivery.drain()
        await second.delivery.stop()
        expect(contentOf(path)).toBe(WHOLE)
      }
    }
  })

  it('begins a file anew, however it was before, and refuses to go on behind what is gone', async () => {
    const path = join(temporaryDirectory(), 'out.ndjson')
    appendFileSync(path, 'something else\n')
    const log = await temporaryLog()
    await log.createTopic('out')
    await log.append({ topic: 'out', records: values('1', '2') })
    const first = start(log, file(path))
    await first.delivery.drain()
    await first.delivery.stop()
    expect(readFileSync(path, 'utf8')).toBe('1\n2\n')
    truncateSync(path, 1)
    const second = start(log, file(path))
    await second.delivery.opened
    expect(second.errors).toEqual([{ code: 'FILE_NOT_WRITABLE', retryIn: null }])
    expect(readFileSync(path, 'utf8')).toBe('1')
  })

  it('fails for good where only somebody can mend it, and tries again after an error of the log', async () => {
    const folder = join(temporaryDirectory(), 'absent')
    const path = join(folder, 'out.ndjson')
    const log = await temporaryLog()
    await log.createTopic('out')
    await log.append({ topic: 'out', records: values('1') })
    const { delivery, errors } = start(log, file(path))
    await delivery.opened
    expect(errors).toEqual([{ code: 'FILE_NOT_WRITABLE', retryIn: null }])
    expect(await delivery.statistics()).toMatchObject({ state: 'failed', lag: 1, error: { code: 'FILE_NOT_WRITABLE' } })
    mkdirSync(folder)
    const full = (commit: number) => (commit === 0 ? new MillraceError('LOG_FULL', 'the disk is full') : 'kept')
    const second = start(faultyLog(log, full), file(path))
    await second.delivery.drain()
    expect(second.errors).toEqual([{ code: 'LOG_FULL', retryIn: 0 }])
    expect(readFileSync(path, 'utf8')).toBe('1\n')
    rmSync(folder, { recursive: true })
  })
})
