package isletest_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/backup"
	"isle/internal/server"
	"isle/internal/store"
	"isle/isletest"
)

var writeCompat = flag.String("write-compat", "", "write testdata/compat/NAME: a release's data with runs that every later build must finish")

// compatDir holds a folder for each release: its archive of `isle backup`, the root key
// of that test server, and what must become of its runs. Every build opens and finishes
// all of them.
const compatDir = "../testdata/compat"

// compatAge is how long ago a release's data says that it was made, so that its waits
// are over when it is opened.
const compatAge = 24 * time.Hour

// compatCase is one workflow of a release's data. Its runs succeed in the end, but for
// those of "retry", which nobody answers.
type compatCase struct {
	actions  string   // %s is the address of the webhook's peer
	messages []string // what its trigger is called with
	statuses string   // of its runs when the data is written, newest first
}

// waitAction takes as many seconds as the message says.
const waitAction = `{"type":"Wait","inputs":{"interval":{"count":"@triggerBody()['wait']","unit":"Second"}}}`

// compatCases have a run in every kind of wait.
func compatCases() map[string]compatCase {
	one := []string{`{"wait":3600,"secret":"s"}`}
	long := []string{`{"wait":3600,"text":"` + strings.Repeat("long ", 40_000) + `"}`}
	after := func(action, more string) string {
		return `{"Wait":` + waitAction + `,"After":{` + action + `,"runAfter":{"Wait":["Succeeded"]}}` + more + `}`
	}
	return map[string]compatCase{
		"done":    {`{"Copy":{"type":"Compose","inputs":"@triggerBody()"}}`, long, "Succeeded"},
		"wait":    {after(`"type":"Compose","inputs":"@triggerBody()"`, ""), long, "Running"},
		"each":    {`{"Each":{"type":"Foreach","foreach":"@range(0,3)","actions":` + after(`"type":"Compose","inputs":"@items('Each')"`, "") + `},"Count":{"type":"Compose","inputs":"@length(result('Each'))","runAfter":{"Each":["Succeeded"]}}}`, one, "Running"},
		"until":   {`{"N":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":0}]}},"Until":{"type":"Until","expression":"@greater(variables('n'),0)","limit":{"timeout":"PT2H"},"actions":` + after(`"type":"IncrementVariable","inputs":{"name":"n","value":1}`, "") + `,"runAfter":{"N":["Succeeded"]}}}`, one, "Running"},
		"retry":   {`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://127.0.0.1:9/","retryPolicy":{"type":"fixed","count":1,"interval":"PT1H"}}}}`, one, "Running"},
		"hook":    {`{"Hook":{"type":"HttpWebhook","inputs":{"subscribe":{"method":"POST","uri":"%s","body":{"url":"@{listCallbackUrl()}"}}},"limit":{"timeout":"P90D"}},"Copy":{"type":"Compose","inputs":"@body('Hook')","runAfter":{"Hook":["Succeeded"]}}}`, one, "Running"},
		"turns":   {`{"Wait":` + waitAction + `}`, []string{one[0], `{"wait":1}`}, "Waiting,Running"},
		"async":   {after(`"type":"Response","inputs":{"statusCode":200,"body":"@triggerBody()"},"operationOptions":"Asynchronous"`, ""), one, "Running"},
		"secured": {after(`"type":"Compose","inputs":"@triggerBody()['secret']","runtimeConfiguration":{"secureData":{"properties":["inputs"]}}`, ""), one, "Running"},
	}
}

// compatBody is the workflow of a case.
func compatBody(name string, c compatCase, peer string) string {
	body := workflowBody(strings.Replace(c.actions, "%s", peer, 1))
	if name == "turns" {
		body = strings.Replace(body, `"kind":"Http"`, `"kind":"Http","runtimeConfiguration":{"concurrency":{"runs":1}}`, 1)
	}
	return body
}

// compatState is what compatDir keeps beside an archive.
type compatState struct {
	Callback string         `json:"callback"` // of the webhook that waits
	Runs     map[string]int `json:"runs"`     // workflow → how many it has
}

// compatServer is a server in the past.
func compatServer(t *testing.T, data string) *isletest.Server {
	return isletest.Start(t, isletest.WithData(data), func(c *server.Config) {
		c.Clock = func() time.Time { return time.Now().Add(-compatAge) }
	})
}

func statuses(s *isletest.Server, workflow string) string {
	var page struct {
		Value []struct {
			Properties struct {
				Status string `json:"status"`
			} `json:"properties"`
		} `json:"value"`
	}
	_ = json.Unmarshal(s.Do(http.MethodGet, workflow+"/runs", nil).Body, &page)
	var all []string
	for _, r := range page.Value {
		all = append(all, r.Properties.Status)
	}
	return strings.Join(all, ",")
}

func TestWriteCompat(t *testing.T) {
	if *writeCompat == "" {
		t.Skip("only with -write-compat, for a release")
	}
	data := t.TempDir()
	s := compatServer(t, data)
	group := s.Group("compat")
	hooked := make(chan string, 1)
	peer := stub(t, func(_ http.ResponseWriter, r *http.Request) {
		var body struct{ URL string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		hooked <- body.URL
	})
	state := compatState{Runs: map[string]int{}}
	for name, c := range compatCases() {
		workflow, url := put(t, s, group, name, compatBody(name, c, peer))
		for _, m := range c.messages {
			if a := s.Call(url, m); a.Status != http.StatusAccepted {
				t.Fatalf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		until(t, name+" is on its way", func() bool { return statuses(s, workflow) == c.statuses })
		state.Runs[name] = len(c.messages)
	}
	state.Callback = <-hooked
	s.Stop()
	dir := filepath.Join(compatDir, *writeCompat)
	must(t, os.MkdirAll(dir, 0o755))
	writeArchive(t, data, filepath.Join(dir, "backup.tar"))
	key, err := os.ReadFile(filepath.Join(data, "root.key"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "root.key"), key, 0o600))
	text, err := json.MarshalIndent(state, "", "  ")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "state.json"), append(text, '\n'), 0o644))
}

// writeArchive backs a stopped server up.
func writeArchive(t *testing.T, data, name string) {
	t.Helper()
	s, err := store.Open(t.Context(), data, store.Options{ReadOnly: true})
	must(t, err)
	defer s.Close()
	operator, err := os.ReadFile(filepath.Join(data, server.OperatorFile))
	must(t, err)
	f, err := os.Create(name)
	must(t, err)
	must(t, errors.Join(backup.Write(t.Context(), f, s, map[string][]byte{server.OperatorFile: operator}), f.Close()))
}

// TestEveryReleaseIsOpenedAndFinished: what an earlier release left open ends as it would
// have there, and what it had ended is shown as it was.
func TestEveryReleaseIsOpenedAndFinished(t *testing.T) {
	t.Parallel()
	releases, err := os.ReadDir(compatDir)
	if err != nil || len(releases) == 0 {
		t.Fatal("none is kept", err)
	}
	for _, release := range releases {
		t.Run(release.Name(), func(t *testing.T) { finishRelease(t, filepath.Join(compatDir, release.Name())) })
	}
}

func finishRelease(t *testing.T, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "state.json"))
	must(t, err)
	var state compatState
	must(t, json.Unmarshal(text, &state))
	archive, err := os.Open(filepath.Join(dir, "backup.tar"))
	must(t, err)
	defer archive.Close()
	data := t.TempDir()
	_, _, err = backup.Stage(t.Context(), archive, data, "", filepath.Join(dir, "root.key"), time.Now())
	must(t, err)
	s := isletest.Start(t, isletest.WithData(data)) // takes what is staged
	callback, err := url.Parse(state.Callback)
	must(t, err)
	if a := s.Call(s.Endpoint+callback.RequestURI(), `{"called":"back"}`); a.Status >= 300 {
		t.Errorf("calling back: %d %s", a.Status, a.Body)
	}
	workflows := "/subscriptions/" + s.SubscriptionID + "/resourceGroups/compat/providers/Microsoft.Logic/workflows/"
	for name, n := range state.Runs {
		ends := "Succeeded"
		if name == "retry" {
			ends = "Failed"
		}
		want := strings.TrimSuffix(strings.Repeat(ends+",", n), ",")
		until(t, name+" ends", func() bool { return statuses(s, workflows+name) == want })
	}
	run := lastRun(s, workflows+"wait").Text("value", 0, "name")
	link := s.Do(http.MethodGet, workflows+"wait/runs/"+run+"/actions/After", nil).Text("properties", "outputsLink", "uri")
	if got := send(t, s.HTTP(), http.MethodGet, link); !strings.Contains(string(got.Body), strings.Repeat("long ", 40_000)) {
		t.Errorf("the large content of a run that went on: %d, %d bytes", got.Status, len(got.Body))
	}
}
