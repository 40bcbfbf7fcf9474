import { useRouteError } from 'react-router'
import { ErrorView } from './ErrorView'

/** FaultPage is shown instead of a page that broke. */
export function FaultPage() {
  return <ErrorView title="This page broke" error={useRouteError()} retry={() => window.location.reload()} />
}
