/** Relays the feed at URL through a query to a websocket_server; tells the address. Ends with its parent. */
import { inlineExecutor, startJob, Templates } from '../../packages/millrace/dist/runtime/index.js'
import { compile } from './engine.mjs'

const url = process.argv[2]
const script = compile(`
CREATE TABLE trades (id BIGINT, symbol TEXT, price DOUBLE, sent BIGINT)
WITH (connector = 'websocket', endpoint = '${url}', format = 'json');
CREATE TABLE served (id BIGINT, symbol TEXT, price DOUBLE, sent BIGINT)
WITH (connector = 'websocket_server', port = 0, path = '/ws', format = 'json');
INSERT INTO served SELECT id, symbol, price * 2, sent FROM trades WHERE price > 0;`)
const job = startJob(
  script,
  {
    executor: { codegen: true, batchRows: 4096, stateLimit: 2 ** 30 },
    createExecutor: inlineExecutor,
    templates: new Templates(() => undefined),
    stdout: process.stdout,
  },
  {
    output: () => undefined,
    listening: (_, address) => process.send({ ready: true, url: address }),
  },
)
process.on('disconnect', () => process.exit(0))
const end = await job.ended
throw end.error ?? new Error('the relay ended')
