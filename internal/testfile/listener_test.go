package testfile

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/internal/connector/builtin"
	"isle/internal/dataplane"
	"isle/wdl"
)

// caller is a server that webhooks subscribe at, and that calls them back.
type caller struct {
	*httptest.Server
	before bool // it calls back before it answers
	t      *testing.T
	answer []int // the statuses of its calls
	done   chan struct{}
}

func newCaller(t *testing.T, before bool) *caller {
	c := &caller{t: t, before: before, done: make(chan struct{})}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *caller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ URL string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	call := func() {
		defer close(c.done)
		wrong := strings.Replace(body.URL, "sig=", "sig=x", 1)
		for _, url := range []string{wrong, body.URL, body.URL} {
			res, err := http.Post(url, "application/json", strings.NewReader(`{"word":"done"}`))
			if err != nil {
				c.t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			c.answer = append(c.answer, res.StatusCode)
		}
	}
	if c.before {
		call()
	} else {
		go call()
	}
}

// Webhooks of a run with real calls are called back, in each repetition by its own
// address, before or after the subscription is answered.
func TestListener(t *testing.T) {
	for _, before := range []bool{false, true} {
		c := newCaller(t, before)
		source, err := OpenDefinition([]byte(`{"triggers":{"m":{"type":"Request"}},"actions":{"Each":{"type":"Foreach","foreach":[1],"actions":{
			"Ask":{"type":"HttpWebhook","inputs":{"subscribe":{"method":"POST","uri":"`+c.URL+`","body":{"url":"@listCallbackUrl()"}}}}}},
			"Then":{"type":"Compose","inputs":"@body('Ask')","runAfter":{"Each":["Succeeded"]}}}}`), "")
		if err != nil {
			t.Fatal(err)
		}
		workflow, problems := Compile(source, Settings{})
		if workflow == nil {
			t.Fatal(problems)
		}
		listener := httptest.NewUnstartedServer(nil)
		listener.Start()
		var handed []string
		callbacks := NewCallbacks(listener.URL, func(action, url string) { handed = append(handed, action) })
		listener.Config.Handler = callbacks
		operations, closeAll := builtin.Operations(builtin.Options{})
		i := Invocation{Workflow: workflow, Operations: operations, Start: time.Now(), Callbacks: callbacks,
			Dialer: dataplane.NewInproc(dataplane.Options{}).Dialer(dataplane.Shared, dataplane.SubnetBuiltIn)}
		invoked, err := i.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		<-c.done
		if s := invoked.Runs[0].Summary; s.Status != wdl.Succeeded {
			t.Errorf("before %v: %v %v", before, s.Status, s.Error)
		}
		if len(c.answer) != 3 || c.answer[0] != 401 || c.answer[1] != 202 || c.answer[2] != 202 || len(handed) != 1 {
			t.Errorf("before %v: answered %v, handed on %v", before, c.answer, handed)
		}
		for _, q := range []struct {
			method, path string
			want         int
		}{{"GET", "/workflows/x", 404}, {"POST", "/", 404}} {
			r, _ := http.NewRequest(q.method, listener.URL+q.path, nil)
			res, err := http.DefaultClient.Do(r)
			if err != nil || res.StatusCode != q.want {
				t.Errorf("%s %s: %v %v", q.method, q.path, res, err)
			}
			if err == nil {
				res.Body.Close()
			}
		}
		closeAll()
		listener.Close()
	}
}
