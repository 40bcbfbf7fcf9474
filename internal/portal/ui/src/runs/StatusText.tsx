import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import {
  ArrowSyncCircleRegular,
  CheckmarkCircleFilled,
  ClockRegular,
  DismissCircleFilled,
  type FluentIcon,
  PauseCircleRegular,
  SkipForwardTabRegular,
  SubtractCircleRegular,
} from '@fluentui/react-icons'
import { coloursOf } from '../graph/decoration'

const useStyles = makeStyles({
  root: { display: 'inline-flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS, whiteSpace: 'nowrap', color: tokens.colorNeutralForeground1 },
  icon: { fontSize: '16px', flexShrink: 0 },
  dots: { display: 'inline-flex', columnGap: '3px', alignItems: 'center' },
})

const icons: Record<string, FluentIcon> = {
  Succeeded: CheckmarkCircleFilled,
  Failed: DismissCircleFilled,
  TimedOut: DismissCircleFilled,
  Faulted: DismissCircleFilled,
  Aborted: DismissCircleFilled,
  Running: ArrowSyncCircleRegular,
  Waiting: ClockRegular,
  Paused: PauseCircleRegular,
  Suspended: PauseCircleRegular,
  Skipped: SkipForwardTabRegular,
}

/** StatusText is a status as an icon and a word. */
export function StatusText({ status, words, className }: { status: string; words?: string; className?: string }) {
  const styles = useStyles()
  return (
    <span className={mergeClasses(styles.root, className)}>
      <StatusIcon status={status} />
      {words ?? status}
    </span>
  )
}

function StatusIcon({ status }: { status: string }) {
  const styles = useStyles()
  const Icon = icons[status] ?? SubtractCircleRegular
  return <Icon className={styles.icon} style={{ color: coloursOf(status).line }} aria-hidden />
}

/** StatusDots are the statuses of the last runs, the newest first. */
export function StatusDots({ statuses }: { statuses: readonly string[] }) {
  const styles = useStyles()
  return (
    <span className={styles.dots} role="img" aria-label={`Last runs: ${statuses.join(', ')}`}>
      {statuses.map((s, i) => (
        <StatusIcon key={i} status={s} />
      ))}
    </span>
  )
}
