import { createBrowserRouter, type DataRouter } from 'react-router'
import type { Area } from './area'
import { Frame } from './Frame'
import { FaultPage } from './FaultPage'
import { HomePage } from '../home/HomePage'
import { ServicesPage } from '../home/ServicesPage'
import { allServices } from './Navigation'
import { NotFoundPage } from './NotFoundPage'

/** portalRouter has the pages of all areas in the frame. */
export function portalRouter(areas: Area[]): DataRouter {
  const pages = areas.flatMap((a) => a.routes)
  return createBrowserRouter(
    [
      {
        path: '/',
        element: <Frame areas={areas} />,
        errorElement: <FaultPage />,
        children: [
          {
            errorElement: <FaultPage />,
            children: [{ index: true, element: <HomePage areas={areas} /> }, { path: allServices.path, element: <ServicesPage areas={areas} /> }, ...pages, { path: '*', element: <NotFoundPage /> }],
          },
        ],
      },
    ],
    { basename: '/portal' },
  )
}
