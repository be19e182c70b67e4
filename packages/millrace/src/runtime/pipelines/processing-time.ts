import type { Dataflow } from '../../plan/index.ts'

/** Whether anything in a plan happens by the passing of time alone, so that it has to be told of it while there is no input. */
export function dependsOnTime({ nodes }: Dataflow): boolean {
  return nodes.some((node) => {
    switch (node.kind) {
      case 'watermark':
        return node.idleTimeout !== null
      case 'window_aggregate':
        return node.emit?.every != null
      case 'join':
        return true
      default:
        return false
    }
  })
}
