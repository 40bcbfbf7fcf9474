// Packet captures of a network watcher (armnetwork PacketCapture).

export interface PacketCapture {
  id: string
  name: string
  properties: {
    target: string
    bytesToCapturePerPacket?: number
    totalBytesPerSession?: number
    timeLimitInSeconds?: number
    filters?: Filter[]
    storageLocation?: { filePath?: string; storagePath?: string }
    provisioningState?: string
  }
}

/** Filter chooses packets; several entries have semicolons between. */
export interface Filter {
  protocol?: string
  localIPAddress?: string
  localPort?: string
  remoteIPAddress?: string
  remotePort?: string
}

/** CaptureStatus is what POST {capture}/queryStatus answers. */
export interface CaptureStatus {
  packetCaptureStatus?: string
  stopReason?: string
  packetCaptureError?: string[]
  captureStartTime?: string
  message?: string
  packets?: number
  bytes?: number
}

/** CaptureDraft is a capture as the form has it. */
export interface CaptureDraft {
  name: string
  target: string // ID
  perPacket: string // bytes, 0: all
  total: string // bytes
  seconds: string
  protocol: string
  local: string
  localPort: string
  remote: string
  remotePort: string
}

const mostBytes = 4294967295
const mostSeconds = 18000

export const newCapture: CaptureDraft = { name: '', target: '', perPacket: '0', total: '1073741824', seconds: String(mostSeconds), protocol: 'Any', local: '', localPort: '', remote: '', remotePort: '' }

function whole(text: string, least: number, most: number): boolean {
  return /^\d+$/.test(text.trim()) && Number(text) >= least && Number(text) <= most
}

export function bytesProblem(text: string): string {
  return whole(text, 0, mostBytes) ? '' : `Give whole bytes from 0 to ${mostBytes.toLocaleString()}.`
}

export function timeProblem(text: string): string {
  return whole(text, 1, mostSeconds) ? '' : `Give whole seconds from 1 to ${mostSeconds.toLocaleString()}.`
}

/** captureBody is what a PUT sends. */
export function captureBody(draft: CaptureDraft, file: string): { properties: PacketCapture['properties'] } {
  const filter = filterOf(draft)
  return {
    properties: {
      target: draft.target,
      bytesToCapturePerPacket: Number(draft.perPacket),
      totalBytesPerSession: Number(draft.total),
      timeLimitInSeconds: Number(draft.seconds),
      ...(Object.keys(filter).length > 0 && { filters: [filter] }),
      storageLocation: { filePath: `${file}.cap` },
    },
  }
}

/** filterOf has what was chosen alone: an empty one takes all. */
function filterOf(d: CaptureDraft): Filter {
  const given = { protocol: d.protocol === 'Any' ? '' : d.protocol, localIPAddress: d.local.trim(), localPort: d.localPort.trim(), remoteIPAddress: d.remote.trim(), remotePort: d.remotePort.trim() }
  return Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ''))
}

/** statusText is how far a capture is, with why it ended. */
export function statusText({ packetCaptureStatus = '', stopReason = '', message = '' }: CaptureStatus): string {
  return [packetCaptureStatus, stopReason, message].filter((t) => t !== '').join(', ')
}
