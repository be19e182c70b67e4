import { LiveRegion } from './terminal/live-region.ts'

const REDRAW_MS = 250

export interface StatusLine {
  /** Prints a line that stays, above the status; nothing when stderr is no terminal. */
  note(line: string): void
  /** Takes the status away. */
  close(): void
}

/** Keeps one line on stderr up to date while stderr is a terminal. */
export function statusLine(text: () => string): StatusLine {
  const region = new LiveRegion(process.stderr)
  const draw = (): void => region.draw([text().slice(0, region.size.columns || 80)])
  const timer = region.enabled ? setInterval(draw, REDRAW_MS) : undefined
  timer?.unref()
  return {
    note: (line) => {
      if (!region.enabled) return
      region.clear()
      process.stderr.write(`${line}\n`)
      draw()
    },
    close: () => {
      clearInterval(timer)
      region.clear()
      region.close()
    },
  }
}

/** `1 client`, `1,234 clients` */
export function formatCount(value: number, noun: string): string {
  return `${value.toLocaleString('en-US')} ${noun}${value === 1 ? '' : 's'}`
}

/** `5.7 MB`: decimal units, two or three digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
