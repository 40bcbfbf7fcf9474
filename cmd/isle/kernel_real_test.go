//go:build real && linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/internal/server"
	"isle/isletest"
)

// TestRealKernelOutlivesAKill kills a server whose networks the kernel holds, while runs
// are under way and the network is being changed. Started again, it finds all as it was
// and leaves nothing over; a server that stops leaves its networks, and one that has
// stopped has them taken down.
func TestRealKernelOutlivesAKill(t *testing.T) {
	if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	w := newWorkspace(t)
	data := filepath.Join(w.dir, "data")
	t.Cleanup(func() { _, _, _ = w.run("bin/isle network down --force --data data") })
	up := "bin/isle up --dataplane kernel --json --listen 127.0.0.1:0 --data data"
	s := w.start(up)
	callback := callbackIn(t, s)
	before := namespaces(t, w)
	if len(before) != 6 { // the router, and the environment's five
		t.Fatalf("the kernel holds %v", before)
	}
	if told := w.fail("bin/isle network down --data data"); !strings.Contains(told, "a server runs") {
		t.Errorf("down, while the server runs: %s", told)
	}

	refusesMachines(t, w, s)
	w.succeed("bin/isle network down --force --data data") // and it makes everything again
	for began := time.Now(); ; {
		if told, _, code := w.run("bin/isle network status --data data"); code == 0 {
			break
		} else if time.Since(began) > patience {
			t.Fatalf("taken down, the networks do not come again: %s", told)
		}
	}
	if after := namespaces(t, w); !slices.Equal(before, after) {
		t.Errorf("the kernel held %v, and holds %v", before, after)
	}

	client := isletest.Connect(t, data)
	putGroup(client, 0)
	guardSubnet(t, client)
	busy := make(chan struct{})
	go func() { // until the server is gone
		defer close(busy)
		for i := range 1000 { // each changes the filter of the router
			answer, err := client.HTTP().Post(callback, "application/json", strings.NewReader(anOrder))
			if err != nil {
				return
			}
			_ = answer.Body.Close()
			if !putGroup(client, i+1) {
				return
			}
			if i == 20 {
				_ = s.cmd.Process.Signal(syscall.SIGKILL)
			}
		}
	}()
	<-busy
	<-s.ended

	s = w.start(up)
	callback = callbackIn(t, s)
	if after := namespaces(t, w); !slices.Equal(before, after) {
		t.Errorf("the kernel held %v, and holds %v", before, after)
	}
	client = isletest.Connect(t, data)
	if a := client.Call(callback, json.RawMessage(anOrder)); a.Status != http.StatusOK {
		t.Errorf("a call after the kill: %d %s", a.Status, a.Body)
	}
	var status server.NetworkStatus
	if err := json.Unmarshal([]byte(w.succeed("bin/isle network status --json --data data")), &status); err != nil || len(status.Differences) > 0 || !status.Isolation.Isolated {
		t.Errorf("%v %+v", err, status)
	}
	s.stop(syscall.SIGTERM)
	if after := namespaces(t, w); !slices.Equal(before, after) {
		t.Errorf("stopped, the kernel holds %v", after)
	}
	if setpriv, err := exec.LookPath("setpriv"); err != nil {
		t.Log("SKIPPED: without setpriv, nobody lacks the privileges of root")
	} else {
		cmd := exec.Command(setpriv, "--bounding-set=-all", filepath.Join(w.dir, "bin", "isle"), "network", "down", "--data", data)
		said, err := cmd.CombinedOutput()
		if told := string(said); err == nil || strings.Count(told, "\n") != 1 || !strings.Contains(told, "the privileges of root") {
			t.Errorf("down, without privileges: %v %s", err, told)
		}
	}
	// A server that has no use for them tells that they are there, and lets them be removed.
	s = w.start("bin/isle serve --listen 127.0.0.1:0 --data data")
	if told := s.expect(s.err, "isle network down --data data"); !strings.Contains(told, "the kernel still holds the networks") {
		t.Errorf("it tells %s", told)
	}
	s.expect(s.err, "Data plane: inproc, not isolated.")
	w.succeed("bin/isle network down --data data")
	if left := namespaces(t, w); len(left) > 0 {
		t.Errorf("taken down, the kernel holds %v", left)
	}
	s.stop(syscall.SIGTERM)
}

// refusesMachines checks that a machine that the kernel does not take is told as such, that
// nothing is changed then, and that the network stays in force.
func refusesMachines(t *testing.T, w *workspace, s *service) {
	t.Helper()
	for machine, why := range map[string]string{fmt.Sprint(s.cmd.Process.Pid): "is the server's own", "nobody-is-here": "is not there: start the machine first"} {
		if told := w.fail("bin/isle port add 10.0.2.70 --netns " + machine + " --data data"); !strings.Contains(told, why) {
			t.Errorf("%s: %s", machine, told)
		}
		if told := w.succeed("bin/isle port list --data data"); !strings.Contains(told, "Nothing is attached") {
			t.Errorf("%s: %s", machine, told)
		}
	}
	told := w.succeed("bin/isle network status --data data")
	if !strings.Contains(told, "Data plane: kernel, isolated") || !regexp.MustCompile(`(?m)^\S+ +isle +isle +yes$`).MatchString(told) {
		t.Errorf("network status: %s", told)
	}
}

// callbackIn is the URL of the example workflow.
func callbackIn(t *testing.T, s *service) string {
	t.Helper()
	var ready readyState
	if err := json.Unmarshal([]byte(s.expect(s.out, "\n")), &ready); err != nil {
		t.Fatal(err)
	}
	return ready.CallbackURL
}

// namespaces are those of the server of the workspace, as the system has them.
func namespaces(t *testing.T, w *workspace) (names []string) {
	t.Helper()
	tag, err := server.KernelTag(filepath.Join(w.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(filepath.Dir(kernel.Path(tag, "")))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name(), filepath.Base(kernel.Path(tag, ""))) {
			names = append(names, e.Name())
		}
	}
	return names
}

// guardSubnet sets the security group on a subnet of the environment, whose workflows it leaves alone.
func guardSubnet(t *testing.T, client *isletest.Server) {
	t.Helper()
	group := "/subscriptions/" + client.SubscriptionID + "/resourceGroups/isle/providers/Microsoft.Network"
	subnets := client.Do(http.MethodGet, group+"/virtualNetworks?api-version=2023-09-01", nil)
	id := subnets.Text("value", 0, "properties", "subnets", 1, "id")
	var subnet map[string]any
	if err := json.Unmarshal(client.Do(http.MethodGet, id+"?api-version=2023-09-01", nil).Body, &subnet); err != nil {
		t.Fatal(err)
	}
	subnet["properties"].(map[string]any)["networkSecurityGroup"] = map[string]any{"id": group + "/networkSecurityGroups/busy"}
	if a := client.Do(http.MethodPut, id+"?api-version=2023-09-01", subnet); a.Status >= 300 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
}

// putGroup changes a security group; false once the server does not answer.
func putGroup(client *isletest.Server, i int) bool {
	body := fmt.Sprintf(`{"location":"local","properties":{"securityRules":[{"name":"r","properties":{"priority":%d,"direction":"Inbound","access":"Deny","protocol":"*","sourceAddressPrefix":"192.0.2.0/24","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}}]}}`, 100+i)
	request, err := http.NewRequest(http.MethodPut, client.Endpoint+"/subscriptions/"+client.SubscriptionID+"/resourceGroups/isle/providers/Microsoft.Network/networkSecurityGroups/busy?api-version=2023-09-01", strings.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+client.Token())
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.HTTP().Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return true
}
