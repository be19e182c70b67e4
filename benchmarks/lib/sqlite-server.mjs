/** Run by `sqlite-log.mjs`: does what it is told, and says how long it took. */
import { DatabaseSync } from 'node:sqlite'

const db = new DatabaseSync(process.argv[2])
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
db.exec('CREATE TABLE log (position INTEGER PRIMARY KEY, time INTEGER NOT NULL, value BLOB NOT NULL)')
const insert = db.prepare('INSERT INTO log (time, value) VALUES (1, ?)')
const select = db.prepare('SELECT position, time, value FROM log ORDER BY position LIMIT ?')

const actions = {
  append({ count, group, bytes, batch }) {
    const values = Array.from({ length: batch }, (_, n) => Buffer.alloc(bytes, n % 251))
    const start = performance.now()
    for (let n = 0; n < count; ) {
      db.exec('BEGIN')
      for (const end = Math.min(count, n + group); n < end; n++) insert.run(values[n % batch])
      db.exec('COMMIT')
    }
    return { ms: performance.now() - start }
  },
  scan({ limit }) {
    let sum = 0
    let count = 0
    const start = performance.now()
    for (const { value } of select.iterate(limit)) {
      sum += value[0]
      count++
    }
    return { ms: performance.now() - start, sum, count }
  },
  single({ count, bytes }) {
    const value = Buffer.alloc(bytes)
    return Array.from({ length: count }, () => {
      const start = performance.now()
      insert.run(value)
      return performance.now() - start
    })
  },
}

process.on('message', (command) => {
  if (command.kind !== 'close') {
    process.send(actions[command.kind](command))
    return
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  process.disconnect()
})
