package runner

import (
	"context"

	"isle/engine"
)

// Deployed is what an access endpoint knows about the current version of a
// workflow. It is immutable and shared.
type Deployed struct {
	Environment string // store id of the environment, "shared" for none
	FlowID      string
	Version     string
	ResourceID  string
	Name        string
	Enabled     bool
	Workflow    *engine.Workflow
	Keys        [][]byte // primary and secondary access key
	Triggers    Callers  // who may call its triggers
	Contents    Callers  // who may read the contents of its runs
	Actions     Callers  // who may call back its actions
	// Policies let in who calls a trigger with a token instead of a signature; Unsigned
	// says that a signature does not.
	Policies []OAuthPolicy
	Unsigned bool
}

// Workflows finds compiled workflows. Lookups of what is cached take no lock.
type Workflows interface {
	// ByFlowID returns the current version; store.ErrNotFound if there is none.
	ByFlowID(ctx context.Context, flowID string) (*Deployed, error)
	// Workflow returns the version that a run was started with; store.ErrNotFound if
	// it is gone.
	Workflow(ctx context.Context, environment, flowID, version string) (*engine.Workflow, error)
}
