import { Button, Checkbox, Field, Radio, RadioGroup, Spinner, Text, makeStyles, tokens } from '@fluentui/react-components'
import { SaveRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Client } from '../api/client'
import { nameOf, sameId } from '../api/id'
import type { ManagedServiceIdentity, ManagedServiceIdentityType } from '../api/models/logic'
import { useResource } from '../api/resources'
import { useAll } from '../api/subscription'
import { CopyText } from '../frame/CopyText'
import { ErrorBars } from '../frame/ErrorBars'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { useSaving } from '../frame/saving'
import { useScope } from '../frame/scope'
import { replaced } from '../workflows/resourceText'
import { bodyOf, choiceOf, incomplete, sameChoice, userIdentityType, type Choice } from './identity'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '720px' },
  list: { display: 'flex', flexDirection: 'column' },
  muted: { color: tokens.colorNeutralForeground3 },
})

interface Identified {
  id: string
  identity?: ManagedServiceIdentity
}

/** IdentityPane shows the managed identity of an environment or a logic app, and switches it on and off. */
export function IdentityPane() {
  const styles = useStyles()
  const id = useScope()
  const read = useResource<Identified>(id)
  if (read.error && read.data === undefined) return <ErrorView error={read.error} retry={() => void read.refetch()} />
  if (read.data === undefined) return <Spinner label="Reading the identity" />
  const { identity } = read.data.body
  return (
    <>
      <Text className={styles.muted}>With a managed identity it proves who it is without a secret: give the identity roles at what it has to reach.</Text>
      <IdentityFacts identity={identity} />
      <IdentityForm key={JSON.stringify(identity)} id={id} identity={identity} />
    </>
  )
}

function IdentityFacts({ identity }: { identity: ManagedServiceIdentity | undefined }) {
  if (identity?.principalId === undefined) return null
  return (
    <Facts
      facts={[
        { label: 'Object (principal) ID', value: <CopyText text={identity.principalId} label="principal ID" /> },
        { label: 'Tenant ID', value: identity.tenantId ?? '' },
      ]}
    />
  )
}

const types: [ManagedServiceIdentityType, string][] = [
  ['None', 'None'],
  ['SystemAssigned', 'System assigned: an identity of its own, which goes with it'],
  ['UserAssigned', 'User assigned: identities that are resources themselves'],
]

function IdentityForm({ id, identity }: { id: string; identity: ManagedServiceIdentity | undefined }) {
  const styles = useStyles()
  const first = choiceOf(identity)
  const [choice, setChoice] = useState<Choice>(first)
  const { problems, save } = useSaving(() => undefined)
  const lacks = incomplete(choice)
  const submit = () => {
    void save({ id, title: `Changing the identity of ${nameOf(id)}`, done: `The identity of ${nameOf(id)} was changed.`, target: id, send: (client) => sendIdentity(client, id, choice) })
  }
  return (
    <form
      className={styles.form}
      onSubmit={(e) => {
        e.preventDefault()
        submit()
      }}
    >
      <ErrorBars problems={problems.rest} />
      <Field label="Identity">
        <RadioGroup value={choice.type} onChange={(_, data) => setChoice({ ...choice, type: data.value as ManagedServiceIdentityType })}>
          {types.map(([type, text]) => (
            <Radio key={type} value={type} label={text} />
          ))}
        </RadioGroup>
      </Field>
      {choice.type === 'UserAssigned' && <UserIdentities chosen={choice.users} choose={(users) => setChoice({ ...choice, users })} problem={lacks} />}
      <div>
        <Button type="submit" appearance="primary" icon={<SaveRegular />} disabled={lacks !== '' || sameChoice(first, choice)}>
          Save
        </Button>
      </div>
    </form>
  )
}

function UserIdentities({ chosen, choose, problem }: { chosen: string[]; choose: (ids: string[]) => void; problem: string }) {
  const styles = useStyles()
  const all = useAll<{ id: string }>(userIdentityType).data?.map((i) => i.id) ?? []
  const shown = [...all, ...chosen.filter((c) => !all.some((a) => sameId(a, c)))]
  if (shown.length === 0) return <Text className={styles.muted}>There are no user-assigned identities yet: `az identity create` makes one.</Text>
  return (
    <Field label="User-assigned identities" validationMessage={problem || undefined}>
      <div className={styles.list} role="group">
        {shown.map((id) => (
          <Checkbox
            key={id}
            label={nameOf(id)}
            checked={chosen.some((c) => sameId(c, id))}
            onChange={(_, data) => choose(data.checked === true ? [...chosen, id] : chosen.filter((c) => !sameId(c, id)))}
          />
        ))}
      </div>
    </Field>
  )
}

/** sendIdentity writes the resource with another identity; the rest of its text stays as it is now. */
async function sendIdentity(client: Client, id: string, choice: Choice) {
  const { body, etag } = await client.getJSON(id)
  return client.put<unknown>(id, undefined, { json: replaced(body, JSON.stringify(bodyOf(choice)), 'identity'), ...(etag !== '' && { ifMatch: etag }) })
}
