import { describe, expect, it } from 'vitest'
import { bytes, readRecords } from '../../../test/log/temporary-log.ts'
import { faultyLog, gone } from '../../../test/runtime/pipelines/faulty-log.ts'
import { append, bench, define, Piped } from '../../../test/runtime/pipelines/piping.ts'
import type { Log } from '../../log/index.ts'
import { DEAD_LETTERS_TOPIC } from './dead-letter.ts'
import { listDeadLetters, redriveDeadLetters } from './redrive.ts'

const TABLE = (columns: string): string =>
  `CREATE TABLE t (${columns}) WITH (connector = 'topic', bad_data = 'dead_letter', idle_timeout = 'off');\n`
const NUMBERS = define(`${TABLE('n BIGINT')}SELECT n FROM t`)

async function values(log: Log, topic = 'm'): Promise<unknown[]> {
  return (await readRecords(log, topic)).map(({ value }) => (value === null ? null : (JSON.parse(value) as unknown)))
}

describe('dead letters of a pipeline', () => {
  it('are written down with the step that met them, once, wherever the process dies', async () => {
    for (let commit = 0; commit < 6; commit++) {
      for (const lost of [false, true]) {
        const made = await bench()
        await made.log.createTopic('t')
        const fate = (each: number) => (each < commit ? 'kept' : each === commit && lost ? 'lost' : gone())
        const dying = new Piped({ ...made, log: faultyLog(made.log, fate) }, NUMBERS).start()
        for (const payload of ['{"n":1}', 'no json', '{"n":"x"}', '{"n":2}']) {
          await append(made.log, 't', [payload])
          await dying.pipeline.drain()
        }
        const piped = new Piped(made, NUMBERS).start()
        await piped.pipeline.drain()
        expect(await values(made.log)).toEqual([{ n: 1 }, { n: 2 }])
        expect(await values(made.log, DEAD_LETTERS_TOPIC)).toMatchObject([
          {
            table: 't',
            topic: 't',
            partition: 0,
            offset: 1,
            index: 0,
            reason: 'invalid',
            payload: 'no json',
            at: '2026-01-01T00:00:00Z',
          },
          { table: 't', topic: 't', partition: 0, offset: 2, index: 0, reason: 'type', payload: '{"n":"x"}' },
        ])
      }
    }
  })

  it('exist once though two pipelines met them, and keep bytes that are no text', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await made.log.append({ topic: 't', records: [{ value: Uint8Array.of(0x7b, 0xff) }, { value: bytes('{"n":1}') }] })
    for (const name of ['m', 'other']) {
      const { pipeline } = new Piped(made, define(`${TABLE('n BIGINT')}SELECT n FROM t`, name)).start()
      await pipeline.drain()
      expect(await pipeline.statistics()).toMatchObject({ deadLetters: 1, sources: { source_1: { bad: 1, rows: 1 } } })
    }
    const letters = await listDeadLetters(made.log, 't')
    expect(letters).toHaveLength(1)
    expect([...letters[0]!.payload]).toEqual([0x7b, 0xff])
    expect(await listDeadLetters(made.log, 'another')).toEqual([])
  })

  it('are sent once, though two ask for it at the same time', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await append(made.log, 't', ['no json'])
    const { pipeline } = new Piped(made, NUMBERS).start()
    await pipeline.drain()
    await pipeline.stop()
    const sent = await Promise.all([redriveDeadLetters(made.log, {}), redriveDeadLetters(made.log, {})])
    expect(sent).toEqual([1, 0])
    expect(await readRecords(made.log, 't')).toHaveLength(2)
  })

  it('of any size do not stop the pipeline, and are sent whole', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    // As text in JSON the one is too large for a record, in base64 also the other.
    const large = [12, 46].map((size) => Buffer.alloc(size * 1024 * 1024, 1))
    for (const value of large) await made.log.append({ topic: 't', records: [{ value }] })
    await made.log.append({ topic: 't', records: [{ value: bytes('{"n":1}') }] })
    const piped = new Piped(made, NUMBERS).start()
    await piped.pipeline.drain()
    await piped.pipeline.stop()
    expect(piped.errors).toEqual([])
    expect(await values(made.log)).toEqual([{ n: 1 }])
    const letters = await listDeadLetters(made.log, 't')
    expect(letters.map(({ payloadBytes }) => payloadBytes)).toEqual([null, large[1]!.length])
    expect(large.map((whole, i) => whole.indexOf(letters[i]!.payload))).toEqual([0, 0])
    expect(letters[0]!.payload).toHaveLength(large[0]!.length)
    expect(await redriveDeadLetters(made.log, {})).toBe(2)
    const sent = await readRecords(made.log, 't', { from: { offset: 3 } })
    expect(sent.map(({ value }) => value?.length)).toEqual(large.map(({ length }) => length))
  })

  it('are tried again with the schema of today, and are gone then', async () => {
    const made = await bench()
    await made.log.createTopic('t')
    await made.log.append({
      topic: 't',
      records: [{ key: bytes('k'), value: bytes('{"n":"x"}') }, { value: bytes('no json') }],
    })
    const old = new Piped(made, NUMBERS).start()
    await old.pipeline.drain()
    expect(await redriveDeadLetters(made.log, { table: 'another' })).toBe(0)
    const [first] = await listDeadLetters(made.log, null)
    expect(await redriveDeadLetters(made.log, { keys: [first!.key] })).toBe(1)
    await old.pipeline.drain()
    const again = await listDeadLetters(made.log, null)
    expect(again.map(({ offset }) => offset)).toEqual([1, 2])
    await old.pipeline.stop()
    const wider = new Piped(made, define(`${TABLE('n TEXT')}SELECT n FROM t`, 'wider')).start()
    await wider.pipeline.drain()
    expect(await redriveDeadLetters(made.log, {})).toBe(2)
    expect(await redriveDeadLetters(made.log, {})).toBe(0)
    await wider.pipeline.drain()
    const sent = (await readRecords(made.log, 't')).slice(2)
    expect(sent.map(({ key, value, headers }) => [key, value, Object.fromEntries(headers)['redriven']])).toEqual([
      ['k', '{"n":"x"}', '0:0'],
      ['k', '{"n":"x"}', '0:2'],
      [null, 'no json', '0:1'],
    ])
    expect((await listDeadLetters(made.log, null)).map(({ payload }) => Buffer.from(payload).toString())).toEqual([
      'no json',
    ])
    expect(await values(made.log, 'wider')).toEqual([{ n: 'x' }, { n: 'x' }, { n: 'x' }])
  })
})
