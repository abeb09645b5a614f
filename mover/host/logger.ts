import fs from 'node:fs'
import { type Logger, pino } from 'pino'

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: '', 40: 'warning: ', 50: 'error: ', 60: 'fatal: ' }
/** Fields that every record has and that tell a reader of one line nothing. */
const COMMON = new Set(['level', 'time', 'msg', 'name', 'pid', 'hostname'])

/**
 * The log of a process, on standard error: one JSON object a line, or one line for people when that is a terminal.
 * `name` says which process it is.
 */
export function createLogger(name: string): Logger {
  const options = { base: { name } }
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }))
  return pino(options, { write: (json: string) => void fs.writeSync(2, `${formatRecord(json)}\n`) })
}

/** A log record as a line for people: `12:00:01 a: warning: text key=value`. */
export function formatRecord(json: string): string {
  const record = JSON.parse(json) as Record<string, unknown>
  const time = new Date(Number(record['time'])).toTimeString().slice(0, 8)
  const fields = Object.entries(record).filter(([key]) => !COMMON.has(key))
  const shown = fields.map(([key, value]) => ` ${key}=${showField(value)}`).join('')
  return `${time} ${record['name']}: ${LEVELS[Number(record['level'])] ?? ''}${record['msg'] ?? ''}${shown}`
}

function showField(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const { message, stack } = value as { message?: unknown; stack?: unknown }
  return typeof stack === 'string' ? stack : typeof message === 'string' ? message : JSON.stringify(value)
}
