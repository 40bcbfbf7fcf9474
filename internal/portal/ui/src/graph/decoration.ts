import { tokens } from '@fluentui/react-components'

/** Decoration is what a view adds to a node: how it went, how long, what is wrong with it. */
export interface Decoration {
  readonly status?: string // of a run; it colours the node
  readonly note?: string // short, such as a duration
  readonly badge?: string // shorter, such as "3 attempts"
  readonly problems?: number
  readonly dimmed?: boolean
}

interface Colours {
  readonly line: string
  readonly text: string
  readonly fill: string
}

const good: Colours = { line: tokens.colorPaletteGreenBorderActive, text: tokens.colorPaletteGreenForeground1, fill: tokens.colorPaletteGreenBackground1 }
const bad: Colours = { line: tokens.colorPaletteRedBorderActive, text: tokens.colorPaletteRedForeground1, fill: tokens.colorPaletteRedBackground1 }
const busy: Colours = { line: tokens.colorBrandStroke1, text: tokens.colorBrandForeground1, fill: tokens.colorBrandBackground2 }
const resting: Colours = { line: tokens.colorStatusWarningForeground1, text: tokens.colorPaletteYellowForeground2, fill: tokens.colorPaletteYellowBackground1 }
const idle: Colours = { line: tokens.colorNeutralStrokeAccessible, text: tokens.colorNeutralForeground2, fill: tokens.colorNeutralBackground3 }

const byStatus: Record<string, Colours> = {
  Succeeded: good,
  Failed: bad,
  TimedOut: bad,
  Faulted: bad,
  Aborted: bad,
  Running: busy,
  Waiting: resting,
  Suspended: resting,
  Paused: resting,
  Cancelled: resting,
  Skipped: idle,
  Ignored: idle,
}

/** coloursOf are those of a status. */
export function coloursOf(status: string): Colours {
  return byStatus[status] ?? idle
}
