/**
 * Appends numbered records to topic "t" of the log in `directory`, and writes to `trace` when each was submitted and answered. Several
 * appends are under way at a time. Ends when it is killed.
 */
import { appendFileSync } from 'node:fs'
import { openLog } from '../../dist/log/index.js'

const [directory, trace] = process.argv.slice(2)
const log = await openLog({ directory, maintainEveryMs: 0 })
if (log.topic('t') === undefined) await log.createTopic('t')

const [{ end }] = await log.offsets('t')
const answers = new Set()
for (let n = end; ; n++) {
  appendFileSync(trace, `submit ${n}\n`)
  // Sizes that make chunks, sealed blocks and large blocks.
  const size = n % 40 === 39 ? 300_000 : (n * 7919) % 30_000
  const answer = log.append({ topic: 't', records: [{ value: Buffer.alloc(size + 20, `${n} `) }] }).then(
    ({ firstOffset }) => appendFileSync(trace, `ack ${n} ${firstOffset}\n`),
    (error) => appendFileSync(trace, `refused ${n} ${error.code}\n`),
  )
  answers.add(answer)
  void answer.then(() => answers.delete(answer))
  if (answers.size >= 3) await Promise.race(answers)
}
