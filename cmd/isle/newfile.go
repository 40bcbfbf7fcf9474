package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// newFile is a file that a command writes. One that is there already is not replaced
// unasked: it may be the only archive of a server, or a test that somebody has edited.
type newFile struct {
	name  string // "" and "-" are the standard output
	force bool
}

func (f *newFile) flag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.force, "force", false, "replace the file, if it is there already")
}

func (f *newFile) standardOutput() bool { return f.name == "" || f.name == "-" }

// check refuses to replace a file, or to write where no folder is, before anything is done for it.
func (f *newFile) check() error {
	if f.force || f.standardOutput() {
		return nil
	}
	_, err := os.Lstat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := os.Stat(filepath.Dir(f.name)); missing != nil {
			return fmt.Errorf("%s cannot be written: %w", f.name, missing)
		}
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%s is there already: choose another name, or replace it with --force", f.name)
	}
	return err
}
