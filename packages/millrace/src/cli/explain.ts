import { Command, Option } from 'commander'
import { MillraceErrors } from '../kernel/index.ts'
import { compileScript } from '../runtime/index.ts'
import { explainMermaid, explainText } from '../sql/index.ts'
import { exitCodesHelp, reportError, runAction } from './exit.ts'
import { print } from './output/print.ts'
import { readScript } from './session/read-script.ts'

const HELP = `
Examples:
  millrace explain query.sql
  millrace explain query.sql --mermaid > plan.mmd`

export function explainCommand(): Command {
  return new Command('explain')
    .summary('show the plan of a SQL script')
    .description('Shows the plan of a SQL script: where rows come from, what happens to them, where they go.')
    .argument('<file>', 'the script; - for standard input')
    .option('--topics', 'take the script as "serve" and "run --data-dir" do: tables may be topics, and be read from the past')
    .addOption(new Option('--json', 'print the plan itself as JSON').conflicts('mermaid'))
    .option('--mermaid', 'print a Mermaid flowchart')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 73, 78])}`)
    .action(runAction(explain))
}

async function explain(file: string, flags: { readonly json?: boolean; readonly mermaid?: boolean; readonly topics?: boolean }): Promise<number> {
  const script = compileScript(await readScript(file), { topics: flags.topics ?? false })
  const { dataflow } = script
  if (dataflow === null) return reportError(new MillraceErrors(script.errors), script.source)
  const text = flags.json
    ? JSON.stringify(dataflow, null, 2)
    : flags.mermaid
      ? explainMermaid(dataflow)
      : explainText(dataflow)
  await print(text.endsWith('\n') ? text : `${text}\n`)
  return 0
}
