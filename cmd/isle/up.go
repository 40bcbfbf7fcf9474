package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"isle/examples"
	"isle/internal/dataplane"
	"isle/internal/server"
)

// What `isle up` makes on its first start; the names stand in the example templates.
const (
	upGroup       = defaultGroup
	upEnvironment = "isle"
	upWorkflow    = "order"
	upTrigger     = "order"
)

func upCommand() *cobra.Command {
	var flags serverFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the server with a ready environment and an example workflow in it",
		Long: `Run the server. On the first start, deploy through its API a virtual network with
four subnets, an integration service environment, two managed connectors, and an
example workflow. A later start finds all as it was, with the same URLs.

--json prints one line when ready: {"endpoint", "authority", "caFile", "tenantId",
"subscriptionId", "clientId", "clientSecret", "resourceGroup", "environment",
"workflow", "callbackUrl", "dataPlane"}. Who signs in to the portal, and the password, stand in
operator.json in the data folder.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := flags.start(cmd)
			if err != nil {
				return err
			}
			progress := cmd.OutOrStdout()
			if asJSON {
				progress = nil
			}
			ready, err := prepare(cmd.Context(), s, progress)
			if err == nil {
				err = ready.print(cmd.OutOrStdout(), flags.config.Data, asJSON)
			}
			if err != nil {
				closing, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), stopGrace)
				defer cancel()
				_ = s.Close(closing)
				return err
			}
			return flags.untilStopped(cmd.Context(), s)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON when ready")
	return cmd
}

// readyState is what `isle up --json` prints.
type readyState struct {
	server.Operator
	ResourceGroup string `json:"resourceGroup"`
	Environment   string `json:"environment"`
	Workflow      string `json:"workflow"`
	CallbackURL   string `json:"callbackUrl"`
	DataPlane     string `json:"dataPlane"` // who enforces the policy of networks: inproc, kernel

	isolation dataplane.Isolation
}

// prepare deploys what is not there yet, and reads the workflow's callback URL.
func prepare(ctx context.Context, s *server.Server, progress io.Writer) (readyState, error) {
	c, done, err := dial(s.Operator())
	if err != nil {
		return readyState{}, err
	}
	defer done()
	ready := readyState{Operator: s.Operator(), ResourceGroup: upGroup, Environment: upEnvironment, Workflow: upWorkflow, DataPlane: s.Isolation().Mode, isolation: s.Isolation()}
	for _, d := range []struct {
		title    string
		resource string
		template []byte
	}{
		{"environment", "Microsoft.Logic/integrationServiceEnvironments/" + upEnvironment, examples.Environment},
		{"order", "Microsoft.Logic/workflows/" + upWorkflow, examples.Order},
	} {
		if err := deployOnce(ctx, c, d.title, d.resource, d.template, progress); err != nil {
			return readyState{}, fmt.Errorf("deploying the example %s: %w", d.title, err)
		}
	}
	var callback struct{ Value string }
	path := c.group(upGroup) + "/providers/Microsoft.Logic/workflows/" + upWorkflow + "/triggers/" + upTrigger + "/listCallbackUrl?api-version=" + logicVersion
	if _, err := c.call(ctx, http.MethodPost, path, nil, &callback); err != nil {
		return readyState{}, err
	}
	ready.CallbackURL = callback.Value
	return ready, nil
}

// deployOnce deploys a template unless the resource that it is for is there and well,
// and no deployment of it was broken off.
func deployOnce(ctx context.Context, c *client, title, resource string, template []byte, progress io.Writer) error {
	var existing struct {
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	d := deployment{client: c, group: upGroup, location: defaultLocation, name: title, progress: progress}
	last, err := d.last(ctx)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, http.MethodGet, c.group(upGroup)+"/providers/"+resource+"?api-version="+logicVersion, nil, &existing)
	if err == nil && existing.Properties.ProvisioningState == "Succeeded" && (last == "" || last == "Succeeded") {
		return nil
	}
	if err != nil && !isNotFound(err) {
		return err
	}
	if progress != nil {
		fmt.Fprintf(progress, "Deploying the example %s …\n", title)
	}
	_, err = d.run(ctx, json.RawMessage(template), json.RawMessage("{}"))
	return err
}

func (r readyState) print(w io.Writer, data string, asJSON bool) error {
	if asJSON {
		r.UserName, r.Password = "", "" // for people, who find them in operator.json
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	_, err := fmt.Fprintf(w, `
Isle is ready.

  Portal and API   %[1]s
  Sign in          %[9]s
  CA certificate   %[2]s
  Environment      %[3]s, in the resource group %[4]s
  Callback URL     %[5]s
  %[10]s

Call the workflow:

  curl --cacert %[6]s -H 'Content-Type: application/json' -d '{"id":"A-1","qty":4,"price":30}' '%[5]s'

See its runs, and one run's actions (in another terminal):

  %[7]s runs%[8]s
  %[7]s runs%[8]s NAME

Stop with Ctrl-C; the next start finds all as it was.
`, r.Endpoint, r.CAFile, r.Environment, r.ResourceGroup, r.CallbackURL, shown([]string{r.CAFile}), program(), dataArgument(data), r.signIn(data), dataPlane(r.isolation))
	return err
}

// signIn says how a person signs in. The password is not printed: terminals keep what
// they show.
func (r readyState) signIn(data string) string {
	if r.Password == "" {
		return "as a person of `" + program() + " user list" + dataArgument(data) + "`; a new one: `" + program() + " user create NAME --role Owner" + dataArgument(data) + "`"
	}
	return "as " + r.UserName + "; its password is in " + filepath.Join(filepath.Dir(r.CAFile), server.OperatorFile)
}
