package isletest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// wdl-semantics §11.13, §16 InlineCodeScriptRuntimeFailure: inline code in a run on a
// server, and what its history shows.
func TestInlineCodeOnAServer(t *testing.T) {
	s := isletest.Start(t, isletest.WithInlineCode())
	id, call := put(t, s, s.Group("code"), "w", workflowBody(`{
		"Secret":{"type":"Compose","inputs":"@triggerBody()['word']"},
		"Code":{"type":"JavaScriptCode","inputs":{"code":"return workflowContext.trigger.outputs.body.list.map(n => n * 2) // @{guid()}"}},
		"Hidden":{"type":"JavaScriptCode","inputs":{"code":"return workflowContext.actions.Secret.outputs.length"},"runtimeConfiguration":{"secureData":{"properties":["inputs","outputs"]}},"runAfter":{"Secret":["Succeeded"]}},
		"Bad":{"type":"JavaScriptCode","inputs":{"code":"let x;\nreturn x.y"},"runAfter":{"Code":["Succeeded"],"Hidden":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"list":"@body('Code')","n":"@body('Hidden')","error":"@actions('Bad')?['error']","bad":"@outputs('Bad')"}},"runAfter":{"Bad":["Failed"]}}}`))
	a := s.Call(call, `{"list":[1,2,3],"word":"planted"}`)
	want := `{"list":[2,4,6],"n":7,"error":{"code":"InlineCodeScriptRuntimeFailure","message":"The inline code action 'Bad' execution failed, with error 'TypeError: Cannot read property 'y' of undefined' at line 2 of the code."},"bad":null}`
	if a.Status != http.StatusOK || string(a.Body) != want {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	run := lastRun(s, id).Text("value", 0, "name")
	action := func(name string) isletest.Answer {
		return s.Do(http.MethodGet, id+"/runs/"+run+"/actions/"+name, nil)
	}
	content := func(link string) string {
		resp, err := s.HTTP().Get(action("Code").Text("properties", link, "uri"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	if got := content("inputsLink"); got != `{"code":"return workflowContext.trigger.outputs.body.list.map(n => n * 2) // @{guid()}"}` {
		t.Errorf("recorded inputs %s", got)
	}
	if got := content("outputsLink"); got != `{"body":[2,4,6]}` {
		t.Errorf("recorded outputs %s", got)
	}
	if hidden := action("Hidden"); hidden.Text("properties", "inputsLink", "uri")+hidden.Text("properties", "outputsLink", "uri") != "" || hidden.Text("properties", "status") != "Succeeded" {
		t.Errorf("secured: %s", hidden.Body)
	}
	if bad := action("Bad"); bad.Text("properties", "code") != "InlineCodeScriptRuntimeFailure" || bad.Text("properties", "status") != "Failed" || strings.Contains(string(bad.Body), "outputsLink") {
		t.Errorf("failed: %s", bad.Body)
	}
}
