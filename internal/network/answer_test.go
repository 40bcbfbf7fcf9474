package network_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the SDK's operations answer is held to the shared reading of its models: no member
// that a model does not have, none of another kind, none missing that a resource always
// has, the words of enumerations, and the headers by which clients wait.

// models is network-models.json.
type models struct {
	Enums  map[string][]string
	Models map[string][]struct {
		Name, Type string
		ReadOnly   bool
	}
}

// readModels is skipped with the operations, where the shared reading is not there.
func readModels(t *testing.T) *models {
	t.Helper()
	m := new(models)
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "reference", "network-models.json"))
	if err == nil {
		err = json.Unmarshal(text, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// results are the models of what long-running actions give, which the list of operations
// does not tell; "" for those that the reading has no model of.
var results = map[string]string{
	"BeginCheckConnectivity": "ConnectivityInformation", "BeginGetNetworkConfigurationDiagnostic": "ConfigurationDiagnosticResponse", "BeginGetNextHop": "NextHopResult",
	"BeginGetVMSecurityRules": "SecurityGroupViewResult", "BeginVerifyIPFlow": "VerificationIPFlowResult", "BeginGetEffectiveRouteTable": "EffectiveRouteListResult",
	"BeginListEffectiveNetworkSecurityGroups": "EffectiveNetworkSecurityGroupListResult", "BeginUpdateTags": "AzureFirewall",
}

// departures are what answers have, and why: "Model.member" for a member that the model
// does not have, with "=" and a word for a word that its enumeration does not have.
var departures = map[string]string{
	"VerificationIPFlowResult.ruleId":                                        "the rule's ID beside its name (network.md §A8: newer output has it)",
	"VerificationIPFlowResult.decision":                                      "the record of the decision, Isle's own",
	"NextHopResult.decision":                                                 "the record of the decision, Isle's own",
	"ConnectivityHop.decisions":                                              "the records of the decisions at a hop, Isle's own",
	"AzureFirewallIPConfigurationPropertiesFormat.privateIPAllocationMethod": "as IP configurations of every other type have it; clients that know the model drop it",
	"AzureFirewallNetworkRuleCollection.type":                                "as every nested resource of the provider has it; likewise",
	"WatcherPropertiesFormat.runningOperationIds":                            "always empty; likewise",
	"ConnectivityInformation.connectionStatus=Reachable":                     "the documents' word (network.md §A8)",
	"ConnectivityInformation.connectionStatus=Unreachable":                   "the documents' word (network.md §A8)",
}

// model is that of an operation's answer; "" for none.
func (o *operation) model() string {
	switch {
	case o.ResponseModel != "":
		return o.ResponseModel
	case o.HTTPMethod == "PUT":
		return o.RequestModel
	}
	return results[o.GoMethod]
}

// examine gives what is wrong with an operation's successful answer.
func (m *models) examine(o *operation, res *http.Response, body []byte) (wrong []string) {
	if !slices.Contains(o.SuccessCodes, res.StatusCode) {
		wrong = append(wrong, fmt.Sprintf("status %d is none of %v", res.StatusCode, o.SuccessCodes))
	}
	var answer any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &answer); err != nil {
			return append(wrong, err.Error())
		}
	}
	wrong = append(wrong, o.waiting(res, answer)...)
	if model := o.model(); model != "" && answer != nil {
		wrong = append(wrong, m.compare(model, model, answer)...)
	}
	return wrong
}

// waiting looks at the headers of a long-running operation: how a client learns of its end,
// unless it has ended.
func (o *operation) waiting(res *http.Response, answer any) (wrong []string) {
	if !o.LRO {
		return nil
	}
	async, location, retry := res.Header.Get("Azure-AsyncOperation"), res.Header.Get("Location"), res.Header.Get("Retry-After")
	switch {
	case res.StatusCode == http.StatusAccepted && o.FinalStateVia == "AzureAsyncOp" && async == "",
		res.StatusCode == http.StatusAccepted && o.FinalStateVia == "Location" && location == "":
		wrong = append(wrong, fmt.Sprintf("status 202 without the header of %s: %v", o.FinalStateVia, res.Header))
	case res.StatusCode == http.StatusAccepted && retry == "":
		wrong = append(wrong, "status 202 without Retry-After")
	case o.HTTPMethod == "PUT" && async == "":
		top, _ := answer.(map[string]any)
		properties, _ := top["properties"].(map[string]any)
		if state := properties["provisioningState"]; state != "Succeeded" {
			wrong = append(wrong, fmt.Sprintf("the state is %v, and no header tells where its end is seen", state))
		}
	}
	return wrong
}

// compare holds a value to a type of the models; at names the member that has it.
func (m *models) compare(at, typ string, v any) (wrong []string) {
	object, isObject := v.(map[string]any)
	text, isText := v.(string)
	number, isNumber := v.(float64)
	fits := func(ok bool) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s is %v, not of type %s", at, v, typ))
		}
	}
	switch of, list := strings.CutPrefix(typ, "[]"); {
	case list:
		elements, ok := v.([]any)
		fits(ok)
		for _, e := range elements {
			wrong = append(wrong, m.compare(at, of, e)...)
		}
	case strings.HasPrefix(typ, "map["):
		fits(isObject)
		for name, e := range object {
			wrong = append(wrong, m.compare(at+"["+name+"]", strings.TrimPrefix(typ, "map[string]"), e)...)
		}
	case typ == "string":
		fits(isText)
	case typ == "bool":
		_, ok := v.(bool)
		fits(ok)
	case typ == "time.Time":
		_, err := time.Parse(time.RFC3339Nano, text)
		fits(err == nil)
	case typ == "float64":
		fits(isNumber)
	case typ == "int32", typ == "int64":
		fits(isNumber && number == math.Trunc(number))
	case m.Enums[typ] != nil:
		fits(isText && (slices.Contains(m.Enums[typ], text) || departures[at+"="+text] != ""))
	case m.Models[typ] != nil:
		if fits(isObject); isObject {
			wrong = append(wrong, m.members(typ, object)...)
		}
	}
	return wrong
}

// members holds an object to a model. What is only a reference, an object with an ID, lacks
// nothing.
func (m *models) members(model string, object map[string]any) (wrong []string) {
	has := map[string]bool{}
	for _, member := range m.Models[model] {
		has[member.Name] = true
		if v, there := object[member.Name]; there {
			wrong = append(wrong, m.compare(model+"."+member.Name, member.Type, v)...)
		}
	}
	for name := range object {
		if !has[name] && departures[model+"."+name] == "" {
			wrong = append(wrong, model+" has no member "+name)
		}
	}
	if _, reference := object["id"]; len(object) == 1 && reference || !has["properties"] || !has["name"] {
		return wrong
	}
	for _, member := range m.Models[model] {
		always := member.ReadOnly && (member.Name == "etag" || member.Name == "type") || member.Name == "id" || member.Name == "name"
		if _, there := object[member.Name]; always && !there {
			wrong = append(wrong, model+" lacks "+member.Name)
		}
		if properties, ok := object["properties"].(map[string]any); member.Name == "properties" && ok {
			for _, inner := range m.Models[member.Type] {
				if _, there := properties["provisioningState"]; inner.Name == "provisioningState" && !there {
					wrong = append(wrong, model+" lacks properties.provisioningState")
				}
			}
		}
	}
	return wrong
}

// A departure that no answer has is one that is not there any more: the words and members
// of the table are those of the models.
func TestDeparturesAreNone(t *testing.T) {
	operations(t)
	m := readModels(t)
	for name := range departures {
		model, member, _ := strings.Cut(name, ".")
		member, word, enumerated := strings.Cut(member, "=")
		typ, known := "", false
		for _, of := range m.Models[model] {
			if of.Name == member {
				typ, known = of.Type, true
			}
		}
		if len(m.Models[model]) == 0 || known != enumerated || slices.Contains(m.Enums[typ], word) {
			t.Errorf("%s is what the model says, or is of none", name)
		}
	}
}
