package http

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Request is one request as it will be sent, but for its credentials. It is data,
// so that a test can answer it without a network.
type Request struct {
	Method string
	URL    *url.URL
	// Header may hold names in lower case, as the service spells its own.
	Header http.Header
	Body   []byte
	// Authentication is the evaluated object of the inputs, null for none.
	Authentication expr.Value

	// NoDecompression keeps an encoded answer as it came.
	NoDecompression bool
	// raw keeps it so until its parts are together.
	raw bool
	// own are the headers that are not the author's: they follow a redirect to
	// another origin, the author's do not, since any of them may be a credential.
	own http.Header
}

// invalidInputs is an error of the author's: it is not retried.
type invalidInputs struct{ reason string }

func (e *invalidInputs) Error() string { return e.reason }

func invalidf(format string, args ...any) error {
	return &invalidInputs{fmt.Sprintf("Http request failed: "+format, args...)}
}

// NewRequest reads the inputs of a call (wdl-semantics §11.10). For a poll it is
// the GET of the location, with the author's headers and credentials only if the
// origin is still the same.
func NewRequest(c connector.Call) (*Request, error) {
	r, err := authored(c.Inputs)
	if err != nil {
		return nil, err
	}
	r.own = connector.CallerHeaders(c)
	r.NoDecompression = c.Subject.Options.Has(wdl.DisableAutomaticDecompression)
	if !r.NoDecompression {
		r.own["Accept-Encoding"] = []string{"gzip, deflate"}
	}
	if c.Poll != nil {
		if err := r.toPoll(c.Poll); err != nil {
			return nil, err
		}
	}
	r.addOwn()
	return r, nil
}

// addOwn adds the headers that are not the author's, unless the author has given them.
func (r *Request) addOwn() {
	if r.Header.Get("Traceparent") != "" { // the author's trace, not the run's
		delete(r.own, "tracestate")
	}
	given := make([]string, 0, 8)
	for name, values := range r.Header {
		if len(values) > 0 && values[0] != "" {
			given = append(given, name)
		}
	}
	for name, values := range r.own {
		if !slices.ContainsFunc(given, func(other string) bool { return strings.EqualFold(other, name) }) {
			r.Header[name] = values
		}
	}
}

// authored reads what the author wrote.
func authored(inputs expr.Value) (*Request, error) {
	r := &Request{Header: make(http.Header, 24)} // room for the headers that are added
	method, _ := inputs.Get("method")
	r.Method = strings.ToUpper(method.Text())
	if !validMethod(r.Method) {
		return nil, invalidf("the method '%s' is not valid.", method.Text())
	}
	var err error
	if r.URL, err = target(inputs); err != nil {
		return nil, err
	}
	body, _ := inputs.Get("body")
	var contentType string
	if r.Body, contentType, err = connector.WriteBody(body); err != nil {
		return nil, invalidf("%s.", err)
	}
	if err := r.readHeaders(inputs); err != nil {
		return nil, err
	}
	r.describeBody(contentType)
	if cookie, ok := inputs.Get("cookie"); ok && !cookie.IsNull() {
		if !connector.ValidHeader("Cookie", cookie.Text()) {
			return nil, invalidf("the 'cookie' is not valid.")
		}
		r.Header["Cookie"] = []string{cookie.Text()}
	}
	if r.Authentication, err = authenticationOf(inputs); err != nil {
		return nil, err
	}
	return r, object{r.Authentication}.check()
}

func (r *Request) readHeaders(inputs expr.Value) error {
	headers, _ := inputs.Get("headers")
	for name, v := range headers.Members() {
		if !connector.ValidHeader(name, v.Text()) {
			return invalidf("the header '%s' is not valid.", name)
		}
		if connector.SentHeader(name, true) && !v.IsNull() {
			r.Header.Set(name, v.Text())
		}
	}
	return nil
}

// describeBody sets the type of the body unless the author gave one that is whole: one
// of several parts needs the boundary between them.
func (r *Request) describeBody(contentType string) {
	given := r.Header.Get("Content-Type")
	written, _, _ := strings.Cut(contentType, ";")
	parts := strings.HasPrefix(written, "multipart/") && !strings.Contains(strings.ToLower(given), "boundary=")
	if contentType != "" && (given == "" || parts) {
		r.Header["Content-Type"] = []string{contentType}
	}
}

// authenticationOf accepts an object, or a text that holds one.
func authenticationOf(inputs expr.Value) (expr.Value, error) {
	a, _ := inputs.Get("authentication")
	if text, ok := a.AsString(); ok && text != "" {
		v, err := expr.ParseJSON([]byte(text))
		if err != nil {
			return expr.Null(), invalidf("the 'authentication' is not an object.")
		}
		a = v
	}
	if !a.IsNull() && a.Kind() != expr.KindObject {
		return expr.Null(), invalidf("the 'authentication' is not an object.")
	}
	return a, nil
}

func validMethod(m string) bool {
	if m == "" || len(m) > 32 {
		return false
	}
	for _, c := range []byte(m) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return m != "CONNECT"
}

// target is the uri with the queries appended; a query that is null is left out, like
// a header.
func target(inputs expr.Value) (*url.URL, error) {
	uri, _ := inputs.Get("uri")
	text := uri.Text()
	u, err := parseAddress(text)
	if err != nil {
		return nil, invalidf("the provided uri '%s' is not an absolute http or https address.", redact(strings.TrimSpace(text)))
	}
	queries, _ := inputs.Get("queries")
	for name, v := range queries.Members() {
		if v.IsNull() {
			continue
		}
		if u.RawQuery != "" && !strings.HasSuffix(u.RawQuery, "&") {
			u.RawQuery += "&"
		}
		u.RawQuery += escape(name) + "=" + escape(v.Text())
	}
	return u, nil
}

// toPoll turns the request into the GET of an asynchronous operation's location.
func (r *Request) toPoll(p *engine.Poll) error {
	location, err := resolve(r.URL, p.URL)
	if err != nil {
		return invalidf("the location '%s' of the asynchronous operation is not valid.", redact(p.URL))
	}
	r.toGet(location)
	return nil
}

// toGet turns the request into the GET of an address that an answer has named.
func (r *Request) toGet(location *url.URL) {
	r.redirect(location)
	r.Method = http.MethodGet
	r.dropBody()
}

func (r *Request) dropBody() {
	r.Body = nil
	for name := range r.Header {
		if strings.HasPrefix(name, "Content-") {
			delete(r.Header, name)
		}
	}
}

// keep makes headers follow redirects to other origins as well.
func (r *Request) keep(names ...string) {
	r.own = r.own.Clone()
	for _, name := range names {
		if values, ok := r.Header[name]; ok {
			r.own[name] = values
		}
	}
}

// clone is a copy to change while the request itself is shown to others.
func (r *Request) clone() *Request {
	next := *r
	next.Header = r.Header.Clone()
	return &next
}

// redirect points the request elsewhere. Beyond its origin nothing of the author's
// goes with it but what is known not to be a credential.
func (r *Request) redirect(to *url.URL) {
	if !sameOrigin(r.URL, to) {
		r.Authentication = expr.Null()
		for name := range r.Header {
			switch name {
			case "Accept", "Prefer", "User-Agent":
			default:
				if _, own := r.own[name]; !own {
					delete(r.Header, name)
				}
			}
		}
	}
	r.URL = to
}
