package logic

import "strings"

// A managed connector that can be put into an environment (ise.md #88, #89).
type managedConnector struct {
	name, title, tier string
	capabilities      []string
}

const (
	tierStandard   = "Standard"
	tierEnterprise = "Enterprise"
)

// managedConnectors is the list of the connectors with an ISE version.
func managedConnectors() []managedConnector {
	actions := []string{"actions"}
	both := []string{"triggers", "actions"}
	return []managedConnector{
		{"as2", "AS2", tierStandard, actions},
		{"azureautomation", "Azure Automation", tierStandard, actions},
		{"azureblob", "Azure Blob Storage", tierStandard, both},
		{"azureeventgrid", "Azure Event Grid", tierStandard, both},
		{"azurefile", "Azure File Storage", tierStandard, actions},
		{"azuremonitorlogs", "Azure Monitor Logs", tierStandard, actions},
		{"azurequeues", "Azure Queues", tierStandard, both},
		{"azuretables", "Azure Table Storage", tierStandard, actions},
		{"db2", "IBM DB2", tierEnterprise, actions},
		{"documentdb", "Azure Cosmos DB", tierStandard, actions},
		{"edifact", "EDIFACT", tierStandard, actions},
		{"eventhubs", "Event Hubs", tierStandard, both},
		{"filesystem", "File System", tierStandard, both},
		{"ftp", "FTP", tierStandard, both},
		{"keyvault", "Azure Key Vault", tierStandard, actions},
		{"mq", "MQ", tierEnterprise, both},
		{"sap", "SAP", tierEnterprise, both},
		{"servicebus", "Service Bus", tierStandard, both},
		{"sftpwithssh", "SFTP - SSH", tierStandard, both},
		{"si3270", "IBM 3270", tierEnterprise, actions},
		{"smtp", "SMTP", tierStandard, actions},
		{"sql", "SQL Server", tierStandard, both},
		{"sqldw", "Azure Synapse Analytics", tierStandard, actions},
		{"x12", "X12", tierStandard, actions},
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
