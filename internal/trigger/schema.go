package trigger

import (
	"strings"

	"isle/expr"
	"isle/wdl/schema"
)

// maxViolations is how many problems of a body are told at once.
const maxViolations = 20

// validate checks a body against the trigger's schema; a missing one is null.
func validate(s *schema.Schema, body expr.Value) error {
	violations := s.Validate(body)
	if len(violations) == 0 {
		return nil
	}
	var b strings.Builder
	for i, v := range violations {
		if i == maxViolations {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Message)
		if v.Path != "" {
			b.WriteString(" (at '" + v.Path + "')")
		}
	}
	return badRequest("TriggerInputSchemaMismatch", "The input body for the trigger does not match its schema definition. Error details: '"+b.String()+"'.")
}
