import type * as ast from '../ast/index.ts'
import type { Report } from '../bind/index.ts'

type Refused = Exclude<ast.Statement, { kind: 'create-table' | 'create-view' | 'insert' | 'query' | 'set' }>

/** Statements that are understood but have no part in a script that is run. */
export function refuseStatement(statement: Refused, report: Report): void {
  const { construct, instead } = refusal(statement)
  report.unsupported(construct, statement.span, instead)
}

function refusal(statement: Refused): { construct: string; instead: string } {
  switch (statement.kind) {
    case 'create-pipeline':
      return { construct: 'CREATE PIPELINE is', instead: 'Write its INSERT INTO ... SELECT as a statement of its own.' }
    case 'reset':
      return { construct: 'RESET is', instead: 'Leave it out: settings hold for one script.' }
    case 'drop':
      return { construct: `DROP ${statement.object} is`, instead: 'Leave it out: what a script creates ends with it.' }
    case 'pause':
    case 'resume':
      return {
        construct: `${statement.kind.toUpperCase()} ${statement.object} is`,
        instead: 'Say it to a server: what a script runs goes on until the script ends.',
      }
    case 'explain':
      return { construct: 'EXPLAIN in a script is', instead: 'Run "millrace explain FILE.sql".' }
    case 'describe':
      return {
        construct: 'DESCRIBE in a script is',
        instead: 'Run "millrace explain FILE.sql", which shows every column and its type.',
      }
    case 'show':
      return { construct: `SHOW ${statement.subject} in a script is`, instead: 'Leave it out.' }
    case 'comment-on':
      return { construct: 'COMMENT ON is', instead: 'Write a comment into the script: -- text.' }
  }
}
