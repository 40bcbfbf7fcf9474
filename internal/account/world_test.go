package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/internal/account"
	"isle/internal/arm"
	"isle/internal/arm/armtest"
	"isle/internal/store"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	group        = "/subscriptions/" + subscription + "/resourceGroups/g"
)

// world is the resource manager with nothing but integration accounts.
type world struct {
	t       testing.TB
	store   *store.Store
	service *account.Service
	manager *arm.Manager
	log     bytes.Buffer
	headers map[string]string // of requests
}

// with is the world for requests that have another header.
func (w *world) with(name, value string) *world {
	return &world{t: w.t, store: w.store, service: w.service, manager: w.manager, headers: map[string]string{name: value}}
}

type anybody struct{}

func (anybody) Authenticate(*http.Request) (arm.Principal, error) {
	return arm.Principal{ID: "tester"}, nil
}

// places are the environments of the tests: "premium" and "developer" in West Europe,
// and "young", which is not ready.
type places struct{}

func (places) Environment(_ *store.Tx, id string) (*account.Environment, error) {
	name := strings.ToLower(id[strings.LastIndexByte(id, '/')+1:])
	sku := map[string]string{"premium": "Premium", "developer": "Developer", "young": "Premium"}[name]
	if sku == "" {
		return nil, store.ErrNotFound
	}
	return &account.Environment{ID: group + "/providers/Microsoft.Logic/integrationServiceEnvironments/" + name, Store: name, Location: "westeurope", SKU: sku, Ready: name != "young"}, nil
}

func (places) Enter(tx *store.Tx, environment, account, id string) error {
	return tx.PutSetting("place/"+environment+"/"+account, []byte(id))
}

func (places) Leave(tx *store.Tx, environment, account string) error {
	return tx.DeleteSetting("place/" + environment + "/" + account)
}

func (places) Follow(*store.Tx, []string, string) error {
	return nil
}

func (places) Review(*store.Tx, []string, time.Time) error { return nil }

// library is where the tests' links lead.
type library struct{}

func (library) Fetch(_ context.Context, uri string, limit int64) ([]byte, error) {
	switch {
	case strings.HasSuffix(uri, "/order.xsd"):
		return []byte(`<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:linked"><element name="linked"/></schema>`), nil
	case strings.HasSuffix(uri, "/utf16.xsd"):
		wide := []byte{0xff, 0xfe}
		for _, c := range []byte(`<?xml version="1.0" encoding="utf-16"?><schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:wide"/>`) {
			wide = append(wide, c, 0)
		}
		return wide, nil
	}
	return nil, errors.New("the answer has the status 404")
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	w.store, err = store.Open(context.Background(), t.TempDir(), store.Options{})
	w.must(err)
	logger := slog.New(slog.NewTextHandler(&w.log, nil))
	w.service, err = account.New(account.Config{Store: w.store, Environments: places{}, Links: library{}, Log: logger,
		Access: func(string) string { return "https://isle.test" }})
	w.must(err)
	w.manager, err = arm.New(arm.Config{Store: w.store, Types: w.service.Types(), Authenticator: anybody{}, PublicURL: "https://isle.test",
		AllowHost: func(string) bool { return true }, Subscriptions: []arm.Subscription{{ID: subscription, Name: "test"}}, Log: logger})
	w.must(err)
	t.Cleanup(func() { w.must(w.store.Close()) })
	w.do("PUT", group, `{"location":"westeurope"}`)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// do makes a request of the resource manager.
func (w *world) do(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://isle.test"+armtest.Versioned(path, "2019-05-01"), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	for name, value := range w.headers {
		r.Header.Set(name, value)
	}
	res := httptest.NewRecorder()
	w.manager.ServeHTTP(res, r)
	return res
}

// script has $A, the account "acc", which is there, $G, its group, and $L, what is before
// the type's last part. An answer is a status, and the body, or every problem of a refusal
// on a line of its own.
var script = armtest.Script{
	Names: []string{"$A", group + "/providers/Microsoft.Logic/integrationAccounts/acc", "$L", group + "/providers/Microsoft.Logic", "$G", group},
	Volatile: []armtest.Volatile{
		armtest.Hide(`\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d+)?Z`, "TIME"),
		armtest.Hide(`\b[0-9a-f]{32}\b`, "ID"),
		armtest.Hide(`sig=[\w-]{43}`, "sig=SIG"),
		armtest.Hide(`"sig":"[\w-]{43}"`, `"sig":"SIG"`),
	},
}

func TestScripts(t *testing.T) {
	script.Run(t, "testdata/script/*.txt", func(t *testing.T) func(method, path, body string) string {
		w := newWorld(t)
		w.do("PUT", expand("$A"), `{"location":"westeurope","sku":{"name":"Standard"}}`)
		return w.exchange
	})
}

func expand(text string) string { return script.Expand(text) }

func (w *world) exchange(method, path, body string) string {
	res := w.do(method, path, body)
	answer := fmt.Sprint(res.Code)
	if res.Code >= 400 {
		answer += "\n" + problems(res.Body.Bytes())
	} else if res.Body.Len() > 0 {
		answer += "\n" + res.Body.String()
	}
	return answer
}

// problems shows a refusal, one problem on a line.
func problems(body []byte) string {
	type problem struct{ Code, Target, Message string }
	var answer struct {
		Error struct {
			problem
			Details []problem
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return string(body)
	}
	all := answer.Error.Details
	if len(all) == 0 {
		all = []problem{answer.Error.problem}
	}
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = fmt.Sprintf("%s [%s] %s", p.Code, p.Target, p.Message)
	}
	return strings.Join(lines, "\n")
}

// snapshot is all that is stored of accounts, to see that a refusal changes nothing.
func (w *world) snapshot(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	err := w.store.Control().Read(context.Background(), func(tx *store.Tx) error {
		resources, err := tx.Resources(store.Query{})
		for _, r := range resources {
			fmt.Fprintf(&all, "%s %s %s %q\n", r.ID, r.ETag, r.Changed.Format(time.RFC3339Nano), r.Body)
		}
		if err != nil {
			return err
		}
		settings, err := tx.Settings("account/")
		for _, name := range settings {
			value, err := tx.Setting(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&all, "%s %q\n", name, value)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
