/** The records of the kill loop: every one follows from its number, so that everything derived from them can be computed anew. */
export interface Trade {
  readonly n: number
  readonly k: string
  readonly v: number
  /** Milliseconds. */
  readonly ts: number
}

const START = Date.UTC(2026, 0, 1)
/** Milliseconds that the watermark is behind. */
const DELAY = 1000
/** Milliseconds of silence that end a session. */
const GAP = 2000
const WINDOW = 1000

/** 10 ms apart, up to 1.5 s out of order, so that some are late; every 700 there is a pause of 5 s. */
export function trade(n: number): Trade {
  const ts = START + n * 10 + Math.floor(n / 700) * 5000 + ((n * 7919) % 1500)
  return { n, k: `k${(n * 31) % 7}`, v: ((n * 104_729) % 1000) - 300, ts }
}

export const SCRIPT = `
CREATE TABLE trades (n BIGINT, k TEXT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH (connector = 'topic', format = 'json', idle_timeout = 'off', max_future_skew = 'off');
CREATE TABLE pulses (n BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH (connector = 'topic', topic = 'trades', format = 'json', idle_timeout = '50ms', max_future_skew = 'off');

CREATE MATERIALIZED VIEW per_second AS
SELECT k, TUMBLE(INTERVAL '1 SECOND') AS w, COUNT(*) AS c, SUM(v) AS s FROM trades GROUP BY k, w;

CREATE MATERIALIZED VIEW bursts AS
SELECT k, SESSION(INTERVAL '2 SECONDS') AS w, COUNT(*) AS c, SUM(v) AS s FROM trades GROUP BY k, w;

CREATE MATERIALIZED VIEW totals AS
SELECT k, COUNT(*) AS c, SUM(v) AS s FROM trades GROUP BY k EMIT CHANGES;

CREATE MATERIALIZED VIEW early AS
SELECT k, TUMBLE(INTERVAL '10 SECONDS') AS w, COUNT(*) AS c FROM trades GROUP BY k, w EMIT CHANGES;

CREATE MATERIALIZED VIEW quiet AS
SELECT TUMBLE(INTERVAL '1 SECOND') AS w, COUNT(*) AS c FROM pulses GROUP BY w;
`

/** A group of a window: key, start and end (ms), count and sum. */
export type Group = readonly [k: string, start: number, end: number, c: number, s: number]

interface Open {
  start: number
  end: number
  c: number
  s: number
}

/** What the views hold after the first `count` trades, computed row by row from the definitions. */
export function expected(count: number): {
  readonly perSecond: readonly Group[]
  readonly bursts: readonly Group[]
  readonly totals: ReadonlyMap<string, readonly [c: number, s: number]>
} {
  const perSecond: Group[] = []
  const bursts: Group[] = []
  const totals = new Map<string, [number, number]>()
  const windows = new Map<string, Open & { k: string }>()
  const sessions = new Map<string, Open[]>()
  let watermark = Number.NEGATIVE_INFINITY
  for (let n = 0; n < count; n++) {
    const { k, v, ts } = trade(n)
    const total = totals.get(k) ?? [0, 0]
    totals.set(k, [total[0] + 1, total[1] + v])
    const start = Math.floor(ts / WINDOW) * WINDOW
    if (start + WINDOW > watermark) {
      const window = windows.get(`${k} ${start}`) ?? { k, start, end: start + WINDOW, c: 0, s: 0 }
      windows.set(`${k} ${start}`, { ...window, c: window.c + 1, s: window.s + v })
    }
    if (ts + GAP > watermark) {
      const all = sessions.get(k) ?? []
      const joined = all.filter((o) => o.end > watermark && ts < o.end && o.start < ts + GAP)
      const merged = joined.reduce(
        (a, b) => ({ start: Math.min(a.start, b.start), end: Math.max(a.end, b.end), c: a.c + b.c, s: a.s + b.s }),
        { start: ts, end: ts + GAP, c: 1, s: v },
      )
      sessions.set(k, [...all.filter((o) => !joined.includes(o)), merged])
    }
    watermark = Math.max(watermark, ts - DELAY)
    if (n % 100 !== 99 && n !== count - 1) continue
    // What is closed takes no more rows, so it does not matter when it is put aside.
    for (const [key, { k: owner, start: from, end, c, s }] of windows) {
      if (end > watermark) continue
      perSecond.push([owner, from, end, c, s])
      windows.delete(key)
    }
    for (const [owner, open] of sessions) {
      for (const { start: from, end, c, s } of open) if (end <= watermark) bursts.push([owner, from, end, c, s])
      sessions.set(owner, open.filter(({ end }) => end > watermark))
    }
  }
  return { perSecond, bursts, totals }
}
