import { ToolbarButton } from '@fluentui/react-components'
import {
  ArrowClockwiseRegular,
  BranchCompareRegular,
  CodeRegular,
  DataUsageRegular,
  DeleteRegular,
  FlowRegular,
  HistoryRegular,
  PauseRegular,
  PersonKeyRegular,
  PlayCircleRegular,
  PlayRegular,
  SettingsRegular,
  TextBulletListSquareRegular,
} from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { useChanged, useResource } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { everyPane } from '../frame/everywhere'
import { Page } from '../frame/Page'
import { type Pane, ResourcePage, useResourceId } from '../frame/ResourcePage'
import { LocksInTheWay } from '../locks/LocksInTheWay'
import { useWorkflowChanges } from './change'
import { RunDialog } from './RunDialog'
import { triggerOf, type Workflow, workflowType } from './workflow'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: DataUsageRegular },
  { title: 'Definition', path: 'definition', icon: CodeRegular },
  { title: 'Runs', path: 'runs', icon: HistoryRegular },
  { title: 'Versions', path: 'versions', icon: BranchCompareRegular },
  { title: 'Parameters', path: 'parameters', icon: TextBulletListSquareRegular },
  { title: 'Settings', path: 'settings', icon: SettingsRegular },
  { title: 'Identity', path: 'identity', icon: PersonKeyRegular },
  ...everyPane,
]

/** WorkflowPage is the frame of a logic app's panes. */
export function WorkflowPage() {
  const id = useResourceId(workflowType)
  const workflow = useResource<Workflow>(id)
  if (workflow.error && !workflow.data) {
    return (
      <Page title={nameOf(id)} icon={FlowRegular}>
        <ErrorView error={workflow.error} retry={() => void workflow.refetch()} />
      </Page>
    )
  }
  const disabled = workflow.data?.body.properties.state === 'Disabled'
  return (
    <ResourcePage
      title={nameOf(id)}
      subtitle={disabled ? 'Logic app, disabled' : 'Logic app'}
      icon={FlowRegular}
      panes={panes}
      commands={<Commands id={id} workflow={workflow.data?.body} />}
    />
  )
}

function Commands({ id, workflow }: { id: string; workflow: Workflow | undefined }) {
  const change = useWorkflowChanges()
  const changed = useChanged()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'delete' | 'run'>()
  const close = () => setAsked(undefined)
  const enabled = workflow?.properties.state !== 'Disabled'
  const trigger = workflow && triggerOf(workflow)
  return (
    <>
      <ToolbarButton icon={<PlayCircleRegular />} disabled={!trigger || !enabled} onClick={() => setAsked('run')}>
        Run
      </ToolbarButton>
      <ToolbarButton icon={enabled ? <PauseRegular /> : <PlayRegular />} disabled={!workflow} onClick={() => void change.setEnabled(id, !enabled).catch(() => undefined)}>
        {enabled ? 'Disable' : 'Enable'}
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
      <ToolbarButton icon={<DeleteRegular />} onClick={() => setAsked('delete')}>
        Delete
      </ToolbarButton>
      <ConfirmDialog
        open={asked === 'delete'}
        title={`Delete ${nameOf(id)}?`}
        action="Delete"
        confirmText={nameOf(id)}
        close={close}
        confirm={() =>
          void change.remove(id).then(
            () => navigate('/workflows'),
            () => undefined,
          )
        }
      >
        Its open runs are cancelled, and its history and versions go with it.
        <LocksInTheWay id={id} />
      </ConfirmDialog>
      {asked === 'run' && trigger && <RunDialog id={id} trigger={trigger} close={close} />}
    </>
  )
}
