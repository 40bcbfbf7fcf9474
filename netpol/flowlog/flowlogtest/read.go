// Package flowlogtest reads the files of flow logs as other programs do: by the schemas
// that Azure documents (articles/network-watcher/nsg-flow-logs-overview.md,
// vnet-flow-logs-overview.md), and nothing that these do not have.
package flowlogtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Line is a tuple of a file, with where it stood.
type Line struct {
	Record, At             time.Time // of the record, and of the flow
	MAC, Log, Target       string    // IDs as they are written; Log is "" in logs of security groups
	Group, Rule            string    // Group is "" in logs of security groups
	Source, Destination    netip.AddrPort
	Protocol               string // "6", "17"; "T", "U"
	Direction, State       string // State is "" in version 1
	Decision               string // "A", "D"; "" in logs of networks
	PacketsOut, BytesOut   uint64
	PacketsBack, BytesBack uint64
}

// String is the line without times, numbers and what all lines of a file have alike.
func (l Line) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s%s %s %s %s>%s %s", l.Direction, l.State, l.Decision, l.Rule, l.Source, l.Destination, l.Protocol))
}

type record struct {
	Time      time.Time `json:"time"`
	MAC       string    `json:"macAddress"`
	Category  string    `json:"category"`
	Operation string    `json:"operationName"`

	System     string `json:"systemId"`
	Resource   string `json:"resourceId"`
	Properties *struct {
		Version int
		Flows   []struct {
			Rule  string `json:"rule"`
			Flows []struct {
				MAC    string   `json:"mac"`
				Tuples []string `json:"flowTuples"`
			} `json:"flows"`
		} `json:"flows"`
	} `json:"properties"`

	Version int    `json:"flowLogVersion"`
	GUID    string `json:"flowLogGUID"`
	Log     string `json:"flowLogResourceID"`
	Target  string `json:"targetResourceID"`
	Records *struct {
		Flows []struct {
			Group string `json:"aclID"`
			Rules []struct {
				Rule   string   `json:"rule"`
				Tuples []string `json:"flowTuples"`
			} `json:"flowGroups"`
		} `json:"flows"`
	} `json:"flowRecords"`
}

// Read reads a file.
func Read(content []byte) (lines []Line, err error) {
	var file struct {
		Records []json.RawMessage `json:"records"`
	}
	if err := strictly(content, &file); err != nil {
		return nil, err
	}
	for _, raw := range file.Records {
		var r record
		if err := strictly(raw, &r); err != nil {
			return nil, err
		}
		some, err := r.lines()
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, raw)
		}
		lines = append(lines, some...)
	}
	return lines, nil
}

// strictly reads one value, which knows no other members.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w in %.200s", err, text)
	}
	if d.More() {
		return fmt.Errorf("more than one value in %.200s", text)
	}
	return nil
}

func (r *record) lines() (lines []Line, err error) {
	add := func(l Line, tuple string, read func(*Line, []string) error) {
		l.Record, l.MAC = r.Time, r.MAC
		if failed := read(&l, strings.Split(tuple, ",")); failed != nil && err == nil {
			err = fmt.Errorf("%q: %w", tuple, failed)
		}
		lines = append(lines, l)
	}
	switch {
	case r.Category == "FlowLogFlowEvent" && r.Operation == r.Category && r.Version == 4 && r.Records != nil && r.GUID != "" && r.Log == strings.ToUpper(r.Log):
		for _, group := range r.Records.Flows {
			for _, rule := range group.Rules {
				for _, tuple := range rule.Tuples {
					add(Line{Log: r.Log, Target: r.Target, Group: group.Group, Rule: rule.Rule}, tuple, ofNetwork)
				}
			}
		}
	case r.Category == "NetworkSecurityGroupFlowEvent" && r.Operation == r.Category+"s" && r.Properties != nil && r.System != "" && r.Resource == strings.ToUpper(r.Resource):
		for _, rule := range r.Properties.Flows {
			for _, flows := range rule.Flows {
				for _, tuple := range flows.Tuples {
					add(Line{Target: r.Resource, Rule: rule.Rule}, tuple, ofGroup(r.Properties.Version))
				}
				if flows.MAC != r.MAC {
					return nil, fmt.Errorf("two MAC addresses")
				}
			}
		}
	default:
		return nil, fmt.Errorf("no record of a known kind")
	}
	return lines, err
}

func ofNetwork(l *Line, f []string) error {
	if len(f) != 13 {
		return fmt.Errorf("%d fields", len(f))
	}
	l.Protocol, l.Direction, l.State = f[5], f[6], f[7]
	ms, err := strconv.ParseInt(f[0], 10, 64)
	if l.At = time.UnixMilli(ms).UTC(); err != nil || f[8] != "NX" || f[5] != "6" && f[5] != "17" || !strings.Contains("BCED", f[7]) {
		return fmt.Errorf("time, protocol, state or encryption")
	}
	if err := l.ends(f); err != nil {
		return err
	}
	return l.counts(f[9:])
}

func ofGroup(version int) func(l *Line, f []string) error {
	return func(l *Line, f []string) error {
		if version == 1 && len(f) != 8 || version == 2 && len(f) != 13 || version < 1 || version > 2 {
			return fmt.Errorf("%d fields in version %d", len(f), version)
		}
		l.Protocol, l.Direction, l.Decision = f[5], f[6], f[7]
		s, err := strconv.ParseInt(f[0], 10, 64)
		if l.At = time.Unix(s, 0).UTC(); err != nil || f[5] != "T" && f[5] != "U" || f[7] != "A" && f[7] != "D" {
			return fmt.Errorf("time, protocol or decision")
		}
		if version == 2 {
			l.State = f[8]
			switch empty := strings.Join(f[9:], ""); {
			case f[8] == "B" && empty == "":
			case f[8] == "C", f[8] == "E":
				if err := l.counts(f[9:]); err != nil {
					return err
				}
			default:
				return fmt.Errorf("state %s", f[8])
			}
		}
		return l.ends(f)
	}
}

func (l *Line) ends(f []string) (err error) {
	if l.Direction != "I" && l.Direction != "O" {
		return fmt.Errorf("direction %q", l.Direction)
	}
	if l.Source, err = netip.ParseAddrPort(netJoin(f[1], f[3])); err == nil {
		l.Destination, err = netip.ParseAddrPort(netJoin(f[2], f[4]))
	}
	return err
}

func netJoin(address, port string) string {
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return address + ":" + port
}

func (l *Line) counts(f []string) error {
	for i, into := range []*uint64{&l.PacketsOut, &l.BytesOut, &l.PacketsBack, &l.BytesBack} {
		n, err := strconv.ParseUint(f[i], 10, 64)
		if *into = n; err != nil {
			return err
		}
	}
	return nil
}
