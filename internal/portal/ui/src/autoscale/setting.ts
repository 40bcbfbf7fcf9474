// Autoscale settings as the API has them (Microsoft.Insights/autoscaleSettings, ise.md A8):
// what the form edits; the rest of a setting goes through it unchanged.

import type { AutoscaleProfile, AutoscaleSetting, AutoscaleSettingResource, ComparisonOperationType, MetricTrigger, Recurrence, RecurrentSchedule, ScaleAction, ScaleCapacity, TimeWindow } from '../api/models/monitor'

export const settingType = 'Microsoft.Insights/autoscaleSettings'

/** Given is a model of which the server always gives some members. */
type Given<Model, Names extends keyof Model> = Model & { [Name in Names]-?: NonNullable<Model[Name]> }

export type Trigger = Given<MetricTrigger, 'metricName' | 'timeGrain' | 'statistic' | 'timeWindow' | 'timeAggregation' | 'operator' | 'threshold'>
export type Action = Given<ScaleAction, 'direction' | 'type' | 'cooldown'>

export interface Rule {
  metricTrigger: Trigger
  scaleAction: Action
}

export type Weekly = Given<Recurrence, 'frequency'> & { schedule: Given<RecurrentSchedule, 'days' | 'hours' | 'minutes'> }

export type Profile = Omit<Given<AutoscaleProfile, 'name'>, 'capacity' | 'rules' | 'fixedDate' | 'recurrence'> & {
  capacity: Required<ScaleCapacity>
  rules: Rule[]
  fixedDate?: Given<TimeWindow, 'start' | 'end'>
  recurrence?: Weekly
}

export type Setting = Omit<Given<AutoscaleSettingResource, 'id' | 'name' | 'location'>, 'properties'> & {
  properties: Omit<Given<AutoscaleSetting, 'targetResourceUri' | 'enabled'>, 'profiles'> & { profiles: Profile[] }
}

/** Status is what came of a setting when it was looked at last. */
export interface Status {
  evaluatedTime: string
  profile: string
  capacity: number
  reason: string
  lastScaleTime?: string
  lastScaleFrom: number
  lastScaleTo: number
}

/** What a rule usually goes by: how busy an environment's workflows keep it. */
export const usualMetric = 'IntegrationServiceEnvironmentWorkflowProcessorUsage'

export const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

export const operators: [value: ComparisonOperationType, words: string][] = [
  ['GreaterThan', '>'],
  ['GreaterThanOrEqual', '≥'],
  ['LessThan', '<'],
  ['LessThanOrEqual', '≤'],
  ['Equals', '='],
  ['NotEquals', '≠'],
]

/** minutesOf reads a duration of days, hours and minutes, such as PT1H30M; NaN if it is another one. */
export function minutesOf(duration: string): number {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/i.exec(duration)
  if (found === null || duration.length < 3) return NaN
  const [, d = '0', h = '0', m = '0'] = found
  return Number(d) * 1440 + Number(h) * 60 + Number(m)
}

/** durationOf writes minutes as a duration. */
export function durationOf(minutes: number): string {
  return `PT${minutes}M`
}

/** whenText says when a profile is in force. */
export function whenText({ fixedDate, recurrence }: Profile): string {
  if (fixedDate !== undefined) return `From ${fixedDate.start.replace('T', ' ')} to ${fixedDate.end.replace('T', ' ')} ${fixedDate.timeZone ?? 'UTC'}`
  if (recurrence === undefined) return 'Whenever no other condition is in force'
  const { days: on, hours, minutes, timeZone } = recurrence.schedule
  const named = on.length === days.length ? 'Every day' : on.join(', ')
  return `${named} from ${hours.flatMap((h) => minutes.map((m) => `${two(h)}:${two(m)}`)).join(', ')} ${timeZone ?? 'UTC'}`
}

/** metricText is a metric for people, as "Workflow processor usage". */
export function metricText(metric: string): string {
  const words = metric.replace(/^IntegrationServiceEnvironment/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
  return words.charAt(0) + words.slice(1).toLowerCase()
}

/** ruleText says what a rule does. */
export function ruleText({ metricTrigger: t, scaleAction: a }: Rule): string {
  const sign = operators.find(([value]) => value === t.operator)?.[1] ?? t.operator
  const value = a.value ?? '1'
  const verb = a.direction === 'Increase' ? 'Add' : 'Remove'
  const done = a.type === 'ExactCount' ? `Go to ${value} units` : `${verb} ${value}${a.type === 'PercentChangeCount' ? ' %' : value === '1' ? ' unit' : ' units'}`
  return `${done} when ${metricText(t.metricName).toLowerCase()} ${sign} ${t.threshold} (${t.timeAggregation.toLowerCase()} of ${minutesOf(t.timeWindow)} min), then wait ${minutesOf(a.cooldown)} min`
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

/** newRule is what the form of a rule begins with. */
export function newRule(metric: string): Rule {
  return {
    metricTrigger: { metricName: metric, timeGrain: 'PT1M', statistic: 'Average', timeWindow: 'PT10M', timeAggregation: 'Average', operator: 'GreaterThan', threshold: 70 },
    scaleAction: { direction: 'Increase', type: 'ChangeCount', value: '1', cooldown: 'PT5M' },
  }
}

/** newProfile is what the form of a condition begins with; the first one of a setting is always in force. */
export function newProfile(name: string, capacity: number): Profile {
  const units = String(capacity)
  return { name, capacity: { minimum: '0', maximum: '10', default: units }, rules: [] }
}

/** withProfile is a list of profiles with another one at a place, or behind the others. */
export function withProfile(profiles: readonly Profile[], profile: Profile, at: number): Profile[] {
  return at < 0 ? [...profiles, profile] : profiles.map((p, i) => (i === at ? profile : p))
}

/** profileProblems are what is wrong with a condition before the server sees it, by field. */
export function profileProblems(profile: Profile, others: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  if (profile.name.trim() === '') found.name = 'Give a name.'
  else if (others.includes(profile.name)) found.name = 'There is a condition of that name.'
  const { minimum, maximum, default: usual } = profile.capacity
  const units = [minimum, usual, maximum].map((text) => (/^\d+$/.test(text) ? Number(text) : NaN))
  const [least = NaN, normal = NaN, most = NaN] = units
  if (units.some((n) => Number.isNaN(n) || n > 10)) found.capacity = 'Units are whole numbers from 0 to 10.'
  else if (least > normal || normal > most) found.capacity = 'The minimum is no more than the default, and the default no more than the maximum.'
  const { fixedDate, recurrence } = profile
  if (fixedDate !== undefined && (fixedDate.start === '' || fixedDate.end === '')) found.when = 'Give the start and the end.'
  else if (fixedDate !== undefined && fixedDate.start >= fixedDate.end) found.when = 'The end is after the start.'
  if (recurrence !== undefined && recurrence.schedule.days.length === 0) found.when = 'Choose at least one day.'
  profile.rules.forEach((r, i) => {
    const problem = ruleProblem(r)
    if (problem !== '') found[`rule${i}`] = problem
  })
  return found
}

function ruleProblem({ metricTrigger: t, scaleAction: a }: Rule): string {
  if (t.metricName === '') return 'Choose a metric.'
  if (!Number.isFinite(t.threshold)) return 'Give a threshold.'
  if (!(minutesOf(t.timeWindow) >= 5)) return 'The window has at least 5 minutes.'
  if (!(minutesOf(a.cooldown) >= 1)) return 'The cooldown has at least 1 minute.'
  return a.type === 'PercentChangeCount' || (/^\d+$/.test(a.value ?? '1') && Number(a.value ?? '1') <= 10) ? '' : 'Units are whole numbers up to 10.'
}
