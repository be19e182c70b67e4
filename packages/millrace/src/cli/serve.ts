import { Command } from 'commander'
import { exitCodesHelp, reportError, runAction } from './exit.ts'
import { byteSize, port, repeated } from './option-parsers.ts'
import { ServeSession } from './session/serve-session.ts'
import { readScript } from './session/read-script.ts'
import { stopSignals } from './stop-signals.ts'

interface Flags {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly insecure?: boolean
  readonly origin?: readonly string[]
  readonly allowHost?: readonly string[]
  readonly newTopics: boolean
  readonly maxBody?: number
  readonly maxRecord?: number
}

const HELP = `
The tables of the scripts are captured: each has one connection, and what its source says goes into the topic of its name, from now
until the server stops, and from where a file was left after a restart. Their option "retention" says how long it is kept (default: 24
hours and 1 GiB). Views may stand in a script; queries are not run yet.

SIGTERM or Ctrl-C ends it in order, within 30 s: what was read and acknowledged is on disk, clients are told to connect again, the exit
code is 0. A second signal ends it at once.

Examples:
  millrace serve feeds.sql --data-dir /var/lib/millrace --port 8000
  curl localhost:8000/v1/topics/orders/records -H 'content-type: application/json' -d '[{"value":{"id":1}}]'
  curl localhost:8000/v1/topics/orders/records?offset=-10`

export function serveCommand(): Command {
  return new Command('serve')
    .summary('keep a log of feeds and records, and serve it')
    .description('Captures the tables of SQL scripts into a durable log, takes records from clients, and serves both over HTTP and WebSocket.')
    .argument('[files...]', 'scripts; - for standard input')
    .option('--data-dir <dir>', 'where the log is; made if it is not there', '.millrace')
    .option('--port <port>', 'port to listen on; 0 for any', port, 8000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--insecure', 'listen where others can reach it, though it asks nobody who they are and encrypts nothing')
    .option('--origin <origin>', 'web pages of this origin may use it; * for all; repeatable', repeated)
    .option('--allow-host <name>', 'it goes by this name too; repeatable', repeated)
    .option('--no-new-topics', 'records to a topic that is not there are refused instead of making it')
    .option('--max-body <size>', 'largest request (default: 16 MiB)', byteSize)
    .option('--max-record <size>', 'largest record (default: 1 MiB)', byteSize)
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
    .action(runAction(serve))
}

async function serve(files: readonly string[], flags: Flags): Promise<number> {
  const stop = stopSignals()
  try {
    const sources = await Promise.all(files.map(readScript))
    const session = new ServeSession({
      dataDir: flags.dataDir,
      host: flags.host,
      port: flags.port,
      insecure: flags.insecure ?? false,
      origins: flags.origin ?? [],
      hosts: flags.allowHost ?? [],
      newTopics: flags.newTopics ? {} : null,
      ...(flags.maxBody === undefined ? {} : { maxBodyBytes: flags.maxBody }),
      ...(flags.maxRecord === undefined ? {} : { maxRecordBytes: flags.maxRecord }),
    })
    const refused = session.plan(sources)
    for (const { error, source } of refused) reportError(error, source)
    if (refused.length > 0) return refused[0]!.error.entry.exit
    return await session.run(stop)
  } finally {
    stop.dispose()
  }
}
