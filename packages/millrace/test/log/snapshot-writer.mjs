/**
 * Saves snapshots of the state in `state-model.mjs`, numbered on from `step`, and writes to `trace` what happened: a snapshot counts once
 * "named STEP SNAPSHOT" is there, as it would in the log. Ends after `steps`, or when it is killed. Writes `fault` to the file `arm` once
 * the store is ready.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { openStateStore } from '../../dist/log/index.js'
import { changesOf } from './state-model.mjs'

const [directory, trace, first, steps = 'Infinity', arm = '', fault = ''] = process.argv.slice(2)
const note = (text) => appendFileSync(trace, `${text}\n`)

const store = await openStateStore({ directory })
if (arm !== '') writeFileSync(arm, fault)
let settling = Promise.resolve()
const last = Number(first) + Number(steps)
for (let n = Number(first) + 1; n <= last; n++) {
  note(`begin ${n}`)
  try {
    const snapshot = await store.save('job', changesOf(n))
    note(`named ${n} ${snapshot}`)
    settling = store.settle('job', snapshot).then(
      () => note(`settled ${n}`),
      (error) => note(`refused ${n} ${error.code}`),
    )
  } catch (error) {
    note(`refused ${n} ${error.code}`)
    break
  }
  if (n % 5 === 0) await settling
}
await settling
note('done')
