/** `npm start`: set-up, then a simulated exchange and the query on it. Both are the ordinary command line, each in its own process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

if (!setUp()) process.exit(1)
const millrace = join(root, 'packages/millrace/bin/millrace.js')

const exchange = spawn(process.execPath, [millrace, 'simulate', '--port', '9010'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'pipe'],
})
exchange.stderr.pipe(process.stderr)
const listening = new Promise((resolve) => {
  let said = ''
  exchange.stderr.on('data', (chunk) => {
    said += chunk
    if (said.startsWith('serving ')) resolve()
  })
})
const [failed] = await Promise.race([once(exchange, 'exit'), listening.then(() => [])])
if (failed !== undefined) process.exit(failed)

process.stderr.write(`
The query is examples/exchange.sql. Its rows are also at ws://localhost:8080/ws, for example:
  npx millrace run examples/client.sql
  and in a browser: npm run console
Ctrl-C ends it.

`)
// Ctrl-C reaches every process of the terminal; this one waits for the others to end in order.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => query.kill('SIGTERM'))
const query = spawn(process.execPath, [millrace, 'run', 'examples/exchange.sql'], { cwd: root, stdio: 'inherit' })
const [code, signal] = await once(query, 'exit')
exchange.kill('SIGTERM')
process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
