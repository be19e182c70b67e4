import { compileScript, inlineExecutor } from '../../packages/millrace/dist/runtime/index.js'
import { valueAt } from '../../packages/millrace/dist/kernel/index.js'

export function compile(sql) {
  const script = compileScript({ name: 'benchmark.sql', text: sql })
  if (script.dataflow === null) throw new Error(script.errors.map((e) => e.message).join('\n'))
  return script
}

/** Runs payload blocks through a dataflow on this thread and gives the output batches to `output`. */
export async function runBlocks(script, blocks, output) {
  const source = script.dataflow.nodes.find((n) => n.kind === 'source').id
  const executor = await inlineExecutor(
    JSON.stringify(script.dataflow),
    { codegen: true, batchRows: 4096, stateLimit: 2 ** 30 },
    { output: (_, batch) => output(batch), deadLetter: () => undefined },
    [],
    new AbortController().signal,
  )
  for (let i = 0; i < blocks.length; i++) {
    const last = i === blocks.length - 1
    await executor.step({ now: i, seed: i, inputs: [{ source, block: blocks[i] }], ended: last ? [source] : [] })
  }
  await executor.close()
}

/** Payloads as blocks of `size`, as they would come from a connection. */
export function blocksOf(payloads, size) {
  const blocks = []
  const arrival = Date.now() * 1000
  for (let i = 0; i < payloads.length; i += size) {
    const part = payloads.slice(i, i + size)
    blocks.push({ values: { kind: 'list', payloads: part }, timestamps: new Float64Array(part.length).fill(arrival), firstOffset: i, partition: 0 })
  }
  return blocks
}

/** Adds up results of TUMBLING_QUERY the way NaiveTumble does. */
export class TumbleSum {
  results = 0
  checksum = 0
  #closed

  constructor(closed = () => undefined) {
    this.#closed = closed
  }

  add(batch) {
    const names = batch.schema.fields.map((f) => f.name)
    const count = batch.columns[names.indexOf('trades')]
    const sum = batch.columns[names.indexOf('volume')]
    for (let i = 0; i < batch.length; i++) {
      const { unscaled, scale } = valueAt(sum, i)
      this.results++
      this.checksum += Number(valueAt(count, i)) * 31 + Number(unscaled) / 10 ** scale
    }
    this.#closed(this.results)
  }

  finish() {
    return { results: this.results, checksum: this.checksum }
  }
}
