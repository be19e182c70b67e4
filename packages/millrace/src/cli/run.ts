import { Command, Option } from 'commander'
import { type BadDataPolicy, MAX_BATCH_ROWS } from '../kernel/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { byteSize, patience, positiveCount, wholeNumber } from './option-parsers.ts'
import { readScript } from './session/read-script.ts'
import { runSession } from './session/run-session.ts'
import { stopSignals } from './stop-signals.ts'

interface Flags {
  readonly format?: 'ndjson' | 'table'
  readonly limit?: number
  readonly badData?: BadDataPolicy
  readonly deadLetters?: string
  readonly progress?: boolean
  readonly stateLimit: number
  readonly batchRows: number
  readonly codegen: boolean
  readonly worker?: boolean
  readonly giveUpAfter: number | null
  readonly dataDir?: string
}

const HELP = `
Output:
  A SELECT, or the last view of a script of views, is printed: as a live table on a terminal, otherwise as NDJSON. A result
  that changes is printed once, as its final rows, when every input ends; otherwise as its changes, one object a line:
  {"op":"insert","row":{...}} and {"op":"delete","row":{...}}. With several SELECTs every line says which it belongs to:
  {"query":1,"row":{...}}.

  The command ends when every input has ended. Ctrl-C ends it in order: what was read is processed, windows stay open.
  A second Ctrl-C ends it at once.

Data directory:
  With --data-dir DIR a log lies between feeds and queries. What a table says that cannot be read again (a WebSocket) goes into the
  topic of its name, over one connection, and its queries read that: from the earliest record that is kept, which may be of an earlier
  run, and on into what comes. FROM and AS OF behind a table's name say otherwise (docs/sql.md). A table all of whose queries end at an
  AS OF is not connected: they read what is there. Tables, materialized views and topics that a server has kept in DIR can be read by
  name, and end where they end. Files are read as without a log. One process at a time may use DIR.

Examples:
  millrace run query.sql
  millrace run query.sql --data-dir data
  millrace run query.sql --format ndjson | jq .price
  millrace run - < query.sql`

/** Microseconds. */
const FIRST_CONNECTION = 10_000_000

export function runCommand(): Command {
  return new Command('run')
    .summary('run a SQL script')
    .description('Runs a SQL script until its inputs end.')
    .argument('<file>', 'the script; - for standard input')
    .addOption(
      new Option('-f, --format <name>', 'how rows are printed (default: table on a terminal, else ndjson)').choices([
        'ndjson',
        'table',
      ]),
    )
    .option('--limit <rows>', 'end after printing so many NDJSON rows', positiveCount)
    .addOption(
      new Option(
        '--bad-data <policy>',
        'what a record that cannot be read does, where its table does not say (default: fail)',
      ).choices(['drop', 'fail', 'dead_letter']),
    )
    .option(
      '--dead-letters <file>',
      'write records that cannot be read to this file as NDJSON; implies --bad-data dead_letter',
    )
    .option('--progress', 'report progress on stderr (default: on a terminal)')
    .option('--no-progress', 'do not report progress')
    .addOption(
      new Option('--state-limit <size>', 'state a script may hold').argParser(byteSize).default(1024 ** 3, '1 GiB'),
    )
    .option('--batch-rows <rows>', 'rows handed to the engine at a time', wholeNumber(1, MAX_BATCH_ROWS), 1024)
    .addOption(
      new Option(
        '--give-up-after <duration>',
        'how long a feed may take to be reached for the first time, where its table sets no reconnect.max_retries; or never',
      )
        .argParser(patience)
        .default(FIRST_CONNECTION, '10s'),
    )
    .option('--data-dir <dir>', 'keep what feeds say in a log in this directory, and read it from there')
    .option('--no-codegen', 'interpret everything instead of generating code')
    .option('--worker', 'run the queries in a thread of their own')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
    .action(runAction(run))
}

async function run(file: string, flags: Flags): Promise<number> {
  const { stdout, stderr } = process
  const stop = stopSignals()
  try {
    return await runSession(
      await readScript(file),
      {
        format: flags.format ?? (stdout.isTTY ? 'table' : 'ndjson'),
        codegen: flags.codegen,
        worker: flags.worker ?? false,
        batchRows: flags.batchRows,
        stateLimit: flags.stateLimit,
        badData: flags.badData ?? (flags.deadLetters === undefined ? 'fail' : 'dead_letter'),
        deadLetters: flags.deadLetters ?? null,
        firstConnection: flags.giveUpAfter,
        dataDir: flags.dataDir ?? null,
        limit: flags.limit ?? Number.POSITIVE_INFINITY,
        progress: flags.progress ?? stderr.isTTY === true,
      },
      stop,
      { stdout, stderr },
    )
  } finally {
    stop.dispose()
  }
}
