package main

import (
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
is done; the exit code is 1 when the deployment fails.

--what-if changes nothing: it shows what the deployment would create, modify and leave
as it is, and fails if it would be refused.`,
		Example: `  isle deploy azuredeploy.json -p azuredeploy.parameters.json -g integration
  isle deploy azuredeploy.json -g integration --what-if`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && !whatIf {
				return errors.New("--json is for --what-if: a deployment prints its progress")
			}
			template, err := readJSON(cmd, args[0])
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
			if whatIf {
				answer, err := d.whatIf(cmd.Context(), template, values.JSON())
				if err != nil {
					return err
				}
				if asJSON {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", answer.JSON())
					return err
				}
				return showWhatIf(cmd.OutOrStdout(), answer)
			}
			outputs, err := d.run(cmd.Context(), template, json.RawMessage(values.JSON()))
			if err != nil {
				return err
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --what-if: the answer of the API, as JSON")
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
