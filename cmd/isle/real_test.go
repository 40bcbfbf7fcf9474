//go:build real

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// upJSON is what `isle up --json` prints, to the letter of the contract.
var upJSON = []string{"endpoint", "authority", "caFile", "tenantId", "subscriptionId", "clientId", "clientSecret",
	"resourceGroup", "environment", "workflow", "callbackUrl", "dataPlane"}

// up starts `isle up --json` on the default data folder and reads its line.
func (w *workspace) up() (*service, map[string]string) {
	w.t.Helper()
	s := w.start("bin/isle up --json --listen 127.0.0.1:0")
	line := s.expect(s.out, "\n")
	var ready map[string]string
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		w.t.Fatalf("%v in %q", err, line)
	}
	return s, ready
}

// trusting is a client that trusts the server of an `isle up --json` line, and no other.
func trusting(t *testing.T, ready map[string]string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(ready["caFile"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", ready["caFile"])
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// order sends the example workflow an order and gives the answer.
func order(t *testing.T, ready map[string]string, body string) string {
	t.Helper()
	resp, err := trusting(t, ready).Post(ready["callbackUrl"], "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %s %s", err, resp.Status, &answer)
	}
	return answer.String()
}

// One line, with the members of the contract; its secret is good for a token, the
// server keeps no copy; the second start prints the same line.
func TestRealUpJSON(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	s, ready := w.up()
	if got := slices.Sorted(maps.Keys(ready)); !slices.Equal(got, slices.Sorted(slices.Values(upJSON))) {
		t.Errorf("members %v", got)
	}
	for name, value := range ready {
		if value == "" {
			t.Errorf("%s is empty", name)
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ready["clientId"]},
		"client_secret": {ready["clientSecret"]}, "scope": {ready["endpoint"] + "/.default"}}
	resp, err := trusting(t, ready).PostForm(ready["authority"]+"/"+ready["tenantId"]+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the secret is answered with %s", resp.Status)
	}
	const want = `{"id":"A-1","total":120,"tier":"big"}`
	if got := order(t, ready, `{"id":"A-1","qty":4,"price":30}`); got != want {
		t.Errorf("the workflow answers %s", got)
	}
	checkSecret(t, filepath.Join(w.home, ".isle"), ready["clientSecret"])
	s.stop(syscall.SIGTERM)
	first := s.out.String()
	if strings.Count(first, "\n") != 1 || s.err.String() != "" {
		t.Errorf("more than one line is printed:\n%s%s", first, s.err)
	}
	checkSecret(t, filepath.Join(w.home, ".isle"), ready["clientSecret"])

	s, ready = w.up()
	if again := s.out.String(); again != first {
		t.Errorf("the second start prints\n%s, the first did\n%s", again, first)
	}
	if got := order(t, ready, `{"id":"A-1","qty":4,"price":30}`); got != want {
		t.Errorf("after a restart the workflow answers %s", got)
	}
	if runs := w.succeed("bin/isle runs --json"); strings.Count(runs, "\n") != 2 {
		t.Errorf("after a restart the runs are\n%s", runs)
	}
	s.stop(syscall.SIGINT)
}

// checkSecret looks for the secret in the whole data folder: only operator.json has it,
// which only its owner can read.
func checkSecret(t *testing.T, data, secret string) {
	t.Helper()
	found := false
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(content, []byte(secret)) {
			return nil
		}
		found = true
		info, err := d.Info()
		if err == nil && (d.Name() != "operator.json" || info.Mode().Perm() != 0o600) {
			t.Errorf("%s holds the secret, with mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("%v, found: %v", err, found)
	}
}

// What is in the way of a start is said, with what to do.
func TestRealUpRefused(t *testing.T) {
	w := newWorkspace(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, command := range []string{"up", "serve", "up --json"} {
		said := w.fail("bin/isle " + command + " --listen " + busy.Addr().String())
		if !strings.Contains(said, busy.Addr().String()+" is taken") || !strings.Contains(said, "--listen") {
			t.Errorf("isle %s on a port that is taken says %q", command, said)
		}
	}
	s, _ := w.up()
	for _, command := range []string{"up", "serve"} {
		said := w.fail("bin/isle " + command + " --listen 127.0.0.1:0")
		if !strings.Contains(said, fmt.Sprintf("in use by process %d", s.cmd.Process.Pid)) || !strings.Contains(said, "--data") {
			t.Errorf("isle %s on a folder in use says %q", command, said)
		}
	}
	s.stop(syscall.SIGTERM)
	for _, command := range []string{"serve --listen nowhere", "serve --public-url http://x", "serve --tls-cert a.pem"} {
		flag := strings.Fields(command)[1]
		if said := w.fail("bin/isle " + command); !strings.Contains(said, flag) {
			t.Errorf("isle %s says %q", command, said)
		}
	}
}

// A server that is killed while it makes the example environment takes up the work
// with its next start, and is ready in the end.
func TestRealUpKilled(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range 4 {
		w := newWorkspace(t)
		for range 5 {
			s := w.start("bin/isle up --json --listen 127.0.0.1:0")
			time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond)))) // the moment is the test's matter
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
		s, ready := w.up()
		if got := order(t, ready, `{"id":"A-1","qty":1,"price":1}`); !strings.Contains(got, `"small"`) {
			t.Errorf("round %d: the workflow answers %s", round, got)
		}
		s.stop(syscall.SIGTERM)
	}
}

// `isle runs` tells the same of a running server and of a stopped one.
func TestRealRuns(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	if said := w.fail("bin/isle runs"); !strings.Contains(said, "bin/isle up") {
		t.Errorf("without a server, isle runs says %q", said)
	}
	s, ready := w.up()
	if got := w.succeed("bin/isle runs"); got != "No runs.\n" {
		t.Errorf("a new server's runs: %q", got)
	}
	order(t, ready, `{"id":"A-1","qty":4,"price":30}`)
	long := strings.Repeat("long ", 20_000) // lies in a content of its own
	order(t, ready, `{"id":"`+long+`","qty":1,"price":30}`)

	names := checkRunLines(t, w.succeed("bin/isle runs --json"))
	checkRunLines(t, w.succeed("bin/isle runs --json --status Succeeded --workflow ORDER -g "+ready["resourceGroup"]))
	if got := w.succeed("bin/isle runs --status Failed"); got != "No runs.\n" {
		t.Errorf("failed runs: %q", got)
	}
	if got := strings.Count(w.succeed("bin/isle runs --json --top 1"), "\n"); got != 1 {
		t.Errorf("--top 1 gives %d lines", got)
	}
	commands := []string{"bin/isle runs", "bin/isle runs --json", "bin/isle runs --json " + names[0], "bin/isle runs " + names[0], "bin/isle runs " + names[1]}
	var running []string
	for _, c := range commands {
		running = append(running, w.succeed(c))
	}
	checkActions(t, running[2], long)
	for _, want := range []string{`inputs:  {"id":"A-1","total":120,"tier":"big"}`, "outputs: 120", "Big  Succeeded", "Small  Skipped"} {
		if !strings.Contains(running[4], want) {
			t.Errorf("isle runs NAME does not show %q:\n%s", want, running[4])
		}
	}
	s.stop(syscall.SIGTERM)
	for i, c := range commands {
		if got := w.succeed(c); got != running[i] {
			t.Errorf("%s on a stopped server prints\n%s\nand on the running one\n%s", c, got, running[i])
		}
	}
	for c, want := range map[string]string{"bin/isle runs nosuchrun": "`bin/isle runs`", "bin/isle runs --workflow nosuchworkflow": "there is order"} {
		if said := w.fail(c); !strings.Contains(said, "nosuch") || !strings.Contains(said, want) {
			t.Errorf("%s says %q", c, said)
		}
	}
}

// checkRunLines checks lines of `isle runs --json` of two runs, and gives their names.
func checkRunLines(t *testing.T, lines string) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(lines) {
		var run struct {
			Name, Workflow, Status string
			StartTime, EndTime     time.Time
		}
		if err := json.Unmarshal([]byte(line), &run); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if run.Workflow != "order" || run.Status != "Succeeded" || run.StartTime.IsZero() || run.EndTime.Before(run.StartTime) {
			t.Errorf("a run is %s", line)
		}
		names = append(names, run.Name)
	}
	if len(names) != 2 || !slices.IsSorted(names) {
		t.Fatalf("the runs are %v", names)
	}
	return names
}

// checkActions checks lines of `isle runs NAME --json` of the small order.
func checkActions(t *testing.T, lines, id string) {
	t.Helper()
	status := map[string]string{}
	for line := range strings.Lines(lines) {
		var action struct {
			Name, Status       string
			StartTime, EndTime time.Time
			Inputs, Outputs    json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &action); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		status[action.Name] = action.Status
		want := fmt.Sprintf(`{"id":%q,"total":30,"tier":"small"}`, id)
		if action.Name == "Small" && (string(action.Inputs) != want || string(action.Outputs) != want) {
			t.Errorf("Small: inputs of %d bytes, outputs of %d bytes, want %d", len(action.Inputs), len(action.Outputs), len(want))
		}
	}
	want := map[string]string{"Total": "Succeeded", "Big_order": "Succeeded", "Big": "Skipped", "Answer_big": "Skipped",
		"Small": "Succeeded", "Answer_small": "Succeeded"}
	if !maps.Equal(status, want) {
		t.Errorf("actions %v", status)
	}
}

// The line that `isle up` prints works in a shell.
func TestRealCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED: there is no curl on this machine, so the line that `isle up` prints is not tried")
	}
	w := newWorkspace(t)
	data := filepath.Join(w.dir, "a folder's data")
	s := w.start("bin/isle up --listen 127.0.0.1:0 --data " + shown([]string{data}))
	ready := s.expect(s.out, "Ctrl-C")
	if got := w.succeed(curlLine(t, ready)); got != `{"id":"A-1","total":120,"tier":"big"}` {
		t.Errorf("curl answers %s", got)
	}
	hint := "bin/isle runs --data " + shown([]string{data})
	if !strings.Contains(ready, "  "+hint+"\n") {
		t.Errorf("isle up does not show %q:\n%s", hint, ready)
	}
	if got := w.succeed(hint); !strings.Contains(got, "order") {
		t.Errorf("%s prints %s", hint, got)
	}
	s.stop(syscall.SIGINT)
}

// A deployment that fails says which resource and why; what is no template is told
// before anything is sent.
func TestRealDeploy(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	s, _ := w.up()
	files := map[string]string{
		"good.json": `// as an editor leaves it
			{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
			"parameters": {"prefix": {"type": "string"}},
			"resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-09-01", "name": "plain", "location": "local",
				"properties": {"addressSpace": {"addressPrefixes": ["[parameters('prefix')]"]}}}],
			"outputs": {"b": {"type": "string", "value": "[parameters('prefix')]"}, "a": {"type": "int", "value": 1}}}`,
		"parameters.json": `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
			"contentVersion": "1.0.0.0", "parameters": {"prefix": {"value": "10.9.0.0/16"}}}`,
		"values.json": `{"prefix": {"value": "10.9.0.0/16"}}`,
		"wrong.json":  `{"prefix": {"value": "300.9.0.0/16"}}`,
		"torn.json":   `{"resources": [`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"parameters.json", "values.json"} {
		want := "  Succeeded  Microsoft.Network/virtualNetworks plain\na = 1\nb = 10.9.0.0/16\n"
		if got := w.succeed("bin/isle deploy good.json -g another -p " + p); got != want {
			t.Errorf("a deployment prints\n%swant\n%s", got, want)
		}
	}
	for _, c := range []struct {
		line string
		says []string
	}{
		{"good.json -g another -p wrong.json", []string{"300.9.0.0/16"}},
		{"good.json -g another", []string{"prefix"}},
		{"nosuch.json", []string{"nosuch.json"}},
		{"good.json -p nosuch.json", []string{"nosuch.json"}},
		{"torn.json", []string{"torn.json is not JSON"}},
		{"good.json -p torn.json", []string{"torn.json is not JSON"}},
		{"", []string{"See `bin/isle deploy --help`."}},
	} {
		said := w.fail("bin/isle deploy " + c.line)
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("isle deploy %s says %q, want %q in it", c.line, said, want)
			}
		}
	}
	out, said, code := w.run("bin/isle deploy good.json -g another -p wrong.json")
	if all := out + said; code != 1 || !strings.Contains(all, "plain") {
		t.Errorf("a failed deployment does not name its resource: %d\n%s", code, all)
	}
	s.stop(syscall.SIGTERM)
	if said := w.fail("bin/isle deploy good.json -p values.json"); !strings.Contains(said, "`bin/isle up`") {
		t.Errorf("without a server, isle deploy says %q", said)
	}
}

// A clone of the repository builds and starts with two commands: the order of
// magnitude of what a newcomer waits for.
func TestRealFreshClone(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"git", "make"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: there is no %s on this machine, so a fresh clone is not tried", tool)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("SKIPPED: this folder is no git repository, so a fresh clone is not tried")
	}
	w := newWorkspace(t)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // else they lie under HOME
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, name+"="+strings.TrimSpace(string(value)))
	}
	w.succeed("git clone --quiet " + shown([]string{root}) + " clone")
	w.dir = filepath.Join(w.dir, "clone")
	began := time.Now()
	// Without npm, as the portal is made by `make check` before: what it fetches is large.
	if said := w.succeed("GOFLAGS=-buildvcs=false make build NPM="); !strings.Contains(said, "SKIPPED the portal") {
		t.Errorf("a build without npm does not say that it lacks the portal: %q", said)
	}
	t.Logf("make build took %v", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	s, ready := w.up()
	t.Logf("the first start took %v", time.Since(began).Round(time.Millisecond))
	if got := order(t, ready, `{"id":"A-1","qty":4,"price":30}`); !strings.Contains(got, `"big"`) {
		t.Errorf("the workflow answers %s", got)
	}
	s.stop(syscall.SIGTERM)
	began = time.Now()
	s, _ = w.up()
	t.Logf("the second start took %v", time.Since(began).Round(time.Millisecond))
	s.stop(syscall.SIGTERM)
}
