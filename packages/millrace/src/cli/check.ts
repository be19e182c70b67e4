import { Command } from 'commander'
import { MillraceErrors } from '../kernel/index.ts'
import { compileScript } from '../runtime/index.ts'
import { exitCodesHelp, reportError, runAction } from './exit.ts'
import { print } from './output/print.ts'
import { readScript } from './session/read-script.ts'
import { checkReport } from './session/report.ts'

const HELP = `
Errors go to stderr as FILE:LINE:COLUMN with the line and a caret. Nothing is connected to, opened or created.

Examples:
  millrace check query.sql
  millrace check query.sql --json`

export function checkCommand(): Command {
  return new Command('check')
    .summary('find every error of a SQL script without running it')
    .description('Parses, binds and plans a SQL script, and reports all errors at once.')
    .argument('<file>', 'the script; - for standard input')
    .option('--topics', 'take the script as "serve" and "run --data-dir" do: tables may be topics, and be read from the past')
    .option('--json', 'print the result as JSON on stdout')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 73, 78])}`)
    .action(runAction(check))
}

async function check(file: string, flags: { readonly json?: boolean; readonly topics?: boolean }): Promise<number> {
  const script = compileScript(await readScript(file), { topics: flags.topics ?? false })
  if (flags.json === true) {
    await print(`${JSON.stringify(checkReport(script), null, 2)}\n`)
    return script.errors[0]?.entry.exit ?? 0
  }
  for (const warning of script.warnings) process.stderr.write(`warning: ${warning}\n`)
  if (script.errors.length > 0) return reportError(new MillraceErrors(script.errors), script.source)
  await print(`${script.source.name}: no errors\n`)
  return 0
}
