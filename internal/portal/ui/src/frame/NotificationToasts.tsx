import { Link, Toast, ToastBody, ToastFooter, Toaster, ToastTitle, useId, useToastController } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { sameId } from '../api/id'
import type { Notification } from './notification'
import { useNotificationList } from './notifications'
import { useScope } from './scope'

/** NotificationToasts tells the outcome of each long operation once, where the person is. */
export function NotificationToasts() {
  const toaster = useId('toaster')
  const { dispatchToast } = useToastController(toaster)
  const navigate = useNavigate()
  const list = useNotificationList()
  const told = useRef(new Set<number>())
  useEffect(() => {
    for (const n of list) {
      if (n.state === 'running' || told.current.has(n.key)) continue
      told.current.add(n.key)
      if (n.inPlace) continue
      dispatchToast(<Outcome notification={n} go={(target) => void navigate(target)} />, { intent: n.state === 'failed' ? 'error' : 'success', timeout: n.state === 'failed' ? 10_000 : 5_000 })
    }
  }, [list, dispatchToast, navigate])
  return <Toaster toasterId={toaster} position="top-end" offset={{ vertical: 56 }} />
}

function Outcome({ notification: n, go }: { notification: Notification; go: (target: string) => void }) {
  const { target } = n
  const here = sameId(useScope(), target)
  return (
    <Toast>
      <ToastTitle>{n.state === 'failed' ? `${n.title} failed` : n.text}</ToastTitle>
      {n.error !== undefined && (
        <ToastBody subtitle={n.error.code}>{n.error.message}</ToastBody>
      )}
      {target !== undefined && n.state === 'succeeded' && !here && (
        <ToastFooter>
          <Link as="button" onClick={() => go(target)}>
            Go to resource
          </Link>
        </ToastFooter>
      )}
    </Toast>
  )
}
