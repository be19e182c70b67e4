import type { Instance } from '../../runtime/index.ts'
import type { Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { pipelineRoutes } from './pipelines.ts'
import { queryRoute } from './query.ts'
import { statementsRoute } from './statements.ts'
import { tableRoutes } from './tables.ts'

/** Everything that needs more than a log. */
export function instanceRoutes(context: ServerContext, instance: Instance): readonly Route[] {
  return [
    statementsRoute(context, instance),
    queryRoute(context, instance),
    ...tableRoutes(instance),
    ...pipelineRoutes(instance),
    ...deadLetterRoutes(context, instance),
  ]
}
