package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"isle/expr"
)

// networkVersion is the api-version of changes whose resource names none.
const networkVersion = "2024-05-01"

// change is the body of a what-if of the network, and the group that it is asked of.
type change struct {
	group      string // "": the environment's
	properties map[string]any
	file       string
}

// change reads the file of --what-if; nil without one.
func (o *netcheckOptions) change(cmd *cobra.Command) (*change, error) {
	if o.whatIf == "" {
		return nil, nil
	}
	raw, err := readJSON(cmd, o.whatIf)
	if err != nil {
		return nil, err
	}
	document, err := expr.ReadJSON(string(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.whatIf, err)
	}
	c := &change{group: o.group, file: o.whatIf, properties: map[string]any{}}
	if o.days != 0 {
		c.properties["days"] = o.days
	}
	if _, template := document.Get("resources"); template {
		return c, o.template(cmd, c, raw)
	}
	return c, o.resource(c, document)
}

// template makes the change that of a template.
func (o *netcheckOptions) template(cmd *cobra.Command, c *change, raw json.RawMessage) error {
	c.properties["template"], c.properties["mode"] = raw, "Incremental"
	if o.parameters == "" {
		return nil
	}
	values, err := readParameters(cmd, o.parameters)
	if err != nil {
		return err
	}
	c.properties["parameters"] = json.RawMessage(values.JSON())
	return nil
}

// resource makes the change that of one resource, which has its ID in it.
func (o *netcheckOptions) resource(c *change, document expr.Value) error {
	if o.parameters != "" {
		return fmt.Errorf("%s is no template (it has no 'resources'), so it takes no --parameters", o.whatIf)
	}
	v, _ := document.Get("id")
	id, _ := v.AsString()
	segments := strings.Split(id, "/")
	if len(segments) < 9 || !strings.EqualFold(segments[3], "resourceGroups") || !strings.EqualFold(segments[6], "Microsoft.Network") {
		return fmt.Errorf("%s is neither a template, which has 'resources', nor a resource of Microsoft.Network with its 'id', as `az network … show` prints it", o.whatIf)
	}
	one := map[string]any{"id": id, "body": json.RawMessage(document.Without("id").JSON())}
	if v, ok := document.Get("apiVersion"); ok {
		one["apiVersion"] = v.Text()
	}
	c.group, c.properties["changes"] = cmp.Or(c.group, segments[4]), []any{one}
	return nil
}

// networkForecast is the answer of a what-if of the network.
type networkForecast struct {
	Properties struct {
		Breaks       bool                  `json:"breaks"`
		Days         int                   `json:"days"`
		Environments []environmentForecast `json:"environments"`
		Hidden       int                   `json:"hiddenEnvironments"`
		Late         []string              `json:"notTried"`
	} `json:"properties"`
}

type environmentForecast struct {
	ID      string        `json:"id"`
	Before  string        `json:"healthBefore"`
	After   string        `json:"healthAfter"`
	Failure string        `json:"error"`
	Rows    []rowForecast `json:"requiredAccess"`
	Flows   struct {
		Judged     uint64 `json:"judged"`
		NotKept    int64  `json:"notRecorded"`
		WouldFail  int    `json:"wouldFail"`
		WouldReach int    `json:"wouldReach"`
	} `json:"recordedFlows"`
	Workflows []struct {
		ID    string `json:"id"`
		Steps []struct {
			Name    string `json:"name"`
			Type    string `json:"type"`
			Count   uint64 `json:"count"`
			Last    string `json:"lastSeen"`
			Message string `json:"message"`
		} `json:"steps"`
	} `json:"workflows"`
}

type rowForecast struct {
	Row       string `json:"row"`
	Purpose   string `json:"purpose"`
	Direction string `json:"direction"`
	Subnet    string `json:"subnet"`
	Worse     bool   `json:"worse"`
	Before    struct {
		Verdict string `json:"verdict"`
	} `json:"before"`
	After struct {
		Verdict string `json:"verdict"`
		Message string `json:"message"`
	} `json:"after"`
}

// forecast asks what a change would break and prints it.
func (o *netcheckOptions) forecast(ctx context.Context, c *client, change *change, environment string) error {
	group := change.group
	if environment != "" || group == "" {
		e, err := findEnvironment(ctx, c, "", environment)
		if err != nil {
			return err
		}
		group = cmp.Or(group, groupOf(e.ID))
		if environment != "" {
			change.properties["environments"] = []string{e.ID}
		}
	}
	var raw json.RawMessage
	path := c.group(group) + "/providers/Microsoft.Network/whatIf?api-version=" + networkVersion
	if _, err := c.call(ctx, http.MethodPost, path, map[string]any{"properties": change.properties}, &raw); err != nil {
		return err
	}
	f := new(networkForecast)
	if err := json.Unmarshal(raw, f); err != nil {
		return fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	if o.json {
		fmt.Fprintf(o.out, "%s\n", raw)
	} else {
		o.printForecast(f)
	}
	if f.Properties.Breaks {
		return exitError(1)
	}
	return nil
}

func (o *netcheckOptions) printForecast(f *networkForecast) {
	p := &f.Properties
	for i := range p.Environments {
		o.printEnvironment(&p.Environments[i], p.Days)
	}
	for _, id := range p.Late {
		if network, servers := strings.CutSuffix(id, "/dhcpOptions/dnsServers"); servers {
			fmt.Fprintf(o.out, "Not judged: the name servers of %s, which environments take up when they are restarted.\n", segment(network))
			continue
		}
		fmt.Fprintf(o.out, "Not judged: %s, whose body is only known when others are deployed.\n", segment(id))
	}
	if p.Hidden > 0 {
		fmt.Fprintf(o.out, "Not judged: %d environments that you may not read.\n", p.Hidden)
	}
	switch {
	case len(p.Environments) == 0:
		fmt.Fprintln(o.out, "No environment is concerned.")
	case p.Breaks:
		fmt.Fprintln(o.out, "The change would break what works now. Nothing was changed.")
	default:
		fmt.Fprintln(o.out, "Nothing that works now would break. Nothing was changed.")
	}
}

func (o *netcheckOptions) printEnvironment(e *environmentForecast, days int) {
	fmt.Fprintf(o.out, "%s: %s now, %s after the change\n", segment(e.ID), strings.ToLower(e.Before), strings.ToLower(e.After))
	if e.Failure != "" {
		fmt.Fprintf(o.out, "  It would reach nothing: %s.\n", e.Failure)
	}
	for _, r := range e.Rows {
		fmt.Fprintf(o.out, "  %s %s at %s (%s): %s now, %s after\n", r.Row, strings.ToLower(r.Direction), r.Subnet, r.Purpose, r.Before.Verdict, r.After.Verdict)
		if r.After.Message != "" {
			fmt.Fprintf(o.out, "      %s\n", r.After.Message)
		}
	}
	for _, w := range e.Workflows {
		fmt.Fprintf(o.out, "  The workflow %s would have failed:\n", segment(w.ID))
		for _, s := range w.Steps {
			if s.Name == "" { // of an environment that the caller may not read
				s.Name = "that you may not read"
			}
			fmt.Fprintf(o.out, "    %s %s, %s, the last %s\n      %s\n", strings.ToLower(s.Type), s.Name, times(s.Count), s.Last, s.Message)
		}
	}
	fmt.Fprintf(o.out, "  Of %d recorded flows of the last %d days, %d would be denied that are allowed now, and %d allowed that are denied now.\n", e.Flows.Judged, days, e.Flows.WouldFail, e.Flows.WouldReach)
	if e.Flows.NotKept > 0 {
		fmt.Fprintf(o.out, "  %d flows were not recorded, because there were too many different ones.\n", e.Flows.NotKept)
	}
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
