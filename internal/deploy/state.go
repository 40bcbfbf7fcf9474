package deploy

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// stateVersion is the version of the stored form of a deployment.
const stateVersion = 1

// What is stored of a deployment has two parts. The order is what was asked for: it
// is large, written once and kept beside the resource as a setting. The state is how
// far the deployment is: it is the resource's stored form, written with every step.
// The plan is not stored: it follows from the order, the time and the seed.

// order is the template with the values of its parameters, which are dropped when the
// deployment has ended.
type order struct {
	Version    int        `json:"version"`
	Template   expr.Value `json:"template"`
	Parameters expr.Value `json:"parameters,omitzero"` // {name: {"value": v}}, as given

	Link           link `json:"link,omitzero"` // where the template was fetched from
	ParametersLink link `json:"parametersLink,omitzero"`

	Secrets []string `json:"secrets,omitempty"` // texts of the outer deployment that may stand in the template

	mode string // goes into the state
}

// shown is the template without the secrets that an outer deployment's expressions put
// into it.
func (o *order) shown() expr.Value {
	hidden := hiding(o.Secrets)
	if hidden == nil {
		return o.Template
	}
	return eachString(o.Template, hidden.Replace)
}

// orderName is the setting that holds the order of the deployment with that key.
func orderName(key string) string { return "deployment:" + key }

func readOrder(tx *store.Tx, key string) (*order, error) {
	stored, err := tx.Setting(orderName(key))
	if err != nil {
		return nil, err
	}
	var o order
	if err := json.Unmarshal(stored, &o); err != nil {
		return nil, fmt.Errorf("deployment %s: stored order: %w", key, err)
	}
	if o.Version != stateVersion {
		return nil, fmt.Errorf("deployment %s: stored order has version %d, this build reads %d", key, o.Version, stateVersion)
	}
	return &o, nil
}

func writeOrder(tx *store.Tx, key string, o *order) error {
	stored, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return tx.PutSetting(orderName(key), stored)
}

// state is how far a deployment is.
type state struct {
	Version        int           `json:"version"`
	Mode           string        `json:"mode"`
	TemplateHash   string        `json:"templateHash"`
	Link           *link         `json:"link,omitempty"` // as shown, without a query
	ParametersLink *link         `json:"parametersLink,omitempty"`
	Target         target        `json:"target"`
	Principal      arm.Principal `json:"principal"`

	CorrelationID string     `json:"correlationId"`
	Steps         []step     `json:"steps"`           // one for each planned resource, then one for each that is deleted
	Swept         bool       `json:"swept,omitempty"` // those to delete are known
	Shown         expr.Value `json:"shown"`           // the parameters as the API shows them
	Outputs       expr.Value `json:"outputs"`
	Ended         time.Time  `json:"ended"`
	Error         *problem   `json:"error,omitempty"`
	Canceled      bool       `json:"canceled,omitempty"`
}

// target is the stored form of a Target.
type target struct {
	Group         string     `json:"group"`
	GroupLocation string     `json:"groupLocation"`
	GroupTags     expr.Value `json:"groupTags"`
	Time          time.Time  `json:"time"`
	Seed          uint64     `json:"seed"`
}

// Phases of a step.
const (
	phaseWaiting   = ""          // for what it depends on
	phaseRunning   = "Running"   // its operation goes on
	phaseSucceeded = "Succeeded" //
	phaseFailed    = "Failed"    //
	phaseLeftOut   = "LeftOut"   // its condition does not hold
	phaseBlocked   = "Blocked"   // something that it depends on failed
)

// step is how far one resource is.
type step struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Name       string    `json:"name"`
	APIVersion string    `json:"apiVersion"`
	Phase      string    `json:"phase,omitempty"`
	Operation  string    `json:"operation,omitempty"` // path of the resource's long-running operation
	StatusCode int       `json:"statusCode,omitempty"`
	Error      *problem  `json:"error,omitempty"`
	Delete     bool      `json:"delete,omitempty"` // the resource is deleted
	Told       bool      `json:"told,omitempty"`   // a nested deployment was told of the cancellation
	Begun      time.Time `json:"begun,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
}

func (s step) ended() bool {
	return s.Phase == phaseSucceeded || s.Phase == phaseFailed || s.Phase == phaseLeftOut || s.Phase == phaseBlocked
}

// problem is the stored form of an arm.Error.
type problem struct {
	Status  int        `json:"status,omitempty"`
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Target  string     `json:"target,omitempty"`
	Details []*problem `json:"details,omitempty"`
}

// problemOf keeps what may be served of an error; what an error of ours hides from
// callers stays hidden here.
func problemOf(err error, scrub func(string) string) *problem {
	e := arm.AsError(err)
	if e == nil {
		return &problem{Status: 500, Code: "InternalServerError", Message: "The resource could not be deployed because of an internal error. The server's log says why."}
	}
	p := &problem{Status: e.Status, Code: e.Code, Message: scrub(e.Message), Target: scrub(e.Target)}
	for _, d := range e.Details {
		p.Details = append(p.Details, problemOf(d, scrub))
	}
	return p
}

func (p *problem) error() *arm.Error {
	e := &arm.Error{Status: p.Status, Code: p.Code, Message: p.Message, Target: p.Target}
	for _, d := range p.Details {
		e.Details = append(e.Details, d.error())
	}
	return e
}

func readState(body []byte) (*state, error) {
	var s state
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("deployment: stored form: %w", err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("deployment: stored form has version %d, this build reads %d", s.Version, stateVersion)
	}
	return &s, nil
}

func (s *state) encode() ([]byte, error) { return json.Marshal(s) }

// shown is the link as a state keeps it; nil for none.
func (l link) shown() *link {
	if l.URI == "" {
		return nil
	}
	return &link{URI: l.URI, ContentVersion: l.ContentVersion}
}

// hashOf is a number that changes with the template, as the API shows it.
func hashOf(template expr.Value) string {
	h := fnv.New64a()
	_, _ = h.Write(template.JSON())
	return strconv.FormatUint(h.Sum64(), 10)
}

// isoDuration is a duration as the API writes it: PT5.143S.
func isoDuration(d time.Duration) string {
	if d <= 0 {
		return "PT0S"
	}
	text := "PT"
	if h := d / time.Hour; h > 0 {
		text += strconv.Itoa(int(h)) + "H"
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		text += strconv.Itoa(int(m)) + "M"
	}
	if s := d % time.Minute; s > 0 {
		text += strconv.FormatFloat(s.Seconds(), 'f', -1, 64) + "S"
	}
	return text
}
