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
)

// maxRepetitions is how many repetitions of an action are shown; --json has all.
const maxRepetitions = 20

// actionItem is an action of a run, or one repetition of it: then Name is the
// repetition's, such as 000001-000000.
type actionItem struct {
	Name       string `json:"name"`
	Properties struct {
		StartTime       time.Time  `json:"startTime"`
		EndTime         *time.Time `json:"endTime"`
		Status          string     `json:"status"`
		Code            string     `json:"code"`
		Error           *apiError  `json:"error"`
		RetryHistory    []struct{} `json:"retryHistory"` // of each attempt, when there were several
		InputsLink      *link      `json:"inputsLink"`
		OutputsLink     *link      `json:"outputsLink"`
		RepetitionCount *int       `json:"repetitionCount"`
		IterationCount  *int       `json:"iterationCount"`
		Kept            bool       `json:"kept"` // of the run that this one goes on from
	} `json:"properties"`
}

type link struct {
	URI string `json:"uri"`
}

// show prints one run: the actions in the order in which they began.
func (h *history) show(ctx context.Context, workflows []workflowItem, name string) error {
	run, path, err := h.find(ctx, workflows, name)
	if err != nil {
		return err
	}
	return h.showActions(ctx, run, path)
}

// find is the run of that name and its path in the API.
func (h *history) find(ctx context.Context, workflows []workflowItem, name string) (runItem, string, error) {
	for _, w := range workflows {
		var run runItem
		path := w.ID + "/runs/" + url.PathEscape(name)
		_, err := h.client.call(ctx, http.MethodGet, path+"?api-version="+logicVersion, nil, &run)
		if isNotFound(err) {
			continue
		}
		return run, path, err
	}
	return runItem{}, "", fmt.Errorf("there is no run %q; `%s runs` lists them", name, program())
}

func (h *history) showActions(ctx context.Context, run runItem, path string) error {
	var actions []actionItem
	err := h.client.pages(ctx, path+"/actions?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var a actionItem
			if err := json.Unmarshal(item, &a); err != nil {
				return false, err
			}
			actions = append(actions, a)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(actions, func(a, b actionItem) int { return a.Properties.StartTime.Compare(b.Properties.StartTime) })
	if !h.json {
		if err := h.print([]runItem{run}); err != nil {
			return err
		}
		if e := run.Properties.Error; e != nil {
			fmt.Fprintf(h.out, "  error: %s\n", e)
		}
	}
	for _, a := range actions {
		if err := h.showAction(ctx, a, path); err != nil {
			return err
		}
	}
	h.tellUnreadable()
	return nil
}

// tellUnreadable says why inputs and outputs are left out, and how to read them.
func (h *history) tellUnreadable() {
	if h.refusal == nil {
		return
	}
	fmt.Fprintf(h.err, "Inputs and outputs are not readable from here: %s\n", h.refusal.Message)
	fmt.Fprintf(h.err, "Attach this host to the environment's network, such as `%s port add 10.0.2.11 127.0.0.1`, or, where a rule closes it, open row I3 (443).\n", program())
}

// showAction prints an action, or what is in a loop once for each repetition.
func (h *history) showAction(ctx context.Context, a actionItem, path string) error {
	if a.Properties.RepetitionCount != nil {
		return h.showRepetitions(ctx, a, path+"/actions/"+url.PathEscape(a.Name)+"/repetitions")
	}
	if h.json {
		return h.printAction(ctx, a.Name, "", a)
	}
	iterations := ""
	if n := a.Properties.IterationCount; n != nil {
		iterations = fmt.Sprintf("  %d iterations", *n)
	}
	p := a.Properties
	fmt.Fprintf(h.out, "\n%s  %s  %s%s%s\n", a.Name, p.Status, duration(p.StartTime, p.EndTime), iterations, a.failure()+a.kept())
	return h.printDetails(ctx, a, "  ")
}

func (h *history) showRepetitions(ctx context.Context, a actionItem, path string) error {
	var all []actionItem
	counts := map[string]int{}
	err := h.client.pages(ctx, path+"?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var r actionItem
			if err := json.Unmarshal(item, &r); err != nil {
				return false, err
			}
			all = append(all, r)
			counts[r.Properties.Status]++
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if h.json {
		for _, r := range all {
			if err := h.printAction(ctx, a.Name, r.Name, r); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(h.out, "\n%s  ×%d  %s\n", a.Name, *a.Properties.RepetitionCount, counted(counts)+a.kept())
	for _, r := range all[:min(len(all), maxRepetitions)] {
		fmt.Fprintf(h.out, "  [%s]  %s  %s%s\n", r.Name, r.Properties.Status, duration(r.Properties.StartTime, r.Properties.EndTime), r.failure())
		if err := h.printDetails(ctx, r, "    "); err != nil {
			return err
		}
	}
	if more := len(all) - maxRepetitions; more > 0 {
		fmt.Fprintf(h.out, "  … %d more; --json shows all\n", more)
	}
	return nil
}

// failure is the code of an action that failed, which --action-error finds, unless its error
// says it, and how often it was tried: "  InternalServerError  3 attempts".
func (a *actionItem) failure() string {
	p, text := a.Properties, ""
	if p.Error == nil && (p.Status == "Failed" || p.Status == "TimedOut") && p.Code != "" && p.Code != p.Status {
		text = "  " + p.Code
	}
	if n := len(p.RetryHistory); n > 1 {
		text += fmt.Sprintf("  %d attempts", n)
	}
	return text
}

// kept marks an action that was not done by this run.
func (a *actionItem) kept() string {
	if a.Properties.Kept {
		return "  kept"
	}
	return ""
}

// counted lists statuses with how often each occurred: "2 Succeeded, 1 Failed".
func counted(counts map[string]int) string {
	var list []string
	for status, n := range counts {
		list = append(list, fmt.Sprintf("%d %s", n, status))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// printDetails prints the error, inputs and outputs that there are.
func (h *history) printDetails(ctx context.Context, a actionItem, indent string) error {
	if e := a.Properties.Error; e != nil {
		fmt.Fprintf(h.out, "%serror:   %s\n", indent, e)
	}
	for _, c := range []struct {
		title string
		link  *link
	}{{"inputs: ", a.Properties.InputsLink}, {"outputs:", a.Properties.OutputsLink}} {
		content, err := h.content(ctx, c.link)
		if err != nil {
			return err
		}
		if c.link != nil && h.refusal != nil {
			content = json.RawMessage("not readable from here")
		}
		if content != nil {
			fmt.Fprintf(h.out, "%s%s %s\n", indent, c.title, content)
		}
	}
	return nil
}

// printAction prints an action or a repetition as one line of JSON.
func (h *history) printAction(ctx context.Context, name, repetition string, a actionItem) error {
	inputs, err := h.content(ctx, a.Properties.InputsLink)
	if err != nil {
		return err
	}
	outputs, err := h.content(ctx, a.Properties.OutputsLink)
	if err != nil {
		return err
	}
	p := a.Properties
	return printLines(h.out, []actionItem{a}, func(actionItem) any {
		return struct {
			Name       string          `json:"name"`
			Repetition string          `json:"repetition,omitempty"`
			Status     string          `json:"status"`
			Code       string          `json:"code,omitempty"`
			StartTime  time.Time       `json:"startTime"`
			EndTime    *time.Time      `json:"endTime"` // null while it runs
			Error      *apiError       `json:"error,omitempty"`
			Kept       bool            `json:"kept,omitempty"` // not done by this run
			Inputs     json.RawMessage `json:"inputs,omitempty"`
			Outputs    json.RawMessage `json:"outputs,omitempty"`
		}{name, repetition, p.Status, p.Code, p.StartTime, p.EndTime, p.Error, p.Kept, inputs, outputs}
	})
}

// content follows a content link. The link carries its own signature, so no token
// goes with it. Where the environment's network does not let this host in
// (network.md §A3) there is no content: all links of a run lead to the same access
// endpoint, so the first refusal is kept and no other link is tried.
func (h *history) content(ctx context.Context, l *link) (json.RawMessage, error) {
	if l == nil || h.refusal != nil {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URI, nil)
	if err != nil {
		return nil, err
	}
	var content json.RawMessage
	if _, err := h.client.do(req, &content); err != nil {
		var answer *apiError
		if errors.As(err, &answer) && answer.Status == http.StatusForbidden && answer.Code == "NetworkPolicyDenied" {
			h.refusal = answer
			return nil, nil
		}
		return nil, fmt.Errorf("reading a run's content: %w", err)
	}
	return content, nil
}
