package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/builtin"
	"isle/internal/connector/connection"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/connector/script"
	"isle/internal/dataplane"
	"isle/internal/project"
	"isle/internal/testfile"
	"isle/wdl"
)

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run DEF",
		Short: "Run a definition once, without a server",
		Long: `Run the workflow of a file once, in this process: calls are really made and waits
take their time. DEF may also be the folder of a single-tenant project, of one of its
workflows, or the workflow.json in it: then parameters.json, connections.json and
local.settings.json of the project hold. Prints the record of the run as JSON: its status, the response, and
each action with status, inputs and outputs; with splitOn, one record for each run, then one for each batch of the project that the
messages sent have completed.
While it runs, webhook actions can be called back at an address of this machine,
which is told on standard error.
The exit code is 0 if the workflow ran, however it ended, 1 if it was refused, and 2 if
an argument or a file cannot be read.

--body, --parameters, --settings, --connections and --trigger each take JSON, or the
name of a file that holds it, or - for standard input. A --body that is neither is plain text.
--trigger is a trigger's name, or a request as in a test file: {"method", "headers",
"queries", "relativePath", "body", "outputs", "name"}.`,
		Example: `  isle run order.json --body '{"id": "A1", "qty": 2, "price": 60}'
  isle run workflow.json --parameters parameters.json --settings local.settings.json
  isle run nightly.json --trigger Recurrence
  isle run project/Orders`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	cmd.Flags().StringVarP(&o.body, "body", "b", "", "the body of the request that fires the trigger")
	cmd.Flags().StringVarP(&o.parameters, "parameters", "p", "", "values of the workflow's parameters")
	cmd.Flags().StringVar(&o.settings, "settings", "", "application settings of a single-tenant workflow")
	cmd.Flags().StringVar(&o.connections, "connections", "", "a file like connections.json: where connections, functions and APIs are called (default: that of the project)")
	cmd.Flags().StringVar(&o.authority, "authority", "", "where ActiveDirectoryOAuth authentications get their tokens, unless they name an authority (default "+connectorhttp.DefaultAuthority+")")
	cmd.Flags().StringVarP(&o.trigger, "trigger", "t", "", "which trigger fires, and with what")
	cmd.Flags().StringVar(&o.workflow, "workflow", "", "which workflow, if the file or project holds several")
	return cmd
}

type runOptions struct{ body, parameters, settings, connections, authority, trigger, workflow string }

func (o *runOptions) run(cmd *cobra.Command, file string) error {
	source, shared, err := o.open(cmd, file)
	if err != nil {
		return inputError{inFile(file, err)}
	}
	settings, err := o.readSettings(cmd)
	if err != nil {
		return inputError{err}
	}
	workflow, problems := testfile.Compile(source, settings.Within(shared))
	if workflow == nil {
		for _, p := range problems {
			fmt.Fprintf(cmd.ErrOrStderr(), "isle: %s:%s\n", file, p)
		}
		return errors.New("the definition is refused")
	}
	fire, err := o.readTrigger(cmd)
	if err != nil {
		return inputError{err}
	}
	directory, err := o.readConnections(cmd, file, shared)
	if err != nil {
		return inputError{err}
	}
	code := script.Pool(script.Options{Start: scriptWorker})
	defer code.Close()
	options := builtin.Options{HTTP: connectorhttp.Options{Authority: o.authority}, Connection: connection.Options{Directory: directory}, Script: code}
	dialer := dataplane.NewInproc(dataplane.Options{}).Dialer(dataplane.Shared, dataplane.SubnetBuiltIn)
	var callbacks *testfile.Callbacks
	if workflow.CallsBack() || shared != nil {
		c, stop, err := o.listen(cmd)
		if err != nil {
			return err
		}
		defer stop()
		callbacks = c
	}
	siblings := &testfile.Siblings{Project: shared, Settings: settings, Dialer: dialer, Clock: now, Callbacks: callbacks}
	if shared != nil {
		options.Workflow.Children = siblings
	}
	operations, closeAll := builtin.Operations(options)
	defer closeAll()
	siblings.Operations = operations
	invocation := testfile.Invocation{
		Workflow: workflow, Trigger: fire, Operations: operations,
		Dialer: dialer, Start: now(), Seed: rand.Uint64(), Callbacks: callbacks,
	}
	invoked, err := invocation.Run(cmd.Context())
	if err != nil {
		return err
	}
	if len(invoked.Runs) == 0 {
		return errors.New("no run began: " + invoked.Reason)
	}
	print := func(w *engine.Workflow, invoked *testfile.Invoked) error {
		for _, run := range invoked.Runs {
			if err := printRecord(cmd.OutOrStdout(), runRecord(w, run, invoked)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := print(workflow, invoked); err != nil {
		return err
	}
	waiting, err := siblings.Release(cmd.Context(), print)
	for _, w := range waiting {
		fmt.Fprintln(cmd.ErrOrStderr(), "isle:", w)
	}
	return err
}

// listen opens the address, on this machine only, at which webhooks are called back
// until stop. Each URL is told as it is handed on: whoever has none may call it by hand.
func (o *runOptions) listen(cmd *cobra.Command) (c *testfile.Callbacks, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("no address for callbacks of webhooks: %w", err)
	}
	c = testfile.NewCallbacks("http://"+listener.Addr().String(), func(action, url string) {
		fmt.Fprintf(cmd.ErrOrStderr(), "isle: '%s' waits to be called back: curl -X POST '%s'\n", action, url)
	})
	server := &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return c, func() { settleServer(server) }, nil
}

// settleServer ends the server when the calls under way are answered: the call that lets a
// run go on to its end gets its answer, too. One that does not end is cut off.
func settleServer(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
}

// readConnections is where connections are called: what the flag names, else what the
// project has.
func (o *runOptions) readConnections(cmd *cobra.Command, file string, shared *project.Project) (connection.Directory, error) {
	if o.connections == "" {
		directory, err := testfile.Connections(shared)
		if err != nil {
			err = inFile(file, err)
		}
		return directory, err
	}
	document, err := jsonArgument(cmd, "connections", o.connections)
	if err != nil {
		return nil, err
	}
	directory, err := connection.ReadFile(document)
	if err != nil {
		return nil, inFile("--connections", err)
	}
	return directory, nil
}

// inFile names the file, or the flag, in each of the problems with it.
func inFile(name string, err error) error {
	several := joined(err)
	if several == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i := range several {
		several[i] = fmt.Errorf("%s: %w", name, several[i])
	}
	return errors.Join(several...)
}

// open reads the definition that is run, with the project that it belongs to.
func (o *runOptions) open(cmd *cobra.Command, file string) (wdl.Source, *project.Project, error) {
	if file != "-" {
		return testfile.Open(file, o.workflow)
	}
	content, err := readInput(cmd, file)
	if err != nil {
		return wdl.Source{}, nil, err
	}
	source, err := testfile.OpenDefinition(content, o.workflow)
	return source, nil, err
}

// readSettings reads parameters, in the forms {"name": value}, {"name": {"value":
// value}} and that of a parameters file, and settings, plain or as in
// local.settings.json.
func (o *runOptions) readSettings(cmd *cobra.Command) (s testfile.Settings, err error) {
	parameters, err := jsonArgument(cmd, "parameters", o.parameters)
	if err != nil {
		return s, err
	}
	if inner, ok := parameters.Get("parameters"); ok && inner.Kind() == expr.KindObject {
		parameters = inner
	}
	s.Parameters = map[string]expr.Value{}
	for name, v := range parameters.Members() {
		if inner, ok := v.Get("value"); ok {
			v = inner
		}
		s.Parameters[name] = v
	}
	settings, err := jsonArgument(cmd, "settings", o.settings)
	if err != nil {
		return s, err
	}
	if inner, ok := settings.Get("Values"); ok {
		settings = inner
	}
	s.AppSettings = map[string]string{}
	for name, v := range settings.Members() {
		s.AppSettings[name] = v.Text()
	}
	return s, nil
}

// readTrigger reads what fires the run.
func (o *runOptions) readTrigger(cmd *cobra.Command) (t testfile.Trigger, err error) {
	if o.trigger != "" {
		text, isText, err := argument(cmd, o.trigger)
		switch {
		case err != nil:
			return t, fmt.Errorf("--trigger: %w", err)
		case isText && !strings.HasPrefix(strings.TrimSpace(o.trigger), "{"):
			t.Name = o.trigger
		default:
			if t, err = testfile.ParseTrigger(text); err != nil {
				return t, inFile("--trigger", err)
			}
		}
	}
	if o.body == "" {
		return t, nil
	}
	text, isText, err := argument(cmd, o.body)
	if err != nil {
		return t, fmt.Errorf("--body: %w", err)
	}
	v, err := expr.ParseJSON(text)
	switch {
	case err == nil:
		t.Body = testfile.Value{Value: v, Given: true}
	case isText && strings.ContainsAny(o.body[:1], "{["):
		return t, fmt.Errorf("--body: this is not JSON: %w", err)
	default:
		body := string(text)
		t.BodyText = &body
	}
	return t, nil
}

// jsonArgument reads an object that a flag gives; none for an absent flag.
func jsonArgument(cmd *cobra.Command, flag, value string) (expr.Value, error) {
	if value == "" {
		return expr.Object(), nil
	}
	text, isText, err := argument(cmd, value)
	if err == nil {
		var v expr.Value
		if v, err = expr.ReadJSON(text); err == nil && v.Kind() == expr.KindObject {
			return v, nil
		}
		if err == nil {
			err = errors.New("it must be a JSON object")
		}
		if isText && !strings.HasPrefix(strings.TrimSpace(value), "{") {
			err = fmt.Errorf("there is no file '%s'", value)
		}
	}
	return expr.Null(), fmt.Errorf("--%s: %w", flag, err)
}

// argument reads the file that a flag names, or takes its value as text.
func argument(cmd *cobra.Command, value string) (text []byte, isText bool, err error) {
	name := strings.TrimPrefix(value, "@")
	content, err := readInput(cmd, name)
	switch {
	case err == nil:
		return trimBOM(content), false, nil
	case name == value && !strings.HasSuffix(name, ".json") && (errors.Is(err, os.ErrNotExist) || strings.ContainsAny(value, "{[\"\n ") || len(value) > 255):
		return []byte(value), true, nil
	}
	return nil, false, err
}
