import { Combobox, Option, OptionGroup, Text, makeStyles, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { groupOf, typeOf } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import type { Area, Service } from './area'
import { findResources, findServices, type Found } from './finding'

const useStyles = makeStyles({
  box: { width: '100%', minWidth: 0, '> input': { minWidth: 0, flexGrow: 1 } },
  option: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, minWidth: 0 },
  icon: { fontSize: '20px', color: tokens.colorBrandForeground1, flexShrink: 0 },
  text: { display: 'flex', flexDirection: 'column', minWidth: 0, overflowWrap: 'anywhere' },
  muted: { color: tokens.colorNeutralForeground3 },
})

/** Search finds services by what they are called, and resources by their names. */
export function Search({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [open, setOpen] = useState(false)
  const subscription = useSubscription()
  const resources = useResources<Found>(`/subscriptions/${subscription}/resources`, { enabled: open && subscription !== '' })
  const services = findServices(areas, text)
  const found = findResources(resources.data ?? [], text)
  const go = (path: string | undefined) => {
    if (path === undefined) return
    setText('')
    setOpen(false)
    void navigate(path)
  }
  return (
    <Combobox
      className={styles.box}
      freeform
      aria-label="Search resources and services"
      placeholder="Search resources and services"
      expandIcon={<SearchRegular />}
      value={text}
      selectedOptions={[]}
      open={open}
      onOpenChange={(_, data) => setOpen(data.open)}
      onChange={(e) => {
        setText(e.target.value)
        setOpen(true)
      }}
      onOptionSelect={(_, data) => go(data.optionValue)}
    >
      {services.length > 0 && (
        <OptionGroup label="Services">
          {services.map((s) => (
            <Option key={s.path} value={s.path} text={s.title}>
              <div className={styles.option}>
                <s.icon className={styles.icon} aria-hidden />
                {s.title}
              </div>
            </Option>
          ))}
        </OptionGroup>
      )}
      {found.length > 0 && (
        <OptionGroup label="Resources">
          {found.map((r) => (
            <Option key={r.id} value={r.id} text={r.name}>
              <ResourceOption resource={r} service={serviceOf(areas, r.id)} />
            </Option>
          ))}
        </OptionGroup>
      )}
      {services.length + found.length === 0 && (
        <Option disabled text="">
          {resources.isLoading ? 'Searching' : 'Nothing has that name'}
        </Option>
      )}
    </Combobox>
  )
}

function ResourceOption({ resource, service }: { resource: Found; service: Service | undefined }) {
  const styles = useStyles()
  const Icon = service?.icon ?? SearchRegular
  return (
    <div className={styles.option}>
      <Icon className={styles.icon} aria-hidden />
      <div className={styles.text}>
        {resource.name}
        <Text size={200} className={styles.muted}>
          {service?.singular ?? resource.type} in {groupOf(resource.id)}
        </Text>
      </div>
    </div>
  )
}

/** serviceOf is the service whose list has resources of an ID's type. */
export function serviceOf(areas: Area[], id: string): Service | undefined {
  const type = typeOf(id).toLowerCase()
  return areas.flatMap((a) => a.services).find((s) => s.type?.toLowerCase() === type)
}
