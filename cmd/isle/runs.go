package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"isle/wdl"
)

func runsCommand() *cobra.Command {
	var data, group, workflow, status string
	var top int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "runs [NAME]",
		Short: "List runs, or show one run's actions",
		Long: `List the runs of the server that owns the data folder, newest first; with a
run's name, show each action with its status, duration, inputs and outputs, and
what is in a loop once for each repetition. Inputs and outputs that the access
endpoint of the run's environment does not show this host are left out. A stopped server's folder is opened
read-only.`,
		Example: `  isle runs --workflow order --status Failed
  isle runs 08584260177443276593711884190CU00`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, done, err := connect(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			if status != "" {
				known, ok := wdl.ParseStatus(status)
				if !ok {
					return fmt.Errorf("there is no status %q; a run is Running, Waiting, Succeeded, Failed, Cancelled or TimedOut", status)
				}
				status = known.String()
			}
			h := history{client: c, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: asJSON}
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
	cmd.Flags().StringVar(&status, "status", "", "only runs with this status: Running, Waiting, Succeeded, Failed, Cancelled or TimedOut")
	cmd.Flags().IntVar(&top, "top", 30, "at most this many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// history reads runs through the API and prints them.
type history struct {
	client  *client
	out     io.Writer
	err     io.Writer // where it says what it cannot show
	json    bool
	refusal *apiError // by the network of the run's environment, of this host
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
