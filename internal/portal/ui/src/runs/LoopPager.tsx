import { Button, Input, makeStyles, Text, tokens } from '@fluentui/react-components'
import { ChevronLeftRegular, ChevronRightRegular, ErrorCircleRegular } from '@fluentui/react-icons'
import type { Loop } from './records'
import { hasFailed } from './run'
import { StatusText } from './StatusText'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: tokens.spacingHorizontalXS,
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  number: { width: '84px' },
  name: { marginInlineEnd: tokens.spacingHorizontalS },
})

/** LoopPager goes through the iterations of a loop, and to those that failed. */
export function LoopPager({ loop, index, go }: { loop: Loop; index: number | undefined; go: (index: number) => void }) {
  const styles = useStyles()
  const { node, iterations } = loop
  if (iterations === undefined || iterations.length === 0 || index === undefined) return null
  const at = iterations.findIndex((i) => i.index === index)
  const failed = iterations.filter((i) => hasFailed(i.status))
  const next = failed.find((i) => i.index > index) ?? failed.find((i) => i.index !== index)
  const move = (by: number) => {
    const to = iterations[at + by]
    if (to) go(to.index)
  }
  const seek = (text: string) => {
    const to = iterations.find((i) => i.index === Number(text) - 1)
    if (to) go(to.index)
  }
  return (
    <div className={styles.root} role="group" aria-label={`Iterations of ${node.name}`}>
      <Text weight="semibold" className={styles.name}>
        {node.name.replaceAll('_', ' ')}
      </Text>
      <Button size="small" appearance="subtle" icon={<ChevronLeftRegular />} disabled={at <= 0} aria-label="Iteration before" onClick={() => move(-1)} />
      <Input
        key={index}
        size="small"
        className={styles.number}
        type="number"
        min={1}
        max={iterations.length}
        defaultValue={String(index + 1)}
        aria-label="Iteration"
        onBlur={(e) => seek(e.target.value)}
        onKeyDown={(e) => e.key === 'Enter' && seek(e.currentTarget.value)}
      />
      <Text>of {iterations.length.toLocaleString()}</Text>
      <Button size="small" appearance="subtle" icon={<ChevronRightRegular />} disabled={at >= iterations.length - 1} aria-label="Next iteration" onClick={() => move(1)} />
      <StatusText status={iterations[at]?.status ?? ''} />
      {next && (
        <Button size="small" icon={<ErrorCircleRegular />} onClick={() => go(next.index)}>
          Next failed ({failed.length})
        </Button>
      )}
    </div>
  )
}
