package flowlog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Book collects tuples. It is not safe for concurrent use. The zero value is ready.
type Book struct {
	pages map[leaf]*page
	size  int // of the texts in it
}

// leaf is where tuples go: a file.
type leaf struct{ log, mac, hour string }

// page is what has been collected for a file, by rule.
type page struct {
	log   Log
	mac   string
	path  string
	rules []ruled // in the order in which they came
}

// ruled are the tuples of a rule.
type ruled struct {
	group, rule string // "": none
	tuples      []string
}

// Page is a record that is to be added to a file.
type Page struct {
	Log  Log
	Path string // of the file, with slashes: the account, its container, and the blob
	// Record is an object as JSON.
	Record []byte
}

// Add notes a tuple at a point, if the log wants it. The group's GUID is that of p.Group.
func (b *Book) Add(l *Log, p *Point, groupGUID string, t Tuple) {
	if !l.Wants(&t) {
		return
	}
	at := l.page(p.MAC, t.Time)
	if b.pages == nil {
		b.pages = map[leaf]*page{}
	}
	here := b.pages[at]
	if here == nil {
		here = &page{log: *l, mac: p.MAC, path: l.Path(p.MAC, t.Time)}
		b.pages[at] = here
	}
	text := t.network()
	group := cmp.Or(groupGUID, none)
	if l.Target == OfGroup {
		text, group = t.group(l.Version), ""
	}
	b.size += len(text)
	rule := cmp.Or(p.Rule, none)
	i := slices.IndexFunc(here.rules, func(r ruled) bool { return r.group == group && r.rule == rule })
	if i < 0 {
		i = len(here.rules)
		here.rules = append(here.rules, ruled{group: group, rule: rule})
	}
	here.rules[i].tuples = append(here.rules[i].tuples, text)
}

// Size is how many bytes of tuples wait.
func (b *Book) Size() int { return b.size }

// Take gives what has been collected for the files that are ready, in the order of their
// paths, as records of the time; nil: all.
func (b *Book) Take(now time.Time, ready func(path string) bool) []Page {
	var taken []Page
	for at, p := range b.pages {
		if ready != nil && !ready(p.path) {
			continue
		}
		delete(b.pages, at)
		for _, r := range p.rules {
			for _, text := range r.tuples {
				b.size -= len(text)
			}
		}
		taken = append(taken, Page{Log: p.log, Path: p.path, Record: p.record(now)})
	}
	slices.SortFunc(taken, func(a, b Page) int { return strings.Compare(a.Path, b.Path) })
	return taken
}

// page is where the log has what happened at a network interface at a time.
func (l *Log) page(mac string, at time.Time) leaf {
	return leaf{strings.ToLower(l.ID), mac, at.UTC().Format(hourForm)}
}

// hourForm is the hour in a file's path.
const hourForm = "y=2006/m=01/d=02/h=15/m=00"

// DataFolder is the folder of a server's data that stands for all storage accounts.
const DataFolder = "flowlogs"

// The containers of a storage account that have flow logs.
const (
	groupContainer   = "insights-logs-networksecuritygroupflowevent"
	networkContainer = "insights-logs-flowlogflowevent"
)

// Folder is what has the log's files: a path with slashes that begins with the name of the
// storage account.
func (l *Log) Folder() string {
	if l.Target == OfGroup {
		return l.Account + "/" + groupContainer + "/resourceId=" + strings.ToUpper(l.TargetID)
	}
	return l.Account + "/" + networkContainer + "/flowLogResourceID=" + strings.ToUpper(l.ID)
}

// Path is the file for what happens at a network interface at a time.
func (l *Log) Path(mac string, at time.Time) string {
	return l.Folder() + "/" + at.UTC().Format(hourForm) + "/macAddress=" + mac + "/PT1H.json"
}

// Hour is the hour of a file, by its path or that of its folder below the log's folder;
// false for what is none.
func Hour(path string) (time.Time, bool) {
	if len(path) < len(hourForm) {
		return time.Time{}, false
	}
	at, err := time.Parse(hourForm, path[:len(hourForm)])
	return at, err == nil
}

// timeForm is the time of a record.
const timeForm = "2006-01-02T15:04:05.0000000Z"

// The documented records.
type (
	groupRecord struct {
		Time       string          `json:"time"`
		System     string          `json:"systemId"`
		MAC        string          `json:"macAddress"`
		Category   string          `json:"category"`
		Resource   string          `json:"resourceId"`
		Operation  string          `json:"operationName"`
		Properties groupProperties `json:"properties"`
	}
	groupProperties struct {
		Version int         `json:"Version"`
		Flows   []groupRule `json:"flows"`
	}
	groupRule struct {
		Rule  string       `json:"rule"`
		Flows []groupFlows `json:"flows"`
	}
	groupFlows struct {
		MAC    string   `json:"mac"`
		Tuples []string `json:"flowTuples"`
	}

	networkRecord struct {
		Time      string       `json:"time"`
		Version   int          `json:"flowLogVersion"`
		GUID      string       `json:"flowLogGUID"`
		MAC       string       `json:"macAddress"`
		Category  string       `json:"category"`
		Log       string       `json:"flowLogResourceID"`
		Target    string       `json:"targetResourceID"`
		Operation string       `json:"operationName"`
		Records   networkFlows `json:"flowRecords"`
	}
	networkFlows struct {
		Flows []networkGroup `json:"flows"`
	}
	networkGroup struct {
		Group string        `json:"aclID"`
		Rules []networkRule `json:"flowGroups"`
	}
	networkRule struct {
		Rule   string   `json:"rule"`
		Tuples []string `json:"flowTuples"`
	}
)

// networkVersion is the version of the schema of virtual network flow logs.
const networkVersion = 4

func (p *page) record(now time.Time) []byte {
	at := now.UTC().Format(timeForm)
	if p.log.Target == OfGroup {
		r := groupRecord{Time: at, System: p.log.GroupGUID, MAC: p.mac, Category: "NetworkSecurityGroupFlowEvent", Resource: strings.ToUpper(p.log.TargetID),
			Operation: "NetworkSecurityGroupFlowEvents", Properties: groupProperties{Version: max(p.log.Version, 1)}}
		for _, rule := range p.rules {
			r.Properties.Flows = append(r.Properties.Flows, groupRule{rule.rule, []groupFlows{{p.mac, rule.tuples}}})
		}
		return asJSON(r)
	}
	r := networkRecord{Time: at, Version: networkVersion, GUID: p.log.GUID, MAC: p.mac, Category: "FlowLogFlowEvent", Log: strings.ToUpper(p.log.ID), Target: p.log.TargetID, Operation: "FlowLogFlowEvent"}
	for _, rule := range p.rules {
		i := slices.IndexFunc(r.Records.Flows, func(g networkGroup) bool { return g.Group == rule.group })
		if i < 0 {
			i = len(r.Records.Flows)
			r.Records.Flows = append(r.Records.Flows, networkGroup{Group: rule.group})
		}
		r.Records.Flows[i].Rules = append(r.Records.Flows[i].Rules, networkRule{rule.rule, rule.tuples})
	}
	return asJSON(r)
}

// asJSON writes texts and numbers, which cannot fail.
func asJSON(v any) []byte {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
