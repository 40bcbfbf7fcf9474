package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"isle/internal/server"
)

func azCommand() *cobra.Command {
	var data, name string
	var apply bool
	cmd := &cobra.Command{
		Use:   "az",
		Short: "Print (or --apply: run) the commands that point an az CLI at this server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := server.ReadOperator(data)
			if err != nil {
				return fmt.Errorf("no server has run with the data folder %s yet: %w", data, err)
			}
			for _, line := range azCommands(operator, name) {
				if !apply {
					fmt.Fprintln(cmd.OutOrStdout(), shown(line))
					continue
				}
				run := exec.CommandContext(cmd.Context(), line[0], line[1:]...)
				run.Env = append(os.Environ(), "REQUESTS_CA_BUNDLE="+operator.CAFile)
				run.Stdout, run.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
				if err := run.Run(); err != nil {
					return fmt.Errorf("%s %s: %w", line[0], line[1], err)
				}
			}
			if !apply {
				return nil
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "In your shell: export REQUESTS_CA_BUNDLE=%s\n", operator.CAFile)
			return err
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&name, "name", "isle", "the cloud's name in az")
	cmd.Flags().BoolVar(&apply, "apply", false, "run the commands")
	return cmd
}

// azCommands registers the server as a cloud and signs in as its operator. The
// authority ends in /adfs: az then asks no public service whether it is known.
func azCommands(o server.Operator, name string) [][]string {
	return [][]string{
		{"az", "cloud", "register", "--name", name,
			"--endpoint-resource-manager", o.Endpoint,
			"--endpoint-active-directory", o.Authority + "/adfs",
			"--endpoint-active-directory-resource-id", o.Endpoint,
			"--endpoint-active-directory-graph-resource-id", o.Endpoint},
		{"az", "cloud", "set", "--name", name},
		{"az", "login", "--service-principal", "--username", o.ClientID, "--password", o.ClientSecret, "--tenant", o.TenantID},
	}
}

// shown is a command as a shell takes it.
func shown(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if strings.ContainsAny(w, " '\"$&|;<>()*?[]#~=%!\\`") && !strings.HasPrefix(w, "--") {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
