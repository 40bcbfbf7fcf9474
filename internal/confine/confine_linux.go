//go:build amd64 || arm64

package confine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Inside, the user that starts the process is insideRoot, and a parent that is root, and
// has nobody to lend, lends it that as insideNobody.
const (
	insideRoot   = 0
	insideNobody = 1
	nobody       = 65534 // on the host
)

// Prepare has a command, which is not started yet, begin in namespaces of its own. Its
// process must call Enter.
func Prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	a := cmd.SysProcAttr
	a.Cloneflags |= unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	lends := os.Geteuid() == 0 && knowsNobody("/proc/self/uid_map") && knowsNobody("/proc/self/gid_map")
	a.UidMappings = identities(os.Geteuid(), lends)
	a.GidMappings = identities(os.Getegid(), lends)
	a.GidMappingsEnableSetgroups = lends
}

func identities(own int, lends bool) []syscall.SysProcIDMap {
	all := []syscall.SysProcIDMap{{ContainerID: insideRoot, HostID: own, Size: 1}}
	if lends {
		all = append(all, syscall.SysProcIDMap{ContainerID: insideNobody, HostID: nobody, Size: 1})
	}
	return all
}

// knowsNobody tells whether the user namespace that this process is in has nobody: what is
// root by a namespace of its own often has no other user. The file has a line for each
// range: its first number here, outside, and how many there are.
func knowsNobody(file string) bool {
	text, _ := os.ReadFile(file) // without it there is nothing to lend
	for line := range strings.Lines(string(text)) {
		var first, outside, count uint64
		if _, err := fmt.Sscan(line, &first, &outside, &count); err == nil && first <= nobody && nobody < first+count {
			return true
		}
	}
	return false
}

// Enter closes the walls around this process, for good. It is called early, while there
// is nothing to hide and nobody to hide it from.
func Enter() error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"the namespaces are the parent's", separate},
		{"inherited descriptors cannot be closed", closeInherited},
		{"the root cannot be emptied", emptyRoot},
		{"the capabilities cannot be dropped", dropCapabilities},
		{"the system calls cannot be filtered", filter},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// separate makes sure that Prepare was called.
func separate() error {
	if os.Getpid() != 1 {
		return errors.New("this is not the first process of a namespace")
	}
	return nil
}

// closeInherited closes what outlived the start of this program: it can be told by the
// missing flag, which the runtime sets on all that is its own.
func closeInherited() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
	return nil
}

// emptyRoot puts an empty file system that cannot be written in the place of the root.
func emptyRoot() error {
	const onto = "/proc" // it is everywhere, and not needed any more
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("keeping mounts from the host: %w", err)
	}
	if err := unix.Mount("empty", onto, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "size=4k,nr_inodes=2,mode=0555"); err != nil {
		return fmt.Errorf("mounting: %w", err)
	}
	if err := unix.Chdir(onto); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the old root: %w", err)
	}
	return unix.Chdir("/")
}

// dropCapabilities makes a child of root nobody, and takes away what the namespaces'
// owner may do in them. In a build with cgo other threads keep that; the filter leaves
// them no call to use it with.
func dropCapabilities() error {
	if err := become(); err != nil {
		return err
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, refused := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none)), 0)
	switch refused {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return unix.Capset(&head, &none[0])
	}
	return refused
}

// become changes to nobody, if the parent could lend that.
func become() error {
	err := syscall.Setresgid(insideNobody, insideNobody, insideNobody)
	if errors.Is(err, unix.EINVAL) { // not lent
		return nil
	}
	if err == nil {
		err = syscall.Setgroups(nil)
	}
	if err == nil {
		err = syscall.Setresuid(insideNobody, insideNobody, insideNobody)
	}
	return err
}
