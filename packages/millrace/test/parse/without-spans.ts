/** A copy of a tree without its spans, to compare what two texts mean. */
export function withoutSpans<T>(node: T): T {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === 'span' || key === 'operatorSpan' ? undefined : value)),
  ) as T
}
