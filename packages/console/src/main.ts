import { connect, type ConnectionStatus, type RowStream } from '@millrace/client'
import { type Row, RowTable } from './row-table.ts'

const form = document.querySelector<HTMLFormElement>('#address-form')!
const address = document.querySelector<HTMLInputElement>('#address')!
const status = document.querySelector<HTMLOutputElement>('#status')!
const table = new RowTable(document.querySelector('table')!)

let current: RowStream<Row> | null = null

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void show(address.value)
})
void show(address.value)

async function show(url: string): Promise<void> {
  current?.close()
  table.clear()
  try {
    const rows = connect<Row>(url, {
      onStatus: (change) => say(describe(change)),
      onGap: (gap) => say(`${gap.count ?? 'some'} rows missing (${gap.reason.replace('_', ' ')})`),
    })
    current = rows
    for await (const row of rows) table.add(row)
    if (current === rows) say('the stream is complete')
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
  }
}

function say(text: string): void {
  status.value = text
}

function describe(change: ConnectionStatus): string {
  switch (change.kind) {
    case 'connected':
      return 'connected'
    case 'disconnected':
      return `not connected, trying again in ${Math.ceil(change.retryMs / 1000)} s`
    case 'paused':
      return 'catching up'
  }
}
