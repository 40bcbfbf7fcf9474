package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func runsCommand() *cobra.Command {
	var data, group, workflow, status string
	var top int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "runs [NAME]",
		Short: "List runs, or show one run's actions",
		Long: `List the runs of the server that owns the data folder, newest first; with a
run's name, show each action with its status, duration, inputs and outputs. A
stopped server's folder is opened read-only.`,
		Example: `  isle runs --workflow order --status Failed
  isle runs 08584260177443276593711884190CU00`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, done, err := connect(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			h := history{client: c, out: cmd.OutOrStdout(), json: asJSON}
			workflows, err := h.workflows(cmd.Context(), group, workflow)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return h.show(cmd.Context(), workflows, args[0])
			}
			return h.list(cmd.Context(), workflows, status, top)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&group, "group", "g", "", "only this resource group's workflows")
	cmd.Flags().StringVar(&workflow, "workflow", "", "only this workflow's runs")
	cmd.Flags().StringVar(&status, "status", "", "only runs with this status")
	cmd.Flags().IntVar(&top, "top", 30, "at most this many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// history reads runs through the API and prints them.
type history struct {
	client *client
	out    io.Writer
	json   bool
}

type workflowItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type runItem struct {
	Name       string `json:"name"`
	Properties struct {
		StartTime time.Time  `json:"startTime"`
		EndTime   *time.Time `json:"endTime"`
		Status    string     `json:"status"`
		Code      string     `json:"code"`
		Error     *apiError  `json:"error"`
	} `json:"properties"`
	workflow workflowItem
}

func (h *history) workflows(ctx context.Context, group, name string) ([]workflowItem, error) {
	scope := "/subscriptions/" + h.client.operator.SubscriptionID
	if group != "" {
		scope = h.client.group(group)
	}
	var found []workflowItem
	err := h.client.pages(ctx, scope+"/providers/Microsoft.Logic/workflows?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var w workflowItem
			if err := json.Unmarshal(item, &w); err != nil {
				return false, err
			}
			if name == "" || strings.EqualFold(w.Name, name) {
				found = append(found, w)
			}
		}
		return true, nil
	})
	if err == nil && name != "" && len(found) == 0 {
		return nil, fmt.Errorf("there is no workflow %q; `%s runs` without --workflow lists the runs of all", name, program())
	}
	return found, err
}

// list prints the newest runs of all the workflows: names sort newest first.
func (h *history) list(ctx context.Context, workflows []workflowItem, status string, top int) error {
	query := url.Values{"api-version": {logicVersion}, "$top": {fmt.Sprint(min(top, 250))}}
	if status != "" {
		query.Set("$filter", "status eq '"+strings.ReplaceAll(status, "'", "''")+"'")
	}
	var runs []runItem
	for _, w := range workflows {
		count := 0
		err := h.client.pages(ctx, w.ID+"/runs?"+query.Encode(), func(page []json.RawMessage) (bool, error) {
			for _, item := range page {
				r := runItem{workflow: w}
				if err := json.Unmarshal(item, &r); err != nil {
					return false, err
				}
				runs = append(runs, r)
				count++
			}
			return count < top, nil
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(runs, func(a, b runItem) int { return strings.Compare(a.Name, b.Name) })
	return h.print(runs[:min(top, len(runs))])
}

func (h *history) print(runs []runItem) error {
	if h.json {
		return printLines(h.out, runs, func(r runItem) any {
			return struct {
				Name      string     `json:"name"`
				Workflow  string     `json:"workflow"`
				Status    string     `json:"status"`
				StartTime time.Time  `json:"startTime"`
				EndTime   *time.Time `json:"endTime"` // null while it runs
				Code      string     `json:"code,omitempty"`
				Error     *apiError  `json:"error,omitempty"`
			}{r.Name, r.workflow.Name, r.Properties.Status, r.Properties.StartTime, r.Properties.EndTime, r.Properties.Code, r.Properties.Error}
		})
	}
	if len(runs) == 0 {
		fmt.Fprintln(h.out, "No runs.")
		return nil
	}
	w := tabwriter.NewWriter(h.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWORKFLOW\tSTATUS\tSTARTED\tDURATION")
	for _, r := range runs {
		p := r.Properties
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.workflow.Name, p.Status, p.StartTime.Local().Format(time.DateTime), duration(p.StartTime, p.EndTime))
	}
	return w.Flush()
}

type actionItem struct {
	Name       string `json:"name"`
	Properties struct {
		StartTime       time.Time  `json:"startTime"`
		EndTime         *time.Time `json:"endTime"`
		Status          string     `json:"status"`
		Code            string     `json:"code"`
		Error           *apiError  `json:"error"`
		InputsLink      *link      `json:"inputsLink"`
		OutputsLink     *link      `json:"outputsLink"`
		RepetitionCount *int       `json:"repetitionCount"`
		IterationCount  *int       `json:"iterationCount"`
	} `json:"properties"`
}

type link struct {
	URI string `json:"uri"`
}

// show prints one run: the actions in the order in which they began.
func (h *history) show(ctx context.Context, workflows []workflowItem, name string) error {
	for _, w := range workflows {
		var run runItem
		path := w.ID + "/runs/" + url.PathEscape(name)
		_, err := h.client.call(ctx, http.MethodGet, path+"?api-version="+logicVersion, nil, &run)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		run.workflow = w
		return h.showActions(ctx, run, path)
	}
	return fmt.Errorf("there is no run %q; `%s runs` lists them", name, program())
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
		if err := h.showAction(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) showAction(ctx context.Context, a actionItem) error {
	inputs, err := h.content(ctx, a.Properties.InputsLink)
	if err != nil {
		return err
	}
	outputs, err := h.content(ctx, a.Properties.OutputsLink)
	if err != nil {
		return err
	}
	p := a.Properties
	if h.json {
		return printLines(h.out, []actionItem{a}, func(a actionItem) any {
			return struct {
				Name      string          `json:"name"`
				Status    string          `json:"status"`
				Code      string          `json:"code,omitempty"`
				StartTime time.Time       `json:"startTime"`
				EndTime   *time.Time      `json:"endTime"` // null while it runs
				Error     *apiError       `json:"error,omitempty"`
				Inputs    json.RawMessage `json:"inputs,omitempty"`
				Outputs   json.RawMessage `json:"outputs,omitempty"`
			}{a.Name, p.Status, p.Code, p.StartTime, p.EndTime, p.Error, inputs, outputs}
		})
	}
	repeated := ""
	switch {
	case p.RepetitionCount != nil:
		repeated = fmt.Sprintf("  ×%d", *p.RepetitionCount)
	case p.IterationCount != nil:
		repeated = fmt.Sprintf("  %d iterations", *p.IterationCount)
	}
	fmt.Fprintf(h.out, "\n%s  %s  %s%s\n", a.Name, p.Status, duration(p.StartTime, p.EndTime), repeated)
	if p.Error != nil {
		fmt.Fprintf(h.out, "  error:   %s\n", p.Error)
	}
	if inputs != nil {
		fmt.Fprintf(h.out, "  inputs:  %s\n", inputs)
	}
	if outputs != nil {
		fmt.Fprintf(h.out, "  outputs: %s\n", outputs)
	}
	return nil
}

// content follows a content link. The link carries its own signature, so no token
// goes with it.
func (h *history) content(ctx context.Context, l *link) (json.RawMessage, error) {
	if l == nil {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URI, nil)
	if err != nil {
		return nil, err
	}
	var content json.RawMessage
	if _, err := h.client.do(req, &content); err != nil {
		return nil, fmt.Errorf("reading a run's content: %w", err)
	}
	return content, nil
}

func printLines[T any](w io.Writer, items []T, line func(T) any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, item := range items {
		if err := encoder.Encode(line(item)); err != nil {
			return err
		}
	}
	return nil
}

// duration is how long something took, to three digits or so.
func duration(start time.Time, end *time.Time) string {
	switch {
	case start.IsZero():
		return "-"
	case end == nil:
		return "running"
	}
	took := end.Sub(start)
	if took < 10*time.Millisecond {
		return took.Round(time.Microsecond).String()
	}
	return took.Round(time.Millisecond).String()
}
