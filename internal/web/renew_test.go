package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/connection"
	"isle/internal/store"
	"isle/internal/web"
)

// issuing is an issuer that gives a new refresh token with each answer, and takes the one
// before a second time only if it is lenient.
type issuing struct {
	lenient       bool
	life          string // expires_in, as JSON
	made          int
	refresh, used string
	before        func() // the answer
}

func (i *issuing) call(inputs expr.Value) engine.Outcome {
	body, _ := inputs.Get("body")
	form, _ := url.ParseQuery(body.Text())
	if got := form.Get("refresh_token"); form.Get("grant_type") == "refresh_token" && got != i.refresh && !(i.lenient && got == i.used) {
		return outcome(400, `{"error":"invalid_grant"}`)
	}
	i.made++
	i.used, i.refresh = i.refresh, "refresh-"+string(rune('a'+i.made))
	if i.before != nil {
		i.before()
	}
	return outcome(200, `{"access_token":"access-`+string(rune('a'+i.made))+`","refresh_token":"`+i.refresh+`","expires_in":`+i.life+`}`)
}

func outcome(status int64, body string) engine.Outcome {
	v, _ := expr.ParseJSON([]byte(body))
	return engine.Outcome{Outputs: expr.Object(expr.Member{Name: "statusCode", Value: expr.Int(status)}, expr.Member{Name: "body", Value: v})}
}

// connected is a world with a connection that somebody has consented to, at an issuer whose
// first token ends within the margin, so that the first call renews it.
func connected(t *testing.T, i *issuing) (w *world, id string) {
	t.Helper()
	w, id = consentWorld(t, goodSettings)
	i.life = `60`
	w.close()
	w.call = i.call
	w.open()
	state, browser := w.begin(id, "https://x/")
	_, to := w.back(url.Values{"state": {state}, "code": {"c"}}, browser)
	if status, answer := w.send("POST", id+"/confirmConsentCode", `{"code":"`+to.Query().Get("code")+`"}`); status != 200 {
		t.Fatal(status, answer)
	}
	return w, id
}

// bearer is what a call would carry, or why there is none.
func (w *world) bearer(id string) string {
	w.t.Helper()
	e, _, err := w.service.Find(w.t.Context(), nil, connection.Key{Kind: connection.Connector, ID: id})
	if err != nil {
		return err.Error()
	}
	v, _ := e.Authentication.Get("value")
	return v.Text()
}

// tasks carries out what is due in a long time, and gives how many there were.
func (w *world) tasks() (n int) {
	w.t.Helper()
	var due []store.Task
	must(w.t, w.store.Control().Read(w.t.Context(), func(tx *store.Tx) (err error) {
		due, err = tx.DueTasks(time.Now().Add(time.Hour), 10)
		return err
	}))
	for _, t := range due {
		if carry := w.service.Handlers()[t.Kind]; carry != nil {
			_, err := carry(w.t.Context(), w.store.Control(), t)
			must(w.t, err)
			n++
		}
	}
	return n
}

func (w *world) connection(id string) (c struct {
	ETag       string `json:"etag"`
	Properties struct{ OverallStatus, ChangedTime string }
}, text string) {
	w.t.Helper()
	_, text = w.send("GET", id, "")
	must(w.t, json.Unmarshal([]byte(text), &c))
	return c, text
}

// The process ends after the issuer has answered, and before the answer is stored. The next
// one asks again, with the refresh token it has.
func TestARenewalOutlivesTheProcess(t *testing.T) {
	for _, lenient := range []bool{true, false} {
		i := &issuing{lenient: lenient}
		w, id := connected(t, i)
		i.life, i.before = `3600`, func() { must(t, w.store.Close()) }
		w.bearer(id)
		i.before = nil
		w.close()
		w.open()
		if n := w.tasks(); n != 1 {
			t.Fatalf("%d renewals are to be done again", n)
		}
		got, text := w.connection(id)
		switch {
		case lenient && (got.Properties.OverallStatus != "Connected" || w.bearer(id) != "Bearer access-"+string(rune('a'+i.made)) || i.made != 3):
			t.Error(i.made, w.bearer(id), text)
		case !lenient && (got.Properties.OverallStatus != "Error" || !strings.Contains(text, "its answer was lost") || !strings.Contains(w.bearer(id), "Consent again")):
			t.Error(w.bearer(id), text)
		}
		if n := w.tasks(); n != 0 {
			t.Errorf("%d renewals are still to be done", n)
		}
	}
}

// What cannot be stored is not asked for: the refresh token would be used up.
func TestARenewalThatCannotBeStoredIsNotBegun(t *testing.T) {
	i := &issuing{}
	w, id := connected(t, i)
	made := i.made
	w.close()
	var err error
	w.store, err = store.Open(t.Context(), w.folder, store.Options{ReadOnly: true})
	must(t, err)
	w.service, err = web.New(web.Config{Store: w.store, People: people{}})
	must(t, err)
	if got := w.bearer(id); got != "Bearer access-"+string(rune('a'+made)) || i.made != made {
		t.Error(got, i.made)
	}
}

// A renewal is no change of the connection.
func TestARenewalChangesNothingThatShows(t *testing.T) {
	i := &issuing{}
	w, id := connected(t, i)
	_, before := w.connection(id)
	first, second := w.bearer(id), w.bearer(id)
	_, after := w.connection(id)
	if first == second || before != after {
		t.Errorf("%s %s\n%s\n%s", first, second, before, after)
	}
	if n := w.tasks(); n != 0 {
		t.Errorf("%d renewals are to be done again", n)
	}
	tag := w.etag(id)
	w.bearer(id)
	if now := w.etag(id); now != tag || tag == "" {
		t.Error(tag, now)
	}
}

func (w *world) etag(id string) string {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.server.URL+id+"?api-version=2016-06-01", nil)
	must(w.t, err)
	r.Header.Set("Authorization", "Bearer x")
	res, err := w.server.Client().Do(r)
	must(w.t, err)
	defer res.Body.Close()
	return res.Header.Get("ETag")
}

// The end of a token is a number of seconds, however it is written.
func TestTheEndOfATokenInAnyForm(t *testing.T) {
	for life, renewed := range map[string]bool{`3600`: false, `"3600"`: false, `3600.0`: false, `"3600.5"`: false, `1e3`: false, `60`: true, `"60"`: true, `60.0`: true, `" 60 "`: true, `"soon"`: false, `-1`: false, `null`: false, `1e99`: false, `"NaN"`: false} {
		i := &issuing{}
		w, id := connected(t, i)
		i.life = life
		w.bearer(id) // the first one ends within the margin
		made := i.made
		if w.bearer(id); i.made != made && !renewed || i.made == made && renewed {
			t.Errorf("expires_in %s: %d answers, then %d", life, made, i.made)
		}
	}
}
