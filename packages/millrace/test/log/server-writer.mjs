/**
 * Uses the log as a server does: commits of several appends, values and holds, a few of them under way at a time, while retention turns
 * one topic over. Writes to `trace` what was submitted and answered. Writes `fault` to the file `arm` once the log is ready.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { openLog } from '../../dist/log/index.js'

const COMMITS = 9
const UNDER_WAY = 3

const [directory, trace, arm = '', fault = ''] = process.argv.slice(2)
const note = (text) => appendFileSync(trace, `${text}\n`)

const log = await openLog({ directory, maintainEveryMs: 0 })
await log.createTopic('journal')
await log.createTopic('result', { partitions: 2 })
await log.createTopic('turnover', { retentionBytes: 300_000 })
if (arm !== '') writeFileSync(arm, fault)

const answers = new Set()
for (let k = 0; k < COMMITS; k++) {
  const record = (size) => ({ value: Buffer.alloc(size + 20, `${k} `) })
  note(`submit ${k}`)
  const answer = log
    .commit({
      appends: [
        { topic: 'journal', records: [record(10)] },
        { topic: 'result', partition: k % 2, records: [record((k * 7919) % 9000), record(50)] },
        { topic: 'turnover', records: [record(k % 4 === 3 ? 400_000 : 150_000)] },
      ],
      puts: [
        { key: 'last', value: Buffer.from(`${k}`) },
        { key: `each/${k}`, value: Buffer.from(`${k}`) },
      ],
      holds: [{ owner: 'pipeline', topic: 'journal', partition: 0, offset: k }],
    })
    .then(
      ([journal, result]) => note(`ack ${k} ${journal.firstOffset} ${result.firstOffset}`),
      (error) => note(`refused ${k} ${error.code}`),
    )
  answers.add(answer)
  void answer.then(() => answers.delete(answer))
  if (answers.size >= UNDER_WAY) await Promise.race(answers)
}
await Promise.all(answers)
note('done')
