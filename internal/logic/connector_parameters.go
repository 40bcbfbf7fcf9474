package logic

import (
	"slices"

	"isle/expr"
)

// ConnectorParameter is one of a managed connector's connection parameters.
type ConnectorParameter struct {
	Name, Type string
	Required   bool
	Clear      bool // a value of a secure type may be shown
}

// Connector is a managed connector, for who makes connections to it.
type Connector struct {
	Name, Title, Tier string
	Capabilities      []string
	Parameters        []ConnectorParameter // nil: not known
}

// Connectors lists the managed connectors.
func Connectors() []Connector {
	list := managedConnectors()
	connectors := make([]Connector, len(list))
	for i, c := range list {
		connectors[i] = Connector{c.name, c.title, c.tier, c.capabilities, connectorParameters(c.name)}
	}
	return connectors
}

// connectorParameters are a connector's connection parameters (connections §6); nil where
// they are not documented.
func connectorParameters(name string) []ConnectorParameter {
	text := func(names ...string) []ConnectorParameter { return typed("string", names) }
	secret := func(names ...string) []ConnectorParameter { return typed("securestring", names) }
	number := func(names ...string) []ConnectorParameter { return typed("int", names) }
	flag := func(names ...string) []ConnectorParameter { return typed("bool", names) }
	required := func(name string) []ConnectorParameter {
		return []ConnectorParameter{{Name: name, Type: "string", Required: true}}
	}
	user := func(name string) []ConnectorParameter {
		return []ConnectorParameter{{Name: name, Type: "securestring", Clear: true}}
	}
	gateway := ConnectorParameter{Name: "gateway", Type: "gatewaySetting"}
	switch name {
	case "sftpwithssh":
		return slices.Concat(required("hostName"), user("userName"), secret("password", "sshPrivateKey", "sshPrivateKeyPassphrase"), number("portNumber"), flag("acceptAnySshHostKey"), text("sshHostKeyFingerprint", "rootFolder"))
	case "ftp":
		return slices.Concat(required("serverAddress"), user("userName"), secret("password"), number("serverPort"), flag("isSSL", "isBinaryTransport", "disableCertificateValidation", "closeConnectionAfterRequestCompletion"))
	case "smtp":
		return slices.Concat(required("serverAddress"), user("userName"), secret("password"), number("port"), flag("enableSSL"))
	case "sql", "sqldw":
		return append(slices.Concat(text("server", "database", "authType", "privacySetting"), user("username"), secret("password", "sqlConnectionString"), flag("encryptConnection")), gateway)
	case "azureblob", "azurefile":
		return slices.Concat(text("accountName"), secret("accessKey"))
	case "azurequeues", "azuretables":
		return slices.Concat(text("storageaccount"), secret("sharedkey"))
	case "servicebus", "eventhubs":
		return []ConnectorParameter{{Name: "connectionString", Type: "securestring", Required: true}, {Name: "namespaceEndpoint", Type: "string"}}
	case "filesystem":
		return append(slices.Concat(text("rootfolder", "authType"), user("username"), secret("password")), gateway)
	}
	return nil
}

func typed(typ string, names []string) []ConnectorParameter {
	list := make([]ConnectorParameter, len(names))
	for i, name := range names {
		list[i] = ConnectorParameter{Name: name, Type: typ}
	}
	return list
}

// showConnectorParameters is them as a managed API shows them.
func showConnectorParameters(name string) expr.Value {
	shown := object()
	for _, p := range connectorParameters(name) {
		constraints := object()
		if p.Required {
			constraints = constraints.With("required", expr.String("true"))
		}
		if p.Clear {
			constraints = constraints.With("clearText", expr.Bool(true))
		}
		shown = shown.With(p.Name, object(member("type", expr.String(p.Type)), member("uiDefinition", object(member("displayName", expr.String(p.Name)), member("constraints", constraints)))))
	}
	return shown
}
