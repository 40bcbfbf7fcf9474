package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"isle/internal/server"
)

func portCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "port",
		Short: "Attach real addresses to the virtual network: add, list, remove",
		Long: `Say which real address serves a private address of the virtual network. An
attachment is a network interface with the tag isle-attach: "22=127.0.0.1:2222"
serves port 22 there; "192.168.1.20" alone makes that machine the interface, whose
calls come from the private address. Rules and routes judge the private address.

Where the kernel holds the networks (serve --dataplane kernel), a container's or a
virtual machine's own network namespace or tap can be the interface: --netns, --tap.`,
		Example: `  isle port add 10.0.2.50:22 127.0.0.1:2222
  isle port list
  isle port remove 10.0.2.50:22`,
	}
	cmd.AddCommand(portAddCommand(), portListCommand(), portRemoveCommand())
	return cmd
}

func portAddCommand() *cobra.Command {
	var data string
	var a portAdd
	var g guest
	cmd := &cobra.Command{
		Use:   "add PRIVATE[:PORT] [REAL[:PORT]]",
		Short: "Serve a private address, or one port of it, at a real address or by a machine",
		Long: `Serve a private address of the virtual network, or one port of it, at a real
address that this machine reaches. The network and the subnet are those that contain
the address. A port that is served already is moved.

--netns and --tap give the address to a machine of its own instead, which then has an
interface in the network: its packets are judged by the kernel (serve --dataplane
kernel). Where the kernel does not take the machine, nothing is changed. A namespace gets
its address and its default route; what is behind a tap sets them by itself, as a machine of
the subnet, whose router has the first address. The name server of both is 168.63.129.16.
With --gateway, what lies behind the network's gateway is behind it.`,
		Example: `  isle port add 10.0.2.50:22 127.0.0.1:2222
  isle port add 10.0.2.60 192.168.1.20 --name mainframe
  isle port add 10.0.2.70 --netns sftp
  isle port add 10.0.2.80 --netns 4711
  isle port add 10.0.2.90 --tap vm1`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case g.given() && len(args) == 2:
				return errors.New("--netns and --tap say what serves the address: leave the real address out")
			case g.given():
				return cobra.ExactArgs(1)(cmd, args)
			case len(args) == 1:
				return fmt.Errorf("what is to serve %s? Give a real address, or a machine by --netns or --tap", args[0])
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if g.given() {
				a.private, a.entry, err = g.attachment(args[0], os.Readlink)
			} else {
				a.private, a.entry, err = parseAttachment(args[0], args[1])
			}
			if g.gateway && !g.given() {
				err = errors.Join(err, errors.New("--gateway is of a machine: give --netns or --tap as well"))
			}
			if strings.ContainsAny(a.name, "/\\?#% ") {
				err = errors.Join(err, fmt.Errorf("--name %q is no name of a resource: give letters, digits and hyphens", a.name))
			}
			if err != nil {
				return err
			}
			return withPorts(cmd, data, connectRunning, func(p *ports) error { return p.add(cmd.Context(), a) })
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&a.group, "group", "g", "", "the virtual network's resource group, when several networks contain the address")
	cmd.Flags().StringVar(&a.network, "network", "", "the virtual network, when several contain the address")
	cmd.Flags().StringVar(&a.name, "name", "", "the network interface's name (default: port-10-0-2-50 for 10.0.2.50)")
	cmd.Flags().StringVar(&g.namespace, "netns", "", "the machine's network namespace: its name, a path, or the id of a process in it")
	cmd.Flags().StringVar(&g.tap, "tap", "", "the machine's tap")
	cmd.Flags().BoolVar(&g.gateway, "gateway", false, "what lies behind the network's gateway is behind this machine")
	return cmd
}

func portListCommand() *cobra.Command {
	var data, group string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what is attached",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPorts(cmd, data, connect, func(p *ports) error { return p.list(cmd.Context(), group, asJSON) })
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&group, "group", "g", "", "only this resource group's interfaces")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func portRemoveCommand() *cobra.Command {
	var data, group string
	cmd := &cobra.Command{
		Use:   "remove PRIVATE[:PORT]|NAME",
		Short: "Detach one port, or all of a private address",
		Long: `Detach one port of a private address, or all that is attached to an address or to
the interface of a name. The network interface goes with the last of it.`,
		Example: `  isle port remove 10.0.2.50:22
  isle port remove port-10-0-2-50`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPorts(cmd, data, connectRunning, func(p *ports) error {
				return unforestalled(func() error { return p.remove(cmd.Context(), group, args[0]) })
			})
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&group, "group", "g", "", "the interface's resource group, when several have one of that name or address")
	return cmd
}

// withPorts calls do with a connection of the given kind.
func withPorts(cmd *cobra.Command, data string, connect func(context.Context, string) (*client, func() error, error), do func(*ports) error) error {
	c, done, err := connect(cmd.Context(), data)
	if err != nil {
		return err
	}
	defer done()
	return do(&ports{client: c, out: cmd.OutOrStdout()})
}

// ports changes and lists attachments through the API.
type ports struct {
	client *client
	out    io.Writer
}

// portAdd is what `isle port add` was told.
type portAdd struct {
	private              netip.Addr
	entry                attachment
	group, network, name string // "" if not given
}

// attempts are how often a change is tried anew that another one forestalls.
const attempts = 20

// unforestalled does a change anew, from what is there then, while another one comes
// between what it has read and what it writes.
func unforestalled(change func() error) error {
	var err error
	for range attempts {
		err = change()
		var answer *apiError
		if !errors.As(err, &answer) || answer.Status != http.StatusPreconditionFailed {
			break
		}
	}
	return err
}

// add makes the interface of the private address, or changes the one that is there.
func (p *ports) add(ctx context.Context, a portAdd) error {
	place, err := p.find(ctx, a)
	if err != nil {
		return err
	}
	var done added
	err = unforestalled(func() (err error) {
		done, err = p.addAt(ctx, a, place)
		return err
	})
	if err != nil {
		return err
	}
	if err := p.takenIn(ctx, a, place); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience) // also for who does not wait
		defer cancel()
		if undone := done.undo(ctx); undone != nil {
			return fmt.Errorf("%w; and %s stays attached: %w", err, a.private, undone)
		}
		return err
	}
	fmt.Fprintf(p.out, "%s is served at %s%s (interface %s, subnet %s).\n", a.entry.at(a.private), a.entry.real, done.moved, done.name, place)
	return nil
}

// undoPatience is how long undoing an attachment may take.
const undoPatience = 30 * time.Second

// added is what was done for an attachment, and how it is undone.
type added struct {
	name, moved string
	undo        func(context.Context) error
}

func (p *ports) addAt(ctx context.Context, a portAdd, place subnetPlace) (added, error) {
	all, err := p.interfaces(ctx, "")
	if err != nil {
		return added{}, err
	}
	nic := interfaceAt(all, a.private, place)
	if err := checkInterface(nic, all, a, place); err != nil {
		return added{}, err
	}
	if nic == nil {
		return p.create(ctx, a, place)
	}
	entries, was, err := merge(nic.attached(), a.entry)
	if err != nil {
		return added{}, fmt.Errorf("the tag %s of the interface %s: %w", tagAttach, nic.Name, err)
	}
	changed, err := p.tag(ctx, nic, attachmentText(entries))
	if err != nil {
		return added{}, err
	}
	done := added{name: nic.Name, undo: func(ctx context.Context) error {
		_, err := p.tag(ctx, changed, nic.attached())
		return err
	}}
	if was != "" && was != a.entry.real {
		done.moved = ", no longer at " + was
	}
	return done, nil
}

// takenIn is why the kernel has not taken a machine into its network; the server has told
// of the interface when the kernel was asked for it.
func (p *ports) takenIn(ctx context.Context, a portAdd, place subnetPlace) error {
	if !a.entry.isMachine() {
		return nil
	}
	var status server.NetworkStatus
	if _, err := p.client.call(ctx, http.MethodGet, "/network", nil, &status); err != nil {
		return err
	}
	if status.Isolation.Mode != server.DataPlaneKernel {
		return fmt.Errorf("%s can be given to a machine only where the kernel holds the networks: start the server with --dataplane kernel, or attach a real address", a.private)
	}
	machine := a.entry.machine()
	for _, n := range status.Networks {
		if !strings.EqualFold(n.ID, place.network.ID) {
			continue
		}
		if slices.Contains(n.Waiting, machine) {
			return fmt.Errorf("%s is not there: start the machine first", machine)
		}
		var found []error
		for _, problem := range n.Problems {
			if problem.To == "" || problem.To == machine {
				found = append(found, errors.New(problem.Message))
			}
		}
		if len(found) > 0 {
			return fmt.Errorf("the kernel does not take %s into the network %s: %w", machine, n.Name, errors.Join(found...))
		}
	}
	return nil
}

// checkInterface reports what is in the way of an attachment. nic is the interface
// that has its private address, if there is one.
func checkInterface(nic *networkInterface, all []*networkInterface, a portAdd, place subnetPlace) error {
	var problems []error
	if nic != nil && a.name != "" && !strings.EqualFold(a.name, nic.Name) {
		problems = append(problems, fmt.Errorf("%s is the interface %s already: leave --name out", a.private, nic.Name))
	}
	if nic != nil && nic.address(0) != a.private {
		problems = append(problems, fmt.Errorf("%s is not the primary address of the interface %s, and only %s can be attached", a.private, nic.Name, nic.address(0)))
	}
	if nic == nil {
		for _, other := range all {
			if strings.EqualFold(other.Name, a.interfaceName()) && strings.EqualFold(groupOf(other.ID), groupOf(place.network.ID)) {
				problems = append(problems, fmt.Errorf("an interface %s is there already, with the address %s: give another name with --name", other.Name, other.address(0)))
			}
		}
	}
	return errors.Join(problems...)
}

func (a *portAdd) interfaceName() string {
	if a.name != "" {
		return a.name
	}
	return "port-" + strings.NewReplacer(".", "-", ":", "-").Replace(a.private.String())
}

func (p *ports) create(ctx context.Context, a portAdd, place subnetPlace) (added, error) {
	body := map[string]any{
		"location": place.network.Location,
		"tags":     map[string]string{tagAttach: a.entry.String()},
		"properties": map[string]any{"ipConfigurations": []any{map[string]any{"name": "ip", "properties": map[string]any{
			"privateIPAddress": a.private.String(), "privateIPAllocationMethod": "Static", "subnet": map[string]string{"id": place.subnet.ID}}}}},
	}
	path := p.client.group(groupOf(place.network.ID)) + "/providers/Microsoft.Network/networkInterfaces/" + url.PathEscape(a.interfaceName())
	var nic networkInterface
	if _, err := p.client.callIf(ctx, http.Header{"If-None-Match": {"*"}}, http.MethodPut, path+networkQuery, body, &nic); err != nil {
		return added{}, err
	}
	return added{name: a.interfaceName(), undo: func(ctx context.Context) error {
		_, err := p.client.callIf(ctx, nic.unchanged(), http.MethodDelete, path+networkQuery, nil, nil)
		return err
	}}, nil
}

// tag writes the attachments of an interface, none for "", and returns it as it is then;
// its other tags stay.
func (p *ports) tag(ctx context.Context, nic *networkInterface, attached string) (*networkInterface, error) {
	tags := map[string]string{}
	for name, value := range nic.Tags {
		if !strings.EqualFold(name, tagAttach) {
			tags[name] = value
		}
	}
	if attached != "" {
		tags[tagAttach] = attached
	}
	changed := &networkInterface{}
	_, err := p.client.callIf(ctx, nic.unchanged(), http.MethodPatch, nic.ID+networkQuery, map[string]any{"tags": tags}, changed)
	return changed, err
}

// attachedPort is a line of `isle port list`.
type attachedPort struct {
	Private       string `json:"private"` // with its port; without one all of the address
	Real          string `json:"real"`
	Network       string `json:"network"`
	Subnet        string `json:"subnet"`
	Name          string `json:"name"`
	ResourceGroup string `json:"resourceGroup"`
}

func (p *ports) list(ctx context.Context, group string, asJSON bool) error {
	all, err := p.interfaces(ctx, group)
	if err != nil {
		return err
	}
	lines, err := attachedPorts(all)
	if err != nil {
		return err
	}
	if asJSON {
		return printLines(p.out, lines, func(l attachedPort) any { return l })
	}
	if len(lines) == 0 {
		fmt.Fprintln(p.out, "Nothing is attached.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PRIVATE\tREAL\tNETWORK/SUBNET\tNAME")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s/%s\t%s\n", l.Private, l.Real, l.Network, l.Subnet, l.Name)
	}
	return w.Flush()
}

// attachedPorts lists what is attached, by network and address.
func attachedPorts(all []*networkInterface) ([]attachedPort, error) {
	slices.SortStableFunc(all, func(a, b *networkInterface) int {
		if by := strings.Compare(networkOf(a.subnet()), networkOf(b.subnet())); by != 0 {
			return by
		}
		return a.address(0).Compare(b.address(0))
	})
	var lines []attachedPort
	for _, nic := range all {
		entries, err := parseAttachments(nic.attached())
		if err != nil {
			return nil, fmt.Errorf("the tag %s of the interface %s: %w", tagAttach, nic.Name, err)
		}
		for _, e := range entries {
			lines = append(lines, attachedPort{e.at(nic.address(0)), e.real, segment(networkOf(nic.subnet())), segment(nic.subnet()), nic.Name, groupOf(nic.ID)})
		}
	}
	return lines, nil
}

// remove detaches what is named: an interface, its address, or one port of it.
func (p *ports) remove(ctx context.Context, group, what string) error {
	all, err := p.interfaces(ctx, group)
	if err != nil {
		return err
	}
	nic, port, err := named(all, what)
	if err != nil {
		return err
	}
	left := []attachment{}
	if port != 0 {
		entries, err := parseAttachments(nic.attached())
		if err != nil {
			return fmt.Errorf("the tag %s of the interface %s: %w", tagAttach, nic.Name, err)
		}
		left = slices.DeleteFunc(slices.Clone(entries), func(e attachment) bool { return e.port == port })
		if len(left) == len(entries) {
			return fmt.Errorf("port %d of %s is not attached; `%s port list` shows what is", port, nic.address(0), program())
		}
	}
	if len(left) > 0 {
		if _, err := p.tag(ctx, nic, attachmentText(left)); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s is detached; the interface %s has %d more.\n", what, nic.Name, len(left))
		return nil
	}
	if _, err := p.client.callIf(ctx, nic.unchanged(), http.MethodDelete, nic.ID+networkQuery, nil, nil); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s is detached; the interface %s is removed.\n", what, nic.Name)
	return nil
}

// named is the interface that has an address or a name, and the port if one is given.
func named(all []*networkInterface, what string) (*networkInterface, uint16, error) {
	address, port, err := parseEndpoint(what)
	var found []*networkInterface
	for _, nic := range all {
		if nic.attached() != "" && (err == nil && nic.address(0) == address || strings.EqualFold(nic.Name, what)) {
			found = append(found, nic)
		}
	}
	switch len(found) {
	case 0:
		return nil, 0, fmt.Errorf("nothing is attached to %q; `%s port list` shows what is", what, program())
	case 1:
		return found[0], port, nil
	}
	var names []string
	for _, nic := range found {
		names = append(names, fmt.Sprintf("%s in the resource group %s", nic.Name, groupOf(nic.ID)))
	}
	return nil, 0, fmt.Errorf("%d interfaces are %q: %s; give a name, or choose the group with -g", len(found), what, strings.Join(names, ", "))
}
