import { useResource } from '../api/resources'
import { useResourceId } from '../frame/ResourcePage'
import { environmentType, type Environment } from './environment'

/** useEnvironment is the environment whose page the address is of; its page shows the pane when it was read. */
export function useEnvironment(): { id: string; environment: Environment | undefined; etag: string } {
  const id = useResourceId(environmentType)
  const found = useResource<Environment>(id).data
  return { id, environment: found?.body, etag: found?.etag ?? '' }
}
