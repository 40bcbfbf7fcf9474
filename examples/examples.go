// Package examples carries the templates and workflows that a newcomer can deploy.
// `isle up` deploys the first two on its first start.
package examples

import _ "embed"

// Environment is an ARM template with the shape of the public quickstart: a virtual
// network, four subnets, an integration service environment and its connectors; and a
// subnet for what is attached to the network.
//
//go:embed environment/template.json
var Environment []byte

// Order is an ARM template that places the order workflow in the environment.
//
//go:embed order/template.json
var Order []byte

// OrderWorkflow is the same workflow's bare definition.
//
//go:embed order/workflow.json
var OrderWorkflow []byte
