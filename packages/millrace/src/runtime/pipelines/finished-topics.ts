import type { Log, Put } from '../../log/index.ts'
import { captureKey, decodeCapture } from '../capture/capture-state.ts'

/** Where the log says of a topic that has but one writer, a pipeline, that nothing more will come. */
function finishedKey(topic: string): string {
  return `finished/${topic}`
}

export function finishedPut(topic: string, finished: boolean): Put {
  return { key: finishedKey(topic), value: finished ? Buffer.from('true') : null }
}

/** Whether everything has been said in a topic: the source that is captured into it, or the pipeline that writes it, has come to its end. */
export async function isFinished(log: Log, topic: string): Promise<boolean> {
  if ((await log.get(finishedKey(topic))) !== undefined) return true
  const capture = await log.get(captureKey(topic))
  return capture !== undefined && decodeCapture(capture).finished
}
