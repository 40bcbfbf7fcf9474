package confine

import "golang.org/x/sys/unix"

const (
	machine = unix.AUDIT_ARCH_AARCH64
	// otherForm is beyond all numbers of calls: there is one form.
	otherForm = 0x40000000
)

var refusedHere = [...]uint32{unix.SYS_KEXEC_FILE_LOAD}
