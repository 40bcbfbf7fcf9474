package logic

import (
	"net/netip"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// formVersion is the version of the stored forms. A form of a newer version is
// refused, never guessed at. The store seals them, secrets included.
const formVersion = 1

// environment is an integration service environment as stored.
type environment struct {
	Version  int      `json:"v"`
	ID       string   `json:"id"` // 32 hex digits: names its database and its hosts
	Location string   `json:"location"`
	SKU      string   `json:"sku"`
	Capacity int64    `json:"capacity"`
	Endpoint string   `json:"endpoint"`
	Subnets  []string `json:"subnets"` // resource IDs as given, in the order of their roles
	Ranges   []string `json:"ranges"`  // the IPv4 range of each subnet
	// DNS are the name servers of the network when it was created or restarted last.
	DNS []netip.Addr `json:"dns,omitempty"`
	// Settings are the members of carriedEnvironment that were given.
	Settings expr.Value `json:"settings"`
	// Delegated is the place in Subnets of the one that is delegated.
	Delegated int       `json:"delegated"`
	Identity  *identity `json:"identity,omitempty"`
	// Ready is set once the environment has been prepared: it has addresses.
	Ready bool `json:"ready,omitempty"`
}

// carriedEnvironment are the members of properties that are stored and served as
// given (logic-api §3.2; certificates are not in the SDK's model).
var carriedEnvironment = []string{memberCertificates, memberEncryption}

func (e *environment) ranges() []netip.Prefix {
	list := make([]netip.Prefix, 0, len(e.Ranges))
	for _, text := range e.Ranges {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// connectorForm is a managed connector of an environment as stored.
type connectorForm struct {
	Version    int        `json:"v"`
	Name       string     `json:"name"`
	Parameters expr.Value `json:"deploymentParameters"`
	Ready      bool       `json:"ready,omitempty"`
}

// workflow is a workflow as stored: what belongs to the resource, not to one of
// its versions.
type workflow struct {
	Version     int       `json:"v"`
	FlowID      string    `json:"flowId"`
	Environment string    `json:"environment"`   // id of the database its runs are in
	ISE         string    `json:"ise,omitempty"` // resource ID of its environment
	Current     string    `json:"current"`       // sequence id of its version
	Enabled     bool      `json:"enabled"`
	Created     time.Time `json:"created"`
	Changed     time.Time `json:"changed"`
	Primary     []byte    `json:"primary"` // access keys
	Secondary   []byte    `json:"secondary"`
	Identity    *identity `json:"identity,omitempty"`
	// Access is accessControl of the current version.
	Access accessBody `json:"access,omitzero"`
	// Scheduled is set once a version had a schedule or a webhook trigger: its tasks
	// must be looked after.
	Scheduled bool   `json:"scheduled,omitempty"`
	Kind      string `json:"kind,omitempty"` // as last given; "" is Stateful
	// Account is the id of its integration account, which has a setting that names it.
	Account string `json:"account,omitempty"`
	// Receivers are the flow ids of the workflows whose batches the current version sends
	// to; each has a setting that names this one.
	Receivers []string `json:"receivers,omitempty"`
}

func (w *workflow) state() string {
	if w.Enabled {
		return "Enabled"
	}
	return "Disabled"
}

func (w *workflow) keys() [][]byte { return [][]byte{w.Primary, w.Secondary} }

// version is one version of a workflow as stored. It never changes.
type version struct {
	Version     int        `json:"v"`
	FlowID      string     `json:"flowId"`
	Workflow    string     `json:"workflow"` // resource ID of the workflow
	Location    string     `json:"location"`
	Definition  expr.Value `json:"definition"` // normalised (logic-api §1.6)
	Parameters  expr.Value `json:"parameters"` // as supplied, secure ones included
	Tags        expr.Value `json:"tags"`
	Settings    expr.Value `json:"settings"`       // the members of carriedWorkflow that were given
	Kind        string     `json:"kind,omitempty"` // Stateful or Stateless; "" is Stateful
	Enabled     bool       `json:"enabled"`        // when the version was made
	Created     time.Time  `json:"created"`        // of the workflow
	Changed     time.Time  `json:"changed"`        // of the version
	Environment string     `json:"environment"`
}

// carriedWorkflow are the members of properties that are stored and served as
// given (logic-api §2.2).
var carriedWorkflow = []string{"accessControl", "integrationAccount", "runtimeConfiguration"}

// carry keeps the named members of an object.
func carry(properties expr.Value, names []string) expr.Value {
	var kept []expr.Member
	for _, name := range names {
		if v, ok := properties.Get(name); ok && !v.IsNull() {
			kept = append(kept, member(name, v))
		}
	}
	return object(kept...)
}

// decode reads a stored form.
func decode[Form any](r store.Resource) (*Form, error) { return arm.Decode[Form](r, formVersion) }
