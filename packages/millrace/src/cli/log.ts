import { Command, Option } from 'commander'
import { exitCodesHelp, runAction } from './exit.ts'
import { compact } from './log-compact.ts'
import { listTopics, printTopic } from './log-print.ts'
import { exportTopic, importTopic, TRANSFER_FORMATS } from './log-transfer.ts'
import { verify } from './log-verify.ts'
import { wholeNumber } from './option-parsers.ts'

const HELP = `
The data directory belongs to one process at a time: stop the server first, or ask it (GET /v1/topics).

Examples:
  millrace log ls --data-dir /var/lib/millrace
  millrace log cat orders --offset 100 --limit 10
  millrace log export orders -o orders.ndjson
  millrace log export trades --format recording -o trades.jsonl.gz
  millrace log import orders orders.ndjson
  millrace log verify
  millrace log compact orders`

const count = wholeNumber(0, Number.MAX_SAFE_INTEGER)

/** `millrace log ls|cat|export|import|verify|compact`: the log of a data directory that no server has open. */
export function logCommand(): Command {
  const log = new Command('log')
    .summary('look into the log of a data directory')
    .description('Lists, prints, checks, compacts, exports and imports the topics of a data directory.')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
  const add = (name: string, summary: string): Command =>
    log.command(name).description(summary).option('--data-dir <dir>', 'where the log is', '.millrace')
  const format = (doc: string): Option => new Option('--format <format>', doc).choices([...TRANSFER_FORMATS])
  add('ls', 'list topics and their partitions').option('--json', 'one JSON object a line').action(runAction(listTopics))
  add('cat', 'print records as NDJSON, as GET /v1/topics/{topic}/records does')
    .argument('<topic>')
    .option('--partition <n>', 'only this one (default: all, one after the other)', count)
    .option('--offset <n>', 'from this offset on', count)
    .option('--limit <n>', 'so many records of each partition', count)
    .action(runAction(printTopic))
  add('export', 'write all records of a topic to a file; log import reads it')
    .argument('<topic>')
    .requiredOption('-o, --output <file>', 'file to write')
    .addOption(
      format('records: everything, as NDJSON; recording: values and times, for millrace replay').default('records'),
    )
    .action(runAction(exportTopic))
  add('import', 'append the records of a file to a topic, which is made if need be')
    .argument('<topic>')
    .argument('<file>', 'NDJSON, or a recording of millrace record; - for standard input')
    .addOption(format('what the file is (default: what it looks like)'))
    .action(runAction(importTopic))
  add('verify', 'read everything, state of pipelines included, and check it')
    .argument('[topic]', 'only this one')
    .addOption(new Option('--here').hideHelp())
    .action(runAction(verify))
  add('compact', 'apply retention and compaction to the end')
    .argument('[topic]', 'only this one')
    .action(runAction(compact))
  return log
}
