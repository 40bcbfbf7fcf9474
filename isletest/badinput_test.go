package isletest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// definition is a workflow definition with these actions.
func definition(actions string) string {
	return `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion":"1.0.0.0","triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},"actions":` + actions + `}`
}

func workflowBody(actions string) string {
	return `{"location":"local","properties":{"definition":` + definition(actions) + `}}`
}

// subnets is a network with subnets of these ranges, the first one delegated.
func networkBody(space string, ranges ...string) string {
	var list []string
	for i, r := range ranges {
		delegation := ""
		if i == 0 {
			delegation = `,"delegations":[{"name":"ise","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]`
		}
		list = append(list, fmt.Sprintf(`{"name":"s%d","properties":{"addressPrefix":%q%s}}`, i+1, r, delegation))
	}
	return fmt.Sprintf(`{"location":"local","properties":{"addressSpace":{"addressPrefixes":[%q]},"subnets":[%s]}}`, space, strings.Join(list, ","))
}

func environmentBody(sku, network string, subnets ...string) string {
	var ids []string
	for _, s := range subnets {
		ids = append(ids, fmt.Sprintf(`{"id":"%s/subnets/%s"}`, network, s))
	}
	return fmt.Sprintf(`{"location":"local","sku":%s,"properties":{"networkConfiguration":{"accessEndpoint":{"type":"External"},"subnets":[%s]}}}`, sku, strings.Join(ids, ","))
}

// TestBadInputIsRefusedClearly sends each kind of bad input that the resource manager
// may get: the answer has a code and a message, and nothing is changed.
func TestBadInputIsRefusedClearly(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("bad")
	network := group + "/providers/Microsoft.Network/virtualNetworks/net"
	if a := s.Do(http.MethodPut, network, networkBody("10.0.0.0/16", "10.0.1.0/27", "10.0.1.32/27", "10.0.1.64/27", "10.0.1.96/27", "10.0.1.128/27", "10.0.2.0/28")); a.Status >= 300 {
		t.Fatalf("network: %d %s", a.Status, a.Body)
	}
	const developer = `{"name":"Developer"}`
	logic := group + "/providers/Microsoft.Logic/"
	tests := []struct {
		name   string
		path   string
		body   string
		status int
		code   string // the error's code, or a code in its details
		says   string
	}{
		{"a body that is no JSON", logic + "workflows/w", `{"location":`, 400, "InvalidRequestContent", ""},
		{"a body that is no object", logic + "workflows/w", `[]`, 400, "InvalidRequestContent", ""},
		{"an empty body", logic + "workflows/w", ``, 400, "InvalidRequestContent", ""},
		{"no api-version", logic + "workflows/w?api-version=", workflowBody(`{}`), 400, "MissingApiVersionParameter", "api-version"},
		{"an api-version that is none", logic + "workflows/w?api-version=latest", workflowBody(`{}`), 400, "InvalidApiVersionParameter", "latest"},
		{"an unknown type", group + "/providers/Microsoft.Logic/nothings/w", `{}`, 404, "InvalidResourceType", "nothings"},
		{"an unknown provider", group + "/providers/Contoso.Nothing/things/w", `{}`, 404, "InvalidResourceNamespace", "Contoso.Nothing"},
		{"a bad name", logic + "integrationServiceEnvironments/a%20b", environmentBody(developer, network, "s1", "s2", "s3", "s4"), 400, "InvalidResourceName", ""},
		{"no location", logic + "workflows/w", `{"properties":{}}`, 400, "LocationRequired", "location"},
		{"a fifth subnet", logic + "integrationServiceEnvironments/e", environmentBody(developer, network, "s1", "s2", "s3", "s4", "s5"), 400, "InvalidSubnetCount", "exactly 4"},
		{"a /28", logic + "integrationServiceEnvironments/e", environmentBody(developer, network, "s1", "s2", "s3", "s6"), 400, "", "/27"},
		{"a capacity of a developer environment", logic + "integrationServiceEnvironments/e", environmentBody(`{"name":"Developer","capacity":2}`, network, "s1", "s2", "s3", "s4"), 400, "", "apacity"},
		{"a subnet that is not there", logic + "integrationServiceEnvironments/e", environmentBody(developer, network, "s1", "s2", "s3", "s9"), 400, "", "s9"},
		{"overlapping ranges", group + "/providers/Microsoft.Network/virtualNetworks/other", networkBody("10.1.0.0/16", "10.1.0.0/24", "10.1.0.128/25"), 400, "NetcfgSubnetRangesOverlap", ""},
		{"a range outside the space", group + "/providers/Microsoft.Network/virtualNetworks/other", networkBody("10.1.0.0/16", "10.2.0.0/24"), 400, "NetcfgSubnetRangeOutsideVnet", ""},
		{"a cycle", logic + "workflows/w", workflowBody(`{"A":{"type":"Compose","inputs":1,"runAfter":{"B":["Succeeded"]}},"B":{"type":"Compose","inputs":1,"runAfter":{"A":["Succeeded"]}}}`), 400, "InvalidTemplate", "A"},
		{"an unknown function", logic + "workflows/w", workflowBody(`{"A":{"type":"Compose","inputs":"@nosuch(1)"}}`), 400, "InvalidTemplate", "The template function 'nosuch' is not defined or not valid"},
		{"an unsupported action", logic + "workflows/w", workflowBody(`{"A":{"type":"Xslt","inputs":{"content":"@triggerBody()","integrationAccount":{"map":{"name":"m"}}}}}`), 400, "InvalidTemplate", "Xslt"},
		{"inline code where none is run", logic + "workflows/w", workflowBody(`{"A":{"type":"JavaScriptCode","inputs":{"code":"return 1"}}}`), 400, "InvalidTemplate", "The action 'A' of type 'JavaScriptCode' cannot be saved: this server runs no inline code: start it with --inline-code"},
		{"a workflow in an environment that is not there", logic + "workflows/w", `{"location":"local","properties":{"integrationServiceEnvironment":{"id":"` + logic + `integrationServiceEnvironments/none"},"definition":` + definition(`{}`) + `}}`, 404, "", "none"},
		{"a template that refers to what is not there", group + "/providers/Microsoft.Resources/deployments/d", `{"properties":{"mode":"Incremental","template":{"$schema":"x","contentVersion":"1.0.0.0","resources":[{"type":"Microsoft.Logic/workflows","apiVersion":"2019-05-01","name":"w","dependsOn":["nothing"]}]}}}`, 400, "InvalidTemplate", "nothing"},
		{"a parameter without a value", group + "/providers/Microsoft.Resources/deployments/d", `{"properties":{"mode":"Incremental","template":{"$schema":"x","contentVersion":"1.0.0.0","parameters":{"p":{"type":"string"}},"resources":[]}}}`, 400, "InvalidTemplate", "'p'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.Do(http.MethodPut, tt.path, tt.body)
			if a.Status != tt.status {
				t.Errorf("status %d, want %d: %s", a.Status, tt.status, a.Body)
			}
			if a.Text("error", "code") == "" || a.Text("error", "message") == "" || !strings.Contains(string(a.Body), tt.code) || !strings.Contains(string(a.Body), tt.says) {
				t.Errorf("the error does not say %q, %q: %s", tt.code, tt.says, a.Body)
			}
		})
	}
	list := s.Do(http.MethodGet, group+"/resources", nil)
	if got := strings.Count(string(list.Body), `"id":`); got != 1 {
		t.Errorf("refused requests left something behind: %s", list.Body)
	}
}

func TestAManagementBodyHasABound(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("bad")
	body := `{"location":"local","tags":{"filler":"` + strings.Repeat("x", 4<<20) + `"}}`
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Logic/workflows/w", body); a.Status != http.StatusRequestEntityTooLarge || a.Text("error", "code") == "" {
		t.Errorf("%d %.200s", a.Status, a.Body)
	}
}

// endless is a body of a given size that is never held in memory.
func endless(size int64) io.Reader { return io.LimitReader(spaces{}, size) }

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestACallersBodyHasABound(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t, isletest.WithLimits("messageSize=4MB")) // at 200 MB it is the same, and takes longer
	_, callbackURL := deployOrder(t, s)
	for _, length := range []int64{300 << 20, -1} { // declared, and chunked
		req, err := http.NewRequest(http.MethodPost, callbackURL, endless(300<<20))
		must(t, err)
		req.ContentLength = length
		req.Header.Set("Content-Type", "application/json")
		resp, err := s.HTTP().Do(req)
		if err != nil {
			t.Fatalf("length %d: %v", length, err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), `"error"`) {
			t.Errorf("length %d: %d %.200s", length, resp.StatusCode, body)
		}
	}
}

func TestACallWithoutARightSignatureIsRefused(t *testing.T) {
	s := isletest.Start(t)
	workflow, callbackURL := deployOrder(t, s)
	order := map[string]any{"id": "A-1", "qty": 1, "price": 1}
	without, _, _ := strings.Cut(callbackURL, "&sig=")
	for name, url := range map[string]string{
		"none":    without,
		"wrong":   without + "&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"another": strings.Replace(callbackURL, "%2Ftriggers%2Forder%2Frun", "%2F%2F%2A", 1),
		"expired": strings.Replace(callbackURL, "&sp=", "&se=2020-01-01T00%3A00%3A00.0000000Z&sp=", 1),
	} {
		if a := s.Call(url, order); a.Status != http.StatusUnauthorized || a.Text("error", "code") == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := s.Do(http.MethodGet, workflow+"/runs", nil); a.Text("value", 0, "name") != "" {
		t.Errorf("a refused call started a run: %s", a.Body)
	}
}

// wdl-semantics §15 rule 38.
func TestConcurrencyCannotBeTakenAwayFromATrigger(t *testing.T) {
	s := isletest.Start(t)
	workflow := s.Group("bad") + "/providers/Microsoft.Logic/workflows/w"
	with := strings.Replace(workflowBody(`{}`), `"inputs":{}`, `"inputs":{},"runtimeConfiguration":{"concurrency":{"runs":2}}`, 1)
	if a := s.Do(http.MethodPut, workflow, with); a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	version := s.Do(http.MethodGet, workflow, nil).Text("properties", "version")
	if a := s.Do(http.MethodPut, workflow, workflowBody(`{}`)); a.Status != http.StatusBadRequest || a.Text("error", "code") != "InvalidConcurrencyConfiguration" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := s.Do(http.MethodGet, workflow, nil).Text("properties", "version"); got != version {
		t.Errorf("the refused change made the version %s of %s", got, version)
	}
}
