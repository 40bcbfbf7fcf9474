package kernel

import (
	"context"
	"fmt"
	"maps"
	"os"

	"golang.org/x/sys/unix"
)

// Changed tells whether somebody else has removed or made a namespace of the tag since
// the last Apply, or something that the layout names and is not the tag's: a machine's
// namespace that is another one, a tap, an interface. It looks for names alone, which is
// cheap; what else can differ, [Kernel.Status] finds.
func (k *Kernel) Changed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	names, err := listNames(k.options.Tag)
	if err != nil || len(names) != len(k.layout.Namespaces) {
		return true
	}
	for i := range k.layout.Namespaces { // both are sorted
		if n := k.layout.Namespaces[i].Name; names[i] != n || !isSpace(Path(k.options.Tag, n)) {
			return true
		}
	}
	return !maps.Equal(k.outside, lookOutside(k.layout))
}

// Watch calls a function whenever a namespace gets or loses its name, whoever's it is,
// until the context ends. Namespaces of processes have no names, and taps are none:
// [Kernel.Changed] has to be asked for those now and then.
func Watch(ctx context.Context, changed func()) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	file := os.NewFile(uintptr(fd), "inotify")
	defer context.AfterFunc(ctx, func() { _ = file.Close() })()
	if _, err := unix.InotifyAddWatch(fd, folder, unix.IN_CREATE|unix.IN_DELETE); err != nil {
		_ = file.Close()
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	for events := make([]byte, 4096); ; {
		if _, err := file.Read(events); err != nil {
			_ = file.Close()
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch %s: %w", folder, err)
		}
		changed()
	}
}
