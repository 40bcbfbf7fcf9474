package logic

import (
	"strings"
	"testing"

	"isle/expr"
)

// The connections that a workflow names are what its author must be allowed to use: in
// $connections, its default, and where a host names one; other texts are not.
func TestPlacesOfWorkflow(t *testing.T) {
	body, err := expr.ParseJSON(`{"properties":{"parameters":{"$connections":{"value":{"a":{"connectionId":"/given"}}}},"definition":{
		"parameters":{"$connections":{"type":"Object","defaultValue":{"b":{"connectionId":"/default"}}}},
		"triggers":{"t":{"type":"ApiConnection","inputs":{"host":{"connection":{"name":"/trigger"}}}}},
		"actions":{"If":{"type":"If","actions":{"x":{"type":"ApiConnection","inputs":{"host":{"connection":{"name":"/inner"}},"body":"/body"}}},
			"else":{"actions":{"y":{"type":"ApiConnectionWebhook","inputs":{"Host":{"connection":{"name":"/else"},"api":{"runtimeUrl":"/url"}}}}}}}}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := string(placesOfWorkflow(body).JSON())
	for _, named := range []string{"/given", "/default", "/trigger", "/inner", "/else"} {
		if !strings.Contains(got, named) {
			t.Errorf("%s is not asked for: %s", named, got)
		}
	}
	for _, other := range []string{"/body", "/url"} {
		if strings.Contains(got, other) {
			t.Errorf("%s is asked for: %s", other, got)
		}
	}
}
