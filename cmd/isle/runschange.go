package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// runsChange is a command that does something with runs: those that are named, or those
// of a workflow that match.
type runsChange struct {
	verb, bulk, past      string // as in "cancel", "cancelRuns", "Cancelled"
	data, group, body     string
	from                  []string // actions to begin at
	fromFailed            bool
	hasBody, all, asJSON  bool
	query                 runsQuery
	short, long, examples string
}

func cancelRunsCommand() *cobra.Command {
	c := &runsChange{verb: "cancel", bulk: "cancelRuns", past: "Cancelled", short: "Cancel runs, by name or by what they have in common",
		long: `Cancel the runs that are named, or with --workflow those of a workflow that match the
other flags, which are those of "isle runs". What is done for many goes on in the
server when this command is stopped.`,
		examples: `  isle runs cancel 08584260177443276593711884190CU00
  isle runs cancel --workflow order --status Running --since 24h`}
	return c.command()
}

func resubmitRunsCommand() *cobra.Command {
	c := &runsChange{verb: "resubmit", bulk: "resubmitRuns", past: "Resubmitted", short: "Begin runs anew, from the start or where they failed, by name or by what they have in common",
		long: `Begin a new run of the workflow's current version for each run that is named, with what
that one was begun with, or with the body that --body gives. With --workflow the
runs of a workflow that match the other flags are resubmitted, which are those of
"isle runs". What is done for many goes on in the server when this command is stopped.

With --from the new run begins at that action: it, what is inside it and what comes after
it by runAfter is done again; the rest is kept as it was, with its inputs and outputs, and
not done again. With --from-failed it begins at the actions that failed, timed out or were
cut off.`,
		examples: `  isle runs resubmit 08584260177443276593711884190CU00 --body '{"id":"A-1"}'
  isle runs resubmit 08584260177443276593711884190CU00 --from Send
  isle runs resubmit --workflow order --status Failed --error ActionFailed --from-failed`}
	cmd := c.command()
	cmd.Flags().StringVar(&c.body, "body", "", "the body to begin with instead, JSON; for one run")
	cmd.Flags().StringArrayVar(&c.from, "from", nil, "begin at this action, and keep what went before; may be repeated")
	cmd.Flags().BoolVar(&c.fromFailed, "from-failed", false, "begin where the run failed, and keep what went before")
	return cmd
}

func (c *runsChange) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: c.verb + " [NAME...]", Short: c.short, Long: c.long, Example: c.examples,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.hasBody = cmd.Flags().Changed("body")
			return c.run(cmd, args)
		},
	}
	dataFlag(cmd, &c.data)
	c.query.flags(cmd.Flags())
	_ = cmd.Flags().MarkHidden("top")
	cmd.Flags().StringVarP(&c.group, "group", "g", "", "only this resource group's workflows")
	cmd.Flags().BoolVar(&c.all, "all", false, "all runs of the workflow")
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (c *runsChange) run(cmd *cobra.Command, names []string) error {
	conditions, err := c.query.conditions(time.Now())
	if err == nil {
		err = c.check(names, conditions)
	}
	if err != nil {
		return inputError{err}
	}
	api, done, err := connectRunning(cmd.Context(), c.data)
	if err != nil {
		return err
	}
	defer done()
	h := history{client: api, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: c.asJSON}
	workflows, err := h.workflows(cmd.Context(), c.group, c.query.workflow)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return c.named(cmd.Context(), &h, workflows, names)
	}
	for _, w := range workflows {
		if err := c.matching(cmd.Context(), &h, w, conditions); err != nil {
			return err
		}
	}
	return nil
}

// check says what is missing or too much on the command line.
func (c *runsChange) check(names, conditions []string) error {
	matched := len(conditions) > 0 || c.query.search != "" || c.all
	switch {
	case c.hasBody && !json.Valid([]byte(c.body)):
		return fmt.Errorf("--body is not JSON")
	case len(c.from) > 0 && c.fromFailed:
		return fmt.Errorf("name actions by --from, or say --from-failed; not both")
	case c.hasBody && len(names) != 1:
		return fmt.Errorf("--body is for one run: name it")
	case len(names) > 0 && matched:
		return fmt.Errorf("name runs, or say by flags which ones; not both")
	case len(names) == 0 && c.query.workflow == "":
		return fmt.Errorf("name runs, or a workflow by --workflow")
	case len(names) == 0 && !matched:
		return fmt.Errorf("say which runs of the workflow by flags such as --status, or --all")
	case c.query.environment != "":
		return fmt.Errorf("--environment is not for this: name the workflow")
	}
	return nil
}

// named works on the runs that are named, if all of them are there; the first that cannot be
// changed ends it.
func (c *runsChange) named(ctx context.Context, h *history, workflows []workflowItem, names []string) error {
	paths := make([]string, len(names))
	var missing []error
	for i, name := range names {
		var err error
		if _, paths[i], err = h.find(ctx, workflows, name); err != nil {
			missing = append(missing, err)
		}
	}
	if len(missing) > 0 {
		return errors.Join(missing...)
	}
	for i, name := range names {
		var made struct {
			Name string `json:"name"`
		}
		if _, err := h.client.call(ctx, http.MethodPost, paths[i]+"/"+c.verb+"?api-version="+logicVersion, c.content(), &made); err != nil {
			return fmt.Errorf("run %s: %w", name, err)
		}
		if err := c.tell(h, map[string]any{"action": c.verb, "run": name, "name": made.Name}, "%s %s%s\n", c.past, name, as(made.Name)); err != nil {
			return err
		}
	}
	return nil
}

// content is that of the request; nil for none.
func (c *runsChange) content() any {
	content := map[string]any{}
	if c.hasBody {
		content["body"] = json.RawMessage(c.body)
	}
	if c.fromFailed {
		content["from"] = "failed"
	}
	var actions []map[string]string
	for _, name := range c.from {
		actions = append(actions, map[string]string{"name": name})
	}
	if len(actions) > 0 {
		content["actionsToResubmit"] = actions
	}
	if len(content) == 0 {
		return nil
	}
	return content
}

func as(name string) string {
	if name == "" {
		return ""
	}
	return " as " + name
}

func (c *runsChange) tell(h *history, v any, form string, args ...any) error {
	if h.json {
		return json.NewEncoder(h.out).Encode(v)
	}
	_, err := fmt.Fprintf(h.out, form, args...)
	return err
}

// bulkStatus is how far an operation on many runs is.
type bulkStatus struct {
	Status     string `json:"status"`
	Properties struct {
		Action                string `json:"action"`
		Done, Skipped, Failed int
		Failures              []struct{ Run, Code, Message string }
	} `json:"properties"`
}

// matching has the server work on the runs of a workflow that match, and waits for the end.
func (c *runsChange) matching(ctx context.Context, h *history, w workflowItem, conditions []string) error {
	query := url.Values{"api-version": {logicVersion}}
	if c.all && len(conditions) == 0 {
		conditions = []string{"startTime ge 2000-01-01T00:00:00Z"}
	}
	if len(conditions) > 0 {
		query.Set("$filter", strings.Join(conditions, " and "))
	}
	if c.query.search != "" {
		query.Set("$search", c.query.search)
	}
	header, err := h.client.call(ctx, http.MethodPost, w.ID+"/"+c.bulk+"?"+query.Encode(), c.content(), nil)
	if err != nil {
		return err
	}
	var now bulkStatus
	for now.Status == "" || now.Status == "InProgress" {
		if now.Status != "" {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
		if _, err := h.client.call(ctx, http.MethodGet, header.Get("Location"), nil, &now); err != nil {
			return err
		}
	}
	p := now.Properties
	for _, f := range p.Failures {
		fmt.Fprintf(h.err, "run %s: %s: %s\n", f.Run, f.Code, f.Message)
	}
	if err := c.tell(h, map[string]any{"action": c.verb, "workflow": w.Name, "status": now.Status, "done": p.Done, "skipped": p.Skipped, "failed": p.Failed},
		"%s %s of %s; %d %s, %d failed.\n", c.past, plural(p.Done, "run"), w.Name, p.Skipped, c.skipped(), p.Failed); err != nil {
		return err
	}
	if p.Failed > 0 || now.Status != "Succeeded" {
		return exitError(1)
	}
	return nil
}

// skipped says why nothing was done with a run.
func (c *runsChange) skipped() string {
	switch {
	case c.fromFailed:
		return "were gone or had nothing that failed"
	case c.verb == "resubmit":
		return "were gone"
	}
	return "had ended or were gone"
}
