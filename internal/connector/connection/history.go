package connection

import (
	"isle/expr"
	"isle/internal/connector"
)

// sanitise is connector.Sanitise for an operation that was given the address of a
// callback.
func sanitise(inputs expr.Value, callback string) (expr.Value, bool) {
	clean, changed := connector.Sanitise(inputs)
	hidden, found := connector.HideCallback(clean, callback)
	return hidden, changed || found
}
