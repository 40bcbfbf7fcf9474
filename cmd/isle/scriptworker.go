package main

import (
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"isle/internal/connector/script"
)

// scriptWorkerCommand is the process that runs inline code; see internal/connector/script.
func scriptWorkerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "script-worker",
		Short:  "Run inline code for another Isle process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, args []string) error { return script.Work(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
}

// scriptWorker makes such a process, of the same binary.
func scriptWorker() (*exec.Cmd, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(binary, "script-worker"), nil
}
