import { Field, Input, Text, makeStyles, tokens } from '@fluentui/react-components'
import { VirtualNetworkRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../frame/Basics'
import { CreateCard, CreateForm } from '../frame/CreateForm'
import { useSaving } from '../frame/saving'
import { rangeProblem } from './address'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { resourceNameProblem } from './name'
import { networkType } from './resources'
import { listed } from './rule'
import { SubnetRows, subnetProblems, type SubnetDraft } from './SubnetRows'

const useStyles = makeStyles({ hint: { color: tokens.colorNeutralForeground3 } })

const fourSubnets: SubnetDraft[] = [0, 32, 64, 96].map((first, i) => ({ name: `subnet${i + 1}`, range: `10.0.0.${first}/27` }))

/** CreateNetwork makes a virtual network; it proposes the four subnets that an environment needs. */
export function CreateNetwork() {
  const styles = useStyles()
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const [space, setSpace] = useState('10.0.0.0/16')
  const [subnets, setSubnets] = useState(fourSubnets)
  const { problems, save } = useSaving(basicsField)
  const ranges = listed(space)
  const spaceProblem = ranges.length === 0 ? 'Give at least one range.' : (ranges.map(rangeProblem).find((p) => p !== '') ?? '')
  const nameProblem = resourceNameProblem(draft.name, 2, 64)
  const ready = completeBasics(draft) && nameProblem === '' && spaceProblem === '' && subnetProblems(subnets, ranges).every((p) => p.name === '' && p.range === '')
  const id = newId(subscription, networkType, draft)
  const body = {
    properties: { addressSpace: { addressPrefixes: ranges }, subnets: subnets.map((s) => ({ name: s.name, properties: { addressPrefix: s.range } })) },
  }
  const create = () =>
    save(
      { id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, networkType, draft, body) },
      () => void navigate(id),
    )
  return (
    <CreateForm title="Create virtual network" icon={VirtualNetworkRegular} problems={problems.rest} ready={ready} create={create} cancel={() => void navigate('/virtual-networks')}>
      <CreateCard title="Basics">
        <BasicsFields
          draft={draft}
          change={change}
          groups={groups}
          nameProblem={problems.fields.name ?? (draft.name === '' ? '' : nameProblem)}
          locationProblem={problems.fields.location ?? ''}
        />
      </CreateCard>
      <CreateCard title="Addresses">
        <Field label="Address space" required hint="One or more ranges in CIDR notation, with commas" validationMessage={spaceProblem || undefined}>
          <Input value={space} onChange={(_, data) => setSpace(data.value)} autoComplete="off" spellCheck={false} />
        </Field>
        <Text className={styles.hint}>An environment needs four empty subnets of 32 addresses (/27) each.</Text>
        <SubnetRows drafts={subnets} change={setSubnets} space={ranges} />
      </CreateCard>
    </CreateForm>
  )
}
