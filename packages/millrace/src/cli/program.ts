import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { exitCodesHelp } from './exit.ts'
import { explainCommand } from './explain.ts'
import { logCommand } from './log.ts'
import { recordCommand } from './record.ts'
import { replayCommand } from './replay.ts'
import { runCommand } from './run.ts'
import { serveCommand } from './serve.ts'
import { simulateCommand } from './simulate.ts'

const HELP = `
Examples:
  millrace run query.sql                          run a script, print its result
  millrace check query.sql                        find its errors first
  millrace serve feeds.sql                        keep and serve what feeds say
  millrace record wss://host/feed -o feed.jsonl   record a feed
  millrace replay feed.jsonl --speed max          serve it again

Data goes to stdout, everything else to stderr. NO_COLOR and FORCE_COLOR are respected.`

/** The command line: every command is one file that exports it. */
export function millraceProgram(): Command {
  const program = new Command('millrace')
    .description('Streaming SQL for WebSockets.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(
      new Command('help').argument('[command]').description('print help for a command').helpGroup('Help:'),
    )
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
  program.commandsGroup('Queries:')
  program.addCommand(runCommand())
  program.addCommand(checkCommand())
  program.addCommand(explainCommand())
  program.commandsGroup('Server:')
  program.addCommand(serveCommand())
  program.addCommand(logCommand())
  program.commandsGroup('Feeds:')
  program.addCommand(recordCommand())
  program.addCommand(replayCommand())
  program.addCommand(simulateCommand())
  return program
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
