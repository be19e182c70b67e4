/** `node pipeline-victim.mjs DIR snapshots|journal`: runs a pipeline to the end of its input, says so, and waits to be killed. */
import { openLog, openStateStore, stateDirectory } from '../../packages/millrace/dist/log/index.js'
import { NO_SNAPSHOTS, tradesPipeline } from './trades-pipeline.mjs'

const [directory, kind] = process.argv.slice(2)
const log = await openLog({ directory, maintainEveryMs: 0 })
const state = await openStateStore({ directory: stateDirectory(directory) })
const pipeline = tradesPipeline(log, state, kind, kind === 'journal' ? NO_SNAPSHOTS : null)
pipeline.start()
await pipeline.opened
await pipeline.drain()
process.stdout.write('drained\n')
setInterval(() => undefined, 60_000)
