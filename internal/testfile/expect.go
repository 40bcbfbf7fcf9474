package testfile

import (
	"encoding/json"
	"net/http"

	"isle/expr"
)

// Expectation is what a run must have done. Absent members are not asserted.
type Expectation struct {
	Status    string                    `json:"status"`
	Code      *string                   `json:"code"`
	Error     ExpectedError             `json:"error"`
	Runs      *int                      `json:"runs"`
	Actions   map[string]ExpectedAction `json:"actions"`
	Response  *ExpectedResponse         `json:"response"`
	Polled    *ExpectedResponse         `json:"polled"`
	Calls     []ExpectedCall            `json:"calls"`
	Variables map[string]expr.Value     `json:"variables"`
	SaveError *ExpectedSaveError        `json:"saveError"`
}

// ofRun says whether anything is asserted that needs a run.
func (e *Expectation) ofRun() bool {
	return e.Status != "" || e.Code != nil || e.Error.Given || len(e.Actions) > 0 || len(e.Calls) > 0 || len(e.Variables) > 0
}

// caller is the one that the expectation speaks of. Time is virtual, so a caller
// waits as long as it takes; but a gateway timeout needs one that does not, and a
// Response can only be skipped for want of a caller if there is none.
func (e *Expectation) caller() Caller {
	if e.Response != nil {
		if e.Response.Status == http.StatusGatewayTimeout {
			return Impatient
		}
		return Patient
	}
	for _, a := range e.Actions {
		if a.Code != nil && *a.Code == responseSkipped || a.Error.Code == responseSkipped {
			return Gone
		}
	}
	return Patient
}

const responseSkipped = "ActionResponseSkipped"

// ExpectedResponse is what a caller must have got.
type ExpectedResponse struct {
	Status  int   `json:"status"`
	Headers Pairs `json:"headers"`
	Body    Value `json:"body"`
}

// ExpectedSaveError says that the definition is refused; empty members match any
// error.
type ExpectedSaveError struct {
	Code     string `json:"code"`
	Contains string `json:"contains"`
}

// ExpectedError is the error of a run or an action; null in a file: there is none.
type ExpectedError struct {
	Given, None    bool
	Code, Contains string
}

// ExpectedAction is what is expected of an action or of one of its records. In a
// file it may be the status alone.
type ExpectedAction struct {
	Status      string               `json:"status"`
	Code        *string              `json:"code"`
	Error       ExpectedError        `json:"error"`
	Inputs      Value                `json:"inputs"`
	Outputs     Value                `json:"outputs"`
	Repetitions *ExpectedRepetitions `json:"repetitions"`
}

// ExpectedRepetitions is how many there are, or what each must be.
type ExpectedRepetitions struct {
	Count int
	Each  []ExpectedAction // nil: only the number counts
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *ExpectedAction) UnmarshalJSON(text []byte) error {
	type plain ExpectedAction
	if json.Unmarshal(text, &e.Status) == nil {
		return nil
	}
	return json.Unmarshal(text, (*plain)(e))
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *ExpectedError) UnmarshalJSON(text []byte) error {
	var body *struct{ Code, Contains string }
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	e.Given, e.None = true, body == nil
	if body != nil {
		e.Code, e.Contains = body.Code, body.Contains
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *ExpectedRepetitions) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &e.Count) == nil {
		return nil
	}
	e.Each = []ExpectedAction{}
	err := json.Unmarshal(text, &e.Each)
	e.Count = len(e.Each)
	return err
}
