package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"isle/wdl"
)

// runsQuery is what the flags of `isle runs` ask for.
type runsQuery struct {
	environment, workflow   string
	status, tracked         []string
	tracking, code, failure string
	since, until            string
	search, filter          string
	top                     int
}

func (q *runsQuery) flags(f *pflag.FlagSet) {
	f.StringVar(&q.environment, "environment", "", "only the runs in this integration service environment")
	f.StringVar(&q.workflow, "workflow", "", "only this workflow's runs")
	f.StringSliceVar(&q.status, "status", nil, "only runs with this status, or one of several: Running, Waiting, Succeeded, Failed, Cancelled, TimedOut")
	f.StringVar(&q.tracking, "tracking-id", "", "only runs with this client tracking id")
	f.StringVar(&q.code, "error", "", "only runs whose error has this code, such as ActionFailed")
	f.StringVar(&q.failure, "action-error", "", "only runs in which an action failed with this code; CODE* for a beginning")
	f.StringArrayVar(&q.tracked, "tracked", nil, "only runs with this tracked property, NAME=VALUE; VALUE* for a beginning; may be repeated")
	f.StringVar(&q.since, "since", "", "only runs that began at this time or later: 2024-01-31T00:00:00Z, or how long ago, such as 90m or 24h")
	f.StringVar(&q.until, "until", "", "only runs that began before this time, given likewise")
	f.StringVar(&q.search, "search", "", "only runs whose inputs or outputs hold all these words; WORD* for a beginning")
	f.StringVar(&q.filter, "filter", "", "a condition as the API's $filter has it, beside the other flags")
	f.IntVar(&q.top, "top", 30, "at most this many")
}

// conditions are the parts of $filter that the flags come to; all problems are told.
func (q *runsQuery) conditions(now time.Time) ([]string, error) {
	var list []string
	var problems []error
	add := func(condition string, err error) {
		if err != nil {
			problems = append(problems, err)
		} else if condition != "" {
			list = append(list, condition)
		}
	}
	if q.top < 1 {
		add("", fmt.Errorf("--top %d is not a number of runs: give 1 or more", q.top))
	}
	add(anyStatus(q.status))
	if q.tracking != "" {
		add("clientTrackingId eq "+quoted(q.tracking), nil)
	}
	if q.code != "" {
		add("error/code eq "+quoted(q.code), nil)
	}
	if q.failure != "" {
		add(equalOrBegins("actions/error/code", q.failure), nil)
	}
	for _, t := range q.tracked {
		add(trackedCondition(t))
	}
	since, notSince := startTime("--since", q.since, now)
	until, notUntil := startTime("--until", q.until, now)
	add(startCondition("ge", since), notSince)
	add(startCondition("lt", until), notUntil)
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		add("", fmt.Errorf("--since %s is not before --until %s: no run began between them; --since is the earlier time, such as --since 2h --until 1h", q.since, q.until))
	}
	if q.filter != "" {
		add("("+q.filter+")", nil)
	}
	return list, errors.Join(problems...)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func equalOrBegins(field, value string) string {
	if begin, ok := strings.CutSuffix(value, "*"); ok {
		return "startswith(" + field + "," + quoted(begin) + ")"
	}
	return field + " eq " + quoted(value)
}

func anyStatus(status []string) (string, error) {
	var list []string
	for _, s := range status {
		known, ok := wdl.ParseStatus(s)
		if !ok {
			return "", fmt.Errorf("there is no status %q; a run is Running, Waiting, Succeeded, Failed, Cancelled or TimedOut", s)
		}
		list = append(list, "status eq "+quoted(known.String()))
	}
	if len(list) < 2 {
		return strings.Join(list, ""), nil
	}
	return "(" + strings.Join(list, " or ") + ")", nil
}

func trackedCondition(text string) (string, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || value == "" || value == "*" || strings.ContainsAny(name, " \t(),'") {
		return "", fmt.Errorf("--tracked %q is not a property: give NAME=VALUE, such as orderId=A-1001", text)
	}
	return equalOrBegins("trackedProperties/"+name, value), nil
}

// startTime is the time that a flag says; zero for none.
func startTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return timeOf(flag, text, now)
}

// timeOf reads a time, a day, or how long ago it was.
func timeOf(flag, text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, err = time.ParseInLocation(time.DateOnly, text, time.Local)
	}
	if err != nil {
		ago, err := time.ParseDuration(text)
		if err != nil || ago < 0 {
			return time.Time{}, fmt.Errorf("%s %q is not a time: give one such as 2024-01-31T00:00:00Z or 2024-01-31, or how long ago, such as 90m or 24h", flag, text)
		}
		at = now.Add(-ago)
	}
	return at, nil
}

// startCondition is that runs began before or after a time; "" for none.
func startCondition(operator string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return "startTime " + operator + " " + at.UTC().Format(time.RFC3339Nano)
}

// runLists are the lists of the API that together hold what is asked for.
type runLists struct {
	paths  []string
	filter []string // conditions
	search string
	top    int
	open   []string // conditions of the runs that are open and may come to match
}

// lists finds the lists: of workflows, of an environment, of a resource group, or of all.
func (h *history) lists(ctx context.Context, group string, q *runsQuery, filter []string) (*runLists, error) {
	l := &runLists{filter: filter, search: q.search, top: q.top}
	// What is known of a run while it is open; the conditions were right before.
	whileOpen := runsQuery{status: []string{"Running", "Waiting"}, tracking: q.tracking, since: q.since, until: q.until, top: q.top}
	l.open, _ = whileOpen.conditions(time.Now())
	switch {
	case q.environment != "":
		id, err := h.environment(ctx, group, q.environment)
		if err != nil {
			return nil, err
		}
		l.paths = []string{id + "/runs"}
		if q.workflow != "" {
			name := "workflow/name eq " + quoted(q.workflow)
			l.filter, l.open = append(l.filter, name), append(l.open, name)
		}
	case group != "" && q.workflow == "":
		l.paths = []string{h.client.group(group) + "/providers/Microsoft.Logic/runs"}
	case q.workflow != "":
		workflows, err := h.workflows(ctx, group, q.workflow)
		if err != nil {
			return nil, err
		}
		for _, w := range workflows {
			l.paths = append(l.paths, w.ID+"/runs")
		}
	default:
		l.paths = []string{"/subscriptions/" + h.client.operator.SubscriptionID + "/providers/Microsoft.Logic/runs"}
	}
	return l, nil
}

// environment finds the ID of an environment by its name.
func (h *history) environment(ctx context.Context, group, name string) (string, error) {
	scope := "/subscriptions/" + h.client.operator.SubscriptionID
	if group != "" {
		scope = h.client.group(group)
	}
	found := ""
	err := h.client.pages(ctx, scope+"/providers/Microsoft.Logic/integrationServiceEnvironments?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var e workflowItem // an ID and a name, like a workflow's
			if err := json.Unmarshal(item, &e); err != nil {
				return false, err
			}
			if strings.EqualFold(e.Name, name) {
				found = e.ID
			}
		}
		return found == "", nil
	})
	if err == nil && found == "" {
		err = fmt.Errorf("there is no integration service environment %q", name)
	}
	return found, err
}

// indexing is what an answer says of the index of words.
type indexing struct {
	Behind  int `json:"runsBehind"`
	Seconds int `json:"secondsBehind"`
}

// read gives at most top runs that meet the conditions and hold the words of search, newest
// first.
func (h *history) read(ctx context.Context, l *runLists, conditions []string, search string, top int) ([]runItem, error) {
	h.lag = indexing{}
	var runs []runItem
	for _, path := range l.paths {
		some, err := h.readList(ctx, firstPage(path, conditions, search, top), top)
		if err != nil {
			return nil, err
		}
		runs = append(runs, some...)
	}
	slices.SortStableFunc(runs, func(a, b runItem) int { return b.Properties.StartTime.Compare(a.Properties.StartTime) })
	return runs[:min(top, len(runs))], nil
}

// firstPage is the address of the first page of a list.
func firstPage(path string, conditions []string, search string, top int) string {
	query := url.Values{"api-version": {logicVersion}, "$top": {fmt.Sprint(min(top, 250))}}
	if len(conditions) > 0 {
		query.Set("$filter", strings.Join(conditions, " and "))
	}
	if search != "" {
		query.Set("$search", search)
	}
	return path + "?" + query.Encode()
}

// readList reads a list page by page; one may be empty and yet not the last.
func (h *history) readList(ctx context.Context, path string, top int) (runs []runItem, err error) {
	for first := true; path != "" && len(runs) < top; first = false {
		var page struct {
			Value    []runItem `json:"value"`
			NextLink string    `json:"nextLink"`
			Indexing indexing  `json:"indexing"`
		}
		if _, err := h.client.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		if first {
			h.lag.Behind += page.Indexing.Behind
			h.lag.Seconds = max(h.lag.Seconds, page.Indexing.Seconds)
		}
		runs = append(runs, page.Value...)
		path = page.NextLink
	}
	return runs, nil
}

// tellLag says what a search may have missed.
func (h *history) tellLag() {
	if h.lag.Behind > 0 {
		fmt.Fprintf(h.err, "Not searched yet: %d runs that have ended, the first %d s ago.\n", h.lag.Behind, h.lag.Seconds)
	}
}
