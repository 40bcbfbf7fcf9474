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

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests find into testdata")

// operation is an operation of the resource manager as the reference lists it.
type operation struct {
	Module, Client, GoMethod, HTTPMethod string
	SuccessCodes                         []int
}

func (o *operation) String() string {
	name := o.Client + "." + o.GoMethod
	if module, _, _ := strings.Cut(o.Module, " "); module != "" {
		return module + "." + name
	}
	return name
}

// succeeds says whether a status is that of what was asked for: not of an error, nor of
// what is not there.
func (o *operation) succeeds(status int) bool {
	return status < 400 && (len(o.SuccessCodes) == 0 || slices.Contains(o.SuccessCodes, status))
}

// witness sees the SDK's requests and notes of each operation whether it has succeeded,
// or was answered with an error only.
type witness struct {
	list  []operation
	mu    sync.Mutex
	state map[string]string // by the operation's name: driven, or refused and the code of the error
}

// newWitness reads the operations of a file of the reference that are wanted.
func newWitness(t *testing.T, file string, wanted func(*operation) bool) *witness {
	t.Helper()
	v := &witness{state: map[string]string{}}
	must(t, json.Unmarshal(shared(t, file), &v.list))
	v.list = slices.DeleteFunc(v.list, func(o operation) bool { return !wanted(&o) })
	return v
}

// sees is the client, watched.
func (v *witness) sees(client *http.Client) watched { return watched{v, client} }

type watched struct {
	*witness
	client *http.Client
}

// Do sends the request. Its context says which method of which client makes it, its
// User-Agent of which module; what polls says nothing.
func (w watched) Do(r *http.Request) (*http.Response, error) {
	res, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	api, _ := r.Context().Value(runtime.CtxAPINameKey{}).(string)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.list {
		o := &w.list[i]
		module, _, _ := strings.Cut(o.Module, " ")
		switch name := o.String(); {
		case api != o.Client+"."+o.GoMethod || module != "" && !strings.Contains(r.UserAgent(), "-"+module+"/"):
		case o.succeeds(res.StatusCode):
			w.state[name] = "driven"
		case w.state[name] == "" && res.StatusCode < 500:
			w.state[name] = "refused " + res.Header.Get("x-ms-error-code")
		}
	}
	return res, nil
}

// check compares what was seen with a table in testdata. A refusal is in it with its
// reason: there is one for each.
func (v *witness) check(t *testing.T, table string, reason func(*operation) string) {
	t.Helper()
	var b strings.Builder
	for i := range v.list {
		o := &v.list[i]
		state, code, _ := strings.Cut(v.state[o.String()], " ")
		switch state {
		case "driven":
			fmt.Fprintf(&b, "driven  %s\n", o)
		case "refused":
			why := ""
			if reason != nil {
				why = reason(o)
			}
			if why == "" {
				t.Errorf("%s is refused with %s, and there is no reason for it", o, code)
			}
			fmt.Fprintf(&b, "refused %s: %s, %s\n", o, code, why)
		default:
			t.Errorf("%s is not driven", o)
		}
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
// unmodified SDK. testdata/account_operations.txt tells of each whether it is driven, or
// refused and why.
func TestAccountOperations(t *testing.T) {
	v := newWitness(t, "reference/logic-operations.json", isAccountOperation)
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
	v.check(t, "account_operations.txt", func(o *operation) string {
		return map[string]string{"NewListKeyVaultKeysPager": "there are no key vaults here"}[o.GoMethod]
	})
}

func isAccountOperation(o *operation) bool { return strings.HasPrefix(o.Client, "IntegrationAccount") }
