import { Button, Card, MessageBar, MessageBarBody, Subtitle2, Switch, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { groupOf, nameOf, providerId, sameId, parseId } from '../api/id'
import { useResource, useResources } from '../api/resources'
import { useAll } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { ago, timeOf } from '../frame/format'
import { useChange } from '../frame/notifications'
import { ProfileForm, type Metric } from './ProfileForm'
import { newProfile, ruleText, settingType, whenText, withProfile, type Profile, type Setting, type Status } from './setting'

const useStyles = makeStyles({
  card: { maxWidth: '720px', rowGap: tokens.spacingVerticalM, padding: tokens.spacingHorizontalL },
  bar: { display: 'flex', columnGap: tokens.spacingHorizontalS, rowGap: tokens.spacingVerticalS, flexWrap: 'wrap', alignItems: 'center' },
  profile: { borderTop: `1px solid ${tokens.colorNeutralStroke2}`, paddingTop: tokens.spacingVerticalM, display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalM },
  text: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXXS, minWidth: 0 },
  tools: { display: 'flex', alignItems: 'start' },
  muted: { color: tokens.colorNeutralForeground3 },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
})

interface AutoscaleProps {
  target: string // ID of the environment
  location: string
  capacity: number
}

/** AutoscaleCard has the conditions by which an environment scales itself: by schedule and by load. */
export function AutoscaleCard({ target, location, capacity }: AutoscaleProps) {
  const styles = useStyles()
  const settings = useAll<Setting>(settingType, 10_000)
  const metrics = useResources<Metric>(`${target}/providers/Microsoft.Insights/metricDefinitions`)
  const setting = settings.data?.find((s) => sameId(s.properties.targetResourceUri, target))
  const [editing, setEditing] = useState<number>() // -1: a new one
  const own = setting ?? unmade(target, location)
  const { profiles } = own.properties
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">Custom autoscale</Subtitle2>
      {settings.error && settings.data === undefined && <ErrorView error={settings.error} retry={() => void settings.refetch()} />}
      {setting === undefined && <Text className={styles.muted}>Conditions add and remove units by themselves: at given times, or by what the environment has to do.</Text>}
      {setting !== undefined && <Head setting={setting} />}
      {profiles.map((p, i) => (
        <ProfileRow key={p.name} setting={own} at={i} edit={() => setEditing(i)} />
      ))}
      <div>
        <Button icon={<AddRegular />} disabled={settings.data === undefined} onClick={() => setEditing(-1)}>
          Add condition
        </Button>
      </div>
      {editing !== undefined && (
        <ProfileForm
          title={editing < 0 ? 'Add condition' : `Edit ${profiles[editing]?.name ?? ''}`}
          profile={profiles[editing] ?? newProfile(profiles.length === 0 ? 'Default' : `Condition ${profiles.length + 1}`, capacity)}
          others={profiles.filter((_, i) => i !== editing).map((p) => p.name)}
          metrics={metrics.data ?? []}
          setting={own.id}
          bodyWith={(profile) => bodyOf(own, { profiles: withProfile(profiles, profile, editing) })}
          close={() => setEditing(undefined)}
        />
      )}
    </Card>
  )
}

/** unmade is the setting that the first condition makes. */
function unmade(target: string, location: string): Setting {
  const name = `${nameOf(target)}-autoscale`
  return { id: providerId(parseId(target)?.subscription ?? '', groupOf(target), settingType, name), name, location, properties: { targetResourceUri: target, enabled: true, profiles: [] } }
}

/** bodyOf is a setting with another part, as it is sent. */
function bodyOf({ location, properties }: Setting, part: Partial<Setting['properties']>): object {
  return { location, properties: { ...properties, ...part } }
}

function Head({ setting }: { setting: Setting }) {
  const styles = useStyles()
  const change = useChange()
  const [deleting, setDeleting] = useState(false)
  const { id, name, properties } = setting
  const enable = (enabled: boolean) => {
    change({ id, title: 'Changing autoscale', done: `Autoscale is ${enabled ? 'enabled' : 'disabled'}.`, send: (client) => client.put(id, bodyOf(setting, { enabled })) }).catch(() => undefined) // the notification tells it
  }
  const remove = () => {
    change({ id, gone: true, title: 'Deleting autoscale', done: `${name} was deleted.`, send: (client) => client.delete(id) }).catch(() => undefined) // the notification tells it
  }
  return (
    <>
      <div className={styles.bar}>
        <Switch
          label={properties.enabled ? 'Enabled' : 'Disabled'}
          aria-label="Autoscale"
          checked={properties.enabled}
          onChange={(_, data) => enable(data.checked)}
        />
        <Button size="small" icon={<DeleteRegular />} onClick={() => setDeleting(true)}>
          Delete autoscale
        </Button>
      </div>
      {properties.enabled && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>The condition in force decides the capacity; what is set by hand lasts until it decides otherwise.</MessageBarBody>
        </MessageBar>
      )}
      <LastLook setting={setting} />
      <ConfirmDialog open={deleting} close={() => setDeleting(false)} title={`Delete the autoscale setting ${name}?`} action="Delete" confirm={remove}>
        The environment keeps the units that it has.
      </ConfirmDialog>
    </>
  )
}

function LastLook({ setting }: { setting: Setting }) {
  const status = useResource<Status>(`${setting.id}/status`, { every: 10_000 }).data?.body
  if (status === undefined || status.evaluatedTime.startsWith('0001')) return <Facts facts={[{ label: 'Last look', value: 'Not yet: it looks once a minute' }]} />
  const scaled = status.lastScaleTime
  return (
    <Facts
      facts={[
        { label: 'Last look', value: <span title={timeOf(status.evaluatedTime)}>{ago(status.evaluatedTime)}</span> },
        { label: 'In force', value: status.profile },
        { label: 'Capacity', value: `${status.capacity}: ${status.reason}` },
        { label: 'Scaled last', value: scaled === undefined ? '' : `${timeOf(scaled)}, from ${status.lastScaleFrom} to ${status.lastScaleTo}` },
      ]}
    />
  )
}

interface ProfileRowProps {
  setting: Setting
  at: number
  edit: () => void
}

function ProfileRow({ setting, at, edit }: ProfileRowProps) {
  const styles = useStyles()
  const change = useChange()
  const { id, properties } = setting
  const profile = properties.profiles[at]
  if (profile === undefined) return null
  const rest = properties.profiles.filter((_, i) => i !== at)
  const remove = () => {
    change({ id, title: `Deleting the condition ${profile.name}`, done: `The condition ${profile.name} was deleted.`, send: (client) => client.put(id, bodyOf(setting, { profiles: rest })) }).catch(() => undefined) // the notification tells it
  }
  return (
    <section className={styles.profile} aria-label={profile.name}>
      <div className={styles.text}>
        <Text weight="semibold">{profile.name}</Text>
        <Text className={styles.muted}>{whenText(profile)}</Text>
        <Text>{unitsText(profile)}</Text>
        {profile.rules.length > 0 && (
          <ul className={styles.list}>
            {profile.rules.map((r, i) => (
              <li key={i}>{ruleText(r)}</li>
            ))}
          </ul>
        )}
      </div>
      <div className={styles.tools}>
        <Button appearance="subtle" icon={<EditRegular />} aria-label={`Edit ${profile.name}`} onClick={edit} />
        {rest.length > 0 && <Button appearance="subtle" icon={<DeleteRegular />} aria-label={`Delete ${profile.name}`} onClick={remove} />}
      </div>
    </section>
  )
}

function unitsText({ rules, capacity: { minimum, maximum, default: usual } }: Profile): string {
  return rules.length === 0 ? `${usual} additional units` : `${minimum} to ${maximum} additional units, ${usual} where nothing can be measured`
}
