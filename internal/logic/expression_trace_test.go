package logic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/arm/armtest"
)

// conditions is a workflow with a condition of each kind; %s are the settings of Ask, and
// the access control.
const conditions = `{"location":"West US","properties":{%s"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
	"parameters":{"limit":{"type":"int","defaultValue":2},"key":{"type":"securestring","defaultValue":"planted-key"}},
	"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
	"actions":{
		"Count":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":0}]},"runAfter":{}},
		"Each":{"type":"Foreach","foreach":["a","b"],"runAfter":{"Count":["Succeeded"]},"actions":{
			"Is":{"type":"If","expression":{"and":[{"equals":["@items('Each')","b"]},{"greater":["@parameters('limit')",1]}]},"actions":{}}}},
		"Loop":{"type":"Until","expression":"@equals(variables('n'), parameters('limit'))","limit":{"count":5},"runAfter":{"Each":["Succeeded"]},"actions":{
			"Up":{"type":"IncrementVariable","inputs":{"name":"n","value":1}}}},
		"Ask":{"type":"Http","inputs":{"method":"POST","uri":"%s","body":"planted-body","headers":{"Authorization":"planted-header"}},%s"runAfter":{"Loop":["Succeeded"]}},
		"Cookie":{"type":"If","expression":"@equals(concat(outputs('Ask')['headers']['Set-Cookie'],'x'), string(actions('Ask')['inputs']))","actions":{},"runAfter":{"Ask":["Succeeded"]}},
		"Whole":{"type":"If","expression":"@empty(outputs('Ask'))","actions":{},"runAfter":{"Cookie":["Succeeded"]}},
		"Key":{"type":"If","expression":"@equals(parameters('key'), 'x')","actions":{},"runAfter":{"Whole":["Succeeded"]}},
		"Large":{"type":"If","expression":"@equals(substring(string(outputs('Ask')), 0, 900), 'x')","actions":{},"runAfter":{"Key":["Succeeded"]}},
		"Computed":{"type":"If","expression":"@empty(actions('Ask')[concat('in','puts')])","actions":{},"runAfter":{"Large":["Succeeded"]}},
		"Moved":{"type":"If","expression":"@empty(outputs('Ask')['headers']['Location'])","actions":{},"runAfter":{"Computed":["Succeeded"]}},
		"Which":{"type":"Switch","expression":"@body('Ask')?['kind']","cases":{"K":{"case":"k","actions":{}}},"runAfter":{"Moved":["Succeeded"]}},
		"Broken":{"type":"If","expression":"@equals(int(body('Ask')['kind']), 1)","actions":{"Never":{"type":"If","expression":"@true","actions":{}}},"runAfter":{"Which":["Succeeded"]}}
	}}}}`

// runConditions deploys it and gives the path of a run that has ended.
func (w *world) runConditions(name, access, secured string) string {
	w.t.Helper()
	peer := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) {
		a.Header().Set("Content-Type", "application/json")
		a.Header().Set("Set-Cookie", "planted-cookie")
		a.Header().Set("Location", "https://x/y?sig=planted-signature")
		fmt.Fprintf(a, `{"kind":"k","text":"%070000d"}`, 1) // larger than what is shown
	}))
	w.t.Cleanup(peer.Close)
	flow := workflows + "/" + name
	w.send("PUT", flow, fmt.Sprintf(conditions, access, peer.URL, secured), 201)
	w.send("POST", flow+"/triggers/manual/run", "", 200)
	run := ""
	w.until("the run has ended", func() bool {
		if names := w.pages(flow + "/runs?$filter=status%20eq%20'Failed'"); len(names) == 1 {
			run = flow + "/runs/" + names[0]
		}
		return run != ""
	})
	return run
}

// traces are the lines of an answer: text, value or error, indented by depth.
func (w *world) traces(path string) string {
	w.t.Helper()
	var b strings.Builder
	var show func(list any, indent string)
	show = func(list any, indent string) {
		for _, x := range list.([]any) {
			value, told := x.(map[string]any)["value"]
			text, _ := json.Marshal(value)
			if !told {
				text = []byte("-")
			}
			if message := get(x, "error", "message"); message != nil {
				text = []byte("error: " + message.(string))
			}
			fmt.Fprintf(&b, "%s%s → %s\n", indent, get(x, "text"), text)
			show(get(x, "subexpressions"), indent+"  ")
		}
	}
	show(w.send("POST", path+"/listExpressionTraces", "", 200)["inputs"], "")
	return b.String()
}

// Each condition tells what its parts came to, by the three operations and the real client;
// credentials, inputs and secure parameters are not in it.
func TestExpressionTraces(t *testing.T) {
	w := newWorld(t)
	run := w.runConditions("conditions", "", "")
	for path, want := range map[string]string{
		"Count":                        "",
		"Each":                         "",
		"Each/scopeRepetitions/000001": "",
		"Is/repetitions/000000":        "and(equals(items('Each'), 'b'), greater(parameters('limit'), 1)) → false\n  equals(items('Each'), 'b') → false\n    items('Each') → \"a\"\n",
		"Is":                           "and(equals(items('Each'), 'b'), greater(parameters('limit'), 1)) → true\n  equals(items('Each'), 'b') → true\n    items('Each') → \"b\"\n  greater(parameters('limit'), 1) → true\n    parameters('limit') → 2\n",
		"Loop":                         "equals(variables('n'), parameters('limit')) → true\n  variables('n') → 2\n  parameters('limit') → 2\n",
		"Loop/scopeRepetitions/000000": "equals(variables('n'), parameters('limit')) → false\n  variables('n') → 1\n  parameters('limit') → 2\n",
		"Which":                        "body('Ask')?['kind'] → \"k\"\n",
		"Key":                          "equals(parameters('key'), 'x') → false\n",
		"Whole":                        "empty(outputs('Ask')) → false\n  outputs('Ask') → ",
		"Cookie":                       "equals(concat(outputs('Ask')['headers']['Set-Cookie'], 'x'), string(actions('Ask')['inputs'])) → false\n  concat(outputs('Ask')['headers']['Set-Cookie'], 'x') → -\n    outputs('Ask')['headers']['Set-Cookie'] → -\n  string(actions('Ask')['inputs']) → -\n    actions('Ask')['inputs'] → -\n",
		"Large":                        "equals(substring(string(outputs('Ask')), 0, 900), 'x') → false\n  substring(string(outputs('Ask')), 0, 900) → -\n    string(outputs('Ask')) → -\n      outputs('Ask') → -\n",
		"Computed":                     "empty(actions('Ask')[concat('in', 'puts')]) → false\n  actions('Ask')[concat('in', 'puts')] → -\n    concat('in', 'puts') → \"inputs\"\n",
		"Moved":                        "empty(outputs('Ask')['headers']['Location']) → false\n  outputs('Ask')['headers']['Location'] → \"https://x/y?sig=*sanitized*\"\n",
		"Broken":                       "equals(int(body('Ask')['kind']), 1) → error: The template language function 'int' was invoked",
		"Never":                        "",
	} {
		got := w.traces(run + "/actions/" + path)
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s:\n%s want\n%s", path, got, want)
		}
		for _, secret := range []string{"planted-key", "planted-cookie", "planted-header", "planted-body", "planted-signature"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows %s:\n%s", path, secret, got)
			}
		}
	}
	w.refused("POST", run+"/actions/none/listExpressionTraces", "", 404, "WorkflowRunActionNotFound")
	w.refused("POST", run+"/actions/Is/repetitions/000009/listExpressionTraces", "", 404, "WorkflowRunActionRepetitionNotFound")
	w.refused("POST", workflows+"/conditions/runs/none/actions/Is/listExpressionTraces", "", 404, "WorkflowRunNotFound")

	ctx, name := context.Background(), run[strings.LastIndexByte(run, '/')+1:]
	actions, err := armlogic.NewWorkflowRunActionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	page, err := actions.NewListExpressionTracesPager("g", "conditions", name, "Loop", nil).NextPage(ctx)
	w.must(err)
	if len(page.Inputs) != 1 || *page.Inputs[0].Path != "" || page.Inputs[0].Value != true || *page.Inputs[0].Subexpressions[0].Text != "variables('n')" || page.Inputs[0].Subexpressions[0].Value != 2.0 {
		t.Errorf("%+v", page.Inputs)
	}
	page, err = actions.NewListExpressionTracesPager("g", "conditions", name, "Broken", nil).NextPage(ctx)
	w.must(err)
	if x := page.Inputs[0]; x.Error == nil || *x.Error.Code != "InvalidTemplate" || *x.Error.Message == "" || x.Value != nil {
		t.Errorf("%+v", x)
	}
	repetitions, err := armlogic.NewWorkflowRunActionRepetitionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	repeated, err := repetitions.NewListExpressionTracesPager("g", "conditions", name, "Is", "000001", nil).NextPage(ctx)
	w.must(err)
	if x := repeated.Inputs[0]; x.Value != true || len(x.Subexpressions) != 2 || *x.Subexpressions[0].Subexpressions[0].Text != "items('Each')" {
		t.Errorf("%+v", x)
	}
}

// Secured outputs, and contents that are not for everybody, leave the text and, of what is
// secured, which way it went.
func TestSecuredExpressionTraces(t *testing.T) {
	w := newWorld(t)
	secured := w.runConditions("secured", "", `"runtimeConfiguration":{"secureData":{"properties":["outputs"]}},`)
	limited := w.runConditions("limited", `"accessControl":{"contents":{"allowedCallerIpAddresses":[{"addressRange":"10.0.0.1-10.0.0.2"}]}},`, "")
	for path, want := range map[string]string{
		secured + "/actions/Whole":  "empty(outputs('Ask')) → false\n",
		secured + "/actions/Which":  "body('Ask')?['kind'] → -\n",
		secured + "/actions/Broken": "equals(int(body('Ask')['kind']), 1) → -\n",
		limited + "/actions/Whole":  "empty(outputs('Ask')) → -\n",
		limited + "/actions/Broken": "equals(int(body('Ask')['kind']), 1) → -\n",
	} {
		if got := w.traces(path); got != want {
			t.Errorf("%s:\n%s want\n%s", path, got, want)
		}
	}
}
