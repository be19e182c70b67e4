import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compileScript, type DeadLetter, inlineExecutor, workerExecutor } from '../../src/runtime/index.ts'
import { hasSharedData, NO_SHARED_DATA, sharedFile } from './shared-data.ts'

interface Text {
  readonly name: string
  readonly verdict: 'accept' | 'reject' | 'either'
  readonly bytes: Uint8Array
}

function texts(): Text[] {
  return gunzipSync(readFileSync(sharedFile('malformed-json/frames.jsonl.gz')))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; verdict: Text['verdict']; b64: string })
    .map(({ name, verdict, b64 }) => ({ name, verdict, bytes: new Uint8Array(Buffer.from(b64, 'base64')) }))
}

const TABLE = `
CREATE TABLE t (a TEXT, b JSON, asd TEXT, min DOUBLE)
WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json', bad_data = 'dead_letter');
`
const UNSTRUCTURED = `
CREATE TABLE t (value JSON)
WITH (connector = 'websocket', endpoint = 'ws://test', format = 'json', 'json.unstructured' = 'true', bad_data = 'dead_letter');
`
const QUERIES: readonly (readonly [string, string])[] = [
  ['no column', `${TABLE}SELECT COUNT(*) AS n FROM t`],
  ['one column', `${TABLE}SELECT a FROM t`],
  ['two columns', `${TABLE}SELECT asd, b FROM t`],
  ['the whole message', `${UNSTRUCTURED}SELECT value FROM t`],
]

describe.skipIf(!hasSharedData)(hasSharedData ? 'malformed JSON' : NO_SHARED_DATA, () => {
  for (const [name, sql] of QUERIES) {
    for (const [mode, create, codegen] of [
      ['generated', inlineExecutor, true],
      ['interpreted', inlineExecutor, false],
      ['in a worker', workerExecutor, true],
    ] as const) {
      it(`is told from good JSON whatever is read: ${name}, ${mode}`, async () => {
        const script = compileScript({ name: 'test.sql', text: sql })
        expect(script.errors).toEqual([])
        const source = script.dataflow!.nodes.find((n) => n.kind === 'source')!.id
        const letters: DeadLetter[] = []
        const options = { codegen, batchRows: 1000, stateLimit: 1e9 } as const
        const executor = await create(
          JSON.stringify(script.dataflow),
          options,
          { output: () => undefined, deadLetter: (letter) => letters.push(letter) },
          [],
          new AbortController().signal,
        )
        const all = texts()
        const block = {
          values: { kind: 'list' as const, payloads: all.map((t) => t.bytes) },
          timestamps: new Float64Array(all.length),
          firstOffset: 0,
          partition: 0,
        }
        await executor.step({ now: 0, seed: 0, inputs: [{ source, block }], ended: [source] })
        const statistics = await executor.statistics()
        await executor.close()
        const refused = new Map(letters.map((l) => [l.offset, l]))
        const wrong = all.filter((t, i) => (t.verdict === 'accept' && refused.has(i)) || (t.verdict === 'reject' && !refused.has(i)))
        expect(wrong.map((t) => `${t.name} should be ${t.verdict}ed: ${refused.get(all.indexOf(t))?.message ?? 'taken'}`)).toEqual([])
        expect(statistics.sources[source]!.bad).toBe(letters.length)
        expect(statistics.sources[source]!.payloads).toBe(318)
        for (const letter of letters) expect(letter.payload).toEqual(all[letter.offset]!.bytes)
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('a')
      })
    }
  }
})
