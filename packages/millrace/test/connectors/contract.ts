import { describe, expect, it } from 'vitest'
import {
  findConnector,
  resolveTable,
  type Delivery,
  type Position,
  type Sink,
  type Source,
} from '../../src/connectors/index.ts'
import { errorList, MillraceError, type OptionValue } from '../../src/kernel/index.ts'
import { never, type TestContext, testContext } from './context.ts'

export type Options = Readonly<Record<string, OptionValue>>

interface Case {
  readonly connector: string
  /** Options with one thing wrong, and what the error must mention. */
  readonly bad: readonly (readonly [options: Options, mentions: string])[]
}

export interface SourceCase extends Case {
  /** An input of exactly these payloads, then its end. May be connected to several times. */
  finite(): Promise<{ readonly options: Options; readonly payloads: readonly string[] }>
  /** An input that gives `first` deliveries and then nothing, without an end. */
  quiet(): Promise<{ readonly options: Options; readonly first: number }>
  /** An input whose connection breaks after these payloads, each time. Absent: there is no connection. */
  breaking?(): Promise<{ readonly options: Options; readonly payloads: readonly string[] }>
  /** An input without end that tells how many bytes have left it. Absent: nothing leaves it but by a read. */
  endless?(): Promise<{ readonly options: Options; sent(): number; readonly limit: number }>
}

export interface SinkCase extends Case {
  /** A place to write to, and what rows stand in it at the end. */
  target(context: TestContext): Promise<{
    readonly options: Options
    /** Called once the sink is open. */
    opened?(): Promise<void>
    /** Called after it is closed. */
    read(): Promise<readonly string[]>
  }>
  /** Places that cannot be written to, and the code of the error. */
  readonly unwritable: readonly (() => Promise<readonly [options: Options, code: string]>)[]
}

/** What every source has to keep to. */
export function sourceContract(it_: SourceCase): void {
  describe(`the contract of a source: ${it_.connector}`, () => {
    const { capabilities } = findConnector(it_.connector)

    it('delivers everything in order, then the end, however often it is asked', async () => {
      const { options, payloads } = await it_.finite()
      const source = await create(it_.connector, options)
      await source.connect(null, never)
      const deliveries = await drain(source)
      expect(texts(deliveries)).toEqual(payloads)
      expect(await source.read(never)).toBeNull()
      await source.close()
    })

    it('goes on strictly after the position of any delivery, which is plain data', async () => {
      const { options, payloads } = await it_.finite()
      const source = await create(it_.connector, options)
      await source.connect(null, never)
      const deliveries = await drain(source)
      await source.close()
      let read = 0
      for (const { position, payloads: these } of deliveries) {
        read += these.length
        if (!capabilities.replayable) {
          expect(position).toBeNull()
          continue
        }
        const again = await create(it_.connector, options)
        await again.connect(JSON.parse(JSON.stringify(position)) as Position, never)
        expect(texts(await drain(again))).toEqual(payloads.slice(read))
        await again.close()
      }
    })

    it('leaves bytes it has delivered alone', async () => {
      const { options, payloads } = await it_.finite()
      const source = await create(it_.connector, options)
      await source.connect(null, never)
      const kept = await drain(source)
      await source.close()
      expect(texts(kept)).toEqual(payloads)
    })

    it.each(['close', 'abort'])('settles a pending read on %s, and stays closed', async (how) => {
      const { options, first } = await it_.quiet()
      const source = await create(it_.connector, options)
      const abort = new AbortController()
      await source.connect(null, abort.signal)
      for (let i = 0; i < first; i++) await source.read(abort.signal)
      const pending = failure(source.read(abort.signal))
      await new Promise((resolve) => setImmediate(resolve))
      if (how === 'close') await source.close()
      else abort.abort()
      expect((await pending).code).toBe('CANCELLED')
      expect((await failure(source.read(abort.signal))).code).toBe('CANCELLED')
      await source.close()
      await source.close()
      expect((await failure(source.read(never))).code).toBe('CANCELLED')
      expect((await failure(source.connect(null, never))).code).toBe('CANCELLED')
    })

    if (it_.breaking !== undefined) {
      it('delivers what came before a loss, states the loss, and connects again', async () => {
        const { options, payloads } = await it_.breaking!()
        const source = await create(it_.connector, options)
        for (let round = 0; round < 3; round++) {
          await source.connect(null, never)
          const received: string[] = []
          let error: unknown = null
          while (error === null) {
            await source.read(never).then(
              (delivery) => received.push(...texts([delivery!])),
              (thrown: unknown) => (error = thrown),
            )
          }
          expect((error as MillraceError).code).toBe('CONNECTOR_NOT_CONNECTED')
          expect(received).toEqual(payloads)
        }
        await source.close()
      })
    }

    if (it_.endless !== undefined) {
      it('takes no more than it may while nobody reads', async () => {
        const { options, sent, limit } = await it_.endless!()
        const source = await create(it_.connector, options)
        await source.connect(null, never)
        let before = -1
        while (sent() !== before) {
          before = sent()
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        expect(sent()).toBeLessThan(limit)
        expect((await source.read(never))!.payloads.length).toBeGreaterThan(0)
        await source.close()
      })
    }

    badOptions(it_)
  })
}

/** What every sink has to keep to. */
export function sinkContract(it_: SinkCase): void {
  describe(`the contract of a sink: ${it_.connector}`, () => {
    const { rowSeparator } = findConnector(it_.connector)
    const rows = (from: number, to: number) =>
      encoded(
        Array.from({ length: to - from }, (_, i) => `{"i":${from + i}}`),
        rowSeparator,
      )
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => `{"i":${i}}`)

    it.each(['complete', 'stopped'] as const)('has written every row in order when it is closed: %s', async (kind) => {
      const context = testContext()
      const { options, opened, read } = await it_.target(context)
      const sink = await create(it_.connector, options, context, 'sink')
      await sink.open(never)
      await opened?.()
      for (let i = 0; i < 1000; i += 100) await sink.write(rows(i, i + 100), never)
      await sink.flush(never)
      await sink.write(rows(1000, 1001), never)
      await sink.close({ kind })
      expect(await read()).toEqual(numbers(1001))
      await sink.close({ kind })
    })

    it('takes no rows after an abort, and can be closed at any time', async () => {
      const context = testContext()
      const { options } = await it_.target(context)
      const sink = await create(it_.connector, options, context, 'sink')
      await sink.open(never)
      expect((await failure(sink.write(rows(0, 1), AbortSignal.abort()))).code).toBe('CANCELLED')
      await sink.close({ kind: 'failed', error: new Error('x') })
      const unopened = await create(it_.connector, options, context, 'sink')
      await unopened.close({ kind: 'stopped' })
    })

    it('fails at open, before any row, when the target cannot be written', async () => {
      for (const place of it_.unwritable) {
        const [options, code] = await place()
        const sink = await create(it_.connector, options, testContext(), 'sink')
        const error = await failure(sink.open(never))
        expect(error.code).toBe(code)
        await sink.close({ kind: 'failed', error })
      }
    })

    badOptions(it_)
  })
}

function badOptions(it_: Case): void {
  it.each(it_.bad)('refuses %j', (options, mentions) => {
    const errors = problems({ connector: it_.connector, ...options })
    expect(errors.map((e) => `${e.message} ${e.hint}`).join('\n')).toContain(mentions)
    for (const error of errors) expect(error.entry.exit).toBe(78)
  })

  it('offers its own options for a slip of the pen', () => {
    for (const key of Object.keys(findConnector(it_.connector).options.shape)) {
      const [error] = problems({ connector: it_.connector, [`${key}x`]: 'y' }).filter(
        (e) => e.code === 'CONFIG_OPTION_UNKNOWN',
      )
      expect(error?.hint).toContain(`Did you mean "${key}`)
    }
  })
}

function problems(options: Options): readonly MillraceError[] {
  try {
    resolveTable(options, 't')
    return []
  } catch (error) {
    return errorList(error)
  }
}

function create(connector: string, options: Options, context?: TestContext, role?: 'source'): Promise<Source>
function create(connector: string, options: Options, context: TestContext, role: 'sink'): Promise<Sink>
async function create(
  connector: string,
  options: Options,
  context = testContext(),
  role = 'source',
): Promise<Source | Sink> {
  const { connector: definition, connectorOptions } = resolveTable({ connector, ...options }, 't')
  return role === 'source' ? definition.source!(connectorOptions, context) : definition.sink!(connectorOptions, context)
}

async function drain(source: Source): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  for (let delivery = await source.read(never); delivery !== null; delivery = await source.read(never)) {
    expect(delivery.payloads.length).toBeGreaterThan(0)
    deliveries.push(delivery)
    await delivery.ack()
  }
  return deliveries
}

function texts(deliveries: readonly Delivery[]): string[] {
  return deliveries.flatMap((delivery) => delivery.payloads.map((payload) => Buffer.from(payload.value).toString()))
}

function encoded(lines: readonly string[], separator: string) {
  let end = 0
  const ended = lines.map((line) => line + separator)
  return {
    bytes: Buffer.from(ended.join('')),
    offsets: Uint32Array.from([0, ...ended.map((line) => (end += line.length))]),
  }
}

async function failure(work: Promise<unknown>): Promise<MillraceError> {
  const outcome = await work.then(
    (value) => value,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(MillraceError)
  return outcome as MillraceError
}
