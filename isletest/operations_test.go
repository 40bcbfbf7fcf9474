package isletest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests find into testdata")

// operation is an operation of Microsoft.Logic as the reference lists it.
type operation struct {
	Client, GoMethod, HTTPMethod, Path string
	SuccessCodes                       []int
}

func (o *operation) String() string { return o.Client + "." + o.GoMethod }

func (o *operation) matches(method, path string) bool {
	want, got := strings.Split(o.Path, "/"), strings.Split(path, "/")
	if o.HTTPMethod != method || len(want) != len(got) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && !strings.EqualFold(want[i], got[i]) {
			return false
		}
	}
	return true
}

// witness sees the SDK's requests and notes of each operation whether it has succeeded,
// or was answered with an error only.
type witness struct {
	list  []operation
	mu    sync.Mutex
	state map[string]string
}

// newWitness reads those of the operations whose client's name begins so.
func newWitness(t *testing.T, clients string) *witness {
	t.Helper()
	v := &witness{state: map[string]string{}}
	must(t, json.Unmarshal(shared(t, "reference/logic-operations.json"), &v.list))
	v.list = slices.DeleteFunc(v.list, func(o operation) bool { return !strings.HasPrefix(o.Client, clients) })
	return v
}

// sees is the client, watched.
func (v *witness) sees(client *http.Client) watched { return watched{v, client} }

type watched struct {
	*witness
	client *http.Client
}

func (w watched) Do(r *http.Request) (*http.Response, error) {
	res, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.list {
		o := &w.list[i]
		switch name := o.String(); {
		case !o.matches(r.Method, r.URL.Path):
		case slices.Contains(o.SuccessCodes, res.StatusCode):
			w.state[name] = "driven"
		case w.state[name] == "" && res.StatusCode < 500:
			w.state[name] = "refused"
		}
	}
	return res, nil
}

// check compares what was seen with a table in testdata.
func (v *witness) check(t *testing.T, table string) {
	t.Helper()
	var b strings.Builder
	for i := range v.list {
		state := v.state[v.list[i].String()]
		if state == "" {
			state = "later"
		}
		fmt.Fprintf(&b, "%-7s %s\n", state, &v.list[i])
	}
	path := filepath.Join("testdata", table)
	if *rewrite {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s is not what is driven (run with -rewrite): %v\n%s", path, err, b.String())
	}
}

// TestAccountOperations drives every operation of integration accounts with the
// unmodified SDK. testdata/account_operations.txt tells of each whether it is driven;
// refused is one that has an answer, but never another than an error.
func TestAccountOperations(t *testing.T) {
	v := newWitness(t, "IntegrationAccount")
	for _, scenario := range []struct {
		name string
		run  func(*testing.T, *witness)
	}{
		{"accounts", driveAccounts}, {"schemas", driveSchemas}, {"maps", driveMaps}, {"partners", drivePartners}, {"agreements", driveAgreements},
		{"certificates", driveCertificates}, {"assemblies", driveAssemblies}, {"batch configurations", driveBatchConfigurations}, {"sessions", driveSessions},
		{"keys", driveKeysAndURLs},
	} {
		t.Run(scenario.name, func(t *testing.T) { scenario.run(t, v) })
	}
	v.check(t, "account_operations.txt")
}
