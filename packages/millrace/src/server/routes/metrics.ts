import { sendText } from '../reply.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerMetrics } from '../server-metrics.ts'

/** `GET /metrics`, in the text format of Prometheus. */
export function metricsRoute(metrics: ServerMetrics): Route {
  return {
    method: 'GET',
    path: '/metrics',
    handle: async ({ query, response }) => {
      checkQuery(query, [])
      sendText(response, 200, await metrics.text(), metrics.contentType)
    },
  }
}
