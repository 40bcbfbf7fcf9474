package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/capture"
	"isle/internal/store"
)

// Packet captures of firewalls (AzureFirewallsClient.BeginPacketCapture and
// BeginPacketCaptureOperation). Each start makes a resource of Isle's own below the
// firewall, azureFirewalls/packetCaptures, with the name of its file: by it the packets
// are read, and deleted.

const (
	mostFirewallPackets     = 90_000
	defaultFirewallPackets  = 1000
	mostFirewallSeconds     = 1800
	defaultFirewallSeconds  = 60
	defaultFirewallFile     = "azureFirewallPacketCapture.pcap"
	firewallCapture         = "AzureFirewallPacketCapture" // begins all of its codes
	firewallCaptureBegun    = firewallCapture + "StartSucceeded"
	firewallCaptureFailed   = firewallCapture + "StartFailed"
	firewallCaptureStopped  = firewallCapture + "StopSucceeded"
	firewallCaptureRunning  = firewallCapture + "InProgress"
	firewallCaptureNone     = firewallCapture + "NotInProgress"
	firewallCaptureComplete = firewallCapture + "Completed"
)

type firewallCaptureBody struct {
	Operation string `json:"operation"`
	Seconds   *int64 `json:"durationInSeconds"`
	Packets   *int64 `json:"numberOfPacketsToCapture"`
	File      string `json:"fileName"`
	Protocol  string `json:"protocol"`
	SasURL    string `json:"sasUrl"` // a secret: never stored, never shown
	Flags     []struct {
		Type string `json:"type"`
	} `json:"flags"`
	Filters []struct {
		Sources      []string `json:"sources"`
		Destinations []string `json:"destinations"`
		Ports        []string `json:"destinationPorts"`
	} `json:"filters"`
}

// firewallCaptureOperation answers POST {firewall}/packetCaptureOperation: Start, Stop or
// Status.
func (c *Captures) firewallCaptureOperation(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	if err := c.able(); err != nil {
		return nil, err
	}
	var found arm.Found
	body := readFirewallCapture(r, &found)
	operation := oneOf(body.Operation, "operation", &found, "Start", "Stop", "Status")
	form := body.form(&found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	if operation == "Start" {
		code, message, err := c.startFirewall(ctx, r, form, body.SasURL != "")
		return firewallAnswer(code, message), err
	}
	latest, err := c.latestOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if operation == "Stop" && latest != nil && c.config.Sessions.Stop(latest.form.GUID) {
		return firewallAnswer(firewallCaptureStopped, "The packet capture has ended. "+reading(latest.name)), nil
	}
	if latest == nil {
		return firewallAnswer(firewallCaptureNone, "No packets of firewall "+r.Resource.ID+" have been captured."), nil
	}
	s, err := c.session(ctx, latest.form)
	if err != nil {
		return nil, err
	}
	code, message := firewallCaptureNone, "No packet capture is under way."
	switch {
	case s.Status == captureRunning:
		code, message = firewallCaptureRunning, fmt.Sprintf("The packet capture is under way: %d packets.", s.Packets)
	case operation == "Status" && s.Status == captureError:
		code, message = firewallCapture+"Failed", "The packet capture has failed: "+s.Message+"."
	case operation == "Status":
		code, message = firewallCaptureComplete, fmt.Sprintf("The last packet capture has ended (%s) with %d packets. %s", s.Reason, s.Packets, reading(latest.name))
	}
	return firewallAnswer(code, message), nil
}

func readFirewallCapture(r *arm.Request, found *arm.Found) *firewallCaptureBody {
	body := new(firewallCaptureBody)
	target, given := "", r.Body
	if v, wrapped := r.Body.Get("properties"); wrapped { // as older api-versions have it
		target, given = "properties", v
	}
	found.Decode(given, body, target, codeFormat)
	return body
}

// reading says how what was captured is read.
func reading(name string) string { return "Read it with `isle capture get " + name + " -o FILE`." }

func firewallAnswer(code, message string) *arm.Response {
	var f fields
	f.text("statusCode", code)
	f.text("message", message)
	return arm.Reply(f.value())
}

// firewallCaptured answers POST {firewall}/packetCapture: 202, with the place of what is
// captured.
func (c *Captures) firewallCaptured(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	if err := c.able(); err != nil {
		return nil, err
	}
	var found arm.Found
	body := readFirewallCapture(r, &found)
	form := body.form(&found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	code, message, err := c.startFirewall(ctx, r, form, body.SasURL != "")
	if err == nil && code != firewallCaptureBegun {
		err = arm.Conflict(code, "", "%s", message)
	}
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set("Location", r.BaseURL+r.ID.Child("packetCaptures", captureName(form.File)).String()+"?api-version="+r.APIVersion)
	header.Set("Retry-After", "1")
	return &arm.Response{Status: http.StatusAccepted, Header: header}, nil
}

// form makes the stored form of a request, and checks it.
func (b *firewallCaptureBody) form(found *arm.Found) *Capture {
	c := &Capture{Version: formVersion, Files: 1, Bytes: defaultCaptureBytes, Either: true, Settings: expr.Object()}
	c.Seconds = bounded(b.Seconds, defaultFirewallSeconds, mostFirewallSeconds, "durationInSeconds", found)
	c.Packets = bounded(b.Packets, defaultFirewallPackets, mostFirewallPackets, "numberOfPacketsToCapture", found)
	name := orElse(b.File, defaultFirewallFile)
	if lower := strings.ToLower(name); !strings.HasSuffix(lower, ".cap") && !strings.HasSuffix(lower, ".pcap") {
		name += ".pcap"
	}
	c.File = captureFile(name, "fileName", found)
	if c.File != "" {
		ruleNaming.check(captureName(c.File), "fileName", found)
	}
	b.filters(c, found)
	return c
}

// filters reads what is filtered; without any list, protocol and flags are one filter.
func (b *firewallCaptureBody) filters(c *Capture, found *arm.Found) {
	protocol := oneOf(orElse(b.Protocol, "Any"), "protocol", found, "Any", "TCP", "UDP", "ICMP")
	var flags []string
	for i, f := range b.Flags {
		flags = append(flags, oneOf(f.Type, fmt.Sprintf("flags[%d].type", i), found, slices.Sorted(maps.Keys(captureFlags()))...))
	}
	if len(flags) > 0 && protocol != "TCP" {
		found.Add(codeFormat, "flags", "flags are those of TCP, and protocol is %s. Give protocol TCP, or no flags.", protocol)
	}
	for _, f := range b.Filters {
		c.Filters = append(c.Filters, CaptureFilter{Protocol: protocol, Flags: flags, Local: every(f.Sources), Remote: every(f.Destinations), RemotePort: every(f.Ports)})
	}
	if len(c.Filters) == 0 && (protocol != "Any" || len(flags) > 0) {
		c.Filters = []CaptureFilter{{Protocol: protocol, Flags: flags}}
	}
	checkCaptureFilters(c.Filters, "filters", found)
}

// every is a list as filters have it; with "*" it is no list.
func every(list []string) string {
	if slices.Contains(list, "*") {
		return ""
	}
	return strings.Join(list, ";")
}

// captureName is the name of the capture with a file.
func captureName(file string) string { return file[:strings.LastIndexByte(file, '.')] }

// captureOf is a capture of a firewall.
type captureOf struct {
	resource arm.Resource
	name     string
	form     *Capture
}

// capturesOf are the captures of a firewall, the latest first.
func capturesOf(tx *store.Tx, firewall arm.ID) (list []captureOf, err error) {
	all, err := arm.List(tx, store.Query{Type: typeFirewallCaptures, Parent: firewall.Key()})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		form, err := decode[Capture](r)
		if err != nil {
			return nil, err
		}
		list = append(list, captureOf{r, lastSegment(r.ID), form})
	}
	slices.SortFunc(list, func(a, b captureOf) int { return b.form.Session.Start.Compare(a.form.Session.Start) })
	return list, nil
}

// latestOf is the last capture of a firewall; nil for none.
func (c *Captures) latestOf(ctx context.Context, firewall arm.ID) (latest *captureOf, err error) {
	err = c.control.Read(ctx, func(tx *store.Tx) error {
		all, err := capturesOf(tx, firewall)
		if len(all) > 0 {
			latest = &all[0]
		}
		return err
	})
	return latest, err
}

// errUnderWay undoes a start beside another capture.
var errUnderWay = errors.New("a packet capture of the firewall is under way")

// startFirewall stores a capture of a firewall and begins it; one that has ended and has
// the same name is replaced, and gives it its folder.
func (c *Captures) startFirewall(ctx context.Context, r *arm.Request, form *Capture, upload bool) (code, message string, err error) {
	links, err := c.config.Taps.Firewall(ctx, r.Resource.ID)
	if err != nil {
		return "", "", err
	}
	c.firewalls.Lock() // what is stored as running is begun before the next one looks
	defer c.firewalls.Unlock()
	form.begun(r.Now)
	form.Session.Status = captureRunning
	name := captureName(form.File)
	saved := arm.Resource{Resource: store.Resource{ID: r.ID.Child("packetCaptures", name).String(), State: succeeded, ETag: arm.NewETag(), Created: r.Now, Changed: r.Now}}
	replaced := false
	err = c.control.Write(ctx, func(tx *store.Tx) error {
		if _, err := arm.Load(tx, r.ID.Key()); err != nil {
			return err // the firewall was deleted meanwhile
		}
		all, err := capturesOf(tx, r.ID)
		if err != nil {
			return err
		}
		for _, old := range all {
			if _, under := c.config.Sessions.Progress(old.form.GUID); under {
				return errUnderWay
			}
			if strings.EqualFold(old.name, name) {
				replaced, saved.ID, form.GUID = true, old.resource.ID, old.form.GUID
			}
		}
		return saveCapture(tx, saved, form)
	})
	if errors.Is(err, errUnderWay) {
		return firewallCaptureRunning, "A packet capture of firewall " + r.Resource.ID + " is under way, and there can be one. Stop it first (operation Stop).", nil
	}
	if err == nil && replaced {
		err = c.config.Sessions.Remove(form.GUID)
	}
	if err != nil {
		return "", "", err
	}
	failure := c.start(ctx, form, func() ([]capture.Link, error) { return links, nil })
	if failure != nil {
		err := c.control.Write(ctx, func(tx *store.Tx) error { return c.failed(tx, form, failure) })
		return firewallCaptureFailed, cmp.Or(arm.AsError(failure), &arm.Error{Message: failure.Error()}).Message, err
	}
	message = "The packet capture has begun; its file is " + c.path(form) + ". " + reading(name)
	if upload {
		message += " Nothing is uploaded to sasUrl: this server has no storage to write to."
	}
	return firewallCaptureBegun, message, nil
}
