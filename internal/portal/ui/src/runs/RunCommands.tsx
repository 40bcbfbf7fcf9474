import { Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, ToolbarButton } from '@fluentui/react-components'
import { ArrowClockwiseRegular, ArrowRepeatAllRegular, BeakerRegular, OpenRegular, RecordStopRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useChanged } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { type Again, useRunChanges } from './change'
import { EditedResubmit } from './EditedResubmit'
import { isOpen, type Run, workflowOf } from './run'
import { TestOfRun } from './TestOfRun'

/** RunCommands is what can be done with a run. */
export function RunCommands({ run }: { run: Run }) {
  const changes = useRunChanges()
  const changed = useChanged()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'cancel' | 'edit' | 'test'>()
  const open = isOpen(run.properties.status)
  const close = () => setAsked(undefined)
  const again = (how: Again) => {
    void changes.resubmit(run.id, how).then(
      (id) => navigate(id),
      () => undefined, // the notifications show it
    )
  }
  return (
    <>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <ToolbarButton icon={<ArrowRepeatAllRegular />}>Resubmit</ToolbarButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => again({})}>From the start</MenuItem>
            <MenuItem disabled={open} onClick={() => again({ from: 'failed' })}>
              From what failed
            </MenuItem>
            <MenuItem onClick={() => setAsked('edit')}>With an edited body…</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      <ToolbarButton icon={<RecordStopRegular />} disabled={!open} onClick={() => setAsked('cancel')}>
        Cancel
      </ToolbarButton>
      <ToolbarButton icon={<BeakerRegular />} disabled={open} onClick={() => setAsked('test')}>
        Make a test
      </ToolbarButton>
      <ToolbarButton icon={<OpenRegular />} onClick={() => void navigate(workflowOf(run.id))}>
        Logic app
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
      <ConfirmDialog open={asked === 'cancel'} title="Cancel this run?" action="Cancel the run" dismiss="Close" close={close} confirm={() => void changes.cancel(run.id).catch(() => undefined)}>
        What is under way is cut off; what has been done stays done.
      </ConfirmDialog>
      {asked === 'edit' && <EditedResubmit run={run} close={close} resubmit={(body) => again({ body })} />}
      {asked === 'test' && <TestOfRun run={run} close={close} />}
    </>
  )
}
