import { Button, Field, Input, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, FolderRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { groupId } from '../api/id'
import { useSubscription } from '../api/subscription'
import { FormDrawer } from '../frame/FormDrawer'
import { Page } from '../frame/Page'
import { useSaving } from '../frame/saving'
import { GroupRows } from './GroupRows'

/** GroupList is the list of resource groups. */
export function GroupList() {
  const subscription = useSubscription()
  const [making, setMaking] = useState(false)
  return (
    <Page
      title="Resource groups"
      icon={FolderRegular}
      commands={
        <ToolbarButton appearance="primary" icon={<AddRegular />} onClick={() => setMaking(true)}>
          Create
        </ToolbarButton>
      }
    >
      <GroupRows action={<Button onClick={() => setMaking(true)}>Create a resource group</Button>} />
      {making && <CreateGroup subscription={subscription} close={() => setMaking(false)} />}
    </Page>
  )
}

function CreateGroup({ subscription, close }: { subscription: string; close: () => void }) {
  const [name, setName] = useState('')
  const [location, setLocation] = useState('local')
  const { problems, save } = useSaving((target) => (target === 'location' ? 'location' : undefined))
  const id = groupId(subscription, name)
  const create = () => save({ id, title: `Creating the resource group ${name}`, done: `The resource group ${name} was created.`, target: id, send: (client) => client.put(id, { location }, { ifNoneMatch: '*' }) }, close)
  return (
    <FormDrawer open title="Create resource group" close={close} save={create} saveLabel="Create" saveDisabled={name === '' || location === ''} problems={problems.rest}>
      <Field label="Name" required>
        <Input value={name} onChange={(_, data) => setName(data.value)} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Location" required validationMessage={problems.fields.location}>
        <Input value={location} onChange={(_, data) => setLocation(data.value)} autoComplete="off" spellCheck={false} />
      </Field>
    </FormDrawer>
  )
}
