import type { Area } from './frame/area'
import { accounts } from './accounts/area'
import { environments } from './environments/area'
import { network } from './network/area'
import { resources } from './resources/area'
import { runs } from './runs/area'
import { workflows } from './workflows/area'

/** areas are all parts of the portal, in the order of the navigation. */
export const areas: Area[] = [environments, workflows, runs, accounts, network, resources]
