package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"isle/internal/server"
)

func trustCommand() *cobra.Command {
	var data string
	var remove bool
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Make this machine and its browsers trust the server's certificates",
		Long: `Put the certificate of the server's authority into the certificate stores of the
system and of the browsers of whoever runs this, and say of each what was done: on
Debian, Ubuntu, Fedora and their like the system's store, which only root can change
(use sudo, with --data), and the NSS stores of Chromium and Firefox, where certutil is
installed (package libnss3-tools); on macOS the login keychain; on Windows the store of
the user. From then on the portal is served over https alone.

--remove takes it out of all that it was put into.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := server.ReadOperator(data)
			if errors.Is(err, fs.ErrNotExist) {
				return noServerYet(data)
			}
			if err != nil {
				return err
			}
			home, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			stores := trustStores(machine{system: runtime.GOOS, home: home}, operator.CAFile)
			return trust{stores: stores, record: filepath.Join(data, server.TrustFile), out: cmd.OutOrStdout()}.run(remove)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&remove, "remove", false, "take the certificate out again")
	return cmd
}

// trust changes certificate stores, and keeps a record of them once browsers trust the
// server, which then sends browsers on to https.
type trust struct {
	stores []trustStore
	record string // file
	out    io.Writer
}

// trustRecord is what the file holds.
type trustRecord struct {
	Stores []string `json:"stores"`
}

func (t trust) run(remove bool) error {
	var found []error
	record, browsers := trustRecord{}, false
	for _, s := range t.stores {
		change, done := s.add, "trusts"
		if remove {
			change, done = s.remove, "no longer trusts"
		}
		if err := change(); err != nil {
			fmt.Fprintf(t.out, "Unchanged: %s: %v\n", s.name, err)
			found = append(found, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		fmt.Fprintf(t.out, "Done: %s %s the server's authority.\n", s.name, done)
		record.Stores = append(record.Stores, s.name)
		browsers = browsers || s.browsers
	}
	if remove {
		return errors.Join(append(found, t.forget())...)
	}
	if len(record.Stores) == 0 {
		return errors.New("no certificate store of this machine could be changed: see above, or import the CA certificate by hand")
	}
	if !browsers {
		fmt.Fprintln(t.out, "No browser's store was changed, so the portal stays at http, too: start the browser once, and install certutil (package libnss3-tools).")
		return nil
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(t.record, append(text, '\n'), 0o600)
}

func (t trust) forget() error {
	if err := os.Remove(t.record); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
