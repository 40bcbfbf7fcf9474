package testfile

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"isle/engine"
	"isle/expr"
	"isle/internal/local"
	"isle/internal/runner"
	"isle/internal/trigger"
	"isle/wdl"
)

// Callbacks takes the calls of the callback URLs of webhooks in runs of this process.
// It is the handler of a server whose address it hands on: the caller listens there,
// and nowhere but on this machine.
type Callbacks struct {
	address string // such as http://127.0.0.1:40123
	key     []byte // signs the URLs; made for this process
	// handed is told of each URL that a webhook gets.
	handed func(action, url string)

	mu     sync.Mutex
	places map[string]*place // by path of the URL; under mu
}

// place is where one webhook is called back.
type place struct {
	action     *wdl.Action
	repetition []engine.RepetitionIndex
	signature  string
	calls      chan<- local.Call
	ended      <-chan struct{} // closed when the run has ended

	mu     sync.Mutex
	called bool // a call has ended the webhook; under mu
}

// NewCallbacks returns one for a server at an address.
func NewCallbacks(address string, handed func(action, url string)) *Callbacks {
	return &Callbacks{address: address, key: []byte(rand.Text()), handed: handed, places: map[string]*place{}}
}

// open makes the URLs of a run, and the channel of its calls. They are open until end.
func (c *Callbacks) open(w *engine.Workflow, run string) (of engine.Callback, calls <-chan local.Call, end func()) {
	channel, ended := make(chan local.Call), make(chan struct{})
	const version = "2016-10-01"
	of = func(action string, repetition []engine.RepetitionIndex) string {
		link := runner.CallbackLink(w.FlowID, run, action, engine.RepetitionName(repetition), version)
		url := link.URL(c.address, c.key)
		a, ok := w.Program.Action(action)
		if !ok {
			return ""
		}
		c.mu.Lock()
		_, known := c.places[link.Path]
		if !known {
			c.places[link.Path] = &place{action: a, repetition: repetition, signature: signatureOf(url), calls: channel, ended: ended}
		}
		c.mu.Unlock()
		if !known && c.handed != nil {
			c.handed(action, url)
		}
		return url
	}
	return of, channel, func() { close(ended) }
}

// signatureOf is the sig of a URL.
func signatureOf(url string) string {
	r, err := http.NewRequest(http.MethodPost, url, nil)
	if err != nil {
		return ""
	}
	return r.URL.Query().Get("sig")
}

// ServeHTTP answers a call when the run has taken it, as the access endpoint of a
// server does.
func (c *Callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	p := c.places[r.URL.EscapedPath()]
	c.mu.Unlock()
	given := r.URL.Query().Get("sig")
	switch {
	case p == nil:
		refuse(w, http.StatusNotFound, "WorkflowRunActionNotFound", "No webhook of a run of this process has this address.")
	case subtle.ConstantTimeCompare([]byte(given), []byte(p.signature)) != 1:
		refuse(w, http.StatusUnauthorized, "DirectApiAuthorizationRequired", "The signature 'sig' of the address is missing or wrong: call the address as the webhook has handed it on.")
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "A webhook action is called back with POST.")
	default:
		p.serve(w, r)
	}
}

// maxCallback bounds the body of a call, in bytes: that of a trigger (wdl-semantics §17).
const maxCallback = 200 << 20

func (p *place) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("The body could not be read: %v.", err))
		return
	}
	query, err := trigger.ParseQuery(r.URL.RawQuery)
	var outputs expr.Value
	if err == nil {
		outputs, err = trigger.CallbackOutputs(p.action.Options, &trigger.Request{Query: query, Host: r.Host, Header: r.Header, Body: body})
	}
	var refusal *trigger.Refusal
	switch {
	case errors.As(err, &refusal):
		refuse(w, refusal.Status, refusal.Code, refusal.Message)
	case err != nil:
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
	case p.call(r, outputs):
		w.WriteHeader(http.StatusAccepted)
	default:
		refuse(w, http.StatusConflict, "WorkflowRunActionIsNotWaiting", fmt.Sprintf("The action '%s' waits for no callback any more. Nothing was changed.", p.action.Name))
	}
}

// call hands the outputs to the run; false if nothing waits for them. To call again is
// no error.
func (p *place) call(r *http.Request, outputs expr.Value) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.called {
		return true
	}
	taken := make(chan error, 1)
	select {
	case p.calls <- local.Call{Action: p.action.Name, Repetition: p.repetition, Outputs: outputs, Taken: taken}:
		p.called = <-taken == nil
	case <-p.ended:
	case <-r.Context().Done():
	}
	return p.called
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	a := refusalAnswer(&trigger.Refusal{Status: status, Code: code, Message: message})
	w.Header().Set("Content-Type", a.Header.Get("Content-Type"))
	w.WriteHeader(status)
	_, _ = w.Write(a.Body)
}
