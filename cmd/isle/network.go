package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"isle/internal/kernel"
	"isle/internal/server"
)

func networkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "network",
		Short: "See and remove what the kernel holds of the virtual networks: status, down",
		Long: `See and remove what the kernel of this machine holds of the virtual networks, where
the server runs with --dataplane kernel. It needs the privileges that the server has.`,
	}
	cmd.AddCommand(networkStatusCommand(), networkDownCommand())
	return cmd
}

func networkStatusCommand() *cobra.Command {
	var data string
	var asJSON, counters bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which virtual networks are in force, namespaces, ports and counters of rules",
		Long: `Show which virtual networks the kernel holds as they are stored, and what of them it
does not; the namespaces of the data folder's server with their ports, and how often
each rule has decided, in packets (a call of a workflow that is denied sends none: it
stands in the run and in the flow log). It ends with 1 unless all networks are in force. Where no
server runs, what the kernel holds is shown, nothing can be said of what it must hold,
and it ends with 1; where the server enforces the policy by itself, with 0.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := networkStatus(cmd.Context(), data)
			if err != nil {
				return err
			}
			if asJSON {
				err = printLines(cmd.OutOrStdout(), []server.NetworkStatus{status}, func(s server.NetworkStatus) any { return s })
			} else {
				err = printNetwork(cmd.OutOrStdout(), &status, counters)
			}
			if err == nil && !inForce(&status) {
				err = exitError(exitFailed)
			}
			return err
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	cmd.Flags().BoolVar(&counters, "counters", false, "the counters of rules as well")
	return cmd
}

// inForce tells whether what must be enforced is. A server that enforces the policy by
// itself asks nothing of the kernel.
func inForce(s *server.NetworkStatus) bool {
	if s.Isolation.Mode != server.DataPlaneKernel {
		return s.Isolation.Mode != ""
	}
	return len(s.Differences) == 0 && !slices.ContainsFunc(s.Networks, func(n server.HeldNetwork) bool { return !n.InForce }) &&
		(s.Isolation.Isolated || len(s.Networks) > 0)
}

// networkStatus asks the server, or the kernel where none runs.
func networkStatus(ctx context.Context, data string) (server.NetworkStatus, error) {
	c, done, err := connect(ctx, data)
	if err != nil {
		return server.NetworkStatus{}, err
	}
	defer done()
	var status server.NetworkStatus
	if !c.stopped {
		_, err = c.call(ctx, http.MethodGet, "/network", nil, &status)
		return status, err
	}
	held, err := heldBy(data)
	if err != nil {
		return status, err
	}
	found, err := held.Status(ctx)
	if err != nil {
		return status, lacking(ctx, err)
	}
	status = server.ShownNetwork(found)
	status.Differences = []string{} // there is nobody who says what must be
	status.Isolation.Reasons = []string{"No server runs with this data folder."}
	return status, nil
}

// heldBy is the part of the kernel that a data folder's server has.
func heldBy(data string) (*kernel.Kernel, error) {
	tag, err := server.KernelTag(data)
	if err != nil {
		return nil, err
	}
	return kernel.Open(kernel.Options{Tag: tag})
}

// lacking is what a process that may not enter namespaces lacks, the privileges of root,
// in place of what it fails with in each of them.
func lacking(ctx context.Context, failed error) error {
	if !errors.Is(failed, fs.ErrPermission) {
		return failed
	}
	return cmp.Or(kernel.Unavailable(kernel.Probe(ctx)), failed)
}

func printNetwork(out io.Writer, s *server.NetworkStatus, counters bool) error {
	isolated := "isolated"
	if !s.Isolation.Isolated {
		isolated = "not isolated"
	}
	fmt.Fprintf(out, "Data plane: %s, %s\n", cmp.Or(s.Isolation.Mode, "none"), isolated)
	printList(out, "", s.Isolation.Reasons)
	if err := printNetworks(out, s.Networks); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if len(s.Namespaces) > 0 {
		fmt.Fprintln(w, "\nNAMESPACE\tROLE\tOF\tNETWORK\tADDRESSES\tCONNECTIONS")
	}
	for _, n := range s.Namespaces {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", n.Name, cmp.Or(n.Role, "-"), cmp.Or(segment(n.Owner), "-"), cmp.Or(segment(n.Network), "-"), addresses(&n), n.Connections)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if counters {
		printCounters(out, s)
	}
	printList(out, "\nNot there yet:\n", s.Waiting)
	printList(out, "\nNot as it must be:\n", s.Differences)
	return nil
}

// printNetworks prints which networks are in force, and why the others are not.
func printNetworks(out io.Writer, all []server.HeldNetwork) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if len(all) > 0 {
		fmt.Fprintln(w, "\nNETWORK\tRESOURCE GROUP\tENVIRONMENTS\tIN FORCE")
	}
	for _, n := range all {
		state := "yes"
		if !n.InForce {
			state = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", n.Name, n.ResourceGroup, cmp.Or(strings.Join(n.Environments, " "), "-"), state)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range all {
		var why []string
		for _, p := range n.Problems {
			why = append(why, p.Message)
		}
		printList(out, "\nNot in force of "+n.Name+":\n", why)
	}
	return nil
}

func printList(out io.Writer, title string, lines []string) {
	for i, l := range lines {
		if i == 0 {
			fmt.Fprint(out, title)
		}
		fmt.Fprintf(out, "  - %s\n", l)
	}
}

// addresses are those of a namespace's ports, each once: a router has the same ones on
// each, and where no server runs nobody says what is a router.
func addresses(n *server.NamespaceStatus) string {
	if n.Role == "router" {
		return fmt.Sprintf("%d ports", len(n.Ports))
	}
	var list []string
	for _, p := range n.Ports {
		for _, a := range p.Addresses {
			if text := a.Addr().String(); !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return strings.Join(list, " ")
}

func printCounters(out io.Writer, s *server.NetworkStatus) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	head := "\nRULE\tRESOURCE GROUP\tNAMESPACE\tPACKETS\tBYTES\n"
	for _, n := range s.Namespaces {
		for _, c := range n.Counters {
			_, rule, _ := strings.Cut(c.Rule, "/providers/Microsoft.Network/")
			fmt.Fprintf(w, "%s%s\t%s\t%s\t%d\t%d\n", head, cmp.Or(rule, c.Rule), cmp.Or(groupOf(c.Rule), "-"), n.Name, c.Packets, c.Bytes)
			head = ""
		}
	}
	_ = w.Flush()
	if head != "" && len(s.Namespaces) > 0 {
		fmt.Fprintln(out, "\nNo rules are counted: no security group or firewall is in force.")
	}
}

func networkDownCommand() *cobra.Command {
	var data string
	var force bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove everything that the kernel holds for a data folder's server",
		Long: `Remove every namespace, link and rule that the kernel holds for the server of a data
folder, also one that is gone. While that server uses them this is refused: with
--force its flows are cut, and it makes everything again at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stopped, err := server.OpenReadOnly(cmd.Context(), data)
			switch {
			case err == nil:
				if err := stopped.Close(cmd.Context()); err != nil {
					return err
				}
			case errors.Is(err, server.ErrRunning) && !force:
				status, err := networkStatus(cmd.Context(), data)
				if err != nil {
					return err
				}
				if status.Isolation.Mode == server.DataPlaneKernel {
					return fmt.Errorf("a server runs with the data folder %s: stop it first, or give --force to cut its flows", data)
				}
			}
			held, err := heldBy(data)
			if err != nil {
				return err
			}
			if _, missing := os.Stat(data); errors.Is(missing, fs.ErrNotExist) {
				// The folder of a server that is gone, or no folder that there ever was.
				found, err := held.Status(cmd.Context())
				if err != nil {
					return lacking(cmd.Context(), err)
				}
				if len(found.Namespaces) == 0 {
					return inputError{fmt.Errorf("there is no data folder %s, and the kernel holds nothing of a server that had one there: name the folder with --data", data)}
				}
			}
			if err := held.Down(cmd.Context()); err != nil {
				return lacking(cmd.Context(), err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The kernel holds nothing of this data folder's server.")
			return nil
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&force, "force", false, "also while the server runs")
	return cmd
}
