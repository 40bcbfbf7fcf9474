package logic

import (
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// connectorRow is the prefix of the rows of required access that connectors add.
const connectorRow = "C:"

// connectorRequirements are the ports that the managed connectors of an environment
// add to what it needs (the set-up document: FTP needs 21 to its servers). Where the
// other side is depends on each connection.
func connectorRequirements(tx *store.Tx, environment string) ([]netpol.Requirement, error) {
	deployed, err := arm.List(tx, store.Query{Type: connectorType, Parent: environment})
	if err != nil {
		return nil, err
	}
	var rows []netpol.Requirement
	for _, r := range deployed {
		c, ok := connectorByName(lastSegment(r.ID))
		if !ok || len(c.ports) == 0 {
			continue
		}
		rows = append(rows, netpol.Requirement{
			ID: connectorRow + c.name, Purpose: "Connections of " + c.title, Direction: netpol.Outbound,
			Source: netpol.PartyVnet, Destination: netpol.PartyAny, Ports: c.ports,
			Category: "IntegrationServiceEnvironmentConnectors", Consequence: netpol.Degrades,
		})
	}
	return rows, nil
}
