import { once } from 'node:events'
import { Command } from 'commander'
import { serveSimulator } from '../connectors/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { port, urlPath, wholeNumber } from './option-parsers.ts'
import { stopSignals } from './stop-signals.ts'

interface Flags {
  readonly port: number
  readonly host: string
  readonly path: string
  readonly rate: number
  readonly seed: number
}

const MAX_RATE = 1_000_000

const HELP = `
A client gets trades once it has sent {"op":"subscribe"}, for all symbols, or {"op":"subscribe","symbols":["BTC-USD"]}:
  {"type":"trade","id":17,"symbol":"BTC-USD","price":"64012.5","quantity":"0.25","side":"buy","timestamp":1767225600000}

Examples:
  millrace simulate --port 9010
  millrace simulate --rate 10000 --seed 42`

export function simulateCommand(): Command {
  return new Command('simulate')
    .summary('serve a simulated exchange to try queries on')
    .description('Serves a simulated exchange over WebSocket. The trades are the same for equal seeds.')
    .option('--port <number>', 'port to listen on; 0 takes any free one', port, 9010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--path <path>', 'path to serve', urlPath, '/')
    .option('--rate <trades>', 'trades a second', wholeNumber(1, MAX_RATE), 100)
    .option('--seed <number>', 'where prices start from', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .addHelpText('after', `${HELP}\n${exitCodesHelp([64, 69, 130, 143])}`)
    .action(runAction(simulate))
}

async function simulate(flags: Flags): Promise<number> {
  const stop = stopSignals()
  const server = await serveSimulator(flags)
  process.stderr.write(`serving a simulated exchange at ${server.url}\n`)
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  await server.close()
  stop.dispose()
  return stop.exitCode() ?? 0
}
