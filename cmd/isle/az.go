package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
		Long: `Print the commands that register this server as a cloud of the az CLI and sign in
as the operator; --apply runs them (again: with the present values). az finds the
server's certificate authority by the environment variable REQUESTS_CA_BUNDLE, which
the shell must set. "az cloud set --name AzureCloud" leads back to Azure.`,
		Example: `  isle az
  isle az --apply && export REQUESTS_CA_BUNDLE=~/.isle/ca.pem && az group list`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := server.ReadOperator(data)
			if errors.Is(err, fs.ErrNotExist) {
				return noServerYet(data)
			}
			if err != nil {
				return err
			}
			export := "export REQUESTS_CA_BUNDLE=" + shown([]string{operator.CAFile})
			if apply {
				if err := applyAz(cmd, operator, name); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "Signed in. In your shell:\n"+export)
				return nil
			}
			fmt.Fprintln(cmd.OutOrStdout(), export)
			for _, line := range azCommands(operator, "register", name) {
				fmt.Fprintln(cmd.OutOrStdout(), shown(line))
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&name, "name", "isle", "the cloud's name in az")
	cmd.Flags().BoolVar(&apply, "apply", false, "run the commands")
	return cmd
}

// applyAz runs the commands. A cloud that az knows already is updated.
func applyAz(cmd *cobra.Command, o server.Operator, name string) error {
	az := func(words ...string) *exec.Cmd {
		c := exec.CommandContext(cmd.Context(), words[0], words[1:]...)
		c.Env = append(os.Environ(), "REQUESTS_CA_BUNDLE="+o.CAFile)
		return c
	}
	if _, err := exec.LookPath("az"); err != nil {
		return fmt.Errorf("there is no az CLI on this machine; without --apply the commands are printed: %w", err)
	}
	verb := "register"
	if az("az", "cloud", "show", "--name", name).Run() == nil {
		verb = "update"
	}
	for _, line := range azCommands(o, verb, name) {
		run := az(line...)
		run.Stdout, run.Stderr = io.Discard, cmd.ErrOrStderr()
		if err := run.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(line[:3], " "), err)
		}
	}
	return nil
}

// azCommands makes the server a cloud of az (verb: register or update) and signs in as
// its operator. The authority ends in /adfs: az then asks no public service whether it
// is known.
func azCommands(o server.Operator, verb, name string) [][]string {
	endpoints, _ := json.Marshal(map[string]any{"endpoints": map[string]string{
		"resourceManager": o.Endpoint, "management": o.Endpoint, "activeDirectory": o.Authority + "/adfs", "activeDirectoryResourceId": o.Endpoint,
		"activeDirectoryGraphResourceId": o.Endpoint, "microsoftGraphResourceId": o.Endpoint}})
	return [][]string{
		{"az", "cloud", verb, "--name", name, "--cloud-config", string(endpoints)},
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
