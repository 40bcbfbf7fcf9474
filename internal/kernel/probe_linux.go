package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// Probe says what this machine lacks for networks in its kernel, all of it at once; an
// empty list is enough for [Open]. It tries the real things, in a namespace that it
// removes again.
func Probe(ctx context.Context) []Obstacle {
	var found []Obstacle
	missing := func(needs string, err error) {
		if err != nil {
			found = append(found, Obstacle{Needs: needs, Problem: err.Error()})
		}
	}
	missing("the command nft, of version 1.0.1 or later", probeNft(ctx))
	if err := probeCapabilities(); err != nil {
		missing("the privileges of root", err)
		return found
	}
	removeProbes()
	path := fmt.Sprintf("%s/%s%d-%d", folder, probePrefix, os.Getpid(), time.Now().UnixNano())
	defer removeName(path)
	if err := inTurn(shareFolder, func() error { return createSpace(path) }); err != nil {
		missing("network namespaces with names in "+folder, err)
		return found
	}
	s, err := openSpace(path)
	if err != nil {
		missing("network namespaces that can be entered", err)
		return found
	}
	defer s.close()
	missing("virtual links (veth)", s.probeLinks())
	missing("routing by rules", s.probeRouting())
	missing("a packet filter that tracks connections", s.inside(func() error { return loadFilter(ctx, probeFilter, nil) }))
	return found
}

// probePrefix begins the names of the namespaces that are tried in. It is no tag's.
const probePrefix = "isleprobe-"

// removeProbes removes what processes left that were killed while they probed.
func removeProbes() {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), probePrefix)
		process, _, _ := strings.Cut(name, "-")
		if !ok {
			continue
		}
		if _, err := os.Stat("/proc/" + process); errors.Is(err, fs.ErrNotExist) {
			_ = removeName(filepath.Join(folder, e.Name()))
		}
	}
}

// probeFilter has what filters are made of.
const probeFilter = `table inet isle {
	chain probe_forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ip daddr { 10.0.0.0/8, 192.0.2.1-192.0.2.9 } tcp dport { 1-1024, 8080 } counter accept comment "probe"
	}
	chain probe_nat {
		type nat hook postrouting priority srcnat; policy accept;
		ip daddr 192.0.2.1 snat ip to 192.0.2.2
	}
}`

func (s *space) probeLinks() error {
	pair := netlink.NewVeth(attributes(layout.Link{Name: "probe0"}))
	pair.PeerName = "probe1"
	if err := s.handle.LinkAdd(pair); err != nil {
		return err
	}
	return s.setLink(linkWork{name: "probe0", addAddresses: []netip.Prefix{netip.PrefixFrom(layout.NextHop, 32)}, up: true})
}

func (s *space) probeRouting() error {
	if err := s.addRule(layout.RoutingRule{Priority: 100, In: "probe0", Table: 1000}); err != nil {
		return err
	}
	return s.setRoute(layout.Route{Table: 1000, To: netip.MustParsePrefix("192.0.2.0/24")})
}

// probeCapabilities looks for what namespaces, their mounts and names, and the ports of
// servers in them need. Another user than root may have it.
func probeCapabilities() error {
	has, err := capabilities()
	if err != nil {
		return err
	}
	var lacks []string
	for _, c := range []struct {
		name   string
		bit    uint
		needed bool
	}{
		{"CAP_NET_ADMIN", unix.CAP_NET_ADMIN, true}, {"CAP_SYS_ADMIN", unix.CAP_SYS_ADMIN, true},
		{"CAP_NET_BIND_SERVICE", unix.CAP_NET_BIND_SERVICE, true}, {"CAP_DAC_OVERRIDE", unix.CAP_DAC_OVERRIDE, !mayName()},
	} {
		if c.needed && has&(1<<c.bit) == 0 {
			lacks = append(lacks, c.name)
		}
	}
	if len(lacks) > 0 {
		return fmt.Errorf("this process runs as user %d without %s", os.Geteuid(), strings.Join(lacks, " and "))
	}
	return nil
}

// capabilities are those that this process has in effect, a bit for each.
func capabilities() (uint32, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	err := unix.Capget(&header, &sets[0])
	return sets[0].Effective, err
}

// mayName tells whether the user may write where namespaces get their names.
func mayName() bool {
	at := folder
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		at = filepath.Dir(folder)
	}
	return unix.Faccessat(unix.AT_FDCWD, at, unix.W_OK, unix.AT_EACCESS) == nil
}

var nftVersion = regexp.MustCompile(`v(\d+)\.(\d+)\.(\d+)`)

func probeNft(ctx context.Context) error {
	text, err := nft(ctx, "", "--version")
	if err != nil {
		return err
	}
	return checkVersion(string(text))
}

// checkVersion reads what nft --version says.
func checkVersion(text string) error {
	m := nftVersion.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("it does not tell its version but %q", strings.TrimSpace(text))
	}
	version := 0
	for _, part := range m[1:] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return err
		}
		version = version*1000 + min(n, 999)
	}
	if version < 1_000_001 {
		return fmt.Errorf("it is %s", m[0])
	}
	return nil
}
