package isletest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"isle/internal/server"
	"isle/isletest"
)

// planted is a secret that a test can recognise wherever it turns up.
func planted(where string) string { return "PLANTED-" + where + "-correct-horse" }

// readable gives the forms in which a secret would be readable: itself, as part of a
// Basic header, and as base64 at each of the three places a text can have in it.
func readable(secret string) []string {
	forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte("user:" + secret))}
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		forms = append(forms, text[4:len(text)-4]) // without what its neighbours change
	}
	return forms
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

const secretTemplate = `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
"parameters":{"password":{"type":"securestring"},"bag":{"type":"secureObject"},"target":{"type":"string"}},
"resources":[{"type":"Microsoft.Logic/workflows","apiVersion":"2019-05-01","name":"secret","location":"local","properties":{
	"parameters":{"password":{"value":"[parameters('password')]"},"bag":{"value":"[parameters('bag')]"},"target":{"value":"[parameters('target')]"}},
	"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
	"parameters":{"password":{"type":"SecureString"},"bag":{"type":"SecureObject"},"target":{"type":"String"}},
	"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},"runtimeConfiguration":{"secureData":{"properties":["inputs","outputs"]}}}},
	"actions":{
		"Basic":{"type":"Http","inputs":{"method":"GET","uri":"@{parameters('target')}?sig=@{parameters('bag')['sig']}","authentication":{"type":"Basic","username":"user","password":"@parameters('password')"}},"runAfter":{}},
		"Headers":{"type":"Http","inputs":{"method":"GET","uri":"@parameters('target')","headers":{"Authorization":"Bearer @{parameters('bag')['header']}","Cookie":"c=@{parameters('bag')['cookie']}"}},"runAfter":{"Basic":["Succeeded"]}},
		"Body":{"type":"Http","inputs":{"method":"POST","uri":"@parameters('target')","body":"@triggerBody()"},"runtimeConfiguration":{"secureData":{"properties":["inputs","outputs"]}},"runAfter":{"Headers":["Succeeded"]}},
		"Derived":{"type":"Compose","inputs":{"again":"@body('Body')"},"runtimeConfiguration":{"secureData":{"properties":["inputs"]}},"runAfter":{"Body":["Succeeded"]}},
		"Fails":{"type":"Http","inputs":{"method":"GET","uri":"http://user:@{parameters('password')}@127.0.0.1:1/?sig=@{parameters('bag')['sig']}","retryPolicy":{"type":"none"}},"runAfter":{"Derived":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"done"},"runAfter":{"Fails":["Failed"]}}}}}}],
"outputs":{"password":{"type":"securestring","value":"[parameters('password')]"},"shown":{"type":"string","value":"[parameters('password')]"}}}`

// TestSecretsOfADeploymentAreNowhere plants a secret wherever one can come in, lets runs go
// by, and searches files, log and every answer of the API.
func TestSecretsOfADeploymentAreNowhere(t *testing.T) {
	var log lockedBuffer
	debug := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := isletest.Start(t, func(c *server.Config) { c.Log = debug })
	target := stub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session="+planted("setcookie"))
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, strings.Repeat(" ", 100_000)) // outputs become a content, too
	})
	group := s.Group("secrets")
	secrets := []string{planted("password"), planted("header"), planted("cookie"), planted("sig"), planted("body"), planted("caller"), planted("callercookie"), planted("setcookie"), s.ClientSecret, s.Token()}
	a := s.Deploy(group, "plant", rawJSON(secretTemplate), map[string]any{
		"password": map[string]any{"value": planted("password")}, "target": map[string]any{"value": target},
		"bag": map[string]any{"value": map[string]string{"header": planted("header"), "cookie": planted("cookie"), "sig": planted("sig")}},
	})
	if a.Text("properties", "provisioningState") != "Succeeded" {
		t.Fatalf("%s", a.Body)
	}
	workflow := group + "/providers/Microsoft.Logic/workflows/secret"
	callback := s.Do(http.MethodPost, workflow+"/triggers/manual/listCallbackUrl", nil).Text("value")
	u, err := url.Parse(callback)
	must(t, err)
	plain, plainURL := put(t, s, group, "plain", workflowBody(`{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"done"}}}`))
	for url, size := range map[string]int{callback: 1, callback + "&large=1": 100_000, plainURL: 0} { // a large one becomes a content
		body := `{"secret":"` + strings.Repeat(planted("body")+" ", (size+len(planted("body"))-1)/len(planted("body"))) + `"}`
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Basic "+planted("caller"))
		req.Header.Set("Cookie", "c="+planted("callercookie"))
		resp, err := s.HTTP().Do(req)
		must(t, err)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s\n%s", resp.StatusCode, text, s.Do(http.MethodGet, workflow+"/runs/"+resp.Header.Get("x-ms-workflow-run-id")+"/actions", nil).Body)
		}
	}
	s.Call(strings.Replace(callback, "&sig=", "&sig="+planted("sig"), 1), `{}`)

	searched := 0
	search := func(where string, text []byte, secrets ...string) {
		searched++
		for _, secret := range secrets {
			for _, form := range readable(secret) {
				if at := bytes.Index(text, []byte(form)); at >= 0 {
					t.Errorf("%.20s… is readable in %s: …%s", secret, where, text[max(0, at-120):min(len(text), at+60)])
					break
				}
			}
		}
	}
	history := crawl(t, s, []string{workflow, plain, plain + "/runs", workflow + "/versions", workflow + "/triggers", workflow + "/triggers/manual", workflow + "/triggers/manual/histories", workflow + "/runs",
		group + "/resources", group + "/providers/Microsoft.Resources/deployments/plant", group + "/providers/Microsoft.Resources/deployments/plant/operations"})
	if len(history) < 20 {
		t.Errorf("only %d answers were searched", len(history))
	}
	for where, text := range history {
		search(where, text, secrets...)
	}
	everywhere := append(secrets, u.Query().Get("sig"))
	files := func(when string) {
		must(t, filepath.WalkDir(s.Data(), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "operator.json" {
				return err
			}
			text, err := os.ReadFile(path)
			search(when+": "+path, text, everywhere...)
			return err
		}))
	}
	files("running")
	s.Stop()
	files("stopped")
	search("the log", []byte(log.String()), everywhere...)
}

// crawl reads the pages and what hangs below them: each listed resource, the actions of
// runs, and the contents that links lead to.
func crawl(t *testing.T, s *isletest.Server, pages []string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for len(pages) > 0 && len(found) < 5000 {
		page := pages[0]
		pages = pages[1:]
		if found[page] != nil {
			continue
		}
		var text []byte
		if strings.Contains(page, "/contents/") {
			resp, err := s.HTTP().Get(page)
			must(t, err)
			text, err = io.ReadAll(resp.Body)
			must(t, err)
			resp.Body.Close()
		} else {
			text = s.Do(http.MethodGet, page, nil).Body
		}
		found[page] = append(text, ' ')
		var v any
		if json.Unmarshal(text, &v) == nil {
			pages = append(pages, below(v)...)
		}
		if strings.Contains(page, "/runs/") && !strings.Contains(strings.SplitN(page, "/runs/", 2)[1], "/") {
			pages = append(pages, page+"/actions")
		}
		if bytes.Contains(text, []byte(`"repetitionCount"`)) && strings.Contains(page, "/actions/") || bytes.Contains(text, []byte(`"iterationCount"`)) {
			pages = append(pages, page+"/repetitions", page+"/scopeRepetitions")
		}
	}
	return found
}

// below lists the IDs and content links in an answer.
func below(v any) (pages []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			text, _ := member.(string)
			switch {
			case name == "id" && strings.HasPrefix(text, "/subscriptions/") && !strings.Contains(text, "/locations/"):
				pages = append(pages, text)
			case name == "uri" && strings.Contains(text, "/contents/"):
				pages = append(pages, text)
			}
			pages = append(pages, below(member)...)
		}
	case []any:
		for _, element := range v {
			pages = append(pages, below(element)...)
		}
	}
	return pages
}
