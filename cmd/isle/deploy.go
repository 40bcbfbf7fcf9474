package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isle/expr"
	"isle/internal/deploy"
)

const (
	resourcesVersion = "2021-04-01"
	logicVersion     = "2019-05-01"
	defaultGroup     = "isle"
	defaultLocation  = "local"
)

func deployCommand() *cobra.Command {
	var data, group, parameters, name, location string
	var whatIf, asJSON bool
	cmd := &cobra.Command{
		Use:   "deploy TEMPLATE",
		Short: "Deploy an ARM template and show its progress",
		Long: `Deploy an ARM template into a resource group of the server that owns the data
folder. The group is made when it is not there. Each resource is printed as it
is done; the exit code is 1 when the deployment fails. Of a template that cannot be
deployed everything that is in the way is printed, resource by resource.

--what-if changes nothing: it shows what the deployment would create, modify and leave
as it is, and fails if it would be refused.

--json prints one JSON object: the deployment when it has ended, or {"error": …} with the
resources and members that are refused in its details; with --what-if the API's answer.`,
		Example: `  isle deploy azuredeploy.json -p azuredeploy.parameters.json -g integration
  isle deploy azuredeploy.json -g integration --what-if`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			template, err := readTemplate(cmd, args[0])
			if err != nil {
				return err
			}
			values := expr.Object()
			if parameters != "" {
				if values, err = readParameters(cmd, parameters); err != nil {
					return err
				}
			}
			c, done, err := connectRunning(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			d := deployment{client: c, group: group, location: location, name: name, progress: cmd.OutOrStdout()}
			tell := func(err error) error { return d.tellRefused(cmd.ErrOrStderr(), err) }
			if asJSON {
				d.progress = nil
				tell = func(err error) error { return printRefused(cmd.OutOrStdout(), err) }
			}
			if whatIf {
				answer, err := d.whatIf(cmd.Context(), template, values.JSON())
				if err != nil {
					return tell(err)
				}
				if asJSON {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", answer.JSON())
					return err
				}
				return showWhatIf(cmd.OutOrStdout(), answer)
			}
			outputs, err := d.run(cmd.Context(), template, json.RawMessage(values.JSON()))
			if err != nil {
				return tell(err)
			}
			if asJSON {
				return d.printJSON(cmd.Context(), cmd.OutOrStdout())
			}
			for _, o := range outputs {
				if o.value == "" {
					o.value = fmt.Sprintf("(not shown: it holds a secret; `%s url WORKFLOW` prints a workflow's callback URL)", program())
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s = %s\n", o.name, o.value)
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&group, "group", "g", defaultGroup, "the resource group")
	cmd.Flags().StringVarP(&parameters, "parameters", "p", "", "a parameters file")
	cmd.Flags().StringVar(&name, "name", "", "the deployment's name (default: the template file's)")
	cmd.Flags().BoolVar(&whatIf, "what-if", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object: how the deployment ended, or with --what-if the answer of the API")
	cmd.Flags().StringVar(&location, "location", defaultLocation, "the group's location, when it has to be made")
	return cmd
}

// deployment is one template deployment into a group, made through the API.
type deployment struct {
	client                *client
	group, location, name string
	progress              io.Writer // where each finished resource is printed; nil for silence
}

type output struct{ name, value string }

// deploymentState is what the API says of a deployment.
type deploymentState struct {
	Properties struct {
		ProvisioningState string                                     `json:"provisioningState"`
		Outputs           map[string]struct{ Value json.RawMessage } `json:"outputs"`
		Error             *apiError                                  `json:"error"`
	} `json:"properties"`
}

// run deploys and waits for the end. The error of a failed deployment names each
// resource that failed and why.
func (d *deployment) run(ctx context.Context, template, parameters json.RawMessage) ([]output, error) {
	group := d.client.group(d.group)
	if _, err := d.client.call(ctx, http.MethodGet, group+"?api-version="+resourcesVersion, nil, nil); isNotFound(err) {
		body := map[string]any{"location": d.location}
		if _, err := d.client.call(ctx, http.MethodPut, group+"?api-version="+resourcesVersion, body, nil); err != nil {
			return nil, fmt.Errorf("making the resource group %s: %w", d.group, err)
		}
	} else if err != nil {
		return nil, err
	}
	body := map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template, "parameters": parameters}}
	var state deploymentState
	header, err := d.client.call(ctx, http.MethodPut, d.path(), body, &state)
	if err != nil {
		return nil, err
	}
	if err := d.follow(ctx, header, &state); err != nil {
		return nil, err
	}
	if e := state.Properties.Error; e != nil {
		return nil, e
	}
	if state.Properties.ProvisioningState != "Succeeded" {
		return nil, fmt.Errorf("the deployment %s ended as %s", d.name, state.Properties.ProvisioningState)
	}
	var outputs []output
	for name, o := range state.Properties.Outputs {
		outputs = append(outputs, output{name, text(o.Value)})
	}
	slices.SortFunc(outputs, func(a, b output) int { return strings.Compare(a.name, b.name) })
	return outputs, nil
}

// printJSON prints the deployment as the API shows it.
func (d *deployment) printJSON(ctx context.Context, w io.Writer) error {
	var shown json.RawMessage
	if _, err := d.client.call(ctx, http.MethodGet, d.path(), nil, &shown); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n", bytes.TrimSpace(shown))
	return err
}

// path is the deployment in the API.
func (d *deployment) path() string {
	return d.client.group(d.group) + "/providers/Microsoft.Resources/deployments/" + url.PathEscape(d.name) + "?api-version=" + resourcesVersion
}

// follow waits for the deployment's end and prints each resource that is done. header
// is that of the answer that gave the state.
func (d *deployment) follow(ctx context.Context, header http.Header, state *deploymentState) error {
	shown := map[string]bool{}
	for !ended(state.Properties.ProvisioningState) {
		err := pause(ctx, header)
		if err == nil {
			err = d.show(ctx, shown)
		}
		if err == nil {
			header, err = d.client.call(ctx, http.MethodGet, d.path(), nil, state)
		}
		if err != nil {
			return err
		}
	}
	return d.show(ctx, shown)
}

// last is the state of the last deployment of this name once it has ended; not
// found is "". A server that was killed goes on with what it was deploying.
func (d *deployment) last(ctx context.Context) (string, error) {
	var state deploymentState
	header, err := d.client.call(ctx, http.MethodGet, d.path(), nil, &state)
	if isNotFound(err) {
		return "", nil
	}
	if err == nil && !ended(state.Properties.ProvisioningState) {
		err = d.follow(ctx, header, &state)
	}
	return state.Properties.ProvisioningState, err
}

// show prints the operations that ended since the last look.
func (d *deployment) show(ctx context.Context, shown map[string]bool) error {
	if d.progress == nil {
		return nil
	}
	path := d.client.group(d.group) + "/deployments/" + url.PathEscape(d.name) + "/operations?api-version=" + resourcesVersion
	return d.client.pages(ctx, path, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var op struct {
				OperationID string `json:"operationId"`
				Properties  struct {
					ProvisioningState string `json:"provisioningState"`
					TargetResource    struct {
						ResourceName string `json:"resourceName"`
						ResourceType string `json:"resourceType"`
					} `json:"targetResource"`
				} `json:"properties"`
			}
			if err := json.Unmarshal(item, &op); err != nil {
				return false, err
			}
			p := op.Properties
			if !ended(p.ProvisioningState) || shown[op.OperationID] || p.TargetResource.ResourceName == "" {
				continue
			}
			shown[op.OperationID] = true
			fmt.Fprintf(d.progress, "  %-10s %s %s\n", p.ProvisioningState, p.TargetResource.ResourceType, p.TargetResource.ResourceName)
		}
		return true, nil
	})
}

func ended(state string) bool {
	return state == "Succeeded" || state == "Failed" || state == "Canceled"
}

// isRefused reports whether the server refused the request itself.
func isRefused(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500
}

func isNotFound(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// pause waits as long as the answer's Retry-After asks, at most a second: the
// server is near.
func pause(ctx context.Context, header http.Header) error {
	wait := 50 * time.Millisecond
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds == 0 {
		wait = 10 * time.Millisecond
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// text shows a JSON value: a string without its quotes.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// readTemplate reads a template; what is another kind of file is refused with what to do
// with it.
func readTemplate(cmd *cobra.Command, name string) (json.RawMessage, error) {
	text, err := readJSON(cmd, name)
	if err != nil {
		return nil, err
	}
	v, err := expr.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	if hint := noTemplate(v, name); hint != "" {
		return nil, inputError{fmt.Errorf("%s is not a template: %s", name, hint)}
	}
	return text, nil
}

// noTemplate says what to do with a file that is no template; "" for one that may be.
func noTemplate(v expr.Value, name string) string {
	has := func(v expr.Value, names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { _, ok := v.Get(name); return ok })
	}
	properties, _ := v.Get("properties")
	file := shown([]string{name})
	switch schema := memberText(v, "$schema"); {
	case has(v, "resources") || strings.Contains(strings.ToLower(schema), "deploymenttemplate.json"):
		return ""
	case v.Kind() != expr.KindObject:
		return "it must be an object with \"$schema\", \"contentVersion\" and \"resources\""
	case has(v, "definition", "triggers", "actions") || has(properties, "definition"):
		return fmt.Sprintf("it is a workflow. A template has a workflow's definition in a resource, {\"type\": \"Microsoft.Logic/workflows\", \"apiVersion\": %q, \"name\": …, \"location\": %q, \"properties\": {\"definition\": …}}; `%[3]s check %[4]s` and `%[3]s run %[4]s` take it as it is", logicVersion, defaultLocation, program(), file)
	case strings.Contains(strings.ToLower(schema), "deploymentparameters.json") || has(v, "parameters"):
		return fmt.Sprintf("it has parameters and no resources. Give it beside its template: `%s deploy TEMPLATE -p %s`", program(), file)
	}
	return "it has no \"resources\""
}

// readJSON reads a file as the resource manager would: with comments, if it has any.
func readJSON(cmd *cobra.Command, name string) (json.RawMessage, error) {
	content, err := readInput(cmd, name)
	if err != nil {
		return nil, err
	}
	v, err := expr.ReadJSON(trimBOM(content))
	if err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w", name, err)
	}
	return v.JSON(), nil
}

// readParameters reads a parameters file: the values stand under "parameters", or
// the file is those values themselves.
func readParameters(cmd *cobra.Command, name string) (expr.Value, error) {
	content, err := readInput(cmd, name)
	if err != nil {
		return expr.Value{}, err
	}
	file, err := expr.ReadJSON(trimBOM(content))
	if err != nil {
		return expr.Value{}, fmt.Errorf("%s is not JSON: %w", name, err)
	}
	values, err := deploy.ParametersOf(file)
	if err != nil {
		return expr.Value{}, fmt.Errorf("%s is not a parameters file: %w", name, err)
	}
	return values, nil
}
