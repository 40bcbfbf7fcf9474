package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"
)

// testRecording is what `isle test --record` is told.
type testRecording struct {
	run, data, group, workflow string
	output                     newFile
}

func (o *testRecording) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.run, "record", "", "write a test file from this run instead of running one")
	dataFlag(cmd, &o.data)
	cmd.Flags().StringVarP(&o.group, "group", "g", "", "with --record: only look in this resource group")
	cmd.Flags().StringVar(&o.workflow, "workflow", "", "with --record: the run is this workflow's")
	cmd.Flags().StringVarP(&o.output.name, "output", "o", "", "with --record: write to this file, not to standard output")
	o.output.flag(cmd)
}

// write asks the server that owns the data folder for the test file of the run.
func (o *testRecording) write(cmd *cobra.Command) error {
	if err := o.output.check(); err != nil {
		return err
	}
	c, done, err := connect(cmd.Context(), o.data)
	if err != nil {
		return err
	}
	defer done()
	text, err := o.fetch(cmd.Context(), &history{client: c})
	if err != nil {
		return err
	}
	for _, n := range notesOf(text) {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	if o.output.standardOutput() {
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	if err := os.WriteFile(o.output.name, text, 0o600); err != nil { // bodies may be private
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s. Run it with: %s test %s\n", o.output.name, program(), o.output.name)
	return nil
}

func (o *testRecording) fetch(ctx context.Context, h *history) ([]byte, error) {
	workflows, err := h.workflows(ctx, o.group, o.workflow)
	if err != nil {
		return nil, err
	}
	_, path, err := h.find(ctx, workflows, o.run)
	if err != nil {
		return nil, err
	}
	var l link
	if _, err := h.client.call(ctx, http.MethodPost, path+"/exportTestFile?api-version="+logicVersion, nil, &l); err != nil {
		return nil, err
	}
	text, err := h.content(ctx, &l)
	if err == nil && h.refusal != nil {
		err = errors.New("the run's contents are not readable from here: " + h.refusal.Message)
	}
	return text, err
}

// notesOf are the notes that a recorded test holds.
func notesOf(text []byte) []string {
	var file struct {
		Notes []string `json:"notes"`
	}
	_ = json.Unmarshal(text, &file)
	return file.Notes
}
