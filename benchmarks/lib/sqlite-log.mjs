/** SQLite as a log, in a process of its own because this Node may have none: durable (WAL, synchronous=FULL), one row a record. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { node24 } from '../../scripts/node24.mjs'

/** Null where there is no Node with SQLite. */
export async function startSqlite(file) {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const execPath = major > 22 || (major === 22 && minor >= 13) ? process.execPath : node24().path
  if (execPath === undefined) return null
  const child = fork(fileURLToPath(new URL('sqlite-server.mjs', import.meta.url)), [file], { execPath })
  const ask = async (command) => {
    child.send(command)
    const [answer] = await once(child, 'message')
    return answer
  }
  return {
    /** Milliseconds in which `count` records were appended, `group` of them durable at a time. */
    append: (count, group, bytes, batch) => ask({ kind: 'append', count, group, bytes, batch }),
    scan: (limit) => ask({ kind: 'scan', limit }),
    /** Milliseconds of each of `count` appends of one record. */
    single: (count, bytes) => ask({ kind: 'single', count, bytes }),
    bytes: () => statSync(file).size,
    close: async () => {
      child.send({ kind: 'close' })
      await once(child, 'exit')
    },
  }
}
