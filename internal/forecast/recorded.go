package forecast

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/traffic"
	"isle/netpol"
)

const (
	// pageFlows and maxPageFlows bound a page of recorded flows.
	pageFlows, maxPageFlows = 100, 1000
	// maxListed bounds the distinct flows that a list is made of.
	maxListed = 100_000
)

// recordedQuestion is what a request for recorded flows asks for.
type recordedQuestion struct {
	question
	workflow string // resource ID, or name; "": all
	since    time.Time
	verdict  string // "Allow", "Deny"; "": both
	to       string // host, or a part of it, in lower case
	address  netip.Prefix
}

// recordedFlow is a distinct flow of the days that were asked for.
type recordedFlow struct {
	Environment string `json:"environment"` // resource ID
	attemptView
	Verdict string `json:"verdict"` // of then
}

// recorded answers POST {group}/providers/Microsoft.Network/recordedFlows: a page of the
// flows that workflows made, or that called them, in the environments that the caller may
// read, those that were seen last first.
func (s *Service) recorded(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	q, err := s.readRecorded(r)
	if err != nil {
		return nil, err
	}
	top, err := r.Top(pageFlows, maxPageFlows)
	if err != nil {
		return nil, err
	}
	token, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	after, err := strconv.Atoi(cmp.Or(token, "0"))
	if err != nil || after < 0 {
		return nil, arm.Invalid("InvalidSkipToken", "$skiptoken", "The $skiptoken is invalid: take nextLink as it was given.")
	}
	all, err := s.list(ctx, r.Principal, q)
	if err != nil {
		return nil, err
	}
	shown := all[min(after, len(all)):]
	next := ""
	if len(shown) > top {
		shown, next = shown[:top], r.NextLink(strconv.Itoa(after+top))
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return nil, err
	}
	values, err := expr.ParseJSON(text)
	return arm.Page(slices.Collect(elements(values)), next), err
}

// elements are those of an array.
func elements(v expr.Value) func(func(expr.Value) bool) {
	return func(yield func(expr.Value) bool) {
		for _, e := range v.Elements() {
			if !yield(e) {
				return
			}
		}
	}
}

// readRecorded reads the body; it may be missing. The error has all its problems.
func (s *Service) readRecorded(r *arm.Request) (*recordedQuestion, error) {
	var found arm.Found
	q := &recordedQuestion{question: question{days: s.config.Traffic.Days()}}
	properties, given := r.Body.Get("properties")
	if !given || properties.IsNull() {
		properties = expr.Object()
	}
	if properties.Kind() != expr.KindObject {
		return nil, arm.Invalid(codeContent, "properties", "The member 'properties' must be an object.")
	}
	q.readDays(properties, &found)
	q.readEnvironments(properties, &found)
	text := func(name string) string {
		v, _ := properties.Get(name)
		t, ok := v.AsString()
		if !ok && !v.IsNull() {
			found.Add(codeContent, "properties."+name, "The member '%s' must be a text.", name)
		}
		return t
	}
	q.workflow, q.verdict, q.to = text("workflow"), text("verdict"), strings.ToLower(text("to"))
	if since := text("since"); since != "" {
		at, err := time.Parse(time.RFC3339, since)
		if q.since = at; err != nil {
			found.Add(codeContent, "properties.since", "The time '%s' is invalid. Write it as 2024-01-31T00:00:00Z.", since)
		}
	}
	if q.verdict != "" && q.verdict != netpol.Allow.String() && q.verdict != netpol.Deny.String() {
		found.Add(codeContent, "properties.verdict", "The verdict '%s' is invalid. Give 'Allow' or 'Deny'.", q.verdict)
	}
	if a, err := netip.ParseAddr(q.to); err == nil {
		q.address = netip.PrefixFrom(a, a.BitLen())
	} else if p, err := netip.ParsePrefix(q.to); err == nil {
		q.address = p.Masked()
	} else if strings.Contains(q.to, "/") {
		found.Add(codeContent, "properties.to", "The range '%s' is invalid. Write it as 10.0.2.0/24, or give an address, or a part of a host's name.", q.to)
	}
	return q, found.Err()
}

// recordKey is a distinct flow of an environment.
type recordKey struct {
	dataplane.Attempt
	environment string // resource ID
}

type recordCount struct {
	count uint64
	last  time.Time
}

// list gathers the flows that are asked for.
func (s *Service) list(ctx context.Context, p arm.Principal, q *recordedQuestion) ([]recordedFlow, error) {
	now, err := s.config.Policies.Current()
	if err != nil {
		return nil, arm.Conflict("NetworkPolicyUnknown", "", "It is not known where environments are, because everything is denied now: %s.", err)
	}
	places := s.config.Places(now)
	named := s.named(p, places)
	sums := map[recordKey]*recordCount{}
	for _, id := range s.config.Traffic.Environments() {
		place := places.Of(id)
		if place == nil || !q.asks(place.Environment) || !s.mayRead(p, place.Environment) {
			continue
		}
		err := s.config.Traffic.Each(ctx, id, q.days, func(r *traffic.Record) {
			if len(sums) <= maxListed && q.wants(r, named) {
				sums[recordKey{r.Attempt, place.Environment}] = added(sums[recordKey{r.Attempt, place.Environment}], r)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if len(sums) > maxListed {
		return nil, arm.Invalid("TooManyFlows", "properties", "More than %d different flows were recorded. Narrow the question: by 'since' or 'days', 'environments', 'workflow', 'verdict' or 'to'.", maxListed)
	}
	return show(sums, named), nil
}

func added(c *recordCount, r *traffic.Record) *recordCount {
	if c == nil {
		c = new(recordCount)
	}
	if c.count += r.Count; r.Last.After(c.last) {
		c.last = r.Last
	}
	return c
}

// asks tells whether an environment is asked for. One that is gone has no ID.
func (q *recordedQuestion) asks(environment string) bool {
	return environment != "" && (len(q.environments) == 0 || slices.ContainsFunc(q.environments, func(id string) bool { return strings.EqualFold(id, environment) }))
}

// wants tells whether a record is asked for. The time is that of the last one of its day.
// Who may not be told of a caller finds nothing by its name either.
func (q *recordedQuestion) wants(r *traffic.Record, named func(*dataplane.Attempt) bool) bool {
	switch {
	case q.workflow != "" && !isOf(r.Subject.Workflow, q.workflow) && !(isOf(r.By.Workflow, q.workflow) && named(&r.Attempt)),
		r.Last.Before(q.since),
		q.verdict != "" && q.verdict != verdictText(!r.Denied):
		return false
	case q.address.IsValid():
		return slices.ContainsFunc(r.Addresses.List(), q.address.Contains)
	}
	return q.to == "" || strings.Contains(strings.ToLower(r.Host), q.to)
}

// isOf tells whether an ID is one, or has a name.
func isOf(id, asked string) bool {
	return id != "" && (strings.EqualFold(id, asked) || strings.EqualFold(id[strings.LastIndexByte(id, '/')+1:], asked))
}

// show makes the flows an ordered list. Callers that may not be told are not.
func show(sums map[recordKey]*recordCount, named func(*dataplane.Attempt) bool) []recordedFlow {
	order := make([]recordKey, 0, len(sums))
	for key := range sums {
		order = append(order, key)
	}
	slices.SortFunc(order, func(a, b recordKey) int {
		return cmp.Or(sums[b].last.Compare(sums[a].last), cmp.Compare(a.environment, b.environment), cmp.Compare(a.Subject.Workflow, b.Subject.Workflow), cmp.Compare(a.Subject.Name, b.Subject.Name),
			cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Addresses, b.Addresses), cmp.Compare(verdictText(!a.Denied), verdictText(!b.Denied)),
			cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Subnet, b.Subnet), cmp.Compare(a.By.Workflow+"/"+a.By.Name, b.By.Workflow+"/"+b.By.Name), cmp.Compare(a.Arrived, b.Arrived))
	})
	flows := make([]recordedFlow, len(order))
	for i, key := range order {
		a, c := key.Attempt, sums[key]
		if a.By.Workflow != "" && !named(&a) {
			a.By = dataplane.Subject{Workflow: anotherEnvironment}
		}
		flows[i] = recordedFlow{key.environment, showAttempt(&a, c.count, c.last), verdictText(!a.Denied)}
	}
	return flows
}
