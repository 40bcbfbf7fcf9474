package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func runsCommand() *cobra.Command {
	var data, group string
	var asJSON, follow bool
	var q runsQuery
	cmd := &cobra.Command{
		Use:   "runs [NAME]",
		Short: "Find and follow runs, or show one run's actions",
		Long: `List the runs of the server that owns the data folder, newest first; with a
run's name, show each action with its status, duration, inputs and outputs, and
what is in a loop once for each repetition. Inputs and outputs that the access
endpoint of the run's environment does not show this host are left out. A stopped
server's folder is opened read-only.

What runs hold is searched for in an index of the runs that have ended, which follows
them within moments: how many it does not hold yet is said. A run that is still open
is found by its head only: status, time, client tracking id, workflow. Secured data
is not in the index. --follow goes on with runs that begin or change, each change once,
until Ctrl-C; a server that stops is waited for.`,
		Example: `  isle runs --workflow order --status Failed --since 24h
  isle runs --search "A-1001 contoso*" --tracked region=west
  isle runs --error ActionFailed --follow --json
  isle runs 08584260177443276593711884190CU00`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			filter, err := q.conditions(time.Now())
			if err == nil && len(args) == 1 && (follow || len(filter) > 0 || q.search != "" || q.environment != "") {
				err = errors.New("name a run, or say by flags which ones to list or follow; not both")
			}
			if err != nil {
				return inputError{err}
			}
			open := connect
			if follow {
				open = connectRunning
			}
			c, done, err := open(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			h := history{client: c, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: asJSON}
			if len(args) == 1 {
				workflows, err := h.workflows(cmd.Context(), group, q.workflow)
				if err != nil {
					return err
				}
				return h.show(cmd.Context(), workflows, args[0])
			}
			l, err := h.lists(cmd.Context(), group, &q, filter)
			switch {
			case err != nil:
				return err
			case follow:
				return h.follow(cmd.Context(), l)
			}
			runs, err := h.read(cmd.Context(), l, l.filter, l.search, l.top)
			if err != nil {
				return err
			}
			defer h.tellLag()
			return h.print(runs)
		},
	}
	dataFlag(cmd, &data)
	q.flags(cmd.Flags())
	cmd.Flags().StringVarP(&group, "group", "g", "", "only this resource group's workflows")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with runs that begin or change")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.AddCommand(cancelRunsCommand(), resubmitRunsCommand())
	return cmd
}

// history reads runs through the API and prints them.
type history struct {
	client  *client
	out     io.Writer
	err     io.Writer // where it says what it cannot show
	json    bool
	refusal *apiError // by the network of the run's environment, of this host
	lag     indexing  // of the index that was asked last
}

type workflowItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type runItem struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		StartTime time.Time  `json:"startTime"`
		EndTime   *time.Time `json:"endTime"`
		Status    string     `json:"status"`
		Code      string     `json:"code"`
		Error     *apiError  `json:"error"`

		Correlation struct {
			ClientTrackingID string `json:"clientTrackingId"`
		} `json:"correlation"`
	} `json:"properties"`
}

// workflow is the name of the run's workflow, which stands in its ID.
func (r runItem) workflow() string {
	parts := strings.Split(r.ID, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[len(parts)-3]
}

// workflows are those of a name, or all, in a group or everywhere.
func (h *history) workflows(ctx context.Context, group, name string) ([]workflowItem, error) {
	scope := "/subscriptions/" + h.client.operator.SubscriptionID
	if group != "" {
		scope = h.client.group(group)
	}
	var found []workflowItem
	var others []string
	err := h.client.pages(ctx, scope+"/providers/Microsoft.Logic/workflows?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var w workflowItem
			if err := json.Unmarshal(item, &w); err != nil {
				return false, err
			}
			if name == "" || strings.EqualFold(w.Name, name) {
				found = append(found, w)
			} else {
				others = append(others, w.Name)
			}
		}
		return true, nil
	})
	if err == nil && name != "" && len(found) == 0 {
		return nil, noWorkflow(name, others)
	}
	return found, err
}

// noWorkflow says which workflows there are instead.
func noWorkflow(name string, others []string) error {
	const most = 10
	slices.Sort(others)
	others = slices.Compact(others)
	switch n := len(others); {
	case n == 0:
		return fmt.Errorf("there is no workflow %q, nor any other here; `%s deploy TEMPLATE` makes those of a template", name, program())
	case n > most:
		return fmt.Errorf("there is no workflow %q; there are %s and %d more", name, strings.Join(others[:most], ", "), n-most)
	default:
		return fmt.Errorf("there is no workflow %q; there is %s", name, strings.Join(others, ", "))
	}
}

func (h *history) print(runs []runItem) error {
	if h.json {
		return h.printJSON(runs)
	}
	if len(runs) == 0 {
		fmt.Fprintln(h.out, "No runs.")
		return nil
	}
	return h.table(runs)
}

func (h *history) printJSON(runs []runItem) error {
	return printLines(h.out, runs, func(r runItem) any {
		return struct {
			Name      string     `json:"name"`
			Workflow  string     `json:"workflow"`
			Status    string     `json:"status"`
			StartTime time.Time  `json:"startTime"`
			EndTime   *time.Time `json:"endTime"` // null while it runs
			Code      string     `json:"code,omitempty"`
			Error     *apiError  `json:"error,omitempty"`
			Tracking  string     `json:"clientTrackingId,omitempty"`
		}{r.Name, r.workflow(), r.Properties.Status, r.Properties.StartTime, r.Properties.EndTime, r.Properties.Code, r.Properties.Error, r.Properties.Correlation.ClientTrackingID}
	})
}

func (h *history) table(runs []runItem) error {
	w := tabwriter.NewWriter(h.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWORKFLOW\tSTATUS\tSTARTED\tDURATION")
	for _, r := range runs {
		p := r.Properties
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.workflow(), p.Status, p.StartTime.Local().Format(time.DateTime), duration(p.StartTime, p.EndTime))
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
