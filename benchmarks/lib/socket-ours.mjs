/** Reads the feed at URL with Millrace; tells CPU seconds and the answer. */
import { inlineExecutor, startJob, Templates } from '../../packages/millrace/dist/runtime/index.js'
import { compile, TumbleSum } from './engine.mjs'
import { cpuSeconds } from './measure.mjs'
import { TRADES_TABLE, TUMBLING_QUERY } from './trades.mjs'

const url = process.argv[2]
const table = TRADES_TABLE(`connector = 'websocket', endpoint = '${url}', end_of_input = 'any_close'`)
const script = compile(`${table}\n${TUMBLING_QUERY}`)
process.send({ ready: true })
process.once('message', async () => {
  const sum = new TumbleSum()
  const options = {
    executor: { codegen: true, batchRows: 4096, badData: 'fail', stateLimit: 2 ** 30 },
    createExecutor: inlineExecutor,
    templates: new Templates(() => undefined),
    stdout: process.stdout,
  }
  const { seconds, value } = await cpuSeconds(() => startJob(script, options, { output: (_, batch) => sum.add(batch) }).ended)
  if (value.kind !== 'finished') throw value.error
  process.send({ seconds, answer: sum.finish() }, () => process.exit(0))
})
