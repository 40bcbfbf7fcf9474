package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"isle/internal/netns"
)

// space is a namespace that is open: its file, and sockets inside that change it.
type space struct {
	at     netns.Namespace
	file   *os.File
	handle *netlink.Handle
}

// openSpace opens the namespace at a path.
func openSpace(path string) (*space, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	// By its descriptor: what is at the path may be another one from now on.
	s := &space{at: netns.At(fmt.Sprintf("/proc/self/fd/%d", file.Fd())), file: file}
	err = s.inside(func() (err error) {
		s.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE, unix.NETLINK_NETFILTER)
		return err
	})
	if err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

func (s *space) close() {
	s.handle.Close()
	s.file.Close()
}

func (s *space) fd() int { return int(s.file.Fd()) }

// inside runs a function on a thread that is in the namespace.
func (s *space) inside(do func() error) error { return s.at.Do(do) }

// here is the namespace of the thread that opens it: of the host, as all threads are
// that are nowhere else.
const here = "/proc/thread-self/ns/net"

// createSpace makes a namespace that has a name. The thread that makes it is brought
// back to where it was.
func createSpace(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	file.Close()
	err = netns.At(here).Do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		if err := unix.Mount(here, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		os.Remove(path)
	}
	return err
}

// shareFolder makes the folder of namespaces as ip(8) does. Otherwise ip would mount it
// over itself later, and hide the names in it, which then could not be removed. The lock
// is the one that ip takes.
func shareFolder() error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	lock, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	err = unix.Mount("", folder, "", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) { // EINVAL: no mount point yet
		return err
	}
	if err := unix.Mount(folder, folder, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", folder, err)
	}
	return unix.Mount("", folder, "", unix.MS_SHARED|unix.MS_REC, "")
}

// removeName takes a namespace's name away, and with it the namespace, once no process
// and no socket is in it.
func removeName(path string) error {
	for {
		err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break // nothing is mounted there
		}
		if err != nil {
			return fmt.Errorf("unmount %s: %w", path, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// listNames lists a tag's namespaces by their names in the layout.
func listNames(tag string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), prefix(tag)); ok {
			names = append(names, name)
		}
	}
	return names, err
}

// isSpace reports whether a namespace is behind a name.
func isSpace(path string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(path, &stat) == nil && stat.Type == unix.NSFS_MAGIC
}

// inode names the namespace at a path; "" for none.
func inode(path string) string {
	var stat unix.Stat_t
	if !isSpace(path) || unix.Stat(path, &stat) != nil {
		return ""
	}
	return fmt.Sprint(stat.Ino)
}

// inode names the namespace that is open.
func (s *space) inode() string {
	var stat unix.Stat_t
	if unix.Fstat(s.fd(), &stat) != nil {
		return ""
	}
	return fmt.Sprint(stat.Ino)
}

// Names lists the namespaces that the kernel holds for a tag, whoever made them; no
// privileges are needed for that.
func Names(tag string) ([]string, error) { return listNames(tag) }

// writeSettings writes values below /proc/sys/net of the namespace that the thread is
// in. What this kernel does not have, such as IPv6, needs no setting.
func writeSettings(list []setting) error {
	for _, s := range list {
		err := os.WriteFile(filepath.Join("/proc/sys/net", s.path), []byte(s.value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set %s: %w", s.path, err)
		}
	}
	return nil
}

// readSettings reads the same values, those that this kernel has.
func readSettings(list []setting, into map[string]string) {
	for _, s := range list {
		if value, err := os.ReadFile(filepath.Join("/proc/sys/net", s.path)); err == nil {
			into[s.path] = strings.TrimSpace(string(value))
		}
	}
}
