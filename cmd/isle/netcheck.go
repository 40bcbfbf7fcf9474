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
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func netcheckCommand() *cobra.Command {
	var data string
	var o netcheckOptions
	cmd := &cobra.Command{
		Use:   "netcheck [ENVIRONMENT]",
		Short: "Tell whether an environment's network is as it must be, and why not",
		Long: `Judge each access that an integration service environment needs against security
groups, routes and firewalls, and try what plays the role. What is not open is shown
with the rule that closes it. --fix writes the missing rules as a template. --to
judges one flow, and shows each step of its way. --what-if judges a change before it is
made: which accesses it would close, and which workflows of the last days would have
failed at which action, by the flows that they made. The change is a template, or the
edited body of one network resource. The exit code is 1 when the network is not healthy,
the flow is denied, or the change would break something.`,
		Example: `  isle netcheck
  isle netcheck isle --explain
  isle netcheck isle --fix rules.json
  isle netcheck isle --to 203.0.113.10:443
  isle netcheck isle --inbound --from 203.0.113.10 --to 10.0.1.4:443
  isle netcheck --what-if network.json -p network.parameters.json
  isle netcheck isle --what-if edited-group.json --days 7`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.out, o.err = cmd.OutOrStdout(), cmd.ErrOrStderr()
			flow, err := o.check()
			if err != nil {
				return err
			}
			change, err := o.change(cmd)
			if err != nil {
				return err
			}
			c, done, err := connectRunning(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			if change != nil {
				return o.forecast(cmd.Context(), c, change, strings.Join(args, ""))
			}
			e, err := findEnvironment(cmd.Context(), c, o.group, strings.Join(args, ""))
			if err != nil {
				return err
			}
			n := netcheck{netcheckOptions: o, client: c, environment: e, data: dataArgument(data)}
			return n.run(cmd.Context(), flow)
		},
	}
	dataFlag(cmd, &data)
	flags := cmd.Flags()
	flags.StringVarP(&o.group, "group", "g", "", "the environment's resource group, when several have one of that name; with --what-if: the group of the template")
	flags.BoolVar(&o.explain, "explain", false, "show every access, with the rule behind its verdict, its role and its probe")
	flags.StringVar(&o.fix, "fix", "", "write the missing rules as a template to this file; - is standard output")
	flags.StringVar(&o.edition, "edition", "", "the edition of the required access, such as 2019-11 or 2023-09 (default 2020)")
	flags.BoolVar(&o.json, "json", false, "print what the API answers")
	flags.StringVar(&o.to, "to", "", "judge one flow: its destination, ADDRESS:PORT (icmp: ADDRESS)")
	flags.StringVar(&o.from, "from", "", "the flow's source: an address, or the name of a subnet of the environment (default: its first)")
	flags.StringVar(&o.protocol, "protocol", "", "the flow's protocol: tcp, udp or icmp (default tcp)")
	flags.StringVar(&o.whatIf, "what-if", "", "judge a change of the network: a template, or a resource of Microsoft.Network as it would be; - is standard input")
	flags.StringVarP(&o.parameters, "parameters", "p", "", "with --what-if: the template's parameters file")
	flags.IntVar(&o.days, "days", 0, "with --what-if: of how many last days recorded flows are judged (default: all that are kept)")
	flags.BoolVar(&o.inbound, "inbound", false, "the flow comes to the environment; else it leaves it")
	return cmd
}

// netcheckOptions are the flags, and where to print.
type netcheckOptions struct {
	group, fix, edition, to, from, protocol string
	whatIf, parameters                      string
	days                                    int
	explain, json, inbound                  bool
	out, err                                io.Writer
}

// check reads the flags of a flow; nil if none is asked for. The error has every problem.
func (o *netcheckOptions) check() (*flowQuestion, error) {
	var problems []error
	modes := 0
	for _, chosen := range []bool{o.explain, o.fix != "", o.to != "", o.whatIf != ""} {
		if chosen {
			modes++
		}
	}
	if modes > 1 {
		problems = append(problems, errors.New("--explain, --fix, --to and --what-if are different questions: give one of them"))
	}
	if o.whatIf == "" && (o.parameters != "" || o.days != 0) {
		problems = append(problems, errors.New("--parameters and --days are of --what-if FILE"))
	}
	if o.whatIf != "" && o.edition != "" {
		problems = append(problems, errors.New("--edition is of the required access as it is, not of a change: leave it out"))
	}
	if o.fix != "" && o.json {
		problems = append(problems, errors.New("--fix writes a template, which is JSON already: leave --json out"))
	}
	if o.to == "" {
		if o.from != "" || o.protocol != "" || o.inbound {
			problems = append(problems, errors.New("--from, --protocol and --inbound describe a flow, which needs --to ADDRESS:PORT"))
		}
		return nil, errors.Join(problems...)
	}
	if o.edition != "" {
		problems = append(problems, errors.New("--edition is of the required access, not of a flow: leave it out"))
	}
	flow, err := o.flow()
	return flow, errors.Join(append(problems, err)...)
}

// netcheck looks at one environment.
type netcheck struct {
	netcheckOptions
	client      *client
	environment *environmentItem
	data        string // the --data argument of hints
}

// environmentItem is an environment as the API shows it.
type environmentItem struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		State                string `json:"state"`
		NetworkConfiguration struct {
			AccessEndpoint struct {
				Type string `json:"type"`
			} `json:"accessEndpoint"`
			Subnets []struct {
				ID string `json:"id"`
			} `json:"subnets"`
		} `json:"networkConfiguration"`
	} `json:"properties"`
}

// findEnvironment finds an environment by its name, or the only one for "".
func findEnvironment(ctx context.Context, c *client, group, name string) (*environmentItem, error) {
	all, err := listed[*environmentItem](ctx, c, group, "Microsoft.Logic/integrationServiceEnvironments?api-version="+logicVersion)
	if err != nil {
		return nil, err
	}
	return chooseEnvironment(all, name)
}

func chooseEnvironment(all []*environmentItem, name string) (*environmentItem, error) {
	var found []*environmentItem
	var there []string
	for _, e := range all {
		there = append(there, fmt.Sprintf("%s in the resource group %s", e.Name, groupOf(e.ID)))
		if name == "" || strings.EqualFold(e.Name, name) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return nil, errors.New("there is no integration service environment")
	case len(found) == 0:
		return nil, fmt.Errorf("there is no environment %q; there are: %s", name, strings.Join(there, ", "))
	}
	return nil, fmt.Errorf("there are several environments: %s; name one, and choose its group with -g", strings.Join(there, ", "))
}

func (n *netcheck) run(ctx context.Context, flow *flowQuestion) error {
	switch {
	case flow != nil:
		return n.trace(ctx, flow)
	case n.fix != "":
		return n.writeRules(ctx)
	}
	return n.health(ctx)
}

// path is a path below the environment, with the edition if one is asked for.
func (n *netcheck) path(below string) string {
	query := url.Values{"api-version": {logicVersion}}
	if n.edition != "" {
		query.Set("edition", n.edition)
	}
	return n.environment.ID + "/health/network" + below + "?" + query.Encode()
}

func (n *netcheck) health(ctx context.Context) error {
	var raw json.RawMessage
	if _, err := n.client.call(ctx, http.MethodGet, n.path(""), nil, &raw); err != nil {
		return err
	}
	report, err := readHealth(raw, n.environment)
	if err != nil {
		return err
	}
	if n.json {
		fmt.Fprintf(n.out, "%s\n", raw)
	} else if err := n.print(report); err != nil {
		return err
	}
	if !report.healthy() {
		return exitError(1)
	}
	return nil
}

// writeRules writes the template of the missing rules, and says what it cannot mend.
func (n *netcheck) writeRules(ctx context.Context) error {
	var raw json.RawMessage
	if _, err := n.client.call(ctx, http.MethodGet, n.path("/missingRules"), nil, &raw); err != nil {
		return err
	}
	rest, rules, err := readMissingRules(raw)
	if err != nil {
		return err
	}
	if err := n.writeTemplate(raw); err != nil {
		return err
	}
	for _, text := range rest {
		fmt.Fprintln(n.err, "No rule opens", text)
	}
	switch {
	case rules == 0 && len(rest) > 0:
		fmt.Fprintln(n.err, "No rule is written: none that is added opens anything.")
	case rules == 0:
		fmt.Fprintln(n.err, "No rule is missing.")
	case n.fix != "-":
		fmt.Fprintf(n.err, "%s in %s. Deploy with `%s deploy %s -g %s%s`.\n", ruleCount(rules), n.fix, program(), shown([]string{n.fix}), groupOf(n.environment.ID), n.data)
	}
	if len(rest) > 0 {
		return exitError(1)
	}
	return nil
}

// writeTemplate writes a template as a reader likes it.
func (n *netcheck) writeTemplate(raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	if n.fix == "-" {
		_, err := n.out.Write(b.Bytes())
		return err
	}
	return os.WriteFile(n.fix, b.Bytes(), 0o644)
}

func ruleCount(n int) string {
	if n == 1 {
		return "1 rule is"
	}
	return fmt.Sprintf("%d rules are", n)
}

// ruleTemplate is a template of the missing rules, or one nested in it.
type ruleTemplate struct {
	Resources []struct {
		Properties struct {
			Template *ruleTemplate `json:"template"` // of rules in another resource group
		} `json:"properties"`
	} `json:"resources"`
	Outputs struct {
		Rest struct {
			Value []struct{ Row, Purpose, Subnet, Message string } `json:"value"`
		} `json:"rest"`
	} `json:"outputs"`
}

func (t *ruleTemplate) rules() int {
	n := 0
	for _, r := range t.Resources {
		if inner := r.Properties.Template; inner != nil {
			n += inner.rules()
			continue
		}
		n++
	}
	return n
}

// readMissingRules reads what the template of the missing rules has: how many rules, and
// a text for each cause that rules alone cannot mend, with the accesses that it closes.
func readMissingRules(raw []byte) (rest []string, rules int, err error) {
	t := new(ruleTemplate)
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, 0, fmt.Errorf("the server's template cannot be read: %w", err)
	}
	var causes []string
	rows := map[string][]string{}
	for _, r := range t.Outputs.Rest.Value {
		cause := r.Subnet + ": " + r.Message
		if rows[cause] == nil {
			causes = append(causes, cause)
		}
		rows[cause] = append(rows[cause], r.Row)
	}
	for _, cause := range causes {
		rest = append(rest, fmt.Sprintf("%s at %s", strings.Join(rows[cause], ", "), cause)+". "+whyNoRule(cause))
	}
	return rest, t.rules(), nil
}

// firstPriority is that of the rule that comes before all others (network.md §A3).
const firstPriority = 100

// whyNoRule says why an added rule does not open what a cause closes, and what does.
func whyNoRule(cause string) string {
	var texts []string
	for _, c := range []struct{ part, text string }{
		{fmt.Sprintf("(priority %d)", firstPriority), "No rule comes before priority 100: change or remove that rule."},
		{" route ", "Rules do not change routes: change or remove that route."},
		{"by firewall ", "Rules do not change firewalls: add a network rule that allows it to that firewall."},
	} {
		if strings.Contains(cause, c.part) {
			texts = append(texts, c.text)
		}
	}
	if texts == nil {
		return "No place before that rule is free, or its security group is not at the environment's subnets: change or remove that rule."
	}
	return strings.Join(texts, " ")
}
