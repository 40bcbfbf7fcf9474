package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"isle/internal/store"
)

// What a restore leaves in a data folder on its way, and the file that names the way.
const (
	extracting = "restoring" // being extracted: of no meaning after a crash
	extracted  = "restored"  // whole: the next start takes it
	swapFile   = "swap.json"
)

// swap is what swap.json in the extracted folder says.
type swap struct {
	Replaced string `json:"replaced"`        // the folder, in the data folder, for what was there before
	Moved    bool   `json:"moved,omitempty"` // what was there before is all in it
}

// replacedNames are the names in a data folder that a restore replaces. A log goes before
// its database, so that none is ever found beside another one. Packets that were captured
// are in no archive; what is restored does not know their files.
var replacedNames = [...]string{"control.db-wal", "control.db-shm", "control.db", "environments", "operator.json", "captures", "root.key"}

// Stage extracts an archive into the data folder, where the next [Swap] takes it: until
// then nothing that is there is touched. rootKey, unless "", is a file with the root key that
// the folder is to have as its own; else the one in keyFile must open the archive. It
// returns the name, in the data folder, under which what is there now will be kept.
func Stage(ctx context.Context, r io.Reader, data, keyFile, rootKey string, now time.Time) (replaced string, m Manifest, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", m, err
	}
	staged := filepath.Join(data, extracted)
	if _, err := os.Stat(staged); err == nil {
		return "", m, fmt.Errorf("%s waits for the next start already", staged)
	}
	dir := filepath.Join(data, extracting)
	if err := os.RemoveAll(dir); err != nil {
		return "", m, err
	}
	opens := keyFile
	if rootKey != "" {
		opens = rootKey
	}
	if m, err = Extract(ctx, r, dir, opens); err != nil {
		return "", m, err
	}
	replaced, err = freeName(data, "replaced-"+now.UTC().Format("20060102T150405Z"))
	if err == nil && rootKey != "" {
		err = copyKey(rootKey, filepath.Join(dir, "root.key"))
	}
	if err == nil {
		err = writeSwap(dir, swap{Replaced: replaced})
	}
	if err == nil {
		err = rename(dir, staged)
	}
	if err != nil {
		return "", m, errors.Join(err, os.RemoveAll(dir))
	}
	return replaced, m, nil
}

func freeName(dir, name string) (string, error) {
	for n := 1; ; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s-%d", name, n)
		}
		if _, err := os.Lstat(filepath.Join(dir, try)); errors.Is(err, fs.ErrNotExist) {
			return try, nil
		} else if err != nil {
			return "", err
		}
	}
}

func copyKey(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, text)
}

// Swap puts what [Stage] extracted in the place of what is in the data folder, if there
// is any. The caller owns the folder, and has nothing in it open.
func Swap(data string) error {
	dir := filepath.Join(data, extracted)
	text, err := os.ReadFile(filepath.Join(dir, swapFile))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(dir) // what the last step of a swap left
	}
	var s swap
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return fmt.Errorf("the restored folder %s: %w", dir, err)
	}
	if !s.Moved {
		if err := moveAway(data, dir, s.Replaced); err != nil {
			return err
		}
		s.Moved = true
		if err := writeSwap(dir, s); err != nil {
			return err
		}
	}
	for _, name := range replacedNames {
		if err := move(filepath.Join(dir, name), filepath.Join(data, name)); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(dir, swapFile)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Pending tells whether an archive waits in the data folder for the next [Swap], or is
// being swapped in.
func Pending(data string) bool {
	_, err := os.Stat(filepath.Join(data, extracted))
	return err == nil
}

// moveAway moves what the restored folder replaces into the folder replaced. A root key
// stays unless there is another.
func moveAway(data, dir, replaced string) error {
	away := filepath.Join(data, replaced)
	if err := os.MkdirAll(away, 0o700); err != nil {
		return err
	}
	for _, name := range replacedNames {
		if name == "root.key" {
			if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
				continue
			}
		}
		if err := move(filepath.Join(data, name), filepath.Join(away, name)); err != nil {
			return err
		}
	}
	_ = os.Remove(away) // it stays unless it is empty
	return nil
}

// move renames a file, durably; it is no error if it is gone already.
func move(from, to string) error {
	err := rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if err := store.SyncFolder(filepath.Dir(from)); err != nil {
		return err
	}
	return store.SyncFolder(filepath.Dir(to))
}

// writeSwap replaces swap.json as a whole.
func writeSwap(dir string, s swap) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	next := filepath.Join(dir, swapFile+".next")
	if err := writeFile(next, text); err != nil {
		return err
	}
	return rename(next, filepath.Join(dir, swapFile))
}

// writeFile writes a file that is durable, but for its name, when it returns.
func writeFile(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
