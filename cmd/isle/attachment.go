package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// tagAttach is the tag of a network interface that says which real address it stands for.
const tagAttach = "isle-attach"

// attachment is an entry of the tag: PORT=ADDRESS:PORT, or ADDRESS for all of the
// interface, or the machine that it is.
type attachment struct {
	port uint16 // of the private address; 0: all
	real string
}

func (a attachment) String() string {
	if a.port == 0 {
		return a.real
	}
	return fmt.Sprintf("%d=%s", a.port, a.real)
}

// at is what is attached of a private address.
func (a attachment) at(private netip.Addr) string {
	if a.port == 0 {
		return private.String()
	}
	return netip.AddrPortFrom(private, a.port).String()
}

// parseEndpoint reads ADDRESS or ADDRESS:PORT; port is 0 if there is none.
func parseEndpoint(text string) (a netip.Addr, port uint16, err error) {
	if a, err = netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return a.Unmap(), 0, nil
	}
	at, err := netip.ParseAddrPort(text)
	if host, digits, ok := strings.Cut(text, ":"); err != nil && ok {
		address, _ := netip.ParseAddr(host)
		n, wrong := strconv.Atoi(digits)
		switch {
		case address.IsValid() && (wrong == nil && n > 65535 || errors.Is(wrong, strconv.ErrRange)):
			return a, 0, fmt.Errorf("%q: the port is over 65535", text)
		case strings.EqualFold(host, "localhost"):
			return a, 0, fmt.Errorf("%q: write 127.0.0.1 for localhost: %s", text, "127.0.0.1:"+digits)
		}
	}
	if strings.EqualFold(text, "localhost") {
		return a, 0, fmt.Errorf("%q: write 127.0.0.1 for localhost", text)
	}
	if err != nil || at.Port() == 0 {
		return a, 0, fmt.Errorf("%q is neither an IP address nor one with a port, such as 10.0.2.50:22", text)
	}
	return at.Addr().Unmap(), at.Port(), nil
}

// parseAttachment reads the two arguments of `isle port add`. A real address without a
// port serves the same port. The error has every problem.
func parseAttachment(private, real string) (at netip.Addr, a attachment, err error) {
	at, port, wrongPrivate := parseEndpoint(private)
	realAt, realPort, wrongReal := parseEndpoint(real)
	problems := []error{wrongPrivate, wrongReal}
	if wrongPrivate == nil && (at.Zone() != "" || at.IsUnspecified() || at.IsLoopback() || at.IsMulticast() || at.IsLinkLocalUnicast()) {
		problems = append(problems, fmt.Errorf("%s can be no address of a virtual network", at))
	}
	if wrongReal == nil && (realAt.Zone() != "" || realAt.IsUnspecified() || realAt.IsMulticast() || realAt.IsLinkLocalUnicast()) {
		problems = append(problems, fmt.Errorf("nothing can be attached at %s: give an address of this machine or of one that it reaches", realAt))
	}
	if wrongPrivate == nil && wrongReal == nil && port == 0 && realPort != 0 {
		problems = append(problems, fmt.Errorf("which port of %s is served at %s? Give %s", at, real, netip.AddrPortFrom(at, realPort)))
	}
	if err := errors.Join(problems...); err != nil {
		return at, a, err
	}
	if port == 0 {
		return at, attachment{real: realAt.String()}, nil
	}
	if realPort == 0 {
		realPort = port
	}
	return at, attachment{port, netip.AddrPortFrom(realAt, realPort).String()}, nil
}

// Entries of the tag for a machine of its own.
const (
	entryNamespace = "netns:"
	entryTap       = "tap:"
	entryGateway   = "gateway"
)

func (a attachment) isMachine() bool {
	return strings.HasPrefix(a.real, entryNamespace) || strings.HasPrefix(a.real, entryTap)
}

// machine is the entry as the network has it: a path or a tap's name.
func (a attachment) machine() string {
	text, _, _ := strings.Cut(a.real, ",")
	return strings.TrimPrefix(strings.TrimPrefix(text, entryNamespace), entryTap)
}

// guest is what `isle port add` was told of a machine of its own.
type guest struct {
	namespace, tap string
	gateway        bool
}

func (g *guest) given() bool { return g.namespace != "" || g.tap != "" }

// path is where the namespace is, given by name, path or process. A process's has its
// number as well: that of the process may be another one's later.
func (g *guest) path(readLink func(string) (string, error)) (string, error) {
	if _, err := strconv.ParseUint(g.namespace, 10, 32); err == nil {
		path := "/proc/" + g.namespace + "/ns/net"
		is, err := readLink(path) // net:[4026532581]
		if err != nil {
			return path, fmt.Errorf("the network namespace of process %s cannot be told; is it there, and may this user see it? %w", g.namespace, err)
		}
		return path + "@" + strings.Trim(is, "net:[]"), nil
	}
	if strings.HasPrefix(g.namespace, "/") {
		return g.namespace, nil
	}
	return "/run/netns/" + g.namespace, nil
}

// attachment is the entry for the machine at a private address. The error has every
// problem.
func (g *guest) attachment(private string, readLink func(string) (string, error)) (at netip.Addr, a attachment, err error) {
	at, port, err := parseEndpoint(private)
	problems := []error{err}
	if err == nil && port != 0 {
		problems = append(problems, fmt.Errorf("a machine has all ports of its address: give %s", at))
	}
	if err == nil && !at.Is4() {
		problems = append(problems, fmt.Errorf("%s is an IPv6 address, which machines in the kernel's networks have none of", at))
	}
	if g.namespace != "" && g.tap != "" {
		problems = append(problems, errors.New("--netns and --tap are two machines: give one of them"))
	}
	a.real = entryTap + g.tap
	if g.namespace != "" {
		path, err := g.path(readLink)
		a.real = entryNamespace + path
		problems = append(problems, err)
	}
	if strings.ContainsAny(g.namespace+g.tap, ", \t\n") {
		problems = append(problems, fmt.Errorf("%q is no name of a namespace or a tap", g.namespace+g.tap))
	}
	if g.gateway {
		a.real += "," + entryGateway
	}
	return at, a, errors.Join(problems...)
}

// parseAttachments reads the tag's text.
func parseAttachments(text string) (list []attachment, err error) {
	var problems []error
	for _, entry := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(", \t\n", c) }) {
		port, real, mapped := strings.Cut(entry, "=")
		if last := len(list) - 1; entry == entryGateway && last >= 0 {
			list[last].real += "," + entryGateway
			continue
		}
		if !mapped {
			list = append(list, attachment{real: entry})
			continue
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			problems = append(problems, fmt.Errorf("%q is no attachment such as 22=127.0.0.1:2222", entry))
		}
		list = append(list, attachment{uint16(n), real})
	}
	return list, errors.Join(problems...)
}

// merge puts an attachment into the tag's text in place of the one of its port. was is
// the real address that it had.
func merge(text string, a attachment) (list []attachment, was string, err error) {
	if list, err = parseAttachments(text); err != nil {
		return nil, "", err
	}
	if a.isMachine() {
		if len(list) > 0 {
			was = attachmentText(list)
		}
		return []attachment{a}, was, nil
	}
	if i := slices.IndexFunc(list, func(e attachment) bool { return e.port == a.port }); i >= 0 {
		was, list[i] = list[i].real, a
		return list, was, nil
	}
	return append(list, a), "", nil
}

func attachmentText(list []attachment) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return strings.Join(texts, ",")
}
