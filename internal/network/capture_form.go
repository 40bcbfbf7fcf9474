package network

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/capture"
	"isle/netpol/packet"
)

// Packet captures: what is asked for, and what is stored of it (PacketCapture and
// FirewallPacketCaptureParameters of armnetwork, api-version 2025-01-01).

const (
	typeCaptures         = typeWatchers + "/packetCaptures"
	typeFirewallCaptures = typeFirewalls + "/packetCaptures"

	// The documented bounds and defaults.
	mostCaptureSeconds    = 18_000
	mostCaptureBytes      = 1<<32 - 1 // also of a frame, and of a file
	defaultCaptureBytes   = 1 << 30
	mostSessionSeconds    = 604_800
	defaultSessionSeconds = 86_400
	mostCaptureFiles      = 10_000
	defaultCaptureFiles   = 10
	defaultFileBytes      = 104_857_600

	// mostCaptureEntries is how many addresses and ports all filters of a capture have: the
	// kernel takes programs of 4096 instructions.
	mostCaptureFilters = 20
	mostCaptureEntries = 400
)

// The statuses of a session (PcStatus).
const (
	captureNotStarted = "NotStarted"
	captureRunning    = "Running"
	captureStopped    = "Stopped"
	captureError      = "Error"
)

// Capture is a packet capture as stored: of a watcher, or of a firewall.
type Capture struct {
	Version int    `json:"v"`
	GUID    string `json:"guid"`             // names its folder, and its links
	Key     []byte `json:"key"`              // signs its links
	Target  string `json:"target,omitempty"` // resource ID; of a firewall "", it is the parent
	File    string `json:"file"`             // name of the first file
	// Bytes are those of a file, and Files how many there are; with Ring the oldest goes
	// then.
	Bytes    int64           `json:"bytes"`
	Files    int             `json:"files"`
	Ring     bool            `json:"ring,omitempty"`
	Seconds  int64           `json:"seconds"`
	Packets  int64           `json:"packets,omitempty"` // how many are taken; 0: any number
	Snap     int64           `json:"snap,omitempty"`    // bytes of a packet; 0: all
	Either   bool            `json:"either,omitempty"`  // see packet.Taking
	Filters  []CaptureFilter `json:"filters,omitempty"`
	Settings expr.Value      `json:"settings"` // what is shown as it was given
	Session  Session         `json:"session"`
}

// CaptureFilter is a filter in the form of its user. Several entries have semicolons
// between.
type CaptureFilter struct {
	Protocol   string   `json:"protocol,omitempty"`
	Local      string   `json:"localIPAddress,omitempty"`
	LocalPort  string   `json:"localPort,omitempty"`
	Remote     string   `json:"remoteIPAddress,omitempty"`
	RemotePort string   `json:"remotePort,omitempty"`
	Flags      []string `json:"flags,omitempty"` // of a firewall's
}

// Session is how far a capture is.
type Session struct {
	Status  string    `json:"status,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Errors  []string  `json:"errors,omitempty"` // of PcError
	Message string    `json:"message,omitempty"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Packets int64     `json:"packets,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"`
	Dropped int64     `json:"dropped,omitempty"`
}

type captureBody struct {
	Target     string          `json:"target"`
	TargetType string          `json:"targetType"`
	Scope      captureScope    `json:"scope"`
	Snap       *int64          `json:"bytesToCapturePerPacket"`
	Total      *int64          `json:"totalBytesPerSession"`
	Seconds    *int64          `json:"timeLimitInSeconds"`
	Filters    []CaptureFilter `json:"filters"`
	Continuous *bool           `json:"continuousCapture"`
	Settings   *struct {
		Files   *int64 `json:"fileCount"`
		Bytes   *int64 `json:"fileSizeInBytes"`
		Seconds *int64 `json:"sessionTimeLimitInSeconds"`
	} `json:"captureSettings"`
	Storage *captureStorage `json:"storageLocation"`
}

type captureScope struct {
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
}

type captureStorage struct {
	FilePath  string `json:"filePath"`
	LocalPath string `json:"localPath"`
	StorageID string `json:"storageId"`
}

// carriedCapture are the members that are shown as they were given.
var carriedCapture = []string{"targetType", "continuousCapture"}

// readCapture makes the stored form of a request and checks it by itself; nil if it
// cannot be read.
func readCapture(r *arm.PutRequest, found *arm.Found) *Capture {
	var body captureBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	c := &Capture{Version: formVersion, Target: body.Target, Files: 1, Settings: carry(r.Properties(), carriedCapture), Filters: body.Filters}
	c.Snap = bounded(body.Snap, 0, mostCaptureBytes, "properties.bytesToCapturePerPacket", found)
	if body.TargetType != "" {
		oneOf(body.TargetType, "properties.targetType", found, "AzureVM")
	}
	if len(body.Scope.Include)+len(body.Scope.Exclude) > 0 {
		found.Add(codeFormat, "properties.scope", "scope chooses machines of a scale set, and this server has none. Remove it.")
	}
	c.readBounds(&body, found)
	c.readStorage(r.ID.Name(), &body, found)
	for i := range c.Filters {
		c.Filters[i].Flags = nil
	}
	checkCaptureFilters(c.Filters, "properties.filters", found)
	return c
}

// readBounds reads how much and how long is captured: of one file, or of several.
func (c *Capture) readBounds(body *captureBody, found *arm.Found) {
	if body.Continuous == nil {
		c.Bytes = bounded(body.Total, defaultCaptureBytes, mostCaptureBytes, "properties.totalBytesPerSession", found)
		c.Seconds = bounded(body.Seconds, mostCaptureSeconds, mostCaptureSeconds, "properties.timeLimitInSeconds", found)
		if body.Settings != nil {
			found.Add(codeFormat, "properties.captureSettings", "captureSettings say how many files a capture has, and need continuousCapture: true, and the oldest goes when there are as many, or false. Give it, or totalBytesPerSession and timeLimitInSeconds instead.")
		}
		return
	}
	for _, m := range []struct {
		given bool
		name  string
	}{{body.Total != nil, "totalBytesPerSession"}, {body.Seconds != nil, "timeLimitInSeconds"}} {
		if m.given {
			found.Add(codeFormat, "properties."+m.name, "%s is of captures without continuousCapture. Give captureSettings instead, or remove continuousCapture.", m.name)
		}
	}
	c.Ring, c.Files, c.Bytes, c.Seconds = *body.Continuous, defaultCaptureFiles, defaultFileBytes, defaultSessionSeconds
	if s := body.Settings; s != nil {
		c.Files = int(bounded(s.Files, defaultCaptureFiles, mostCaptureFiles, "properties.captureSettings.fileCount", found))
		c.Bytes = bounded(s.Bytes, defaultFileBytes, mostCaptureBytes, "properties.captureSettings.fileSizeInBytes", found)
		c.Seconds = bounded(s.Seconds, defaultSessionSeconds, mostSessionSeconds, "properties.captureSettings.sessionTimeLimitInSeconds", found)
	}
}

// bounded is a number from 0 to a bound; one that is not given, or 0, is the default.
func bounded(given *int64, standard, most int64, target string, found *arm.Found) int64 {
	if given == nil || *given == 0 {
		return standard
	}
	if *given < 0 || *given > most {
		found.Add(codeFormat, target, "%s is %d. Give a whole number from 0 to %d; 0, or nothing, is the default, %d.", lastMember(target), *given, most, standard)
		return standard
	}
	return *given
}

func lastMember(target string) string { return target[strings.LastIndexByte(target, '.')+1:] }

// readStorage reads where the packets are to be. That is always in the data folder; of a
// path its last element counts, and it names the file.
func (c *Capture) readStorage(name string, body *captureBody, found *arm.Found) {
	const target = "properties.storageLocation"
	s := body.Storage
	if s == nil || s.FilePath == "" && s.LocalPath == "" && s.StorageID == "" {
		found.Add(codeFormat, target, "storageLocation is required: give filePath, a name that ends in .cap (localPath, with continuousCapture), or storageId. The file lies in the server's data folder.")
		return
	}
	path, member := s.FilePath, "filePath"
	switch {
	case body.Continuous == nil && s.LocalPath != "":
		found.Add(codeFormat, target+".localPath", "localPath is of captures with continuousCapture. Give filePath instead.")
	case body.Continuous != nil && s.FilePath != "":
		found.Add(codeFormat, target+".filePath", "filePath is of captures without continuousCapture. Give localPath instead.")
	case body.Continuous != nil:
		path, member = s.LocalPath, "localPath"
	}
	if c.File = name + ".cap"; path != "" {
		c.File = captureFile(path, target+"."+member, found)
	}
	if _, err := arm.ParseID(s.StorageID); s.StorageID != "" && err != nil {
		found.Add(codeReference, target+".storageId", "storageId '%s' is no resource ID. Nothing is copied there in any case: the file lies in the server's data folder. Give filePath.", s.StorageID)
	}
	var f fields
	f.text("filePath", s.FilePath)
	f.text("localPath", s.LocalPath)
	f.text("storageId", s.StorageID)
	c.Settings = c.Settings.With("storageLocation", f.value())
}

var captureFiles = regexp.MustCompile(`(?i)^[a-z0-9_][a-z0-9_. -]{0,99}\.p?cap$`)

// captureFile is the name of the file that a path asks for, whatever system it is of. It
// can never be one elsewhere.
func captureFile(path, target string, found *arm.Found) string {
	segments := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	last := ""
	for _, s := range segments {
		if last = s; s == ".." {
			found.Add(codeFormat, target, "The path '%s' leads upward. Give the name of a file.", path)
			return ""
		}
	}
	if !captureFiles.MatchString(last) {
		found.Add(codeFormat, target, "The path '%s' does not end in a name of up to 100 letters, digits, spaces and any of _ . - with the extension .cap or .pcap. The folders before it do not matter: the file lies in the server's data folder.", path)
	}
	return last
}

// checkCaptureFilters checks filters, and gives them their own spelling.
func checkCaptureFilters(filters []CaptureFilter, target string, found *arm.Found) {
	if len(filters) > mostCaptureFilters {
		found.Add(codeFormat, target, "The capture has %d filters; it can have %d. Addresses and ports of one filter can be lists.", len(filters), mostCaptureFilters)
		return
	}
	entries := 0
	for i := range filters {
		f := &filters[i]
		at := fmt.Sprintf("%s[%d]", target, i)
		f.Protocol = oneOf(orElse(f.Protocol, "Any"), at+".protocol", found, "Any", "TCP", "UDP", "ICMP")
		read, problems := f.read()
		for _, p := range problems {
			found.Add(codeFormat, inside(at, p.member), "%s: %s. Give one, a range with '-', or a list with ';'.", p.member, strings.ReplaceAll(p.err.Error(), "\n", "; "))
		}
		entries += read.Entries()
	}
	if entries > mostCaptureEntries {
		found.Add(codeFormat, target, "The filters have %d addresses and ports; all of them together can have %d. Join neighbours to ranges.", entries, mostCaptureEntries)
	}
}

// filterProblem is what a member of a filter has that cannot be read.
type filterProblem struct {
	member string
	err    error
}

// read gives the filter as packets are held against it.
func (f *CaptureFilter) read() (read packet.Filter, problems []filterProblem) {
	note := func(member string, err error) {
		if err != nil {
			problems = append(problems, filterProblem{member, err})
		}
	}
	var err error
	read.Protocol = map[string]packet.Protocol{"ICMP": packet.ICMP, "TCP": packet.TCP, "UDP": packet.UDP}[f.Protocol]
	read.Local, err = packet.ParseAddresses(f.Local)
	note("localIPAddress", err)
	read.Remote, err = packet.ParseAddresses(f.Remote)
	note("remoteIPAddress", err)
	read.LocalPorts, err = packet.ParsePorts(f.LocalPort)
	note("localPort", err)
	read.RemotePorts, err = packet.ParsePorts(f.RemotePort)
	note("remotePort", err)
	for _, flag := range f.Flags {
		read.Flags |= captureFlags()[strings.ToLower(flag)]
	}
	return read, problems
}

// captureFlags are the names of flags (AzureFirewallPacketCaptureFlagsType).
func captureFlags() map[string]packet.Flags {
	return map[string]packet.Flags{"fin": packet.FIN, "syn": packet.SYN, "rst": packet.RST, "push": packet.PSH, "ack": packet.ACK, "urg": packet.URG}
}

// taking is which packets the capture takes.
func (c *Capture) taking() packet.Taking {
	t := packet.Taking{Either: c.Either, Snap: int(min(c.Snap, packet.MaxFrame))}
	for i := range c.Filters {
		f, _ := c.Filters[i].read() // checked before it was stored
		t.Filters = append(t.Filters, f)
	}
	return t
}

// request is the capture as it is begun at links.
func (c *Capture) request(links []capture.Link) capture.Request {
	return capture.Request{ID: c.GUID, File: c.File, Links: links, Taking: c.taking(), Bytes: c.Bytes, Files: c.Files, Ring: c.Ring,
		Length: time.Duration(c.Seconds) * time.Second, Packets: c.Packets}
}

// view is the capture's properties; path is where its file is.
func (c *Capture) view(path string) expr.Value {
	var f, settings fields
	f.text("target", c.Target)
	f.add("bytesToCapturePerPacket", expr.Int(c.Snap))
	if _, continuous := c.Settings.Get("continuousCapture"); continuous {
		settings.add("fileCount", expr.Int(int64(c.Files)))
		settings.add("fileSizeInBytes", expr.Int(c.Bytes))
		settings.add("sessionTimeLimitInSeconds", expr.Int(c.Seconds))
		f.add("captureSettings", settings.value())
	} else {
		f.add("totalBytesPerSession", expr.Int(c.Bytes))
		f.add("timeLimitInSeconds", expr.Int(c.Seconds))
	}
	if c.Packets > 0 {
		f.add("numberOfPacketsToCapture", expr.Int(c.Packets))
	}
	filters := make([]expr.Value, len(c.Filters))
	for i := range c.Filters {
		filters[i] = c.Filters[i].view()
	}
	f.add("filters", expr.Array(filters...))
	for name, v := range c.Settings.Members() {
		if name != "storageLocation" {
			f.add(name, v)
		}
	}
	storage, given := c.Settings.Get("storageLocation")
	if !given {
		storage = expr.Object()
	}
	f.add("storageLocation", storage.With("storagePath", expr.String(path)))
	return f.value()
}

func (f *CaptureFilter) view() expr.Value {
	var v fields
	v.text("protocol", f.Protocol)
	v.text("localIPAddress", f.Local)
	v.text("localPort", f.LocalPort)
	v.text("remoteIPAddress", f.Remote)
	v.text("remotePort", f.RemotePort)
	v.texts("flags", f.Flags)
	return v.value()
}

// status is what queryStatus answers (PacketCaptureQueryStatusResult), and how much there
// is.
func (s *Session) status(id, path string) expr.Value {
	var f fields
	f.text("name", lastSegment(id))
	f.text("id", id)
	if !s.Start.IsZero() {
		f.text("captureStartTime", arm.Timestamp(s.Start))
	}
	f.text("packetCaptureStatus", s.Status)
	f.text("stopReason", s.Reason)
	f.add("packetCaptureError", textArray(s.Errors))
	if !s.End.IsZero() {
		f.text("captureEndTime", arm.Timestamp(s.End))
	}
	f.text("message", s.Message)
	f.add("packets", expr.Int(s.Packets))
	f.add("bytes", expr.Int(s.Bytes))
	f.add("dropped", expr.Int(s.Dropped))
	f.text("storagePath", path)
	return f.value()
}

// came is what came of a session.
func (s *Session) came(o *capture.Outcome) {
	s.Status, s.Reason, s.End = captureStopped, o.Reason, o.End
	s.Packets, s.Bytes, s.Dropped = o.Progress.Packets, o.Progress.Bytes, o.Dropped
	switch o.Reason {
	case capture.FileFailed, capture.Failed:
		s.Status, s.Errors = captureError, []string{o.Reason}
	case capture.TargetRemoved:
		s.Errors = []string{capture.Failed}
	case capture.AgentStopped:
		s.Errors = []string{o.Reason}
	}
	if o.Err != nil {
		s.Message = o.Err.Error()
	}
}
