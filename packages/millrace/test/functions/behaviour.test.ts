import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindExpression, evaluateText, isBindError } from './evaluate.ts'

/** Both ways of evaluation give the text. */
function check(sql: string, text: string): void {
  expect(evaluateText(sql, true)).toBe(text)
  expect(evaluateText(sql, false)).toBe(text)
}

describe('numbers', () => {
  it.each([
    ['2147483647 + 1', '2147483648'],
    ['9223372036854775807 + 1', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['-9223372036854775807 - 2', 'error: -9223372036854775809 is out of range for BIGINT'],
    ['4611686018427387904 * 2', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['9007199254740993 + 0', '9007199254740993'],
    ['0.1 + 0.2 = 0.3', 'true'],
    ['1 / 3.0', '0.33333333333333333333'],
    ['10 % 3.5', '3'],
    ['7 / 0.0', 'error: division by zero'],
    ['5 % 0', 'error: division by zero'],
    ['1e0 / 0e0', 'error: division by zero'],
    ['1.5 * 2e0', '3'],
    ['abs(-9223372036854775808)', 'error: 9223372036854775808 is out of range for BIGINT'],
    ['round(-2.5)', '-3'],
    ['round(0.5e0)', '1'],
    ['round(1.005e0, 2)', '1.01'],
    ['ceil(-0.5)', '0'],
    ['power(2.0, 100)', '1267650600228229401496703205376'],
    ['power(2.0, -1)', 'error: a DECIMAL has no exact negative power'],
    ['greatest(1, 2.5, 1e1)', '10'],
    ['CASE WHEN true THEN 1 ELSE 1 / 0 END', '1'],
    ["TRY_CAST('x' || 'y' AS BIGINT)", 'NULL'],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('text', () => {
  it.each([
    ["'a' || NULL", 'NULL'],
    ["concat('a', NULL, 'b')", 'ab'],
    ["substr('abcdef', 0, 3)", 'ab'],
    ["substr('👍👎x', 2, 1)", '👎'],
    ["substr('abc', 2, -1)", 'error: negative length in substr'],
    ["reverse('a👍')", '👍a'],
    ["lpad('👍', 3, 'ab')", 'ab👍'],
    ["split_part('a,b', ',', 0)", 'error: split_part counts parts from 1, or from the end from -1'],
    ["replace('a$&b', '$&', '$1')", 'a$1b'],
    ["repeat('x', 100000000)", 'error: the text would be 100000000 characters long; the limit is 16777216'],
    ["TRIM(BOTH 'x' FROM 'xxaxx')", 'a'],
    ["POSITION('c' IN 'abc')", '3'],
    ["'é' < 'z'", 'false'],
    ["'\uffff' < '👍'", 'true'],
    ["regexp_like('x', '(')", 'error: "(" is not a regular expression: missing ): ('],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('date and time', () => {
  it.each([
    ["TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1 month'", '2024-02-29T10:00:00Z'],
    ["TIMESTAMP '2024-03-31' - INTERVAL '1 month'", '2024-02-29T00:00:00Z'],
    ["TIMESTAMP '2024-01-01' - TIMESTAMP '2024-01-02 01:00:00'", '-1 day -01:00:00'],
    ["DATE '2024-03-01' - DATE '2024-02-01'", '29'],
    ["DATE '2024-02-28' + 2", '2024-03-01'],
    ["TIME '23:30' + INTERVAL '1 hour'", '00:30:00'],
    ["INTERVAL '1 month' * 1.5", '1 month 15 days'],
    ["INTERVAL '1 hour' / 3", '00:20:00'],
    ["INTERVAL '1 day' = INTERVAL '24 hours'", 'true'],
    ["EXTRACT(epoch FROM TIMESTAMP '2024-08-08 23:54:00.25')", '1723161240.25'],
    ["EXTRACT(week FROM DATE '2021-01-03')", '53'],
    ["EXTRACT(isoyear FROM DATE '2021-01-03')", '2020'],
    ["EXTRACT(dow FROM DATE '2024-08-11')", '0'],
    ["EXTRACT(fortnight FROM DATE '2024-08-11')", 'error: there is no date field "fortnight"'],
    ["date_trunc('quarter', TIMESTAMP '2024-08-08')", '2024-07-01T00:00:00Z'],
    ["date_trunc('hour', TIMESTAMP '1969-12-31 23:59:59')", '1969-12-31T23:00:00Z'],
    ["date_trunc('century', DATE '2001-05-05')", '2001-01-01T00:00:00Z'],
    ["date_bin(INTERVAL '15 minutes', TIMESTAMP '1969-12-31 23:59:59')", '1969-12-31T23:45:00Z'],
    ["date_bin(INTERVAL '1 month', TIMESTAMP '2024-08-08', TIMESTAMP '2024-01-15')", '2024-07-15T00:00:00Z'],
    ["to_timestamp_millis('1723161240000')", '2024-08-08T23:54:00Z'],
    ['to_timestamp_nanos(1723161240123456789)', '2024-08-08T23:54:00.123456Z'],
    ["to_timestamp('soon')", 'error: "soon" is not a TIMESTAMP'],
    ['to_timestamp_seconds(9223372036854775807)', 'error: 9223372036854775807000000 is out of range for TIMESTAMP'],
    ["to_unix_millis(TIMESTAMP '1969-12-31 23:59:59.9995')", '-1'],
    ["to_char(TIMESTAMP '2024-08-08 03:04:05.006', '%H:%M:%S%.3f %j %a %-d')", '03:04:05.006 221 Thu 8'],
    ["to_char(DATE '2024-08-08', 'Day, DD Mon YYYY \"Q\"Q')", 'Thursday, 08 Aug 2024 Q3'],
    ['now()', '2024-08-08T00:00:00Z'],
  ])('%s is %s', (sql, text) => check(sql, text))

  it('truncates and takes apart as the calendar says', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        (date) => {
          const sql = `TIMESTAMP '${date.toISOString()}'`
          expect(
            evaluateText(
              `date_trunc('month', ${sql}) = make_date(${date.getUTCFullYear()}, ${date.getUTCMonth() + 1}, 1)`,
            ),
          ).toBe('true')
          expect(evaluateText(`EXTRACT(dow FROM ${sql})`)).toBe(String(date.getUTCDay()))
          expect(evaluateText(`EXTRACT(hour FROM ${sql})`)).toBe(String(date.getUTCHours()))
          expect(evaluateText(`to_unix_millis(${sql})`)).toBe(String(date.getTime()))
        },
      ),
    )
  })
})

describe('JSON', () => {
  it.each([
    [`JSON '{"a": [10, 20]}' -> 'a' -> -1`, '20'],
    [`JSON '{"a": null}' -> 'a'`, 'NULL'],
    [`JSON '{"a": null}' ->> 'a'`, 'NULL'],
    [`JSON '{"a": 1}' -> 'b' -> 'c'`, 'NULL'],
    [`JSON '{"p": "1.50"}' ->> 'p' = '1.50'`, 'true'],
    [`(JSON '{"p": 1.50}' ->> 'p')::DECIMAL * 2`, '3'],
    [`'{"a": 1}' -> 'a'`, '1'],
    [`json_length('{' || '"a"')`, 'error: "{\\"a\\"" is not JSON'],
    [`json_get_int(JSON '{"a": 1.5}', 'a')`, 'NULL'],
    [`json_get_int(JSON '{"a": 1e2}', 'a')`, '100'],
    [`JSON '{"__proto__": 1}' ->> '__proto__'`, '1'],
    [`JSON '{}' ->> '__proto__'`, 'NULL'],
    [`json_value('{"a": [{"b": true}]}', '$.a[0].b')`, 'true'],
    [`json_value('{"a": []}', '$.a')`, 'NULL'],
    [`extract_json('{"a": {"x": 1, "b": {"x": 2}}}', '$..x')`, '["1","2"]'],
    [`extract_json('[1,2,3,4]', '$[1:3]')`, '["2","3"]'],
    [`extract_json('[1,2,3]', '$[-1,0]')`, '["3","1"]'],
    [`extract_json('{"a b": 1}', '$[''a b'']')`, '["1"]'],
    [
      `extract_json('[{"a": 1}]', '$[?(@.a)]')`,
      'error: the JSON path "$[?(@.a)]" has a filter, which is not supported',
    ],
    [`get_first_json_object('{"n": 1491318144456507320}', '$.n')`, '1491318144456507320'],
    [`json_object('a', JSON '[1]', 'b', ARRAY[1.50, NULL])`, '{"a":[1],"b":[1.5,null]}'],
  ])('%s is %s', (sql, text) => check(sql, text))
})

describe('what does not fit', () => {
  it.each([
    'lower(1)',
    '1 + true',
    "TIMESTAMP '2024-01-01' + TIMESTAMP '2024-01-01'",
    "substr('a')",
    'subscript(1, 1)',
    "json_get(JSON '{}', 1.5)",
  ])('%s is a type error', (sql) => {
    let error: unknown
    try {
      bindExpression(sql)
    } catch (caught) {
      error = caught
    }
    expect(isBindError(error, 'SQL_TYPE'), String(error)).toBe(true)
  })
})
