package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// flowsQuery says which recorded flows are shown.
type flowsQuery struct {
	group, environment, workflow, since, to string
	denied, allowed                         bool
	top                                     int
}

func flowsCommand() *cobra.Command {
	var data string
	var q flowsQuery
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "List the network flows that workflows made, or that called them",
		Long: `List the flows that were recorded of the last days: what workflows reached or tried to
reach, and who called them, each with how often it came and when last; those that were
seen last first. They are what a change of the network is judged by (netcheck --what-if),
each distinct flow once. Files of flow logs, with each connection and its bytes, are
written where a flow log (Microsoft.Network/networkWatchers/flowLogs) says so.`,
		Example: `  isle flows --denied --since 24h
  isle flows --workflow order --to sql.example
  isle flows --environment isle --to 10.0.2.0/24 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			properties, err := q.properties(time.Now())
			if err != nil {
				return inputError{err}
			}
			c, done, err := connect(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			flows, err := q.read(cmd.Context(), c, properties)
			if err != nil {
				return err
			}
			if asJSON {
				return printLines(cmd.OutOrStdout(), flows, func(f flowItem) any { return f })
			}
			return printFlows(cmd.OutOrStdout(), flows)
		},
	}
	dataFlag(cmd, &data)
	f := cmd.Flags()
	f.StringVarP(&q.group, "group", "g", "", "only environments of this resource group")
	f.StringVar(&q.environment, "environment", "", "only this environment")
	f.StringVar(&q.workflow, "workflow", "", "only flows of this workflow, by its name or resource ID")
	f.StringVar(&q.since, "since", "", "only flows that were seen since this time: 2024-01-31T00:00:00Z, or how long ago, such as 90m or 24h")
	f.StringVar(&q.to, "to", "", "only flows to a host (a part of its name is enough), or of an address or range such as 10.0.2.0/24")
	f.BoolVar(&q.denied, "denied", false, "only flows that the network denied")
	f.BoolVar(&q.allowed, "allowed", false, "only flows that the network allowed")
	f.IntVar(&q.top, "top", 50, "how many to show at most; 0 for all")
	f.BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// properties are the filters of the request.
func (q *flowsQuery) properties(now time.Time) (map[string]any, error) {
	p := map[string]any{}
	switch {
	case q.denied && q.allowed:
		return nil, errors.New("give --denied or --allowed, not both; without either all are shown")
	case q.denied:
		p["verdict"] = "Deny"
	case q.allowed:
		p["verdict"] = "Allow"
	}
	if q.top < 0 {
		return nil, fmt.Errorf("--top %d: give a number of 1 or more, or 0 for all", q.top)
	}
	if q.since != "" {
		at, err := timeOf("--since", q.since, now)
		if err != nil {
			return nil, err
		}
		p["since"] = at.UTC().Format(time.RFC3339)
	}
	for name, text := range map[string]string{"workflow": q.workflow, "to": q.to} {
		if text != "" {
			p[name] = text
		}
	}
	return p, nil
}

// flowItem is a recorded flow.
type flowItem struct {
	Environment string     `json:"environment"`
	Workflow    string     `json:"workflow"`
	Action      string     `json:"action,omitempty"`
	Trigger     string     `json:"trigger,omitempty"`
	Caller      *flowMaker `json:"caller,omitempty"`
	Direction   string     `json:"direction"`
	Component   string     `json:"component"`
	Protocol    string     `json:"protocol"`
	Host        string     `json:"host,omitempty"`
	Addresses   []string   `json:"addresses"`
	Port        int        `json:"port"`
	Count       uint64     `json:"count"`
	LastSeen    string     `json:"lastSeen"`
	Verdict     string     `json:"verdict"`
}

type flowMaker struct {
	Workflow string `json:"workflow"`
	Action   string `json:"action,omitempty"`
}

// read reads the pages that are asked for.
func (q *flowsQuery) read(ctx context.Context, c *client, properties map[string]any) (flows []flowItem, err error) {
	group := q.group
	if group != "" || q.environment != "" {
		chosen, err := q.environments(ctx, c)
		if err != nil || len(chosen) == 0 {
			return nil, err
		}
		group, properties["environments"] = cmp.Or(group, groupOf(chosen[0])), chosen
	}
	if group == "" {
		e, err := listed[*environmentItem](ctx, c, "", "Microsoft.Logic/integrationServiceEnvironments?api-version="+logicVersion)
		if err != nil || len(e) == 0 {
			return nil, err
		}
		group = groupOf(e[0].ID) // it says only where the caller must be allowed to ask
	}
	path := c.group(group) + "/providers/Microsoft.Network/recordedFlows?$top=1000&api-version=" + networkVersion
	for path != "" && (q.top == 0 || len(flows) < q.top) {
		var page struct {
			Value    []flowItem `json:"value"`
			NextLink string     `json:"nextLink"`
		}
		if _, err := c.call(ctx, http.MethodPost, path, map[string]any{"properties": properties}, &page); err != nil {
			return nil, err
		}
		flows = append(flows, page.Value...)
		path = page.NextLink
	}
	if q.top > 0 {
		flows = flows[:min(q.top, len(flows))]
	}
	return flows, nil
}

// environments are the IDs of the environments that are asked for.
func (q *flowsQuery) environments(ctx context.Context, c *client) (ids []string, err error) {
	all, err := listed[*environmentItem](ctx, c, q.group, "Microsoft.Logic/integrationServiceEnvironments?api-version="+logicVersion)
	if err != nil {
		return nil, err
	}
	if q.environment != "" {
		e, err := chooseEnvironment(all, q.environment)
		if err != nil {
			return nil, err
		}
		return []string{e.ID}, nil
	}
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func printFlows(out io.Writer, flows []flowItem) error {
	if len(flows) == 0 {
		_, err := fmt.Fprintln(out, "No flows.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LAST SEEN\tCOUNT\tVERDICT\tWORKFLOW\tSTEP\tFLOW")
	for i := range flows {
		f := &flows[i]
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", f.LastSeen, f.Count, f.Verdict, cmp.Or(segment(f.Workflow), "-"), cmp.Or(f.Action, f.Trigger, "-"), f.text())
	}
	return w.Flush()
}

// text says from where to where a flow goes, such as "to sql.example:1433 (10.0.2.4)".
func (f *flowItem) text() string {
	addresses := strings.Join(f.Addresses, ", ")
	if f.Direction == "Inbound" {
		if f.Caller != nil {
			return "from workflow " + segment(f.Caller.Workflow)
		}
		return "from " + cmp.Or(addresses, "an unknown address")
	}
	text := fmt.Sprintf("to %s:%d", cmp.Or(f.Host, "this host"), f.Port)
	if f.Protocol != "tcp" {
		text += "/" + f.Protocol
	}
	if addresses != "" && addresses != f.Host {
		text += " (" + addresses + ")"
	}
	return text
}
