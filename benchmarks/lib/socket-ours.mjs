/** Reads the feed at URL with Millrace; tells CPU seconds after WARM results, and the answer. */
import { inlineExecutor, startJob, Templates } from '../../packages/millrace/dist/runtime/index.js'
import { compile, TumbleSum } from './engine.mjs'
import { SteadyCpu } from './measure.mjs'
import { TRADES_TABLE, TUMBLING_QUERY } from './trades.mjs'

const [, , url, warm] = process.argv
const table = TRADES_TABLE(`connector = 'websocket', endpoint = '${url}', end_of_input = 'any_close'`)
const script = compile(`${table}\n${TUMBLING_QUERY}`)
process.send({ ready: true })
process.once('message', async () => {
  const steady = new SteadyCpu(Number(warm))
  const sum = new TumbleSum((results) => steady.mark(results))
  const options = {
    executor: { codegen: true, batchRows: 4096, stateLimit: 2 ** 30 },
    createExecutor: inlineExecutor,
    templates: new Templates(() => undefined),
    stdout: process.stdout,
  }
  const end = await startJob(script, options, { output: (_, batch) => sum.add(batch) }).ended
  if (end.kind !== 'finished') throw end.error
  process.send({ seconds: steady.seconds(), answer: sum.finish() }, () => process.exit(0))
})
