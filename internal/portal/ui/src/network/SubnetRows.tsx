import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { formatRange, freeRange, parseRange, type Range } from './address'
import { subnetNameProblem, subnetRangeProblem } from './subnet'

/** SubnetDraft is a subnet of a network that is being made. */
export interface SubnetDraft {
  name: string
  range: string
}

const useStyles = makeStyles({
  rows: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  row: { display: 'grid', gridTemplateColumns: '1fr 1fr auto', columnGap: tokens.spacingHorizontalM, alignItems: 'start' },
  remove: { marginTop: '26px' },
  add: { alignSelf: 'start' },
})

/** subnetProblems are those of each draft, in the address space and beside the others. */
export function subnetProblems(drafts: SubnetDraft[], space: string[]): { name: string; range: string }[] {
  return drafts.map((d, i) => {
    const others = drafts.filter((_, j) => j < i)
    return {
      name: subnetNameProblem(
        d.name,
        others.map((o) => o.name),
      ),
      range: subnetRangeProblem(
        d.range,
        space,
        others.map((o) => ({ name: o.name, ranges: [o.range] })),
      ),
    }
  })
}

/** nextSubnet is a draft of a /27 that is free, which is what an environment needs of a subnet. */
export function nextSubnet(drafts: SubnetDraft[], space: string[]): SubnetDraft {
  const ranges = (texts: string[]) => texts.map(parseRange).filter((r): r is Range => r !== undefined)
  const free = freeRange(ranges(space), ranges(drafts.map((d) => d.range)), 27)
  const taken = new Set(drafts.map((d) => d.name))
  let number = drafts.length + 1
  while (taken.has(`subnet${number}`)) number++
  return { name: `subnet${number}`, range: free === undefined ? '' : formatRange(free) }
}

/** SubnetRows are the subnets of a network that is being made. */
export function SubnetRows({ drafts, change, space }: { drafts: SubnetDraft[]; change: (drafts: SubnetDraft[]) => void; space: string[] }) {
  const styles = useStyles()
  const problems = subnetProblems(drafts, space)
  const set = (i: number, d: Partial<SubnetDraft>) => change(drafts.map((old, j) => (i === j ? { ...old, ...d } : old)))
  return (
    <div className={styles.rows} role="group" aria-label="Subnets">
      {drafts.map((d, i) => (
        <div key={i} className={styles.row}>
          <Field label={`Name of subnet ${i + 1}`} validationMessage={problems[i]?.name || undefined}>
            <Input value={d.name} onChange={(_, data) => set(i, { name: data.value })} autoComplete="off" spellCheck={false} />
          </Field>
          <Field label="Address range" validationMessage={problems[i]?.range || undefined}>
            <Input value={d.range} onChange={(_, data) => set(i, { range: data.value })} autoComplete="off" spellCheck={false} />
          </Field>
          <Button
            className={styles.remove}
            appearance="subtle"
            icon={<DeleteRegular />}
            aria-label={`Remove subnet ${d.name}`}
            onClick={() => change(drafts.filter((_, j) => i !== j))}
          />
        </div>
      ))}
      <Button className={styles.add} icon={<AddRegular />} onClick={() => change([...drafts, nextSubnet(drafts, space)])}>
        Add subnet
      </Button>
    </div>
  )
}
