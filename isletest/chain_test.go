package isletest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"isle/isletest"
)

// answering are the actions of a workflow that answers.
const answering = `{"Value":{"type":"Compose","inputs":"inside"},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Value')"},"runAfter":{"Value":["Succeeded"]}}}`

// TestWorkflowsCallEachOtherAsTheNetworkSays: a workflow of the same network is a caller
// with an address there, one in no environment is outside.
func TestWorkflowsCallEachOtherAsTheNetworkSays(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 2, options...)
		_, callback := s.workflow("inside", s.environment(0, internal), answering)
		_, neighbour := s.caller("neighbour", s.environment(1, external))
		_, stranger := put(t, s.Server, s.group, "stranger", workflowBody(`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"@triggerBody()['uri']","retryPolicy":{"type":"none"}}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('Call')"},"runAfter":{"Call":["Succeeded","Failed"]}}}`))
		if o := s.call(neighbour, callback); o.Outputs.StatusCode != http.StatusMethodNotAllowed { // it is let in, and GET is not what the trigger takes
			t.Errorf("from the same network: %+v", o)
		}
		atHost, err := url.Parse(callback)
		must(t, err)
		atHost.Host = strings.TrimPrefix(s.Endpoint, "https://") // its address is another machine to who is in no network
		if o := s.call(stranger, atHost.String()); o.Outputs.StatusCode != http.StatusForbidden {
			t.Errorf("from no network: %+v", o)
		}
		s.guard("front", "web", append(required(t), rule(t, "NotFromSecond", "200 Inbound Deny * 10.0.1.0/24 -> *:443"))...)
		o := s.call(neighbour, callback)
		said, _ := json.Marshal(o) // by the endpoint, or by the dialer where the address is inside
		if o.Outputs.StatusCode != http.StatusForbidden && o.Code != "NetworkPolicyDenied" || !strings.Contains(string(said), "NotFromSecond") {
			t.Errorf("denied by a rule: %s", said)
		}
	})
}
