package connection_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/connector/connection"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/dataplane"
	"isle/wdl"
)

// peer is a server that notes what it is asked.
type peer struct {
	url    string
	asked  string
	body   string
	header http.Header
	answer func(http.ResponseWriter)
	close  func()
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.asked, p.body, p.header = r.Method+" "+r.RequestURI, string(body), r.Header
		if p.answer != nil {
			p.answer(w)
		}
	}))
	t.Cleanup(s.Close)
	p.url, p.close = s.URL, s.Close
	return p
}

// request is the operation of type Http that everything goes through.
func request(t *testing.T, o connectorhttp.Options) *connectorhttp.Operation {
	t.Helper()
	op := connectorhttp.New(o)
	t.Cleanup(op.Close)
	return op
}

func value(t *testing.T, text string) expr.Value {
	t.Helper()
	v, err := expr.ParseJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// call is a call of a workflow whose parameter $connections has that value; "" for a
// workflow without one.
func call(t *testing.T, inputs, connections string) connector.Call {
	t.Helper()
	definition := `{"triggers":{},"actions":{}}`
	parameters := `{}`
	if connections != "" {
		definition = `{"parameters":{"$connections":{"type":"Object","defaultValue":{}}},"triggers":{},"actions":{}}`
		parameters = `{"$connections":{"value":` + connections + `}}`
	}
	limits := wdl.DefaultLimits().Stored()
	program, problems := wdl.Compile(value(t, definition), value(t, parameters), wdl.Options{Limits: &limits})
	if program == nil {
		t.Fatal(problems)
	}
	return connector.Call{
		Call:     engine.Call{Subject: engine.Subject{Name: "Send"}, Inputs: value(t, inputs), Attempt: 1},
		Workflow: &engine.Workflow{Program: program, Name: "orders", Settings: map[string]string{"key": "f-key", "base": "http://never"}},
		Dialer:   dataplane.NewInproc(dataplane.Options{}).Dialer("e", dataplane.SubnetConnectors),
	}
}

func directory(t *testing.T, document string) *connection.File {
	t.Helper()
	f, err := connection.ParseFile([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// wdl-semantics §11.10, ApiConnection: the runtime URL and the path as evaluated, and
// where the runtime URL comes from.
func TestConnectorRequests(t *testing.T) {
	p := newPeer(t)
	const office = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/connections/office365"
	file := directory(t, `{"managedApiConnections":{
		"office": {"api":{"id":"/x"},"connection":{"id":"`+office+`-file"},"connectionRuntimeUrl":"`+p.url+`/file/","authentication":{"type":"Raw","scheme":"Key","parameter":"@appsetting('key')"}},
		"setting": {"connectionRuntimeUrl":"`+p.url+`/@{appsetting('key')}"}}}`)
	entry := func(more string) string {
		return `{"office365":{"connectionId":"` + office + `","connectionName":"office365","id":"/x"` + more + `}}`
	}
	for name, c := range map[string]struct{ inputs, connections, asked, authorization string }{
		"an entry of $connections": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","path":"/v2/Mail","queries":{"a":"b c"}}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `/apim/office"`), "GET /apim/office/v2/Mail?a=b%20c", ""},
		"its ID in another letter case": {`{"host":{"connection":{"name":"` + strings.ToUpper(office) + `"}},"method":"get","path":"/v2/Mail"}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `"`), "GET /v2/Mail", ""},
		"an older entry": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","path":"/v2/Mail"}`,
			`{"office365":{"connection":{"id":"` + office + `"},"connectionRuntimeUrl":"` + p.url + `"}}`, "GET /v2/Mail", ""},
		"its credentials": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","path":"/"}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `","authentication":{"type":"Basic","username":"u","password":"p"}`), "GET /", "Basic dTpw"},
		"the action's credentials win": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","path":"/","authentication":{"type":"Raw","value":"own"}}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `","authentication":{"type":"Basic","username":"u","password":"p"}`), "GET /", "own"},
		"double encoding stays": {`{"host":{"connection":{"name":"` + office + `"}},"method":"delete","path":"/datasets/default/files/JTJm%252fa%20b"}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `"`), "DELETE /datasets/default/files/JTJm%252fa%20b", ""},
		"a path with a query, a runtime URL with one": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","path":"/a?b=1","queries":{"c":"2"}}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `/r?k=1"`), "GET /r/a?b=1&k=1&c=2", ""},
		"the directory, by ID": {`{"host":{"connection":{"name":"` + office + `-FILE"}},"method":"get","path":"/a"}`,
			entry(""), "GET /file/a", "Key f-key"},
		"the directory, by the name of its entry": {`{"host":{"connection":{"referenceName":"Office"}},"method":"get","path":"/a"}`,
			"", "GET /file/a", "Key f-key"},
		"the directory, by older forms of the name": {`{"host":{"connectionName":"office"},"method":"get","path":"/a"}`,
			"", "GET /file/a", "Key f-key"},
		"the directory, with a setting in the address": {`{"host":{"connection":{"referenceName":"setting"}},"method":"get","path":"/a"}`,
			"", "GET /f-key/a", ""},
		"a name of $connections leads to the directory": {`{"host":{"connection":{"referenceName":"mail"}},"method":"get","path":"/a"}`,
			`{"mail":{"connectionId":"` + office + `-file"}}`, "GET /file/a", "Key f-key"},
		"host.api.runtimeUrl": {`{"host":{"api":{"runtimeUrl":"` + p.url + `/apim/x"},"connection":{"name":"` + office + `"}},"method":"get","path":"/a"}`,
			entry(""), "GET /apim/x/a", ""},
		"the directory before host.api.runtimeUrl": {`{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"},"connection":{"name":"` + office + `-file"}},"method":"get","path":"/a"}`,
			"", "GET /file/a", "Key f-key"},
		"no method": {`{"host":{"connection":{"name":"` + office + `"}},"path":"/a"}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `"`), "GET /a", ""},
		"a path template": {`{"host":{"connection":{"name":"` + office + `"}},"method":"get","pathTemplate":{"template":"/a/{b}","parameters":{"b":"x y"}}}`,
			entry(`,"connectionRuntimeUrl":"` + p.url + `"`), "GET /a/x%20y", ""},
	} {
		t.Run(name, func(t *testing.T) {
			op := connection.NewConnector(request(t, connectorhttp.Options{}), connection.Options{Directory: file})
			out := op.Perform(context.Background(), call(t, c.inputs, c.connections))
			if out.StatusCode != 200 || p.asked != c.asked || p.header.Get("Authorization") != c.authorization {
				t.Errorf("%d %+v: asked %q with %q, want %q with %q", out.StatusCode, out.Error, p.asked, p.header.Get("Authorization"), c.asked, c.authorization)
			}
		})
	}
}

// A name that leads nowhere fails the action with what to set, and nobody is called.
func TestUnknownNames(t *testing.T) {
	file := directory(t, `{"managedApiConnections":{"half":{"connection":{"id":"/c/half"}},"broken":{"connectionRuntimeUrl":"@appsetting('none')"}}}`)
	o := connection.Options{Directory: file}
	http := request(t, connectorhttp.Options{})
	connectors, functions, apis := connection.NewConnector(http, o), connection.NewFunction(http, o), connection.NewManagement(http, o)
	for name, c := range map[string]struct {
		op           connector.Operation
		inputs       string
		code, saying string
	}{
		"connection":           {connectors, `{"host":{"connection":{"name":"/c/x"}},"method":"get","path":"/a"}`, "ConnectionNotConfigured", "'/c/x'"},
		"without runtime URL":  {connectors, `{"host":{"connection":{"name":"/c/half"}},"method":"get","path":"/a"}`, "ConnectionNotConfigured", "'connectionRuntimeUrl'"},
		"null":                 {connectors, `{"host":{"connection":{"name":null}},"method":"get","path":"/a"}`, "ConnectionNotConfigured", "$connections"},
		"no host":              {connectors, `{"method":"get","path":"/a"}`, "ConnectionNotConfigured", "$connections"},
		"unknown setting":      {connectors, `{"host":{"connection":{"referenceName":"broken"}},"method":"get","path":"/a"}`, "BadRequest", "'none' is not defined"},
		"no address":           {connectors, `{"host":{"api":{"runtimeUrl":"nowhere"},"connection":{"name":"/c/x"}},"method":"get","path":"/a"}`, "BadRequest", "nowhere"},
		"function":             {functions, `{"function":{"id":"/f/x"}}`, "FunctionNotConfigured", "'triggerUrl'"},
		"function connection":  {functions, `{"function":{"connectionName":"half"}}`, "FunctionNotConfigured", "'half'"},
		"api":                  {apis, `{"api":{"id":"/a/x"},"method":"get","pathTemplate":{"template":"/a"}}`, "ApiManagementNotConfigured", "'baseUrl'"},
		"path parameter":       {connectors, `{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"}},"method":"get","pathTemplate":{"template":"/a/{b}"}}`, "BadRequest", "'b'"},
		"path led out":         {connectors, `{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"}},"method":"get","pathTemplate":{"template":"/a/{b}","parameters":{"b":"x/../../c"}}}`, "BadRequest", "leads out"},
		"path led out escaped": {connectors, `{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"}},"method":"get","pathTemplate":{"template":"/a/{b}{b}/d","parameters":{"b":"%2E"}}}`, "BadRequest", "leads out"},
		"path led out by \\":   {connectors, `{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"}},"method":"get","pathTemplate":{"template":"/a/{b}","parameters":{"b":"..\\c"}}}`, "BadRequest", "leads out"},
		"path template broken": {connectors, `{"host":{"api":{"runtimeUrl":"http://127.0.0.1:1"}},"method":"get","pathTemplate":{"template":"/a/{b"}}`, "BadRequest", "without its '}'"},
	} {
		t.Run(name, func(t *testing.T) {
			out := c.op.Perform(context.Background(), call(t, c.inputs, `{}`))
			if out.Status != wdl.Failed || out.Code != c.code || out.Error == nil || !strings.Contains(out.Error.Message, c.saying) || out.Retryable || out.HasOutputs {
				t.Errorf("%s %s %+v, retried: %v", out.Status, out.Code, out.Error, out.Retryable)
			}
		})
	}
}

// A runtime URL that is none is told with the code and its place, and without the key
// that may be in it.
func TestRuntimeURLsThatAreNone(t *testing.T) {
	file := directory(t, `{"managedApiConnections":{"odd":{"connectionRuntimeUrl":"@appsetting('odd')"}}}`)
	for name, c := range map[string]struct{ connections, saying string }{
		"number":       {`{"a":{"connectionRuntimeUrl":5}}`, "'a' of the workflow's parameter '$connections' has the 'connectionRuntimeUrl' (a number), which is not an absolute"},
		"object":       {`{"a":{"connectionRuntimeUrl":{"key":"PLANTED"}}}`, "has the 'connectionRuntimeUrl' (an object), which"},
		"array":        {`{"a":{"connectionRuntimeUrl":["PLANTED"]}}`, "has the 'connectionRuntimeUrl' (an array), which"},
		"boolean":      {`{"a":{"connectionRuntimeUrl":false}}`, "has the 'connectionRuntimeUrl' (a boolean), which"},
		"not absolute": {`{"a":{"connectionRuntimeUrl":"me:PLANTED@host/p?sig=PLANTED"}}`, "has the 'connectionRuntimeUrl' 'host/p', which"},
		"of the file":  {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cl := call(t, `{"host":{"connection":{"referenceName":"a"}},"method":"get","path":"/a"}`, c.connections)
			if c.saying == "" {
				cl = call(t, `{"host":{"connection":{"referenceName":"odd"}},"method":"get","path":"/a"}`, "")
				cl.Workflow.Settings = map[string]string{"odd": "ftp://me:PLANTED@host?sig=PLANTED"}
				c.saying = "'odd' of the connections file has the 'connectionRuntimeUrl' 'host', which"
			}
			out := connection.NewConnector(request(t, connectorhttp.Options{}), connection.Options{Directory: file}).Perform(context.Background(), cl)
			if out.Status != wdl.Failed || out.Code != "BadRequest" || out.Error == nil || !strings.Contains(out.Error.Message, c.saying) || out.Retryable {
				t.Errorf("%s %s %+v", out.Status, out.Code, out.Error)
			}
			if strings.Contains(out.Error.Message, "PLANTED") {
				t.Errorf("the key is readable: %s", out.Error.Message)
			}
		})
	}
}

// wdl-semantics §11.10, Function: POST unless the author says otherwise; the key goes
// into the query, and stays out of the history.
func TestFunctionRequests(t *testing.T) {
	p := newPeer(t)
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app/functions/Sort"
	file := directory(t, `{"functionConnections":{"fn":{"function":{"id":"`+id+`"},"triggerUrl":"`+p.url+`/api/Sort","authentication":{"type":"QueryString","name":"Code","value":"@appsetting('key')"}},
		"plain":{"triggerUrl":"`+p.url+`/api/Plain?clientId=me"}}}`)
	op := connection.NewFunction(request(t, connectorhttp.Options{}), connection.Options{Directory: file})
	for name, c := range map[string]struct{ inputs, asked, body string }{
		"by ID":         {`{"function":{"id":"` + id + `"},"body":{"a":1}}`, "POST /api/Sort?Code=f-key", `{"a":1}`},
		"by connection": {`{"function":{"connectionName":"fn"},"method":"GET","queries":{"n":"1"}}`, "GET /api/Sort?n=1&Code=f-key", ""},
		"without a key": {`{"function":{"connectionName":"plain"},"body":"text"}`, "POST /api/Plain?clientId=me", "text"},
		"its address":   {`{"functionApp":{"id":"/sites/app"},"uri":"` + p.url + `/api/Other","method":"put","body":[1]}`, "PUT /api/Other", "[1]"},
	} {
		t.Run(name, func(t *testing.T) {
			out := op.Perform(context.Background(), call(t, c.inputs, ""))
			if out.StatusCode != 200 || p.asked != c.asked || p.body != c.body {
				t.Errorf("%+v: asked %q with %q", out.Error, p.asked, p.body)
			}
			if out.HasInputs && string(out.Inputs.JSON()) != c.inputs {
				t.Errorf("recorded as %s", out.Inputs.JSON())
			}
		})
	}
}

// wdl-semantics §12.2: a Function without the workflow's headers.
func TestSuppressedHeaders(t *testing.T) {
	p := newPeer(t)
	op := connection.NewFunction(request(t, connectorhttp.Options{}), connection.Options{})
	for _, suppressed := range []bool{false, true} {
		asked := call(t, `{"uri":"`+p.url+`/"}`, "")
		if suppressed {
			asked.Subject.Options = wdl.SuppressWorkflowHeaders
		}
		op.Perform(context.Background(), asked)
		if sent := p.header.Get("x-ms-workflow-name") != ""; sent == suppressed {
			t.Errorf("suppressed: %v, sent: %v", suppressed, sent)
		}
	}
}

// wdl-semantics §11.10, ApiManagement: the path template, whose parameters the author
// encodes, and the subscription's key, which no history shows.
func TestManagementRequests(t *testing.T) {
	p := newPeer(t)
	const service = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/gateway"
	file := directory(t, `{"apiManagementConnections":{
		"all":{"apiId":"`+service+`","baseUrl":"`+p.url+`"},
		"one":{"apiId":"`+service+`/apis/one","baseUrl":"`+p.url+`/one","subscriptionKey":"file-key"},
		"raw":{"baseUrl":"`+p.url+`/raw","authentication":{"type":"Raw","scheme":"Bearer","parameter":"tok"}}}}`)
	op := connection.NewManagement(request(t, connectorhttp.Options{}), connection.Options{Directory: file})
	for name, c := range map[string]struct{ inputs, asked, key, recorded string }{
		"by the service of its API": {`{"api":{"id":"` + service + `/apis/orders"},"method":"get","pathTemplate":{"template":"/orders/{Id}/{rest}","parameters":{"id":"a%2Fb","rest":"c d?e"}},"subscriptionKey":"mine","queries":{"x":"1"}}`,
			"GET /orders/a%2Fb/c%20d%3Fe?x=1", "mine",
			`{"api":{"id":"` + service + `/apis/orders"},"method":"get","pathTemplate":{"template":"/orders/{Id}/{rest}","parameters":{"id":"a%2Fb","rest":"c d?e"}},"subscriptionKey":"*sanitized*","queries":{"x":"1"}}`},
		"by the API itself": {`{"api":{"id":"` + service + `/apis/one"},"method":"post","pathTemplate":{"template":"/x"}}`, "POST /one/x", "file-key", ""},
		"the action's key wins": {`{"apiManagement":{"connection":"one","operationId":"x"},"method":"post","pathTemplate":{"template":"/x"},"headers":{"ocp-apim-subscription-key":"header"}}`,
			"POST /one/x", "header", ""},
		"by its connection": {`{"apiManagement":{"connection":"raw"},"method":"post","pathTemplate":{"template":"/x"}}`, "POST /raw/x", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := op.Perform(context.Background(), call(t, c.inputs, ""))
			if out.StatusCode != 200 || p.asked != c.asked || p.header.Get("Ocp-Apim-Subscription-Key") != c.key {
				t.Errorf("%+v: asked %q with the key %q", out.Error, p.asked, p.header.Get("Ocp-Apim-Subscription-Key"))
			}
			if c.recorded != "" && string(out.Inputs.JSON()) != c.recorded {
				t.Errorf("recorded as %s", out.Inputs.JSON())
			}
		})
	}
}

// A managed identity's token for a connector is meant for the connectors, whoever
// serves the runtime URL (connections §1.2).
func TestConnectorAudience(t *testing.T) {
	p := newPeer(t)
	identity := &identities{}
	op := connection.NewConnector(request(t, connectorhttp.Options{ManagedIdentity: identity}), connection.Options{})
	inputs := `{"host":{"connection":{"name":"/c/x"}},"method":"get","path":"/"}`
	for _, c := range []struct{ authentication, audience string }{
		{`{"type":"managedserviceidentity"}`, "https://apihub.azure.com"},
		{`{"type":"ManagedServiceIdentity","audience":"https://own"}`, "https://own"},
	} {
		out := op.Perform(context.Background(), call(t, inputs, `{"x":{"connectionId":"/c/x","connectionRuntimeUrl":"`+p.url+`","authentication":`+c.authentication+`}}`))
		if out.StatusCode != 200 || identity.audience != c.audience || p.header.Get("Authorization") != "Bearer t" {
			t.Errorf("%+v: a token for %q, sent %q", out.Error, identity.audience, p.header.Get("Authorization"))
		}
	}
}

type identities struct{ audience string }

func (i *identities) Token(_ context.Context, _ *engine.Workflow, _, audience string) (string, time.Time, error) {
	i.audience = audience
	return "t", time.Time{}, nil
}

// wdl-semantics §10.5, §11.10, ApiConnectionWebhook: POST to the connection, and
// DELETE of the subscription's location, with credentials only to the same origin.
func TestWebhookRequests(t *testing.T) {
	p, other := newPeer(t), newPeer(t)
	const callback = "https://isle/run?sig=s3cret"
	connections := `{"x":{"connectionId":"/c/x","connectionRuntimeUrl":"` + p.url + `/r","authentication":{"type":"Raw","value":"tok"}}}`
	subscription := `"host":{"connection":{"name":"/c/x"}},"path":"/$subscriptions","body":{"NotificationUrl":"` + callback + `"},"queries":{"q":"1"},"headers":{"X-A":"1"}`
	for name, c := range map[string]struct {
		inputs, asked, body, authorization string
		at                                 *peer
	}{
		"subscribe":            {`{` + subscription + `}`, "POST /r/$subscriptions?q=1", `{"NotificationUrl":"` + callback + `"}`, "tok", p},
		"unsubscribe":          {`{` + subscription + `,"unsubscribe":{"location":"` + p.url + `/r/$subscriptions/7"}}`, "DELETE /r/$subscriptions/7", "", "tok", p},
		"relative location":    {`{` + subscription + `,"unsubscribe":{"location":"/r/$subscriptions/8?v=1"}}`, "DELETE /r/$subscriptions/8?v=1", "", "tok", p},
		"location elsewhere":   {`{` + subscription + `,"authentication":{"type":"Raw","value":"own"},"unsubscribe":{"location":"` + other.url + `/s/7"}}`, "DELETE /s/7", "", "", other},
		"the requests written": {`{"subscribe":{"method":"PUT","uri":"` + other.url + `/whole","body":"` + callback + `"}}`, "PUT /whole", callback, "", other},
	} {
		t.Run(name, func(t *testing.T) {
			http := request(t, connectorhttp.Options{})
			op := connection.NewWebhook(http, http.Webhook(), connection.Options{})
			asked := call(t, c.inputs, connections)
			asked.Callback = callback
			out := op.Perform(context.Background(), asked)
			if out.StatusCode != 200 || c.at.asked != c.asked || c.at.body != c.body || c.at.header.Get("Authorization") != c.authorization {
				t.Errorf("%+v: asked %q with %q, authorized %q", out.Error, c.at.asked, c.at.body, c.at.header.Get("Authorization"))
			}
			if c.at == other && name != "the requests written" && c.at.header.Get("X-A") != "" {
				t.Error("the author's headers went to another origin")
			}
			if strings.Contains(string(out.Inputs.JSON()), "s3cret") {
				t.Errorf("the signature of the callback is recorded: %s", out.Inputs.JSON())
			}
		})
	}
	http := request(t, connectorhttp.Options{})
	out := connection.NewWebhook(http, http.Webhook(), connection.Options{}).Perform(context.Background(), call(t, `{`+subscription+`,"unsubscribe":{"location":""}}`, connections))
	if out.Status != wdl.Failed || out.Code != "BadRequest" {
		t.Errorf("an empty location: %+v", out)
	}
}

// wdl-semantics §11.11: what an answer is, is the same as for Http: codes, the
// asynchronous pattern with the connection's credentials, retries.
func TestAnswersAreThoseOfHTTP(t *testing.T) {
	p := newPeer(t)
	op := connection.NewConnector(request(t, connectorhttp.Options{}), connection.Options{})
	connections := `{"x":{"connectionId":"/c/x","connectionRuntimeUrl":"` + p.url + `/r","authentication":{"type":"Raw","value":"tok"}}}`
	asked := call(t, `{"host":{"connection":{"name":"/c/x"}},"method":"post","path":"/a","body":{"a":1},"authentication":null}`, connections)

	p.answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"e":1}`))
	}
	if out := op.Perform(context.Background(), asked); out.StatusCode != 404 || string(out.Outputs.JSON()) == "" || out.Error != nil {
		t.Errorf("%+v", out)
	}
	p.answer = func(w http.ResponseWriter) {
		w.Header().Set("Location", "/later")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(202)
	}
	out := op.Perform(context.Background(), asked)
	if out.Poll == nil || out.Poll.URL != p.url+"/later" {
		t.Fatalf("%+v", out)
	}
	asked.Poll = out.Poll
	if op.Perform(context.Background(), asked); p.asked != "GET /later" || p.header.Get("Authorization") != "tok" {
		t.Errorf("polled with %q, authorized %q", p.asked, p.header.Get("Authorization"))
	}
	asked.Poll = nil
	p.close()
	if out := op.Perform(context.Background(), asked); !out.Retryable || out.Status != wdl.Failed {
		t.Errorf("%+v", out)
	}
}

// A file of connections tells all that is wrong with it at once.
func TestFilesAreTold(t *testing.T) {
	for text, saying := range map[string][]string{
		`[]`:   {"a JSON object"},
		`{"a"`: {"could not be deserialized"},
		`{"managedApiConnections":[],"functionConnections":{"f":1,"g":{"triggerUrl":"@nofunction("}}}`: {"managedApiConnections must be an object", "functionConnections.f must be an object", "functionConnections.g has an expression"},
		`{"managedApiConnections":{"mail":{"connectionRuntimeUrl":5,"connection":{"id":[]},"authentication":"none"}},"apiManagementConnections":{"a/b":{"baseUrl":{},"subscriptionKey":true}}}`: {
			"managedApiConnections.mail.connectionRuntimeUrl must be a text, it is a number", "managedApiConnections.mail.connection.id must be a text, it is an array",
			"managedApiConnections.mail.authentication must be an object, it is a text", "apiManagementConnections.a/b.baseUrl must be a text, it is an object", "apiManagementConnections.a/b.subscriptionKey must be a text, it is a boolean"},
	} {
		_, err := connection.ParseFile([]byte(text))
		if err == nil {
			t.Fatalf("%s: was read", text)
		}
		for _, s := range saying {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v does not say %q", text, err, s)
			}
		}
	}
}
