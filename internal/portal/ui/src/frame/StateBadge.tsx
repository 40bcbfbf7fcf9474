import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { CheckmarkCircleFilled, CircleRegular, ClockRegular, ErrorCircleFilled, PauseCircleRegular, SubtractCircleRegular, type FluentIcon } from '@fluentui/react-icons'

const useStyles = makeStyles({
  root: { display: 'inline-flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS, whiteSpace: 'nowrap' },
  icon: { fontSize: '16px', flexShrink: 0 },
  good: { color: tokens.colorPaletteGreenForeground1 },
  bad: { color: tokens.colorPaletteRedForeground1 },
  busy: { color: tokens.colorBrandForeground1 },
  quiet: { color: tokens.colorNeutralForeground3 },
})

type Look = 'good' | 'bad' | 'busy' | 'quiet'

const looks: Record<string, [Look, FluentIcon]> = {
  succeeded: ['good', CheckmarkCircleFilled],
  enabled: ['good', CheckmarkCircleFilled],
  healthy: ['good', CheckmarkCircleFilled],
  connected: ['good', CheckmarkCircleFilled],
  completed: ['good', CheckmarkCircleFilled],
  initiated: ['busy', ClockRegular],
  stopped: ['quiet', PauseCircleRegular],
  disconnected: ['bad', ErrorCircleFilled],
  failed: ['bad', ErrorCircleFilled],
  unhealthy: ['bad', ErrorCircleFilled],
  error: ['bad', ErrorCircleFilled],
  timedout: ['bad', ErrorCircleFilled],
  faulted: ['bad', ErrorCircleFilled],
  running: ['busy', ClockRegular],
  waiting: ['busy', ClockRegular],
  started: ['busy', ClockRegular],
  accepted: ['busy', ClockRegular],
  inprogress: ['busy', ClockRegular],
  creating: ['busy', ClockRegular],
  updating: ['busy', ClockRegular],
  deleting: ['busy', ClockRegular],
  disabled: ['quiet', PauseCircleRegular],
  skipped: ['quiet', SubtractCircleRegular],
  cancelled: ['quiet', SubtractCircleRegular],
  canceled: ['quiet', SubtractCircleRegular],
}

/** StateBadge is a state, of a resource or a run, with the icon and colour that it has everywhere. */
export function StateBadge({ state }: { state: string }) {
  const styles = useStyles()
  const [look, Icon] = looks[state.toLowerCase()] ?? ['quiet', CircleRegular]
  return (
    <span className={styles.root}>
      <Icon className={mergeClasses(styles.icon, styles[look])} aria-hidden />
      {state === '' ? 'Unknown' : state}
    </span>
  )
}
