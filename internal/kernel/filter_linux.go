package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of the packet filter's netlink, what is read here: messages and attributes.
const (
	getTable    = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE
	getChain    = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN
	getRule     = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETRULE
	tableName   = unix.NFTA_TABLE_NAME
	chainTable  = unix.NFTA_CHAIN_TABLE
	chainName   = unix.NFTA_CHAIN_NAME
	familyInet  = unix.NFPROTO_INET
	headerBytes = nl.SizeofNfgenmsg
)

// readFilter reads which filter the namespace of this thread has, and what else.
func readFilter() (found string, strangers []string, err error) {
	tables, err := dumpFilter(getTable)
	if err != nil {
		return "", nil, err
	}
	for _, t := range tables {
		if name := t.text(tableName); t.family != familyInet || name != filterTable {
			strangers = append(strangers, name)
		}
	}
	if len(tables) == 0 {
		return "", nil, nil
	}
	chains, err := dumpFilter(getChain)
	for _, c := range chains {
		name := c.text(chainName)
		if c.family == familyInet && c.text(chainTable) == filterTable && strings.HasPrefix(name, generationPrefix) {
			found = name
		}
	}
	return found, strangers, err
}

// filterItem is a table or a chain.
type filterItem struct {
	family     uint8
	attributes map[uint16][]byte
}

func (i filterItem) text(attribute uint16) string {
	return string(bytes.TrimRight(i.attributes[attribute], "\x00"))
}

func dumpFilter(message int) ([]filterItem, error) {
	request := nl.NewNetlinkRequest(message, unix.NLM_F_DUMP)
	request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC})
	messages, err := again(func() ([][]byte, error) { return request.Execute(unix.NETLINK_NETFILTER, 0) })
	if err != nil {
		return nil, fmt.Errorf("read the packet filter: %w", err)
	}
	var items []filterItem
	for _, m := range messages {
		if len(m) < headerBytes {
			continue
		}
		item := filterItem{family: m[0], attributes: map[uint16][]byte{}}
		for kind, value := range attributesIn(m[headerBytes:]) {
			item.attributes[kind] = value
		}
		items = append(items, item)
	}
	return items, nil
}

// loadFilter replaces the filter of the namespace of this thread in one transaction. What
// rules have counted that both filters have goes on; what is counted in between is lost.
// Its name sets have the elements given.
func loadFilter(ctx context.Context, filter string, elements map[string][]string) error {
	counted, err := readCounters()
	if err != nil {
		return err
	}
	_, err = nft(ctx, script(filter, counted, elements), "-f", "-")
	return err
}

// nft runs the command where this thread is. Its input is a file in memory, so that it
// never sees a part of a script when this process is killed; then it is killed as well.
func nft(ctx context.Context, input string, arguments ...string) ([]byte, error) {
	stdin, err := inMemory(input)
	if err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	defer stdin.Close()
	command := exec.CommandContext(ctx, nftPath(), arguments...)
	command.Env = []string{"LC_ALL=C"}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if has, err := capabilities(); err == nil && os.Geteuid() != 0 && has&(1<<unix.CAP_NET_ADMIN) != 0 {
		command.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN} // what root's programs have by themselves
	}
	var out, complaints bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = stdin, &out, &complaints
	err = command.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	said := strings.TrimSpace(complaints.String())
	if said == "" {
		return nil, fmt.Errorf("nft: %w", err)
	}
	if len(said) > 500 {
		said = said[:500] + " …"
	}
	if strings.Contains(said, "Message too long") {
		said += "; in a user namespace a filter has to fit into net.core.wmem_max, which the host's root may raise"
	}
	return nil, errors.New("nft: " + said)
}

// inMemory is a file with a text, read from its beginning.
func inMemory(text string) (*os.File, error) {
	fd, err := unix.MemfdCreate("nft", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "nft")
	if _, err := file.WriteString(text); err != nil {
		file.Close()
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}

// nftPath finds the command also where PATH has no folders for root.
func nftPath() string {
	if path, err := exec.LookPath("nft"); err == nil {
		return path
	}
	return "/usr/sbin/nft"
}
