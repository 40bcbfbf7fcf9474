package logic

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// FuzzWorkflowRequest: whatever a client sends is answered; and what is shown of a
// definition holds no value of a secure parameter, yet completes to the same.
func FuzzWorkflowRequest(f *testing.F) {
	f.Add(`{"definition":{"$schema":"x","parameters":{"p":{"type":"securestring","defaultValue":"s"}},"triggers":{},"actions":{}},"parameters":{"p":{"value":"t"}}}`)
	f.Add(`{"state":"Disabled","definition":{"$schema":"x","actions":{"a":{"type":"Compose","inputs":"@1"}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		properties, err := expr.ParseJSON([]byte(text))
		if err != nil {
			return
		}
		var p arm.Found
		body := readWorkflow("flow", properties, &p)
		if body == nil || len(p) > 0 || body.Definition.Kind() != expr.KindObject {
			return
		}
		if _, err := compile(body.Definition, body.Parameters, wdl.DefaultLimits(), time.Time{}); err != nil {
			return
		}
		shown, parameters := showDefinition(body.Definition), showParameters(body.Definition, body.Parameters)
		for name := range parameters.Members() {
			if secureTypes(body.Definition)[strings.ToLower(name)] {
				t.Fatalf("the secure parameter %s is shown", name)
			}
		}
		parameters = keepSecure(shown, parameters, body.Definition, body.Parameters)
		if whole := keepDefaults(shown, parameters, body.Definition); whole.Kind() != expr.KindObject {
			t.Fatalf("%s", whole.JSON())
		}
	})
}

// FuzzStoredForm: a damaged form is an error, never a panic.
func FuzzStoredForm(f *testing.F) {
	good, _ := json.Marshal(workflow{Version: 1, FlowID: "x"})
	f.Add(good)
	f.Add([]byte(`{"v":9}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := store.Resource{ID: "/x", Body: body}
		if w, err := decode[workflow](r); err == nil && w.Version != formVersion {
			t.Fatalf("version %d was read", w.Version)
		}
		if e, err := decode[environment](r); err == nil {
			e.ranges()
		}
		_, _ = decode[version](r)
	})
}
