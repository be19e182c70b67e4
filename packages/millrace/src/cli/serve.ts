import { Command, Option } from 'commander'
import type { StateChoice } from '../runtime/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { byteSize, durationMs, port, repeated } from './option-parsers.ts'
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
  readonly changed?: StateChoice
  readonly stateLimit: number
  readonly snapshotEvery: number
  readonly stopWithin: number
}

const HELP = `
The scripts say what is to run: CREATE TABLE captures a source into the topic of its name, or declares a topic; CREATE MATERIALIZED VIEW
and INSERT INTO run as pipelines, each result exactly once, whatever happens to the process. What runs is kept in the data directory and
runs again after a restart, with scripts or without. A statement that differs from the one before is refused unless --changed says what
becomes of what the object has written and remembers: keep goes on with it, drop deletes it and begins anew.

SIGTERM or Ctrl-C ends it in order: what was read goes through the pipelines, their state is saved, clients are told to connect again, the
exit code is 0. A second signal ends it at once.

Examples:
  millrace serve feeds.sql --data-dir /var/lib/millrace --port 8000
  curl localhost:8000/v1/topics/orders/records -H 'content-type: application/json' -d '[{"value":{"id":1}}]'
  curl localhost:8000/v1/topics/orders/records?offset=-10`

export function serveCommand(): Command {
  return new Command('serve')
    .summary('run SQL over a durable log of feeds and records, and serve it')
    .description(
      'Captures feeds into a durable log, takes records from clients, runs SQL over both, and serves everything over HTTP and WebSocket.',
    )
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
    .addOption(
      new Option('--changed <what>', 'what becomes of the state of objects that the scripts change').choices(['keep', 'drop']),
    )
    .addOption(
      new Option('--state-limit <size>', 'state a pipeline may hold').argParser(byteSize).default(1024 ** 3, '1 GiB'),
    )
    .addOption(
      new Option('--snapshot-every <duration>', 'time between two snapshots of state; what came after one is run again after a crash')
        .argParser(durationMs)
        .default(10_000, '10s'),
    )
    .addOption(
      new Option('--stop-within <duration>', 'how long a stop may take').argParser(durationMs).default(30_000, '30s'),
    )
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
    .action(runAction(serve))
}

async function serve(files: readonly string[], flags: Flags): Promise<number> {
  const stop = stopSignals()
  try {
    const sources = await Promise.all(files.map(readScript))
    const session = new ServeSession({
      dataDir: flags.dataDir,
      server: {
        host: flags.host,
        port: flags.port,
        insecure: flags.insecure ?? false,
        origins: flags.origin ?? [],
        hosts: flags.allowHost ?? [],
        newTopics: flags.newTopics ? {} : null,
        ...(flags.maxBody === undefined ? {} : { maxBodyBytes: flags.maxBody }),
        ...(flags.maxRecord === undefined ? {} : { maxRecordBytes: flags.maxRecord }),
      },
      changed: flags.changed ?? null,
      stateLimit: flags.stateLimit,
      snapshotEveryMs: flags.snapshotEvery,
      deadlineMs: flags.stopWithin,
    })
    return await session.run(sources, stop)
  } finally {
    stop.dispose()
  }
}
