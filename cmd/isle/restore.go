package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"isle/internal/backup"
	"isle/internal/server"
	"isle/internal/store"
)

func restoreCommand() *cobra.Command {
	var r restore
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put an archive of isle backup back, while the server serves or before it starts",
		Long: `Put an archive back into the data folder. It is checked as a whole before anything
is changed; what was in the folder is kept in a folder "replaced-…" beside it. A
server that runs takes the archive, and begins anew with it within a second. FILE -
is the standard input.

The archive must open with the folder's root key (--key-file, or root.key in the
folder). For a folder that has none, or another one, --root-key names a copy of the
key, which then becomes root.key in the folder; no server may run on it.`,
		Example: `  isle restore isle.tar
  isle restore isle.tar --data other --root-key ~/.isle/root.key`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			archive := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				archive = f
			}
			done, err := r.run(cmd.Context(), archive)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Restored what was there at %s.\n", done.Made.Local().Format(time.DateTime))
			if _, err := os.Stat(filepath.Join(r.data, done.Replaced)); err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "What it replaced is kept in %s: delete that when you need it no more.\n", filepath.Join(r.data, done.Replaced))
			}
			return nil
		},
	}
	dataFlag(cmd, &r.data)
	cmd.Flags().StringVar(&r.keyFile, "key-file", "", "the root key, which lies outside the folder and stays there")
	cmd.Flags().StringVar(&r.rootKey, "root-key", "", "a copy of the root key that the archive was sealed with, to become root.key in the folder")
	cmd.MarkFlagsMutuallyExclusive("key-file", "root-key")
	return cmd
}

// restore is where an archive goes, and what opens it.
type restore struct {
	data, keyFile, rootKey string
}

func (r restore) run(ctx context.Context, archive io.Reader) (server.Restored, error) {
	if err := os.MkdirAll(r.data, 0o700); err != nil {
		return server.Restored{}, err
	}
	release, err := store.Own(r.data)
	if _, running := errors.AsType[*store.LockedError](err); running {
		if r.rootKey != "" || r.keyFile != "" {
			return server.Restored{}, fmt.Errorf("%w; a running server opens archives with its own root key only", err)
		}
		return r.hand(ctx, archive)
	}
	if err != nil {
		return server.Restored{}, err
	}
	defer release()
	keyFile := r.keyFile
	if keyFile == "" {
		keyFile = filepath.Join(r.data, "root.key")
	}
	replaced, m, err := backup.Stage(ctx, archive, r.data, keyFile, r.rootKey, time.Now())
	if _, wrong := errors.AsType[*store.KeyError](err); wrong && r.keyFile == "" && r.rootKey == "" {
		return server.Restored{}, fmt.Errorf("%w; name a copy of the key that the archive was sealed with by --root-key", err)
	}
	if err != nil {
		return server.Restored{}, err
	}
	return server.Restored{Made: m.Made, Replaced: replaced}, backup.Swap(r.data)
}

// hand gives the archive to the server that runs, and waits until it has begun anew.
func (r restore) hand(ctx context.Context, archive io.Reader) (done server.Restored, err error) {
	operator, err := server.ReadOperator(r.data)
	if err != nil {
		return done, err
	}
	c, end, err := dial(operator)
	if err != nil {
		return done, err
	}
	defer end()
	answer, err := c.stream(ctx, "/restore", archive)
	if err != nil {
		return done, err
	}
	err = json.NewDecoder(answer).Decode(&done)
	if err = errors.Join(err, answer.Close()); err != nil {
		return done, err
	}
	return done, r.waitForServer(ctx)
}

// restartPatience is how long a server may take to begin anew.
const restartPatience = time.Minute

// waitForServer waits until the server answers with what was restored.
func (r restore) waitForServer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the archive is in place, but the server did not begin anew: start it again, and look at what it says: %w", ctx.Err())
		case <-tick.C:
		}
		if backup.Pending(r.data) {
			continue
		}
		operator, err := server.ReadOperator(r.data)
		if err != nil {
			continue
		}
		c, end, err := dial(operator)
		if err != nil {
			continue
		}
		err = c.authenticate(ctx)
		_ = end()
		if err == nil {
			return nil
		}
	}
}
