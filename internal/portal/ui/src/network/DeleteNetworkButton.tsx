import type { ComponentProps } from 'react'
import { DeleteButton } from '../frame/DeleteButton'
import { deletion, useForecast } from './saving'

/** DeleteNetworkButton is the DeleteButton of a resource that flows go by: it asks first if its deletion would break what works now. */
export function DeleteNetworkButton(props: Omit<ComponentProps<typeof DeleteButton>, 'allowed'>) {
  const { allowed, question } = useForecast()
  return (
    <>
      <DeleteButton {...props} allowed={() => allowed(deletion(props.id, `the ${props.noun}`))} />
      {question}
    </>
  )
}
