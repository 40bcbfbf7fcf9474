package network_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/capture"
	"isle/internal/network"
	"isle/internal/store"
	"isle/internal/task"
	"isle/netpol/packet"
)

// captureOperations are those of the SDK's PacketCapturesClient, which the shared reading
// does not list.
func captureOperations() []operation {
	const all = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/networkWatchers/{networkWatcherName}/packetCaptures"
	const one = all + "/{packetCaptureName}"
	list := []operation{
		{GoMethod: "BeginCreate", HTTPMethod: http.MethodPut, Path: one, SuccessCodes: []int{201}},
		{GoMethod: "BeginDelete", HTTPMethod: http.MethodDelete, Path: one, SuccessCodes: []int{202, 204}},
		{GoMethod: "BeginGetStatus", HTTPMethod: http.MethodPost, Path: one + "/queryStatus", SuccessCodes: []int{200, 202}},
		{GoMethod: "BeginStop", HTTPMethod: http.MethodPost, Path: one + "/stop", SuccessCodes: []int{200, 202}},
		{GoMethod: "Get", HTTPMethod: http.MethodGet, Path: one, SuccessCodes: []int{200}},
		{GoMethod: "NewListPager", HTTPMethod: http.MethodGet, Path: all, SuccessCodes: []int{200}},
	}
	for i := range list {
		list[i].Client = "PacketCapturesClient"
	}
	return list
}

// capturing is a world where packets are seen: those that the test sends to the links of
// the addresses in connected, and of firewalls.
type capturing struct {
	*world
	sessions  *capture.Service
	folder    string
	now       atomic.Int64 // the clock of sessions, in seconds
	connected []netip.Addr
	frames    sync.Map // channels of frames, by the name of the link
	removed   atomic.Int64
	found     atomic.Value // func(): called when links have been looked for
}

func newCapturing(t testing.TB) *capturing {
	c := &capturing{folder: filepath.Join(t.TempDir(), "captures"), connected: []netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.9.50")}}
	c.now.Store(time.Now().Unix())
	clock := func() time.Time { return time.Unix(c.now.Load(), 0) }
	c.sessions = capture.New(capture.Config{Folder: c.folder, Clock: clock, Open: c.open})
	c.world = newWorldWith(t, func(w *world) map[string]task.Handler {
		w.captures = network.NewCaptures(network.CaptureConfig{Store: w.store, Taps: c, Sessions: c.sessions, Base: "https://isle.example", Clock: clock})
		handlers := w.captures.Handlers()
		const removal = "network.capture.removal"
		remove := handlers[removal]
		handlers[removal] = func(ctx context.Context, db *store.DB, job store.Task) (task.Result, error) {
			defer c.removed.Add(1)
			return remove(ctx, db, job)
		}
		return handlers
	})
	t.Cleanup(c.sessions.Close) // before the store
	return c
}

func (*capturing) Able() error { return nil }

func (c *capturing) Links(_ context.Context, _ string, has func(netip.Addr) bool) (links []capture.Link, err error) {
	if then, ok := c.found.Load().(func()); ok {
		defer then()
	}
	for _, a := range c.connected {
		if has(a) {
			links = append(links, capture.Link{Name: a.String()})
		}
	}
	if len(links) == 0 {
		return nil, arm.Invalid("PacketCaptureTargetNotConnected", "properties.target", "nothing is there")
	}
	return links, nil
}

func (*capturing) Firewall(_ context.Context, id string) ([]capture.Link, error) {
	return []capture.Link{{Name: id}}, nil
}

func (c *capturing) open(l capture.Link, taking *packet.Taking) (capture.Tap, error) {
	if l.Name == "10.0.9.50" {
		return nil, errors.New("the link is broken")
	}
	one := &line{taking: taking, frames: make(chan []byte), closed: make(chan struct{})}
	c.frames.Store(l.Name, one)
	return one, nil
}

// carry sends a frame over a link, which is taken if the capture's filters say so.
func (c *capturing) carry(link string, frame []byte) {
	one, _ := c.frames.Load(link)
	l := one.(*line)
	if !l.taking.Takes(frame, false) {
		return
	}
	select {
	case l.frames <- frame:
	case <-l.closed:
	}
}

type line struct {
	taking *packet.Taking
	frames chan []byte
	closed chan struct{}
	once   sync.Once
}

func (l *line) Next() (packet.Record, error) {
	select {
	case f := <-l.frames:
		return packet.Record{At: time.Unix(1, 0), Frame: f, Length: len(f)}, nil
	case <-l.closed:
		return packet.Record{}, os.ErrClosed
	}
}

func (*line) Dropped() int64 { return 0 }

func (l *line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// packetOf is a packet of TCP that says a byte.
func packetOf(from, to string, said byte) []byte {
	source, target := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	b := make([]byte, 55)
	b[12], b[14], b[23], b[54] = 8, 0x45, 6, said
	copy(b[26:], source.Addr().AsSlice())
	copy(b[30:], target.Addr().AsSlice())
	b[34], b[35], b[36], b[37] = byte(source.Port()>>8), byte(source.Port()), byte(target.Port()>>8), byte(target.Port())
	return b
}

const captureID = watcher + "/packetCaptures/one"

// site has a network with an environment, an interface and a watcher.
func (c *capturing) site() (nic string) {
	c.office()
	c.environment(environment, net+"/subnets/a")
	c.send("PUT", watcher, `{"location":"westus"}`, 201)
	c.send("PUT", net+"/subnets/machines", `{"properties":{"addressPrefix":"10.0.9.0/24"}}`, 201)
	nic = provider + "/networkInterfaces/nic"
	c.send("PUT", nic, `{"location":"westus","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/machines"},"privateIPAddress":"10.0.9.50","privateIPAllocationMethod":"Static"}}]}}`, 201)
	return nic
}

// content is what a capture has captured, the last byte of each frame.
func (c *capturing) content(id string) string {
	c.t.Helper()
	link := c.send("POST", id+"/listContentUrl", "", 200)["value"].(string)
	guid := strings.Split(strings.TrimPrefix(link, "https://isle.example/packetCaptures/"), "/")[0]
	found, err := c.captures.Captured(context.Background(), guid)
	c.must(err)
	contents, err := found.Open()
	c.must(err)
	var file bytes.Buffer
	_, err = contents.WriteTo(&file)
	c.must(err)
	r, err := packet.NewReader(&file)
	c.must(err)
	said := ""
	for {
		one, err := r.Next()
		if err != nil {
			return said
		}
		said += string(one.Frame[len(one.Frame)-1])
	}
}

// driveCaptures has a capture from its beginning to its end, with the SDK.
func driveCaptures(c *capturing, v *witness) {
	s := c.sdk(v)
	nic := c.site()
	captures := s.NewPacketCapturesClient()
	asked := armnetwork.PacketCapture{Properties: &armnetwork.PacketCaptureParameters{
		Target: to.Ptr(environment), TimeLimitInSeconds: to.Ptr[int32](100), TotalBytesPerSession: to.Ptr[int64](100_000), BytesToCapturePerPacket: to.Ptr[int64](10_000),
		StorageLocation: &armnetwork.PacketCaptureStorageLocation{FilePath: to.Ptr(`D:\capture\pc1.cap`)},
		Filters:         []*armnetwork.PacketCaptureFilter{{Protocol: to.Ptr(armnetwork.PcProtocolTCP), RemotePort: to.Ptr("80;443;"), LocalIPAddress: to.Ptr("10.0.0.4-10.0.0.9")}}}}
	await[armnetwork.PacketCapturesClientCreateResponse](s)(captures.BeginCreate(s.ctx, "g", "watcher", "one", asked, nil))
	made := got[armnetwork.PacketCapturesClientGetResponse](s)(captures.Get(s.ctx, "g", "watcher", "one", nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	check(s, "target", *made.Properties.Target, environment)
	check(s, "remote port", *made.Properties.Filters[0].RemotePort, "80;443;")
	check(s, "bounds", fmt.Sprint(*made.Properties.TimeLimitInSeconds, *made.Properties.TotalBytesPerSession, *made.Properties.BytesToCapturePerPacket), "100 100000 10000")
	path := *made.Properties.StorageLocation.StoragePath
	check(s, "its file", strings.HasPrefix(path, c.folder) && filepath.Base(path) == "pc1.cap" && *made.Properties.StorageLocation.FilePath == `D:\capture\pc1.cap`, true)

	status := await[armnetwork.PacketCapturesClientGetStatusResponse](s)(captures.BeginGetStatus(s.ctx, "g", "watcher", "one", nil))
	check(s, "status", *status.PacketCaptureStatus, armnetwork.PcStatusRunning)
	check(s, "under way", len(pages(s, s.NewUsagesClient().NewListPager("westus", nil))) > 0 && c.usage("PacketCaptures") == 1, true)
	c.carry("10.0.0.5", packetOf("10.0.0.5:50000", "10.0.9.50:443", 'a'))
	c.carry("10.0.0.5", packetOf("10.0.0.5:50000", "10.0.9.50:22", 'b'))
	c.carry("10.0.0.5", packetOf("10.0.0.5:50000", "10.0.9.50:80", 'c'))
	await[armnetwork.PacketCapturesClientStopResponse](s)(captures.BeginStop(s.ctx, "g", "watcher", "one", nil))
	await[armnetwork.PacketCapturesClientStopResponse](s)(captures.BeginStop(s.ctx, "g", "watcher", "one", nil)) // again is no harm
	status = await[armnetwork.PacketCapturesClientGetStatusResponse](s)(captures.BeginGetStatus(s.ctx, "g", "watcher", "one", nil))
	check(s, "status at the end", fmt.Sprint(*status.PacketCaptureStatus, " ", *status.StopReason, " ", len(status.PacketCaptureError), " ", *status.Name, " ", *status.ID == captureID), "Stopped ManuallyStopped 0 one true")
	if said := c.content(captureID); !strings.HasPrefix("ac", said) || said == "" {
		s.t.Errorf("captured %q", said)
	}
	check(s, "none under way", c.usage("PacketCaptures"), 0.0)
	check(s, "captures", len(pages(s, captures.NewListPager("g", "watcher", nil))[0].Value), 1)

	await[armnetwork.PacketCapturesClientCreateResponse](s)(captures.BeginCreate(s.ctx, "g", "watcher", "one", asked, nil)) // the same is no other one
	asked.Properties.Target = to.Ptr(nic)
	if _, err := captures.BeginCreate(s.ctx, "g", "watcher", "one", asked, nil); err == nil || !strings.Contains(err.Error(), "PacketCaptureCannotBeUpdated") {
		s.t.Errorf("another capture takes the name: %v", err)
	}
	await[armnetwork.PacketCapturesClientDeleteResponse](s)(captures.BeginDelete(s.ctx, "g", "watcher", "one", nil))
	c.gone(path)

	firewalls := s.NewAzureFirewallsClient()
	c.firewall()
	start := armnetwork.FirewallPacketCaptureParameters{Operation: to.Ptr(armnetwork.AzureFirewallPacketCaptureOperationTypeStart), DurationInSeconds: to.Ptr[int32](300), NumberOfPacketsToCapture: to.Ptr[int32](2),
		SasURL: to.Ptr("https://storage.example/c?sig=secret"), FileName: to.Ptr("both-sides"), Protocol: to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP),
		Filters: []*armnetwork.AzureFirewallPacketCaptureRule{{Sources: to.SliceOfPtrs("10.0.0.0/24"), Destinations: to.SliceOfPtrs("*"), DestinationPorts: to.SliceOfPtrs("443")}}}
	operate := func(operation armnetwork.AzureFirewallPacketCaptureOperationType) armnetwork.AzureFirewallPacketCaptureResponse {
		start.Operation = &operation
		return await[armnetwork.AzureFirewallsClientPacketCaptureOperationResponse](s)(firewalls.BeginPacketCaptureOperation(s.ctx, "g", "fw", start, nil)).AzureFirewallPacketCaptureResponse
	}
	check(s, "nothing yet", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStatus).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureNotInProgress)
	begun := operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStart)
	check(s, "begun", *begun.StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureStartSucceeded)
	check(s, "what becomes of the upload", strings.Contains(*begun.Message, "Nothing is uploaded") && !strings.Contains(*begun.Message, "secret"), true)
	check(s, "begun twice", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStart).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureInProgress)
	check(s, "under way", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStatus).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureInProgress)
	c.carry(firewall, packetOf("10.0.0.5:50000", "8.8.8.8:443", 'd'))
	c.carry(firewall, packetOf("10.0.0.5:50000", "8.8.8.8:80", 'e'))
	check(s, "stopped", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStop).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureStopSucceeded)
	check(s, "stopped twice", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStop).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureNotInProgress)
	check(s, "at the end", *operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStatus).StatusCode, armnetwork.AzureFirewallPacketCaptureResponseCodeAzureFirewallPacketCaptureCompleted)

	operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStart) // the old one has ended, and is replaced
	c.carry(firewall, packetOf("10.0.0.5:50000", "8.8.8.8:443", 'f'))
	c.carry(firewall, packetOf("8.8.8.8:443", "10.0.0.5:50000", 'g')) // the answer: the second packet is the last one
	c.until(firewall+"/packetCaptures/both-sides", "PacketCountExceeded")
	check(s, "both ways", c.content(firewall+"/packetCaptures/both-sides"), "fg")
	check(s, "captures", len(s.send("GET", firewall+"/packetCaptures", "", 200)["value"].([]any)), 1)
	for _, text := range []string{fmt.Sprint(s.send("GET", firewall+"/packetCaptures/both-sides", "", 200))} {
		check(s, "the signature of the upload is kept", strings.Contains(text, "sig="), false)
	}

	start.Operation, start.FileName = nil, to.Ptr("other.cap")
	await[armnetwork.AzureFirewallsClientPacketCaptureResponse](s)(firewalls.BeginPacketCapture(s.ctx, "g", "fw", start, nil))
	if _, err := firewalls.BeginPacketCapture(s.ctx, "g", "fw", start, nil); err == nil || !strings.Contains(err.Error(), "AzureFirewallPacketCaptureInProgress") {
		s.t.Errorf("a second one begins: %v", err)
	}
	await[armnetwork.AzureFirewallsClientDeleteResponse](s)(firewalls.BeginDelete(s.ctx, "g", "fw", nil))
	c.gone(filepath.Join(c.folder, "*", "*"))
}

func (c *capturing) usage(name string) float64 {
	c.t.Helper()
	for _, u := range c.send("GET", "/subscriptions/"+subscription+"/providers/Microsoft.Network/locations/westus/usages", "", 200)["value"].([]any) {
		if u := u.(map[string]any); u["name"].(map[string]any)["value"] == name {
			return u["currentValue"].(float64)
		}
	}
	return -1
}

// gone waits until no file has the pattern: they are removed behind the answer.
func (c *capturing) gone(pattern string) {
	c.t.Helper()
	c.eventually("files "+pattern, func() bool { found, _ := filepath.Glob(pattern); return len(found) == 0 })
}

// until waits until a capture has ended for a reason.
func (c *capturing) until(id, reason string) {
	c.t.Helper()
	c.eventually(reason, func() bool { return c.send("POST", id+"/queryStatus", "", 200)["stopReason"] == reason })
}

func (c *capturing) eventually(what string, is func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not after a minute", what)
		}
	}
}

func (c *capturing) firewall() {
	c.send("PUT", net+"/subnets/AzureFirewallSubnet", `{"properties":{"addressPrefix":"10.0.8.0/26"}}`, 201)
	c.send("PUT", provider+"/publicIPAddresses/out", `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`, 201)
	c.send("PUT", firewall, `{"location":"westus","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/AzureFirewallSubnet"},"publicIPAddress":{"id":"`+provider+`/publicIPAddresses/out"}}}]}}`, 201)
}

func TestCapturesAreRefusedWhole(t *testing.T) {
	c := newCapturing(t)
	nic := c.site()
	c.send("PUT", provider+"/networkInterfaces/alone", `{"location":"westus","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/machines"},"privateIPAddress":"10.0.9.60","privateIPAllocationMethod":"Static"}}]}}`, 201)
	machine := strings.Replace(nic, "Microsoft.Network/networkInterfaces", "Microsoft.Compute/virtualMachines", 1)
	for _, test := range []struct{ properties, want string }{
		{`{}`, "InvalidRequestFormat properties.storageLocation, InvalidRequestFormat properties.target"},
		{`{"target":"` + machine + `","storageLocation":{"filePath":"x.cap"}}`, "InvalidResourceReference properties.target"},
		{`{"target":"` + nic + `x","storageLocation":{"filePath":"x.cap"}}`, "InvalidResourceReference properties.target"},
		{`{"target":"` + net + `/subnets/none","storageLocation":{"filePath":"x.cap"}}`, "InvalidResourceReference properties.target"},
		{`{"target":"` + provider + `/networkInterfaces/alone","storageLocation":{"filePath":"x.cap"}}`, "PacketCaptureTargetNotConnected properties.target"},
		{`{"target":"` + nic + `","bytesToCapturePerPacket":-1,"totalBytesPerSession":4294967296,"timeLimitInSeconds":18001,"targetType":"AzureVMSS","scope":{"include":["0"]},"captureSettings":{},"storageLocation":{"filePath":"/var/captures/../x.cap","localPath":"y.cap","storageId":"none"},
			"filters":[{"protocol":"SCTP"},{"localIPAddress":"10.0.0.300","localPort":"http","remoteIPAddress":"10.0.0.9-10.0.0.4","remotePort":"1-2-3"}]}`,
			"InvalidRequestFormat properties.bytesToCapturePerPacket, InvalidRequestFormat properties.targetType, InvalidRequestFormat properties.scope, InvalidRequestFormat properties.totalBytesPerSession, InvalidRequestFormat properties.timeLimitInSeconds, InvalidRequestFormat properties.captureSettings, " +
				"InvalidRequestFormat properties.storageLocation.localPath, InvalidRequestFormat properties.storageLocation.filePath, InvalidResourceReference properties.storageLocation.storageId, InvalidRequestFormat properties.filters[0].protocol, InvalidRequestFormat properties.filters[1].localIPAddress, InvalidRequestFormat properties.filters[1].remoteIPAddress, " +
				"InvalidRequestFormat properties.filters[1].localPort, InvalidRequestFormat properties.filters[1].remotePort"},
		{`{"target":"` + nic + `","continuousCapture":true,"totalBytesPerSession":1,"timeLimitInSeconds":1,"captureSettings":{"fileCount":10001,"fileSizeInBytes":-1,"sessionTimeLimitInSeconds":604801},"storageLocation":{"filePath":"x.cap"}}`,
			"InvalidRequestFormat properties.totalBytesPerSession, InvalidRequestFormat properties.timeLimitInSeconds, InvalidRequestFormat properties.captureSettings.fileCount, InvalidRequestFormat properties.captureSettings.fileSizeInBytes, InvalidRequestFormat properties.captureSettings.sessionTimeLimitInSeconds, InvalidRequestFormat properties.storageLocation.filePath"},
		{`{"target":"` + nic + `","storageLocation":{"filePath":"/etc/passwd"}}`, "InvalidRequestFormat properties.storageLocation.filePath"},
		{`{"target":"` + nic + `","storageLocation":{"filePath":"x.cap"},"filters":[{"localPort":"` + strings.Repeat("1;", 401) + `"}]}`, "InvalidRequestFormat properties.filters"},
		{`{"target":"` + nic + `","storageLocation":{"filePath":"x.cap"},"filters":[` + strings.Repeat("{},", 20) + `{}]}`, "InvalidRequestFormat properties.filters"},
	} {
		if got := problems(c.send("PUT", captureID, `{"properties":`+test.properties+`}`, 400)); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", test.properties, got, test.want)
		}
	}
	c.send("GET", captureID, "", 404)
	if left, _ := os.ReadDir(c.folder); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	c.firewall()
	if got := problems(c.send("POST", firewall+"/packetCaptureOperation", `{"operation":"Pause","durationInSeconds":1801,"numberOfPacketsToCapture":90001,"fileName":"../x","protocol":"UDP","flags":[{"type":"syn"},{"type":"ece"}],"filters":[{"sources":["x"],"destinationPorts":["y"]}]}`, 400)); got !=
		"InvalidRequestFormat operation, InvalidRequestFormat durationInSeconds, InvalidRequestFormat numberOfPacketsToCapture, InvalidRequestFormat fileName, InvalidRequestFormat flags[1].type, InvalidRequestFormat flags, InvalidRequestFormat filters[0].localIPAddress, InvalidRequestFormat filters[0].remotePort" {
		t.Error(got)
	}
	if got := c.send("GET", firewall+"/packetCaptures", "", 200)["value"].([]any); len(got) > 0 {
		t.Error(got)
	}
}

// What cannot be begun fails its operation, and can be asked for again.
func TestACaptureThatCannotBegin(t *testing.T) {
	c := newCapturing(t)
	nic := c.site()
	body := `{"properties":{"target":"` + nic + `","storageLocation":{"filePath":"x.cap"}}}`
	for range 2 {
		c.send("PUT", captureID, body, 201)
		c.eventually("its end", func() bool {
			return c.send("GET", captureID, "", 200)["properties"].(map[string]any)["provisioningState"] == "Failed"
		})
		status := c.send("POST", captureID+"/queryStatus", "", 200)
		if status["packetCaptureStatus"] != "Error" || fmt.Sprint(status["packetCaptureError"]) != "[CaptureFailed]" || !strings.Contains(fmt.Sprint(status["message"]), "the link is broken") {
			t.Error(status)
		}
	}
	c.send("DELETE", captureID, "", 202)
	c.send("GET", captureID, "", 404)
}

// The end of the time, and of the process, is told.
func TestCapturesEnd(t *testing.T) {
	c := newCapturing(t)
	c.site()
	for name, properties := range map[string]string{
		"one": `"timeLimitInSeconds":10,"storageLocation":{"storageId":"` + provider + `/x/y"}`,
		"two": `"continuousCapture":false,"captureSettings":{"fileCount":2},"storageLocation":{"localPath":"/var/captures/two.cap"}`,
	} {
		id := watcher + "/packetCaptures/" + name
		c.send("PUT", id, `{"properties":{"target":"`+net+`/subnets/a",`+properties+`}}`, 201)
		c.eventually("its beginning", func() bool { return c.send("POST", id+"/queryStatus", "", 200)["packetCaptureStatus"] == "Running" })
	}
	c.now.Add(10)
	c.until(captureID, "TimeExceeded")
	two := c.send("GET", watcher+"/packetCaptures/two", "", 200)["properties"].(map[string]any)
	if settings := two["captureSettings"].(map[string]any); settings["fileCount"] != 2.0 || settings["fileSizeInBytes"] != 104857600.0 || settings["sessionTimeLimitInSeconds"] != 86400.0 || two["continuousCapture"] != false {
		t.Error(two)
	}
	again, err := json.Marshal(map[string]any{"properties": two})
	c.must(err)
	c.send("PUT", watcher+"/packetCaptures/two", string(again), 201) // what a GET shows can be put

	c.sessions.Close()
	status := c.send("POST", watcher+"/packetCaptures/two/queryStatus", "", 200)
	if status["packetCaptureStatus"] != "Stopped" || status["stopReason"] != "AgentStopped" || fmt.Sprint(status["packetCaptureError"]) != "[AgentStopped]" {
		t.Error(status)
	}
	// A process that was killed has stored nothing of the end.
	c.must(c.store.Control().Write(context.Background(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, captureID)
		if err != nil {
			return err
		}
		var form map[string]any
		if err := json.Unmarshal(r.Body, &form); err != nil {
			return err
		}
		form["session"] = map[string]any{"status": "Running", "start": "2030-01-01T00:00:00Z", "end": "0001-01-01T00:00:00Z"}
		if r.Body, err = json.Marshal(form); err != nil {
			return err
		}
		r.Body = append([]byte(`{"v":1,`), r.Body[1:]...)
		return arm.Save(tx, r)
	}))
	status = c.send("POST", captureID+"/queryStatus", "", 200)
	if status["packetCaptureStatus"] != "Stopped" || status["stopReason"] != "AgentStopped" || status["captureStartTime"] != "2030-01-01T00:00:00Z" {
		t.Error(status)
	}
	if n := c.usage("PacketCaptures"); n != 0 {
		t.Errorf("%v captures count as under way, whose process was killed", n)
	}
}

// A watcher is deleted with all that is in it, also with a capture that is about to begin.
func TestACaptureThatIsDeletedWhileItBegins(t *testing.T) {
	c := newCapturing(t)
	c.site()
	calls, ended := atomic.Int64{}, make(chan struct{})
	c.found.Store(func() {
		if calls.Add(1) != 2 { // the first is of the request, the second of the task
			return
		}
		defer close(ended)
		c.client().Do(t, "DELETE", watcher, "")
		c.eventually("the removal", func() bool { return c.removed.Load() == 1 })
	})
	c.send("PUT", captureID, `{"properties":{"target":"`+net+`/subnets/a","storageLocation":{"filePath":"x.cap"}}}`, 201)
	<-ended
	c.gone(filepath.Join(c.folder, "*", "*"))
}

// However many ask at once, one capture of a firewall begins.
func TestOneCaptureOfAFirewallAtATime(t *testing.T) {
	c := newCapturing(t)
	c.office()
	c.firewall()
	var begun atomic.Int64
	var asking sync.WaitGroup
	for i := range 8 {
		asking.Go(func() {
			answer, _ := c.client().Want(t, "POST", firewall+"/packetCaptureOperation", fmt.Sprintf(`{"operation":"Start","fileName":"n%d"}`, i), 200)
			if answer["statusCode"] == "AzureFirewallPacketCaptureStartSucceeded" {
				begun.Add(1)
			}
		})
	}
	asking.Wait()
	if n := begun.Load(); n != 1 {
		t.Errorf("%d have begun", n)
	}
}

func TestAsManyCapturesAsARegionHas(t *testing.T) {
	c := newCapturing(t)
	c.site()
	c.send("PUT", provider+"/networkWatchers/elsewhere", `{"location":"eastus"}`, 201)
	body := `{"properties":{"target":"` + environment + `","storageLocation":{"filePath":"x.cap"}}}`
	for i := range 100 {
		c.send("PUT", fmt.Sprintf("%s/packetCaptures/n%d", watcher, i), body, 201)
	}
	c.refused("PUT", captureID, body, "PacketCaptureCountLimitReached")
	c.send("PUT", provider+"/networkWatchers/elsewhere/packetCaptures/one", body, 201)
	c.eventually("its beginning", func() bool {
		return c.send("POST", watcher+"/packetCaptures/n7/queryStatus", "", 200)["packetCaptureStatus"] == "Running"
	})
	c.send("POST", watcher+"/packetCaptures/n7/stop", "", 200) // what it has saved does not count
	c.send("PUT", captureID, body, 201)
}
