import { useEffect, useMemo, useState } from 'react'
import { useClient } from '../../api/context'
import { toApiError, type ApiError } from '../../api/error'
import type { TraceReport } from '../trace'
import { askFor, boxOfEnd, hasPorts, pathOf, type Path } from './path'
import type { Topology } from './topology'

/** PathState is the question that somebody has, and what came of it. */
export interface PathState {
  from: string // the id of an end, or an address
  to: string
  protocol: string
  port: string
  setFrom: (text: string) => void
  setTo: (text: string) => void
  setProtocol: (text: string) => void
  setPort: (text: string) => void
  pick: (end: string) => void // on the map: first where it begins, then where it ends
  problem: string // why it cannot be asked yet
  ask: () => void
  asking: boolean
  error: ApiError | undefined
  report: TraceReport | undefined
  path: Path | undefined
  reached: number // steps that are lit
}

const stepTime = 450 // ms for which each hop lights up before the next

/** usePath holds the two ends of a flow, asks for its way, and lights it up hop by hop. */
export function usePath(topology: Topology, networkOf: (address: string) => string | undefined): PathState {
  const client = useClient()
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [protocol, setProtocol] = useState('Tcp')
  const [port, setPort] = useState('443')
  const [answer, setAnswer] = useState<{ report: TraceReport; from: string; to: string }>()
  const [error, setError] = useState<ApiError>()
  const [asking, setAsking] = useState(false)
  const ends = { from: topology.ends.find((e) => e.id === from), to: topology.ends.find((e) => e.id === to) }
  const addresses = { from: ends.from?.address ?? from.trim(), to: ends.to?.address ?? to.trim() }
  const flow = { from: ends.from, fromAddress: addresses.from, to: ends.to, toAddress: addresses.to, protocol, port: Number(port) }
  const request = askFor(flow, networkOf)
  const problem = problemOf(from, to, protocol, port, request)
  const forget =
    <T>(set: (value: T) => void) =>
    (value: T) => {
      set(value)
      setAnswer(undefined)
      setError(undefined)
    }
  const ask = async () => {
    if (typeof request === 'string') return
    setAsking(true)
    setError(undefined)
    try {
      const { body } = await client.post<TraceReport>(request.path, request.body)
      const at = (address: string, end: typeof ends.from) => boxOfEnd(topology, end, address, subnetOfAddress(topology, address))
      setAnswer({ report: body, from: at(addresses.from, ends.from), to: at(addresses.to, ends.to) })
    } catch (failure) {
      setError(toApiError(failure))
    } finally {
      setAsking(false)
    }
  }
  const pick = (end: string) => {
    const port = topology.ends.find((e) => e.id === end)?.port
    if (from === '' || to !== '') {
      forget(setFrom)(end)
      setTo('')
      return
    }
    forget(setTo)(end)
    if (port !== undefined) setPort(String(port))
  }
  const path = useMemo(() => (answer === undefined ? undefined : pathOf(answer.report, topology, answer.from, answer.to)), [answer, topology])
  return {
    from,
    to,
    protocol,
    port,
    setFrom: forget(setFrom),
    setTo: forget(setTo),
    setProtocol: forget(setProtocol),
    setPort: forget(setPort),
    pick,
    problem,
    ask: () => void ask(),
    asking,
    error,
    report: answer?.report,
    path,
    reached: useReached(answer?.report),
  }
}

function problemOf(from: string, to: string, protocol: string, port: string, request: ReturnType<typeof askFor>): string {
  if (from === '' || to === '') return 'Choose two ends: on the map, from the lists, or by their addresses.'
  if (from === to) return 'Choose two different ends.'
  if (hasPorts(protocol) && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) return 'Give a port from 1 to 65535.'
  return typeof request === 'string' ? request : ''
}

/** subnetOfAddress is the ID of the subnet whose first address it is; others are found by the trace's steps. */
function subnetOfAddress(topology: Topology, address: string): string {
  return topology.ends.find((e) => e.address === address)?.box ?? ''
}

/** useReached counts the steps of a report up, one after the other; at once for those who want no motion. */
function useReached(report: TraceReport | undefined): number {
  const [reached, setReached] = useState(0)
  useEffect(() => {
    if (report === undefined) return setReached(0)
    const all = Math.max(report.steps.length, 1)
    if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return setReached(all)
    setReached(1)
    const timer = setInterval(() => setReached((n) => Math.min(n + 1, all)), stepTime)
    return () => clearInterval(timer)
  }, [report])
  return reached
}
