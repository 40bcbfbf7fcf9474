// Command isle is the one binary: the server, and the tools around it. Each
// subcommand has a file of its own that only parses, calls and prints.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := root().ExecuteContext(ctx)
	var failed exitError
	switch {
	case err == nil:
	case errors.As(err, &failed):
		os.Exit(int(failed))
	default:
		os.Exit(tell(os.Stderr, err))
	}
}

// tell says what is wrong, each line with the same beginning, and gives the exit code.
func tell(w io.Writer, err error) int {
	for line := range strings.Lines(strings.TrimSuffix(err.Error(), "\n")) {
		fmt.Fprintf(w, "isle: %s\n", strings.TrimSuffix(line, "\n"))
	}
	var misused usageError
	var unreadable inputError
	switch {
	case errors.As(err, &misused):
		fmt.Fprintf(w, "See `%s --help`.\n", misused.command)
		return exitMisused
	case errors.As(err, &unreadable):
		return exitMisused
	}
	return exitFailed
}

// The exit codes: what was asked for found something wrong, or failed; or it could not
// be begun, since the command line or a file that it names is not understood.
const (
	exitFailed  = 1
	exitMisused = 2
)

// inputError is a file, or the value of a flag, that cannot be read.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// exitError ends the program with a code when everything there is to say has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is a command line that cannot be understood.
type usageError struct {
	command string // as it was called, such as "bin/isle deploy"
	error
}

func (e usageError) Unwrap() error { return e.error }

// program is this program as the user called it, for hints that work when pasted.
func program() string {
	if len(os.Args) == 0 || os.Args[0] == "" {
		return "isle"
	}
	return shown(os.Args[:1])
}

// dataArgument is what names a data folder on the command line; nothing for the default.
func dataArgument(data string) string {
	if data == defaultData() {
		return ""
	}
	return " --data " + shown([]string{data})
}

// root is the command tree.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "isle",
		Short:         "A self-hosted integration service environment for Logic Apps workflows",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddGroup(
		&cobra.Group{ID: "server", Title: "The server:"},
		&cobra.Group{ID: "manage", Title: "Work with a server:"},
		&cobra.Group{ID: "develop", Title: "Develop workflows, without a server:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			cmd.AddCommand(c)
		}
	}
	add("server", upCommand(), serveCommand(), trustCommand())
	add("manage", deployCommand(), runsCommand(), urlCommand(), netcheckCommand(), flowsCommand(), portCommand(), networkCommand(), captureCommand(), userCommand(), appCommand(), groupCommand(), roleCommand(), azCommand(), backupCommand(), restoreCommand())
	add("develop", checkCommand(), evalCommand(), runCommand(), testCommand())
	cmd.AddCommand(scriptWorkerCommand())
	onlySubcommands(cmd)
	tellUsage(cmd)
	return cmd
}

// onlySubcommands makes commands that do nothing by themselves show what there is under
// them, and refuse what is none of it.
func onlySubcommands(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		onlySubcommands(c)
	}
	if cmd.Runnable() || !cmd.HasSubCommands() {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		near := ""
		if cmd.SuggestionsMinimumDistance = 2; len(cmd.SuggestionsFor(args[0])) > 0 {
			near = fmt.Sprintf(", did you mean %s?", strings.Join(cmd.SuggestionsFor(args[0]), " or "))
		}
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		return fmt.Errorf("unknown command %q%s there are %s", args[0], cmp.Or(near, ":"), strings.Join(names, ", "))
	}
}

// tellUsage makes what is wrong with a command line a usageError, in every command.
func tellUsage(cmd *cobra.Command) {
	misused := func(cmd *cobra.Command, err error) error {
		if err == nil {
			return nil
		}
		return usageError{strings.Replace(cmd.CommandPath(), cmd.Root().Name(), program(), 1), err}
	}
	cmd.SetFlagErrorFunc(misused)
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return misused(cmd, check(cmd, args)) }
	}
	for _, c := range cmd.Commands() {
		tellUsage(c)
	}
}

// version is the release; the build may set it with -X.
var version = "0.1.0"

// dataFlag gives a command the --data flag, which has one default for all of them.
func dataFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data", defaultData(), "the server's data folder")
}

// defaultData is where a server keeps its data unless told otherwise.
func defaultData() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ".isle"
	}
	return filepath.Join(home, ".isle")
}

// readInput reads a file, or standard input for "-".
func readInput(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return readAll(cmd.InOrStdin())
	}
	return os.ReadFile(name)
}
