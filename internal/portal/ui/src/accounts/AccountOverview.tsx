import { Button, Dropdown, Field, Option, Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { useResource, useResources } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { useResourceId } from '../frame/ResourcePage'
import { useSaving } from '../frame/saving'
import { skus, type Account } from './account'
import { iconOf } from './AccountPage'
import { accountType } from './area'
import type { Artifact, Kind } from './kind'
import { kinds } from './kinds'

const useStyles = makeStyles({
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))', gap: tokens.spacingHorizontalM },
  tile: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    padding: tokens.spacingHorizontalM,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  icon: { fontSize: '24px', color: tokens.colorBrandForeground1, flexShrink: 0 },
  count: { display: 'block', fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, fontWeight: tokens.fontWeightSemibold },
})

/** AccountOverview shows an integration account, and how many artifacts of each kind it has. */
export function AccountOverview() {
  const styles = useStyles()
  const id = useResourceId(accountType)
  const account = useResource<Account>(id)
  const [editing, setEditing] = useState(false)
  if (account.error) return <ErrorView error={account.error} retry={() => void account.refetch()} />
  if (!account.data) return <Spinner label="Reading the account" />
  const { properties, sku, location } = account.data.body
  const environment = properties.integrationServiceEnvironment?.id
  return (
    <>
      <Facts
        facts={[
          { label: 'State', value: properties.state ?? '' },
          { label: 'Pricing tier', value: sku?.name ?? '' },
          { label: 'Environment', value: environment === undefined ? '' : <ResourceLink id={environment} /> },
          { label: 'Resource group', value: <GroupLink id={id} /> },
          { label: 'Location', value: location },
        ]}
      />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(true)}>
          Edit
        </Button>
      </div>
      <div className={styles.grid}>
        {kinds().map((k) => (
          <Tile key={k.segment} kind={k} account={id} />
        ))}
      </div>
      {editing && <AccountForm account={account.data} close={() => setEditing(false)} />}
    </>
  )
}

function Tile({ kind, account }: { kind: Kind; account: string }) {
  const styles = useStyles()
  const list = useResources<Artifact>(`${account}/${kind.segment}`)
  const Icon = iconOf(kind.segment)
  return (
    <div className={styles.tile}>
      <Icon className={styles.icon} aria-hidden />
      <div>
        <span className={styles.count}>{list.data?.length ?? '–'}</span>
        <ResourceLink id={`${account}/${kind.segment}`}>{kind.title}</ResourceLink>
      </div>
    </div>
  )
}

const states = ['Enabled', 'Disabled']

function AccountForm({ account, close }: { account: Answer<Account>; close: () => void }) {
  const [read] = useState(account) // as it was when the form was opened
  const { id, name, sku, properties } = read.body
  const [state, setState] = useState(properties.state ?? 'Enabled')
  const [tier, setTier] = useState(sku?.name ?? 'Standard')
  const { problems, save } = useSaving((target) => (target.startsWith('sku') ? 'tier' : target === 'properties.state' ? 'state' : undefined))
  const body = { sku: { name: tier }, properties: { state } }
  const submit = () =>
    save({ id, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.patch(id, body, read.etag === '' ? {} : { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`Edit ${name}`} save={submit} problems={problems.rest} size="small">
      <Field label="State" hint="Contents of a disabled account are not served" validationMessage={problems.fields.state}>
        <Dropdown value={state} selectedOptions={[state]} onOptionSelect={(_, data) => setState(data.optionValue ?? state)}>
          {states.map((s) => (
            <Option key={s}>{s}</Option>
          ))}
        </Dropdown>
      </Field>
      <Field label="Pricing tier" validationMessage={problems.fields.tier}>
        <Dropdown value={tier} selectedOptions={[tier]} onOptionSelect={(_, data) => setTier(data.optionValue ?? tier)}>
          {skus.map((s) => (
            <Option key={s}>{s}</Option>
          ))}
        </Dropdown>
      </Field>
    </FormDrawer>
  )
}
