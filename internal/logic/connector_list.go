package logic

import (
	"strings"

	"isle/netpol"
)

// A managed connector that can be put into an environment (ise.md #88, #89).
type managedConnector struct {
	name, title, tier string
	capabilities      []string
	// ports are those of the systems it connects to, as they are by default: a
	// connection may name others. None: it only works on messages.
	ports []netpol.PortRange
}

const (
	tierStandard   = "Standard"
	tierEnterprise = "Enterprise"
)

// managedConnectors is the list of the connectors with an ISE version.
func managedConnectors() []managedConnector {
	actions := []string{"actions"}
	both := []string{"triggers", "actions"}
	at := func(list ...uint16) []netpol.PortRange {
		ranges := make([]netpol.PortRange, len(list))
		for i, p := range list {
			ranges[i] = netpol.PortRange{First: p, Last: p}
		}
		return ranges
	}
	https := at(443)
	return []managedConnector{
		{"as2", "AS2", tierStandard, actions, nil},
		{"azureautomation", "Azure Automation", tierStandard, actions, https},
		{"azureblob", "Azure Blob Storage", tierStandard, both, https},
		{"azureeventgrid", "Azure Event Grid", tierStandard, both, https},
		{"azurefile", "Azure File Storage", tierStandard, actions, at(443, 445)},
		{"azuremonitorlogs", "Azure Monitor Logs", tierStandard, actions, https},
		{"azurequeues", "Azure Queues", tierStandard, both, https},
		{"azuretables", "Azure Table Storage", tierStandard, actions, https},
		{"db2", "IBM DB2", tierEnterprise, actions, at(50000)},
		{"documentdb", "Azure Cosmos DB", tierStandard, actions, []netpol.PortRange{{First: 443, Last: 443}, {First: 10250, Last: 10255}}},
		{"edifact", "EDIFACT", tierStandard, actions, nil},
		{"eventhubs", "Event Hubs", tierStandard, both, at(443, 5671, 5672)},
		{"filesystem", "File System", tierStandard, both, at(445)},
		{"ftp", "FTP", tierStandard, both, at(21)},
		{"keyvault", "Azure Key Vault", tierStandard, actions, https},
		{"mq", "MQ", tierEnterprise, both, at(1414)},
		{"sap", "SAP", tierEnterprise, both, []netpol.PortRange{{First: 3200, Last: 3399}}},
		{"servicebus", "Service Bus", tierStandard, both, at(443, 5671, 5672)},
		{"sftpwithssh", "SFTP - SSH", tierStandard, both, at(22)},
		{"si3270", "IBM 3270", tierEnterprise, actions, at(23)},
		{"smtp", "SMTP", tierStandard, actions, at(25, 465, 587)},
		{"sql", "SQL Server", tierStandard, both, at(1433)},
		{"sqldw", "Azure Synapse Analytics", tierStandard, actions, at(1433)},
		{"x12", "X12", tierStandard, actions, nil},
	}
}

func connectorByName(name string) (managedConnector, bool) {
	for _, c := range managedConnectors() {
		if strings.EqualFold(c.name, name) {
			return c, true
		}
	}
	return managedConnector{}, false
}

func connectorNames() string {
	list := managedConnectors()
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}
