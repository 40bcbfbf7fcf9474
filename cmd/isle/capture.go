package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func captureCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "capture",
		Short: "Read packet captures: list, get, stop",
		Long: `List the packet captures of network watchers and firewalls, read what they have
captured, and stop them. They are made through the API, for instance by
az network watcher packet-capture create, where the server runs with --dataplane kernel.`,
		Args: cobra.NoArgs, // what is no subcommand is refused
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(captureListCommand(), captureGetCommand(), captureStopCommand())
	return cmd
}

// packetCapture is a capture as the commands show it.
type packetCapture struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Target  string    `json:"target"` // resource ID
	Status  string    `json:"packetCaptureStatus"`
	Reason  string    `json:"stopReason"`
	Started time.Time `json:"captureStartTime"`
	Packets int64     `json:"packets"`
	Bytes   int64     `json:"bytes"`
	Dropped int64     `json:"dropped"`
	Message string    `json:"message"`
}

// captures are those of all watchers and firewalls, with their status.
func (c *client) captures(ctx context.Context) (list []packetCapture, err error) {
	list = []packetCapture{}
	for _, typ := range []string{"networkWatchers", "azureFirewalls"} {
		parents, err := c.named(ctx, "/subscriptions/"+c.operator.SubscriptionID+"/providers/Microsoft.Network/"+typ)
		if err != nil {
			return nil, err
		}
		for _, parent := range parents {
			found, err := c.named(ctx, parent.ID+"/packetCaptures")
			if err != nil {
				return nil, err
			}
			for _, f := range found {
				one := packetCapture{Target: cmp.Or(f.Properties.Target, parent.ID)}
				if _, err := c.call(ctx, http.MethodPost, f.ID+"/queryStatus"+captureVersion, nil, &one); err != nil {
					return nil, err
				}
				list = append(list, one)
			}
		}
	}
	return list, nil
}

// captureVersion is the api-version of the requests.
const captureVersion = "?api-version=2025-01-01"

// namedResource is a resource in a list.
type namedResource struct {
	ID         string `json:"id"`
	Properties struct {
		Target string `json:"target"`
	} `json:"properties"`
}

func (c *client) named(ctx context.Context, path string) (list []namedResource, err error) {
	for path += captureVersion; path != ""; {
		var page struct {
			Value    []namedResource `json:"value"`
			NextLink string          `json:"nextLink"`
		}
		if _, err := c.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		list, path = append(list, page.Value...), page.NextLink
	}
	return list, nil
}

// captureNamed finds a capture by its name, its ID, or the end of its ID.
func (c *client) captureNamed(ctx context.Context, name string) (*packetCapture, error) {
	all, err := c.captures(ctx)
	if err != nil {
		return nil, err
	}
	var found []packetCapture
	for _, one := range all {
		if strings.EqualFold(one.Name, name) || strings.EqualFold(one.ID, name) || strings.HasSuffix(strings.ToLower(one.ID), "/"+strings.ToLower(name)) {
			found = append(found, one)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no packet capture %s; `%s capture list` shows them", name, program())
	case 1:
		return &found[0], nil
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return nil, fmt.Errorf("%d packet captures are called %s; give the ID of one:\n%s", len(found), name, strings.Join(ids, "\n"))
}

func captureListCommand() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List packet captures",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, done, err := connectRunning(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			all, err := c.captures(cmd.Context())
			switch {
			case err != nil:
				return err
			case asJSON:
				return printLines(cmd.OutOrStdout(), all, func(p packetCapture) any { return p })
			case len(all) == 0:
				fmt.Fprintln(cmd.OutOrStdout(), "No packet captures.")
				return nil
			}
			return printCaptures(cmd.OutOrStdout(), all)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func printCaptures(out io.Writer, all []packetCapture) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tRESOURCE GROUP\tTARGET\tSTATUS\tENDED BY\tSTARTED\tPACKETS\tBYTES\tLOST")
	for _, p := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\n", p.Name, cmp.Or(groupOf(p.ID), "-"), cmp.Or(segment(p.Target), "-"), p.Status, cmp.Or(p.Reason, "-"), p.Started.Local().Format(time.DateTime), p.Packets, p.Bytes, p.Dropped)
	}
	return w.Flush()
}

func captureGetCommand() *cobra.Command {
	var data string
	var output newFile
	cmd := &cobra.Command{
		Use:   "get NAME -o FILE",
		Short: "Write what a packet capture has captured to a file",
		Long: `Write all packets that a capture has captured, up to now if it runs, to a file in the
format pcap, which tcpdump and Wireshark read. Packets have what was said: keep the
file as you would keep that.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output.name == "" {
				return usageError{cmd.CommandPath(), errors.New("give the file to write with -o; '-' is standard output")}
			}
			if err := output.check(); err != nil {
				return err
			}
			c, done, err := connectRunning(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			one, err := c.captureNamed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			content, err := c.captured(cmd.Context(), one.ID)
			if err != nil {
				return err
			}
			defer content.Close()
			if output.standardOutput() {
				_, err = io.Copy(cmd.OutOrStdout(), content)
				return err
			}
			if err := writeCapture(output.name, content); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s: %d packets, %s.\n", output.name, one.Packets, one.Status)
			return nil
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&output.name, "output", "o", "", "the file to write; '-' is standard output")
	output.flag(cmd)
	return cmd
}

// captured opens what a capture has captured, by a link that the server signs.
func (c *client) captured(ctx context.Context, id string) (io.ReadCloser, error) {
	var link struct {
		Value string `json:"value"`
	}
	if _, err := c.call(ctx, http.MethodPost, id+"/listContentUrl"+captureVersion, nil, &link); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.Value, nil)
	if err != nil {
		return nil, err
	}
	unbounded := *c.http
	unbounded.Timeout = 0 // however large it is
	resp, err := unbounded.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		return nil, failure(resp.StatusCode, text)
	}
	return resp.Body, nil
}

// writeCapture writes a file that others do not read, also where it replaces one that they
// did. What could not be written to its end is removed.
func writeCapture(name string, content io.Reader) error {
	out, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := out.Stat()
	file := err == nil && info.Mode().IsRegular() // a device or a pipe stays as it is
	if file {
		err = out.Chmod(0o600)
	}
	if err == nil {
		_, err = io.Copy(out, content)
	}
	if err = errors.Join(err, out.Close()); err != nil && file {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

func captureStopCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "stop NAME",
		Short: "Stop a packet capture; what it has captured stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, done, err := connectRunning(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			one, err := c.captureNamed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if _, err := c.call(cmd.Context(), http.MethodPost, one.ID+"/stop"+captureVersion, nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Stopped %s.\n", one.Name)
			return nil
		},
	}
	dataFlag(cmd, &data)
	return cmd
}
