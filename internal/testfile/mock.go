package testfile

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"isle/expr"
	"isle/internal/connector"
	httpoperation "isle/internal/connector/http"
	workflowoperation "isle/internal/connector/workflow"
	"isle/wdl"
)

// Mock answers calls that it matches: by action name, or by method and the whole
// URI. What is absent matches anything.
type Mock struct {
	Action    string         `json:"action"`
	Method    string         `json:"method"`
	URI       string         `json:"uri"`
	Responses []MockResponse `json:"responses"` // given in turn; the last one repeats

	pattern *regexp.Regexp
}

// MockResponse is what a mock answers.
type MockResponse struct {
	Status  int   `json:"status"` // 200 if absent
	Headers Pairs `json:"headers"`
	Body    Value `json:"body"`
	// Error is why there is no answer at all; the other members do not count then.
	Error *MockError `json:"error"`
	// Callback calls the webhook back that this answers; null: nobody does.
	Callback *MockCallback `json:"callback"`
}

// MockError is the lack of an answer, as a run records it: with the code
// UnresolvableHostName, RequestTimeout or ServiceUnavailable it is tried again.
type MockError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (m *Mock) prepare() (err error) {
	for _, r := range m.Responses {
		if err := r.Callback.prepare(); err != nil {
			return err
		}
	}
	m.pattern, err = whole(m.URI)
	return err
}

// whole compiles an expression that must match a whole URI; none matches any.
func whole(expression string) (*regexp.Regexp, error) {
	if expression == "" {
		return nil, nil
	}
	return regexp.Compile(`\A(?:` + expression + `)\z`)
}

func (m *Mock) matches(action, method, uri string) bool {
	return matches(m.Action, action) && matches(m.Method, method) && (m.pattern == nil || m.pattern.MatchString(uri))
}

// matches compares names; an absent one matches any.
func matches(want, got string) bool { return want == "" || strings.EqualFold(want, got) }

func (r *MockResponse) answer() (*httpoperation.Response, error) {
	if r.Error != nil {
		return nil, &httpoperation.Unanswered{Code: r.Error.Code, Message: r.Error.Message}
	}
	answer := &httpoperation.Response{StatusCode: r.Status}
	if answer.StatusCode == 0 {
		answer.StatusCode = http.StatusOK
	}
	answer.Header, answer.Body = message(r.Headers, r.Body)
	return answer, nil
}

// nestedAnswer is the answer of a workflow that is called.
func (r *MockResponse) nestedAnswer() (*workflowoperation.Answer, error) {
	if r.Error != nil {
		return nil, &workflowoperation.Failure{Code: r.Error.Code, Message: r.Error.Message}
	}
	answer, err := r.answer()
	if err != nil {
		return nil, err
	}
	return &workflowoperation.Answer{StatusCode: answer.StatusCode, Header: answer.Header, Body: answer.Body}, nil
}

// call is a request that was made.
type call struct {
	run    string
	action string
	method string
	uri    string
	header http.Header
	body   []byte
	keyed  bool // the address may hold a function's key
}

// answeredBy tells whether the mock stands for the workflow that the call turns to: it
// has no method and no URI that could match, a poll of its answer (GET) has.
func (c *call) answeredBy(m *Mock) bool {
	if c.method == http.MethodGet && m.URI != "" {
		return m.matches(c.action, c.method, c.uri)
	}
	return strings.EqualFold(m.Action, c.action) || m.Action == "" && m.Method == "" && m.URI == ""
}

// newCall notes a request. The credentials that need no token are those that would
// be sent.
func newCall(c connector.Call, r *httpoperation.Request) call {
	made := call{run: c.RunID, action: c.Subject.Name, method: r.Method, uri: r.URL.String(), header: r.Header, body: r.Body, keyed: c.Operation == wdl.TypeFunction}
	member := func(name string) string { v, _ := r.Authentication.Get(name); return v.Text() }
	switch strings.ToLower(member("type")) {
	case "basic":
		made.authorize("Basic " + base64.StdEncoding.EncodeToString([]byte(member("username")+":"+member("password"))))
	case "raw":
		made.authorize(member("value"))
	}
	return made
}

func (c *call) authorize(credentials string) {
	c.header = c.header.Clone()
	c.header.Set("Authorization", credentials)
}

// String shows a call without the signature or the function's key that its address may
// hold.
func (c call) String() string {
	shown, _ := connector.Sanitise(expr.Object(expr.Member{Name: "uri", Value: expr.String(c.uri)}))
	v, _ := shown.Get("uri")
	uri := v.Text()
	if c.keyed {
		uri = functionKey.ReplaceAllString(uri, "${1}*sanitized*")
	}
	return fmt.Sprintf("%s: %s %s", c.action, c.method, uri)
}

var functionKey = regexp.MustCompile(`(?i)([?&]code=)[^&]+`)

// ExpectedCall is a request that must have been made. What is absent matches
// anything.
type ExpectedCall struct {
	Action  string `json:"action"`
	Method  string `json:"method"`
	URI     string `json:"uri"` // regular expression of the whole URI
	Headers Pairs  `json:"headers"`
	Body    Value  `json:"body"`

	pattern *regexp.Regexp
}

func (e *ExpectedCall) prepare() (err error) {
	e.pattern, err = whole(e.URI)
	return err
}

// differences are why a request is not the expected one.
func (e *ExpectedCall) differences(c call) (found []string) {
	if !matches(e.Action, c.action) {
		found = append(found, fmt.Sprintf("it is made by %q", c.action))
	}
	if !matches(e.Method, c.method) {
		found = append(found, "its method is "+c.method)
	}
	if e.pattern != nil && !e.pattern.MatchString(c.uri) {
		found = append(found, "its uri does not match")
	}
	found = append(found, headerDifferences("headers", e.Headers, c.header)...)
	if e.Body.Given {
		found = append(found, bodyDifferences("body", e.Body.Value, c.header, c.body)...)
	}
	return found
}

func (e *ExpectedCall) String() string {
	var parts []string
	for _, part := range []string{e.Action, e.Method, e.URI} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// callDifferences gives each expected call a request of its own, if that can be
// done at all, and tells which ones are left without.
func callDifferences(expected []ExpectedCall, made []call) (found []string) {
	fits := make([][]int, len(expected))
	for i := range expected {
		for j := range made {
			if len(expected[i].differences(made[j])) == 0 {
				fits[i] = append(fits[i], j)
			}
		}
	}
	for _, i := range unmatched(fits, len(made)) {
		found = append(found, expected[i].missing(i, made))
	}
	return found
}

// missing explains a call that was not made by the request that comes nearest.
func (e *ExpectedCall) missing(i int, made []call) string {
	text := fmt.Sprintf("calls[%d] (%s) was not made", i, e)
	if len(made) == 0 {
		return text + "; there were no calls"
	}
	var nearest []string
	var request call
	for _, c := range made {
		if d := e.differences(c); len(d) > 0 && (nearest == nil || len(d) < len(nearest)) {
			nearest, request = d, c
		}
	}
	if nearest == nil {
		return text + " as often as expected"
	}
	return fmt.Sprintf("%s; of %d, the nearest is %s, but %s", text, len(made), request, strings.Join(nearest, ", "))
}

// unmatched finds a largest matching between the left side and the n things on the
// right that each fits (augmenting paths), and returns who of the left is without.
func unmatched(fits [][]int, n int) (without []int) {
	owner := make([]int, n) // of the right: 1 + its partner
	var place func(i int, seen []bool) bool
	place = func(i int, seen []bool) bool {
		for _, j := range fits[i] {
			if seen[j] {
				continue
			}
			seen[j] = true
			if owner[j] == 0 || place(owner[j]-1, seen) {
				owner[j] = i + 1
				return true
			}
		}
		return false
	}
	for i := range fits {
		if !place(i, make([]bool, n)) {
			without = append(without, i)
		}
	}
	return without
}
