import { Badge, Button, Card, Subtitle2, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, tokens } from '@fluentui/react-components'
import { DeleteRegular, EditRegular } from '@fluentui/react-icons'
import { nameOf } from '../api/id'
import { Breakable } from '../frame/Breakable'
import { protocolsOf, type Collection, type Kind, type WireRule } from './collection'

const useStyles = makeStyles({
  card: { rowGap: tokens.spacingVerticalS },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalXS, flexWrap: 'wrap' },
  title: { overflowWrap: 'anywhere', minWidth: 0 },
  grow: { flexGrow: 1 },
  muted: { color: tokens.colorNeutralForeground3 },
  frame: { overflowX: 'auto' },
  table: { minWidth: '640px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
})

type Cell = [title: string, text: (r: WireRule) => string]

const name: Cell = ['Name', (r) => r.name]
const protocols: Cell = ['Protocols', (r) => protocolsOf(r).join(', ')]
const source: Cell = ['Source', (r) => side(r.sourceAddresses, r.sourceIpGroups)]
const ports: Cell = ['Destination ports', (r) => side(r.destinationPorts)]

const columns: Record<Kind, Cell[]> = {
  Network: [name, protocols, source, ['Destination', (r) => side(r.destinationAddresses, r.destinationIpGroups, r.destinationFqdns)], ports],
  Application: [name, protocols, source, ['Target FQDNs', (r) => side(r.targetFqdns)]],
  NAT: [name, protocols, source, ['Destination', (r) => side(r.destinationAddresses)], ports, ['Translated to', (r) => `${r.translatedAddress ?? ''}:${r.translatedPort ?? ''}`]],
}

function side(addresses: string[] = [], groups: string[] = [], names: string[] = []): string {
  return [...addresses, ...groups.map(nameOf), ...names].join(', ')
}

interface CardProps {
  collection: Collection
  level: 2 | 3 // of the heading
  edit: () => void
  remove: () => void
}

/** CollectionCard is a rule collection with its rules. */
export function CollectionCard({ collection, level, edit, remove }: CardProps) {
  const styles = useStyles()
  const { kind, priority, action, rules } = collection
  return (
    <Card className={styles.card} role="group" aria-label={`Collection ${collection.name}`}>
      <div className={styles.head}>
        <Subtitle2 as={level === 2 ? 'h2' : 'h3'} className={styles.title}>
          {collection.name}
        </Subtitle2>
        <Badge appearance="outline">{kind}</Badge>
        <Badge appearance="tint" color={kind === 'NAT' ? 'brand' : action === 'Allow' ? 'success' : 'danger'}>
          {kind === 'NAT' ? 'DNAT' : action}
        </Badge>
        <Text className={styles.muted}>Priority {priority}</Text>
        <span className={styles.grow} />
        <Button size="small" icon={<EditRegular />} onClick={edit} aria-label={`Edit ${collection.name}`}>
          Edit
        </Button>
        <Button size="small" appearance="subtle" icon={<DeleteRegular />} onClick={remove} aria-label={`Delete ${collection.name}`} />
      </div>
      <div className={styles.frame} tabIndex={0}>
        <Table size="small" aria-label={`Rules of ${collection.name}`} className={styles.table}>
          <TableHeader>
            <TableRow>
              {columns[kind].map(([title]) => (
                <TableHeaderCell key={title}>{title}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {rules.map((r) => (
              <TableRow key={r.name}>
                {columns[kind].map(([title, text]) => (
                  <TableCell key={title} className={styles.cell}>
                    <Breakable text={text(r)} />
                  </TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </Card>
  )
}
