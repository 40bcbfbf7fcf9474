package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"isle/internal/backup"
	"isle/internal/server"
	"isle/internal/store"
)

func backupCommand() *cobra.Command {
	var data, keyFile string
	var file newFile
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write an archive of everything, while the server serves",
		Long: `Write an archive (a tar file) of all that the data folder's server has stored, as it
is at one moment: resources, runs, tasks, contents, the operator's file. The server
goes on meanwhile; a stopped server's folder is read as it lies. FILE - is the
standard output; a file that is there is replaced only with --force.

The archive is sealed as the databases are. The root key is not in it: keep a copy of
that elsewhere, or the archive is of no use to anyone, you included.`,
		Example: `  isle backup isle.tar
  isle backup - | ssh elsewhere 'cat > isle.tar'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file.name = args[0]
			if err := file.check(); err != nil {
				return err
			}
			write := func(w io.Writer) error { return writeBackup(cmd.Context(), w, data, keyFile) }
			if file.standardOutput() {
				return write(cmd.OutOrStdout())
			}
			size, err := writeWhole(args[0], write)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s, %d bytes. It opens only with the server's root key: keep a copy of that elsewhere.\n", args[0], size)
			}
			return err
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&keyFile, "key-file", "", "the root key of a stopped server (default: the one in the data folder)")
	file.flag(cmd)
	return cmd
}

// writeWhole makes a file that is there when all of it is, and returns its size.
func writeWhole(name string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if info, statErr := f.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), name)
}

// writeBackup has the server that owns the folder write an archive, or writes one of a
// stopped server's folder.
func writeBackup(ctx context.Context, w io.Writer, data, keyFile string) error {
	operator, err := server.ReadOperator(data)
	if errors.Is(err, os.ErrNotExist) {
		return noServerYet(data)
	}
	if err != nil {
		return err
	}
	stopped, err := store.Open(ctx, data, store.Options{KeyFile: keyFile, ReadOnly: true})
	if err == nil {
		defer stopped.Close()
		text, err := os.ReadFile(filepath.Join(data, server.OperatorFile))
		if err != nil {
			return err
		}
		return backup.Write(ctx, w, stopped, map[string][]byte{server.OperatorFile: text})
	}
	if _, running := errors.AsType[*store.LockedError](err); !running {
		return err
	}
	c, done, err := dial(operator)
	if err != nil {
		return err
	}
	defer done()
	answer, err := c.stream(ctx, "/backup", nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	if _, err := io.Copy(w, answer); err != nil {
		return fmt.Errorf("the archive is cut short, and was thrown away: %w", err)
	}
	return nil
}

// stream posts content as it comes and returns the answer as it comes, however long
// either takes.
func (c *client) stream(ctx context.Context, path string, content io.Reader) (io.ReadCloser, error) {
	if err := c.authenticate(ctx); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.operator.Endpoint+path, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Expect", "100-continue") // a refusal comes before the content is sent
	endless := *c.http
	endless.Timeout = 0
	resp, err := endless.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		return nil, failure(resp.StatusCode, text)
	}
	return resp.Body, nil
}
