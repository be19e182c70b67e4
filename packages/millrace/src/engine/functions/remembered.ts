/** Prepares something from a text argument that is nearly always a literal: made anew only when the text changes. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  let last: string | undefined
  let made: T | undefined
  return (text) => {
    if (text !== last) {
      made = make(text)
      last = text
    }
    return made as T
  }
}
