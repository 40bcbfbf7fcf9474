package arm

import (
	"errors"
	"fmt"
	"net/http"

	"isle/expr"
)

// Error is what a request answers instead of a result: the wire's error and its
// status (logic-api §1.3). Cause is for the log; it is never served.
type Error struct {
	Status  int
	Code    string
	Message string
	Target  string   // the member or resource it is about, "" if none
	Details []*Error // all problems, when there are several
	Cause   error
	Header  http.Header // further headers of the answer; may be nil
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Message + " (" + e.Cause.Error() + ")"
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Value is the error's object: {"code","message","target","details"}.
func (e *Error) Value() expr.Value {
	members := []expr.Member{{Name: "code", Value: expr.String(e.Code)}, {Name: "message", Value: expr.String(e.Message)}}
	if e.Target != "" {
		members = append(members, expr.Member{Name: "target", Value: expr.String(e.Target)})
	}
	if len(e.Details) > 0 {
		details := make([]expr.Value, len(e.Details))
		for i, d := range e.Details {
			details[i] = d.Value()
		}
		members = append(members, expr.Member{Name: "details", Value: expr.Array(details...)})
	}
	return expr.Object(members...)
}

// Invalid is a request that can never be carried out: 400.
func Invalid(code, target, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Target: target, Message: fmt.Sprintf(format, args...)}
}

// Conflict is a request that the present state does not allow: 409.
func Conflict(code, target, format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Code: code, Target: target, Message: fmt.Sprintf(format, args...)}
}

// Missing is a request about something that is not there: 404.
func Missing(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that a resource is not there, in the words of Azure's gateway.
func NotFound(id ID) *Error {
	if id.Provider == "" && id.Group != "" {
		return GroupNotFound(id.Group)
	}
	name := id.Provider
	for i := range id.Types {
		name += "/" + id.Types[i]
	}
	for i := range id.Names {
		name += "/" + id.Names[i]
	}
	where := ""
	if id.Group != "" {
		where = fmt.Sprintf(" under resource group '%s'", id.Group)
	}
	return Missing("ResourceNotFound", "The Resource '%s'%s was not found. Create it first, or check the spelling of its ID.", name, where)
}

// GroupNotFound says that a resource group is not there.
func GroupNotFound(name string) *Error {
	return Missing("ResourceGroupNotFound", "Resource group '%s' could not be found. Create it first: PUT /subscriptions/{subscriptionId}/resourceGroups/%s.", name, name)
}

// Problems makes one error of many: the first gives status, code, message and
// target, all of them stand in details. It is nil for none, and the problem itself
// for one.
func Problems(found []*Error) *Error {
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	first := *found[0]
	first.Message = fmt.Sprintf("%s (%d problems in all: see details.)", first.Message, len(found))
	first.Details = found
	return &first
}

// flatten lists the problems of an error.
func (e *Error) flatten() []*Error {
	if len(e.Details) == 0 {
		return []*Error{e}
	}
	return e.Details
}

// join adds the problems of err to found, each once. Where found tells of a member already,
// err's are left out that have the same code: both have looked at the same.
func join(found []*Error, err *Error) []*Error {
	told := len(found)
	for _, e := range err.flatten() {
		known := false
		for i, f := range found {
			known = known || f.Code == e.Code && f.Target == e.Target && (i < told || f.Message == e.Message)
		}
		if !known {
			found = append(found, e)
		}
	}
	return found
}

// AsError finds the [*Error] in err; nil if there is none in it.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}
