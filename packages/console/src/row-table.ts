/** One row as it was parsed. */
export type Row = Readonly<Record<string, unknown>>

const SHOWN_ROWS = 100

/** The latest rows of a stream as a table, the newest first. Columns are the keys of the rows, in order of appearance. */
export class RowTable {
  readonly #head: HTMLElement
  readonly #body: HTMLElement
  #columns: string[] = []
  #waiting: Row[] = []
  #scheduled = false

  constructor(table: HTMLTableElement) {
    this.#head = table.tHead!
    this.#body = table.tBodies[0]!
  }

  add(row: Row): void {
    this.#waiting.push(row)
    if (this.#waiting.length > SHOWN_ROWS) this.#waiting.shift()
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => this.#draw())
  }

  clear(): void {
    this.#columns = []
    this.#waiting = []
    this.#head.replaceChildren()
    this.#body.replaceChildren()
  }

  #draw(): void {
    this.#scheduled = false
    const added = this.#waiting.flatMap((row) => Object.keys(row)).filter((key) => !this.#columns.includes(key))
    if (added.length > 0) {
      this.#columns.push(...new Set(added))
      this.#head.replaceChildren(line(this.#columns.map((c) => cell('th', c))))
    }
    this.#body.prepend(...this.#waiting.map((row) => line(this.#columns.map((c) => cell('td', row[c])))).reverse())
    while (this.#body.childElementCount > SHOWN_ROWS) this.#body.lastElementChild!.remove()
    this.#waiting = []
  }
}

function line(cells: readonly HTMLElement[]): HTMLTableRowElement {
  const row = document.createElement('tr')
  row.append(...cells)
  return row
}

/** Rows come from outside: they become text, never markup. */
function cell(kind: 'td' | 'th', value: unknown): HTMLElement {
  const element = document.createElement(kind)
  if (typeof value === 'number') element.className = 'number'
  element.textContent = typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value)
  return element
}
