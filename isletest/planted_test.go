package isletest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"isle/internal/server"
	"isle/isletest"
)

// mark begins every secret that is planted.
const mark = "PLANTED-correct-horse-battery-"

// planting is one way by which secrets come into a run. In its texts {{name}} is a
// secret, $PEER the address of a service that answers as it is asked (see peer) and
// $GROUP the ID of the resource group. Secrets of definitions are in the secure
// parameters s and o: the definition itself may be read.
type planting struct {
	name     string
	kind     string // of the workflow
	trigger  string // empty: a Request trigger whose inputs and outputs are secured
	actions  string
	more     string // of the definition
	body     string // what the trigger is called with; empty: {"s": a secret, "items": two}
	statuses string // of its runs, newest first, when the search begins
	then     func(*garden, string)
}

const (
	hidden  = `"runtimeConfiguration":{"secureData":{"properties":["inputs","outputs"]}}`
	noRetry = `"retryPolicy":{"type":"none"}`
	basic   = `"authentication":{"type":"Basic","username":"user","password":"@parameters('s')"}`
)

// plantings are the paths of triggers and actions.
func plantings() []planting {
	return []planting{
		{name: "request", actions: `{"A":{"type":"Response","inputs":{"statusCode":200,"headers":{"Set-Cookie":"@triggerBody()['s']"},"body":"@triggerBody()"}}}`, statuses: "Succeeded"},
		{name: "late", actions: `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Second"}}},"A":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":200,"body":"@triggerBody()"},"runAfter":{"W":["Succeeded"]}}}`, statuses: "Succeeded"},
		{name: "http", statuses: "Succeeded", actions: `{
			"Basic":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/done?sig=@{parameters('s')}",` + basic + `},` + hidden + `},
			"Raw":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/nothing","authentication":{"type":"Raw","value":"Key @{parameters('s')}"}}},
			"Certificate":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/nothing",` + noRetry + `,"authentication":{"type":"ClientCertificate","pfx":"@{base64(parameters('s'))}","password":"@parameters('s')"}}},
			"Directory":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/nothing",` + noRetry + `,"authentication":{"type":"ActiveDirectoryOAuth","authority":"$PEER/token","tenant":"t","audience":"a","clientId":"c","secret":"@parameters('s')"}}},
			"Refused":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/nothing",` + noRetry + `,"authentication":{"type":"ActiveDirectoryOAuth","authority":"$PEER/refusal","tenant":"t","audience":"a","clientId":"c","secret":"@parameters('s')"}}},
			"User":{"type":"Http","inputs":{"method":"GET","uri":"http://user:@{parameters('s')}@127.0.0.1:1/?sig=@{parameters('s')}",` + noRetry + `}},
			"Wrong":{"type":"Http","inputs":{"method":"GET","uri":"@concat('ftp:','//user:',parameters('s'),'@host/?sig=',parameters('s'))",` + noRetry + `}},
			"Fails":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/fail","body":"@triggerBody()",` + noRetry + `},` + hidden + `},
			"Async":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/async",` + basic + `},` + hidden + `},
			"Cookie":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/cookie","headers":{"Cookie":"c=@{parameters('s')}","Authorization":"Bearer @{parameters('s')}"}}},
			"Sent":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/echo","body":"@triggerBody()","queries":{"sig":"@parameters('s')"}},` + hidden + `},
			"End":{"type":"Compose","inputs":1,"runAfter":{"Basic":["Succeeded"],"Raw":["Succeeded"],"Certificate":["Failed"],"Directory":["Succeeded"],"Refused":["Failed"],"User":["Failed"],"Wrong":["Failed"],"Fails":["Failed"],"Async":["Succeeded"],"Cookie":["Succeeded"],"Sent":["Succeeded"]}}}`},
		{name: "progress", statuses: "Running", actions: `{
			"Pages":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/page","retryPolicy":{"type":"fixed","count":1,"interval":"PT1H"},` + basic + `},"runtimeConfiguration":{"secureData":{"properties":["outputs"]},"paginationPolicy":{"minimumItemCount":100}}},
			"Chunks":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/upload","body":"@concat(triggerBody()['s'],string(range(100000,99999)),string(range(100000,99999)))","retryPolicy":{"type":"fixed","count":1,"interval":"PT1H"},` + basic + `},"runtimeConfiguration":{"secureData":{"properties":["inputs"]},"contentTransfer":{"transferMode":"Chunked","uploadChunkSizeInMB":1}}}}`,
			then: func(g *garden, _ string) { g.asked("/pagefail", "/chunk") }},
		{name: "poll", statuses: "Succeeded,Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, body: "none", trigger: `"poll":{"type":"Http","recurrence":{"frequency":"Hour","interval":1},"splitOn":"@triggerBody()['items']",
			"inputs":{"method":"GET","uri":"$PEER/poll?sig=@{parameters('s')}",` + basic + `},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}`},
		{name: "hooked", statuses: "Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, body: "none", trigger: `"hook":{"type":"HttpWebhook","inputs":{
			"subscribe":{"method":"POST","uri":"$PEER/sub/hooked?sig=@{parameters('s')}","body":{"callback":"@{listCallbackUrl()}","coded":"@{base64(listCallbackUrl())}"},` + basic + `},
			"unsubscribe":{"method":"POST","uri":"$PEER/echo?sig=@{parameters('s')}","body":{"callback":"@{listCallbackUrl()}"},` + basic + `}},` + hidden + `}`,
			then: func(g *garden, id string) {
				g.call(g.callback("hooked"), `{"s":"{{called}}"}`)
				g.runs(id, "Succeeded")
				g.Do(http.MethodPost, id+"/disable", nil)
				g.asked("/echo")
			}},
		{name: "hooks", statuses: "Succeeded", actions: `{"Each":{"type":"Foreach","foreach":"@triggerBody()['items']","runtimeConfiguration":{"concurrency":{"repetitions":1}},"actions":{"Hook":{"type":"HttpWebhook","inputs":{
			"subscribe":{"method":"POST","uri":"$PEER/sub/hooks","body":{"callback":"@{listCallbackUrl()}"},` + basic + `}},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}},
			"Copy":{"type":"Compose","inputs":"@body('Hook')","runAfter":{"Hook":["Succeeded"]}}}}}`,
			then: func(g *garden, _ string) {
				first := g.callback("hooks")
				g.call(first, `{"s":"{{called}}"}`)
				g.call(g.callback("hooks", first), `{"s":"{{called}}"}`)
			}},
		{name: "unhooked", statuses: "Cancelled", actions: `{"Hook":{"type":"HttpWebhook","inputs":{
			"subscribe":{"method":"POST","uri":"$PEER/sub/unhooked","body":{"callback":"@{listCallbackUrl()}"},` + basic + `},
			"unsubscribe":{"method":"POST","uri":"$PEER/unsub/unhooked?sig=@{parameters('s')}","body":{"callback":"@{listCallbackUrl()}"},` + basic + `}}}}`,
			then: func(g *garden, id string) {
				g.callback("unhooked")
				g.Do(http.MethodPost, id+"/runs/"+lastRun(g.Server, id).Text("value", 0, "name")+"/cancel", nil)
				g.asked("/unsub/unhooked")
			}},
		{name: "connected", statuses: "Succeeded", actions: `{
			"Connection":{"type":"ApiConnection","inputs":{"host":{"connection":{"referenceName":"one"}},"method":"post","path":"/echo","body":"@triggerBody()"},` + hidden + `},
			"Given":{"type":"ApiConnection","inputs":{"host":{"connection":{"name":"/c/given"}},"method":"get","path":"/nothing"}},
			"Function":{"type":"Function","inputs":{"function":{"id":"/f/one"},"body":"@triggerBody()"},` + hidden + `},
			"Api":{"type":"ApiManagement","inputs":{"api":{"id":"/apis/one"},"method":"get","pathTemplate":{"template":"/nothing"},"subscriptionKey":"@parameters('s')"}}}`,
			more: `,"parameters":{"$connections":{"type":"SecureObject"}}`},
		{name: "connectionhook", statuses: "Succeeded", actions: `{"Hook":{"type":"ApiConnectionWebhook","inputs":{"host":{"connection":{"referenceName":"one"}},"path":"/sub/connectionhook","body":{"callback":"@{listCallbackUrl()}"}},` + hidden + `},"Copy":{"type":"Compose","inputs":"@body('Hook')","runAfter":{"Hook":["Succeeded"]}}}`,
			then: func(g *garden, _ string) { g.call(g.callback("connectionhook"), `{"s":"{{called}}"}`) }},
		{name: "notified", statuses: "Succeeded", body: "none", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, trigger: `"hook":{"type":"ApiConnectionNotification","inputs":{"host":{"connection":{"referenceName":"one"}},
			"fetch":{"pathTemplate":{"template":"/done"},"method":"get","queries":{"sig":"@triggerBody()['s']"}},
			"subscribe":{"body":{"callback":"@{listCallbackUrl()}"},"pathTemplate":{"template":"/sub/notified"},"method":"post"}},` + hidden + `}`,
			then: func(g *garden, _ string) { g.call(g.callback("notified"), `{"s":"{{called}}"}`) }},
		{name: "receiver", statuses: "Succeeded", body: "none", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, trigger: `"batch":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"b":{"releaseCriteria":{"messageCount":2}}}},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}`,
			then: func(g *garden, id string) {
				g.plant(planting{name: "sender", statuses: "Succeeded", actions: `{"Each":{"type":"Foreach","foreach":"@triggerBody()['items']","actions":{"Send":{"type":"SendToBatch","inputs":{"batchName":"b","content":"@item()","host":{"triggerName":"batch","workflow":{"id":"` + id + `"}}},` + hidden + `}}},
					"Waits":{"type":"SendToBatch","inputs":{"batchName":"b","content":"@triggerBody()","host":{"triggerName":"batch","workflow":{"id":"` + id + `"}}},` + hidden + `,"runAfter":{"Each":["Succeeded"]}}}`})
			}},
		{name: "child", statuses: "Succeeded", body: "none", actions: `{"A":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerBody()"}}}`,
			then: func(g *garden, id string) {
				g.plant(planting{name: "parent", statuses: "Succeeded", actions: `{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"` + id + `"}},"headers":{"Authorization":"@parameters('s')"},"body":"@triggerBody()"},` + hidden + `},"Copy":{"type":"Compose","inputs":"@body('Call')","runAfter":{"Call":["Succeeded"]}}}`})
			}},
		{name: "code", statuses: "Failed", actions: `{
			"Secret":{"type":"Compose","inputs":"@triggerBody()"},
			"Code":{"type":"JavaScriptCode","inputs":{"code":"return workflowContext.actions.Secret.outputs"},"runAfter":{"Secret":["Succeeded"]}},
			"Trigger":{"type":"JavaScriptCode","inputs":{"code":"return workflowContext.trigger.outputs.body"}},
			"Throws":{"type":"JavaScriptCode","inputs":{"code":"throw workflowContext.actions.Secret.outputs.s"},"runAfter":{"Secret":["Succeeded"]}}}`},
		{name: "split", statuses: "Succeeded,Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`, trigger: `"manual":{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()['items']",` + hidden + `}`},
		{name: "loops", statuses: "Succeeded", actions: `{
			"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"v","type":"string","value":"@{triggerBody()['s']}"},{"name":"n","type":"integer","value":0}]}},
			"Each":{"type":"Foreach","foreach":"@triggerBody()['items']","actions":{"Item":{"type":"Compose","inputs":"@item()"},"Http":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/echo","body":{"item":"@item()"}},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}},"runAfter":{"V":["Succeeded"]}},
			"Until":{"type":"Until","expression":"@greater(variables('n'),1)","limit":{"count":9},"actions":{"Copy":{"type":"Compose","inputs":"@variables('v')"},"N":{"type":"IncrementVariable","inputs":{"name":"n","value":1}}},"runAfter":{"Each":["Succeeded"]}},
			"Result":{"type":"Compose","inputs":"@result('Until')","runAfter":{"Until":["Succeeded"]}},
			"Results":{"type":"Compose","inputs":"@result('Each')","runAfter":{"Until":["Succeeded"]}}}`},
		{name: "consumers", statuses: "Succeeded", actions: `{
			"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"a","type":"array","value":[]},{"name":"t","type":"string"}]}},
			"Append":{"type":"AppendToArrayVariable","inputs":{"name":"a","value":"@triggerBody()"},"runAfter":{"V":["Succeeded"]}},
			"AppendText":{"type":"AppendToStringVariable","inputs":{"name":"t","value":"@{triggerBody()['s']}"},"runAfter":{"V":["Succeeded"]}},
			"Compose":{"type":"Compose","inputs":"@triggerBody()"},
			"Parse":{"type":"ParseJson","inputs":{"content":"@triggerBody()","schema":{}}},
			"Query":{"type":"Query","inputs":{"from":"@triggerBody()['items']","where":"@true"}},
			"Select":{"type":"Select","inputs":{"from":"@triggerBody()['items']","select":"@item()"}},
			"SelectLiteral":{"type":"Select","inputs":{"from":[1],"select":"@triggerBody()['s']"}},
			"Join":{"type":"Join","inputs":{"from":"@triggerBody()['items']","joinWith":","}},
			"Table":{"type":"Table","inputs":{"from":"@triggerBody()['rows']","format":"CSV"}},
			"Switch":{"type":"Switch","expression":"@triggerBody()['s']","cases":{},"default":{"actions":{}}},
			"If":{"type":"If","expression":{"and":[{"equals":["@triggerBody()['s']",1]}]},"actions":{}},
			"Whole":{"type":"Compose","inputs":"@actions('Compose')","runAfter":{"Compose":["Succeeded"]}},
			"Trigger":{"type":"Compose","inputs":"@trigger()"},
			"Scope":{"type":"Scope","actions":{"In":{"type":"Compose","inputs":"@triggerBody()"}}},
			"Result":{"type":"Compose","inputs":"@result('Scope')","runAfter":{"Scope":["Succeeded"]}}}`,
			body: `{"s":"{{body}}","items":["{{item}}"],"rows":[{"c":"{{cell}}"}]}`,
			more: `,"outputs":{"o":{"type":"Object","value":"@triggerBody()"},"a":{"type":"Object","value":"@outputs('Compose')"}}`},
		{name: "inputs", statuses: "Succeeded", actions: `{
			"Hidden":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/nothing","body":"@parameters('s')"},"runtimeConfiguration":{"secureData":{"properties":["inputs"]}}},
			"Reads":{"type":"Compose","inputs":"@actions('Hidden')['inputs']['body']","runAfter":{"Hidden":["Succeeded"]}},
			"Scope":{"type":"Scope","actions":{"In":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/nothing","body":"@parameters('s')"},"runtimeConfiguration":{"secureData":{"properties":["inputs"]}}}}},
			"Result":{"type":"Compose","inputs":"@result('Scope')[0]['inputs']['body']","runAfter":{"Scope":["Succeeded"]}}}`},
		{name: "errors", statuses: "Failed", actions: `{
			"Int":{"type":"Compose","inputs":"@int(triggerBody()['s'])"},
			"Missing":{"type":"Compose","inputs":"@triggerBody()['s']['x']"},
			"Parse":{"type":"ParseJson","inputs":{"content":"@triggerBody()['s']","schema":{"type":"integer"}}},
			"Enum":{"type":"ParseJson","inputs":{"content":"@triggerBody()","schema":{"properties":{"s":{"enum":["x"]}}}}},
			"Each":{"type":"Foreach","foreach":"@triggerBody()['s']","actions":{}},
			"If":{"type":"If","expression":"@bool(triggerBody()['s'])","actions":{}},
			"Until":{"type":"Until","expression":"@bool(triggerBody()['s'])","limit":{"count":1},"actions":{}},
			"Method":{"type":"Http","inputs":{"method":"@triggerBody()['s']","uri":"$PEER/echo"}},
			"Host":{"type":"Http","inputs":{"method":"GET","uri":"http://@{triggerBody()['s']}.invalid/",` + noRetry + `}},
			"Wait":{"type":"Wait","inputs":{"interval":{"count":"@triggerBody()['s']","unit":"Second"}}},
			"Select":{"type":"Select","inputs":{"from":"@triggerBody()['s']","select":"@item()"}},
			"Child":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"@triggerBody()['s']"}},` + noRetry + `}},
			"Batch":{"type":"SendToBatch","inputs":{"batchName":"@triggerBody()['s']","content":1,"host":{"triggerName":"batch","workflow":{"id":"$GROUP/providers/Microsoft.Logic/workflows/receiver"}},` + noRetry + `}},
			"Connection":{"type":"ApiConnection","inputs":{"host":{"connection":{"name":"@triggerBody()['s']"}},"method":"get","path":"/x"}},
			"Retried":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/cut/@{triggerBody()['s']}",` + noRetry + `}}}`,
			more: `,"outputs":{"o":{"type":"Int","value":"@int(triggerBody()['s'])"}}`},
		{name: "terminated", statuses: "Failed", actions: `{"End":{"type":"Terminate","inputs":{"runStatus":"Failed","runError":{"code":"@{triggerBody()['s']}","message":"@{triggerBody()['s']}"}}}}`},
		{name: "condition", statuses: "none", actions: `{"A":{"type":"Compose","inputs":1}}`, trigger: `"manual":{"type":"Request","kind":"Http","inputs":{},"conditions":[{"expression":"@equals(int(triggerBody()['s']),1)"}],` + hidden + `}`},
		{name: "schema", statuses: "none", actions: `{"A":{"type":"Compose","inputs":1}}`, trigger: `"manual":{"type":"Request","kind":"Http","operationOptions":"EnableSchemaValidation","inputs":{"schema":{"properties":{"s":{"enum":["x"]}}}},` + hidden + `}`},
		{name: "nosplit", statuses: "none", actions: `{"A":{"type":"Compose","inputs":1}}`, trigger: `"manual":{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()['s']",` + hidden + `}`},
		{name: "correlated", statuses: "Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`},
		{name: "static", statuses: "Succeeded", more: `,"staticResults":{"r":{"status":"Succeeded","outputs":{"statusCode":"OK","body":1}}}`,
			actions: `{"A":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/echo?sig=@{parameters('s')}","headers":{"Authorization":"@parameters('s')"},` + basic + `},"runtimeConfiguration":{"staticResult":{"name":"r","staticResultOptions":"Enabled"}}},
				"B":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/echo","body":"@triggerBody()"},"runtimeConfiguration":{"secureData":{"properties":["inputs"]},"staticResult":{"name":"r","staticResultOptions":"Enabled"}}}}`},
		{name: "tracked", statuses: "Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()","trackedProperties":{"p":"@action()['outputs']['s']"}},
			"B":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/cookie",` + basic + `},"trackedProperties":{"p":"@{action()['inputs']}","c":"@{action()['outputs']['headers']}"}}}`},
		{name: "resubmitted", statuses: "Succeeded,Succeeded", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"}}`,
			then: func(g *garden, id string) {
				g.runs(id, "Succeeded")
				run := lastRun(g.Server, id).Text("value", 0, "name")
				if a := g.Do(http.MethodPost, id+"/triggers/manual/histories/"+run+"/resubmit", nil); a.Status != http.StatusAccepted {
					g.t.Errorf("resubmit: %d %s", a.Status, a.Body)
				}
			}},
		{name: "stateless", kind: "Stateless", statuses: "Failed", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"},"H":{"type":"Http","inputs":{"method":"GET","uri":"$PEER/fail",` + noRetry + `,` + basic + `},` + hidden + `}}`},
		{name: "vanished", kind: "Stateless", statuses: "none", actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"},"R":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('A')"},"runAfter":{"A":["Succeeded"]}}}`},
		{name: "large", statuses: "Succeeded", body: `{"s":"` + strings.Repeat("{{large}} ", 4000) + `","items":["` + strings.Repeat("{{large}} ", 2000) + `"]}`,
			actions: `{"A":{"type":"Compose","inputs":"@triggerBody()"},"H":{"type":"Http","inputs":{"method":"POST","uri":"$PEER/echo","body":"@triggerBody()",` + basic + `},` + hidden + `},"Each":{"type":"Foreach","foreach":"@triggerBody()['items']","actions":{"I":{"type":"Compose","inputs":"@item()"}}}}`},
	}
}

// garden is a server with all that was planted in it.
type garden struct {
	*isletest.Server
	t     *testing.T
	group string
	peer  *peer
	flows []string // the IDs of the workflows
	keys  []string // signatures that only a peer may know
	name  string   // of the planting at work
}

// fill puts the secrets of a planting into its texts.
func (g *garden) fill(text string) string {
	text = strings.NewReplacer("$PEER", g.peer.url, "$GROUP", g.group).Replace(text)
	for {
		before, rest, found := strings.Cut(text, "{{")
		where, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			return text
		}
		text = before + mark + g.name + "-" + where + after
	}
}

// plant makes a workflow and calls it.
func (g *garden) plant(p planting) {
	g.t.Helper()
	g.name = p.name
	trigger := p.trigger
	if trigger == "" {
		trigger = `"manual":{"type":"Request","kind":"Http","inputs":{},` + hidden + `}`
	}
	more := strings.Replace(p.more, `,"parameters":{`, `,"parameters":{"s":{"type":"SecureString"},"o":{"type":"SecureObject"},`, 1)
	values := `{"s":{"value":"{{parameter}}"},"o":{"value":{"in":"{{object}}"}}}`
	if more == p.more {
		more += `,"parameters":{"s":{"type":"SecureString"},"o":{"type":"SecureObject"}}`
	} else {
		values = strings.TrimSuffix(values, "}") + `,"$connections":{"value":{"given":{"connectionId":"/c/given","connectionRuntimeUrl":"$PEER","authentication":{"type":"Raw","scheme":"Key","parameter":"{{connection}}"}}}}}`
	}
	kind := p.kind
	if kind == "" {
		kind = "Stateful"
	}
	body := g.fill(`{"location":"local","kind":"` + kind + `","properties":{"parameters":` + values + `,"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"triggers":{` + trigger + `},"actions":` + p.actions + more + `}}}`)
	id := g.group + "/providers/Microsoft.Logic/workflows/" + p.name
	if a := g.Do(http.MethodPut, id, body); a.Status >= 300 {
		g.t.Errorf("%s: %d %s", p.name, a.Status, a.Body)
	}
	g.flows = append(g.flows, id)
	if p.body != "none" {
		link := g.Do(http.MethodPost, id+"/triggers/manual/listCallbackUrl", nil).Text("value")
		if p.body == "" {
			p.body = `{"s":"{{body}}","items":["{{item}}","{{item}}"]}`
		}
		g.call(link, p.body)
	}
	if p.then != nil {
		p.then(g, id)
		g.name = p.name
	}
	g.runs(id, p.statuses)
}

// call sends a secret to a callback URL, whose signature is one, too.
func (g *garden) call(link, body string) {
	g.t.Helper()
	u, err := url.Parse(link)
	must(g.t, err)
	g.keys = append(g.keys, u.Query().Get("sig"))
	req, err := http.NewRequest(http.MethodPost, link, strings.NewReader(g.fill(body)))
	must(g.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", g.fill("Basic {{caller}}"))
	req.Header.Set("Cookie", g.fill("c={{cookie}}"))
	resp, err := g.HTTP().Do(req)
	must(g.t, err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
}

// runs waits until the runs of a workflow have these statuses.
func (g *garden) runs(id, want string) {
	g.t.Helper()
	if want == "none" {
		want = ""
	}
	until(g.t, "the runs of "+g.name+" are "+want, func() bool { return statuses(g.Server, id) == want })
}

// callback waits for a callback URL that the peer was told and that is none of those.
func (g *garden) callback(name string, but ...string) (link string) {
	g.t.Helper()
	until(g.t, "the peer knows the callback of "+name, func() bool {
		link = g.peer.callback(name)
		return link != "" && !slices.Contains(but, link)
	})
	return link
}

// asked waits until the peer has been asked for all of these paths.
func (g *garden) asked(paths ...string) {
	g.t.Helper()
	for _, path := range paths {
		until(g.t, "the peer is asked for "+path, func() bool { return g.peer.asked(path) })
	}
}

// peer is a service that plays every part. What it says is secret.
type peer struct {
	url string

	mu        sync.Mutex
	callbacks map[string]string
	paths     []string
}

func newPeer(t *testing.T) *peer {
	p := &peer{callbacks: map[string]string{}}
	p.url = stub(t, p.answer)
	return p
}

func (p *peer) callback(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.callbacks[name]
}

func (p *peer) asked(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.paths, path)
}

func (p *peer) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paths = append(p.paths, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	secret := func(where string) string { return mark + "peer-" + where }
	say := func(status int, text string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
	switch name, isSub := strings.CutPrefix(r.URL.Path, "/sub/"); {
	case isSub:
		var sent struct{ Callback string }
		_ = json.Unmarshal(body, &sent)
		p.callbacks[name] = sent.Callback
		w.Header().Set("Location", p.url+"/echo?sig="+secret("location"))
		w.Header().Set("Set-Cookie", "session="+secret("setcookie"))
		say(201, `{}`)
	case strings.HasPrefix(r.URL.Path, "/cut/"):
		panic(http.ErrAbortHandler)
	default:
		p.play(w, r, body, say, secret)
	}
}

func (p *peer) play(w http.ResponseWriter, r *http.Request, body []byte, say func(int, string), secret func(string) string) {
	switch r.URL.Path {
	case "/nothing":
		say(200, `{}`)
	case "/cookie":
		w.Header().Set("Set-Cookie", "session="+secret("setcookie"))
		say(200, `{}`)
	case "/fail":
		say(400, `"`+secret("failure")+`"`)
	case "/async":
		w.Header().Set("Location", p.url+"/done?sig="+secret("async"))
		w.Header().Set("Retry-After", "1")
		say(202, `"`+secret("accepted")+`"`)
	case "/done":
		say(200, `{"s":"`+secret("done")+`"}`)
	case "/token/t/oauth2/token":
		say(200, `{"access_token":"`+secret("token")+`","expires_in":"3600"}`)
	case "/refusal/t/oauth2/token":
		form, _ := url.ParseQuery(string(body))
		say(400, fmt.Sprintf(`{"error":"invalid_client","error_description":%q}`, "The secret '"+form.Get("client_secret")+"' is wrong."))
	case "/poll":
		w.Header().Set("Location", p.url+"/poll?sig="+secret("next"))
		say(200, `{"items":["`+secret("polled")+`","`+secret("polled")+`"]}`)
	case "/page":
		say(200, `{"value":["`+secret("page")+`"],"nextLink":"`+p.url+`/pagefail?sig=`+secret("next")+`"}`)
	case "/upload":
		w.Header().Set("Location", p.url+"/chunk?sig="+secret("upload"))
		say(200, "")
	case "/pagefail", "/chunk":
		say(503, `"`+secret("unavailable")+`"`)
	default:
		w.Header().Set("Set-Cookie", "session="+secret("setcookie"))
		say(200, string(body))
	}
}

// collected is what a collector of traces was sent.
type collected struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (c *collected) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.Copy(&c.all, packed)
}

const plantedConnections = `{"managedApiConnections":{"one":{"connection":{"id":"/c/one"},"connectionRuntimeUrl":"$PEER","authentication":{"type":"Raw","scheme":"Key","parameter":"{{raw}}"}}},
	"functionConnections":{"one":{"function":{"id":"/f/one"},"triggerUrl":"$PEER/echo","authentication":{"type":"QueryString","name":"code","value":"{{code}}"}}},
	"apiManagementConnections":{"one":{"apiId":"/apis/one","baseUrl":"$PEER","subscriptionKey":"{{key}}"}}}`

// TestPlantedSecretsAreNowhere plants a secret on every path by which one comes into a
// run, lets the runs go by, and searches everything that can be read: database with its
// log, index of words, contents, the server's log, traces, metrics, a backup, every
// answer of the API, the contents it links to, and test files made of the runs.
func TestPlantedSecretsAreNowhere(t *testing.T) {
	var log lockedBuffer
	var spans collected
	debug := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g := &garden{t: t, peer: newPeer(t), name: "file"}
	connections := filepath.Join(t.TempDir(), "connections.json")
	must(t, os.WriteFile(connections, []byte(g.fill(plantedConnections)), 0o600))
	g.Server = isletest.Start(t, isletest.WithInlineCode(), isletest.WithConnections(connections), func(c *server.Config) {
		c.Log, c.OTLPEndpoint = debug, stub(t, spans.ServeHTTP)
	})
	g.group = g.Group("garden")
	for _, p := range plantings() {
		g.plant(p)
	}
	_, plain := put(t, g.Server, g.group, "plain", workflowBody(`{"A":{"type":"Compose","inputs":"lighthouse"}}`))
	g.call(plain, `{}`)

	x := &searcher{t: t, keys: append(g.keys, g.ClientSecret, g.Token())}
	x.answers(g)
	metrics, err := g.HTTP().Get(g.Endpoint + "/metrics")
	must(t, err)
	text, err := io.ReadAll(metrics.Body)
	must(t, err)
	metrics.Body.Close()
	if !bytes.Contains(text, []byte("isle_")) {
		t.Errorf("no metrics: %.200s", text)
	}
	x.search("metrics", text)
	archive := g.Do(http.MethodPost, "/backup", nil)
	if archive.Status != http.StatusOK || len(archive.Body) < 10_000 {
		t.Errorf("no backup: %d", archive.Status)
	}
	x.search("the backup", archive.Body)
	x.folder("running", g.Data())
	g.Stop()
	x.folder("stopped", g.Data())
	x.search("the log", []byte(log.String()))
	if !bytes.Contains(spans.all.Bytes(), []byte("consumers")) {
		t.Error("no traces")
	}
	x.search("traces", spans.all.Bytes())
}

// searcher looks for secrets.
type searcher struct {
	t    *testing.T
	keys []string // secrets without the mark
}

// search looks for secrets in all forms in which they are readable.
func (x *searcher) search(where string, text []byte) {
	x.t.Helper()
	for _, secret := range append([]string{mark}, x.keys...) {
		for _, form := range readable(secret) {
			if at := bytes.Index(text, []byte(form)); at >= 0 && secret != "" {
				x.t.Errorf("%.40s… is readable in %s: …%s", secret, where, text[max(0, at-150):min(len(text), at+len(form)+30)])
				break
			}
		}
	}
}

// answers searches what the API answers about the workflows, with contents and test
// files, and what can be found in the index.
func (x *searcher) answers(g *garden) {
	pages := []string{g.group + "/resources", g.group + "/providers/Microsoft.Logic/runs"}
	for _, id := range g.flows {
		pages = append(pages, id, id+"/versions", id+"/triggers", id+"/runs")
	}
	found := crawl(x.t, g.Server, pages)
	if len(found) < 400 {
		x.t.Errorf("only %d answers were searched", len(found))
	}
	files := 0
	for where, text := range found {
		x.search(where, text)
		if parts := strings.Split(where, "/runs/"); len(parts) != 2 || strings.Contains(parts[1], "/") {
			continue
		}
		if link := g.Do(http.MethodPost, where+"/exportTestFile", nil).Text("uri"); link != "" {
			resp, err := g.HTTP().Get(link)
			must(x.t, err)
			file, err := io.ReadAll(resp.Body)
			must(x.t, err)
			resp.Body.Close()
			x.search("the test file of "+where, file)
			if resp.StatusCode == http.StatusOK {
				files++
			}
		}
	}
	if files < 20 {
		x.t.Errorf("only %d test files were searched", files)
	}
	all := g.group + "/providers/Microsoft.Logic/runs?$search="
	until(x.t, "what is no secret is found", func() bool { return g.Do(http.MethodGet, all+"lighthouse", nil).Text("value", 0, "name") != "" })
	for _, word := range []string{mark + "*", "PLANTED*", "horse"} {
		if a := g.Do(http.MethodGet, all+url.QueryEscape(word), nil); a.Status != http.StatusOK || a.Text("value", 0, "name") != "" {
			x.t.Errorf("searched for %s: %d %.300s", word, a.Status, a.Body)
		}
	}
}

// folder searches the files of a data folder but operator.json, which is the operator's.
func (x *searcher) folder(when, dir string) {
	must(x.t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "operator.json" {
			return err
		}
		text, err := os.ReadFile(path)
		x.search(when+": "+path, text)
		return err
	}))
}
