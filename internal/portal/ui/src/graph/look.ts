// How the types of triggers and actions look: an icon, and a colour for what they have in
// common.

import {
  ArrowReplyRegular,
  ArrowRepeatAllRegular,
  ArrowSyncRegular,
  BoxMultipleRegular,
  BracesRegular,
  BracesVariableRegular,
  BranchForkRegular,
  CalendarClockRegular,
  ClockRegular,
  CodeRegular,
  DocumentTableRegular,
  type FluentIcon,
  FlashRegular,
  FlowRegular,
  GlobeRegular,
  GroupRegular,
  HandRightRegular,
  PlugConnectedRegular,
  RecordStopRegular,
  SquareRegular,
} from '@fluentui/react-icons'
import { tokens } from '@fluentui/react-components'

/** Family is what types have in common, and the colour that says so. */
export type Family = 'trigger' | 'control' | 'data' | 'call' | 'end'

const families: Record<Family, string> = {
  trigger: tokens.colorPaletteTealForeground2,
  control: tokens.colorPaletteGrapeForeground2,
  data: tokens.colorPaletteMarigoldForeground2,
  call: tokens.colorBrandForeground1,
  end: tokens.colorPaletteCranberryForeground2,
}

/** colourOf is the colour of a family, for icons and edges of cards. */
export function colourOf(family: Family): string {
  return families[family]
}

const known: Readonly<Record<string, [FluentIcon, Family]>> = {
  scope: [GroupRegular, 'control'],
  if: [BranchForkRegular, 'control'],
  switch: [BranchForkRegular, 'control'],
  foreach: [ArrowRepeatAllRegular, 'control'],
  until: [ArrowSyncRegular, 'control'],
  wait: [ClockRegular, 'control'],
  terminate: [RecordStopRegular, 'end'],
  response: [ArrowReplyRegular, 'end'],
  compose: [BracesRegular, 'data'],
  parsejson: [BracesRegular, 'data'],
  query: [DocumentTableRegular, 'data'],
  select: [DocumentTableRegular, 'data'],
  join: [DocumentTableRegular, 'data'],
  table: [DocumentTableRegular, 'data'],
  expression: [BracesRegular, 'data'],
  javascriptcode: [CodeRegular, 'data'],
  http: [GlobeRegular, 'call'],
  httpwebhook: [GlobeRegular, 'call'],
  apiconnection: [PlugConnectedRegular, 'call'],
  apiconnectionwebhook: [PlugConnectedRegular, 'call'],
  apiconnectionnotification: [PlugConnectedRegular, 'call'],
  workflow: [FlowRegular, 'call'],
  sendtobatch: [BoxMultipleRegular, 'call'],
  batch: [BoxMultipleRegular, 'trigger'],
  recurrence: [CalendarClockRegular, 'trigger'],
  slidingwindow: [CalendarClockRegular, 'trigger'],
  request: [HandRightRegular, 'trigger'],
  manual: [HandRightRegular, 'trigger'],
}

/** lookOf is the icon and colour of a type. */
export function lookOf(type: string, trigger: boolean): { icon: FluentIcon; colour: string } {
  const name = type.toLowerCase()
  const other: [FluentIcon, Family] = name.endsWith('variable') ? [BracesVariableRegular, 'data'] : [trigger ? FlashRegular : SquareRegular, 'call']
  const [icon, family] = (Object.hasOwn(known, name) ? known[name] : undefined) ?? other // a type may be named constructor
  return { icon, colour: families[trigger ? 'trigger' : family] }
}
