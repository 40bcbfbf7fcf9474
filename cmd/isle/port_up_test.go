package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// twin is a template of a network with the addresses of that of `isle up`.
const twin = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
	"resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-09-01", "name": "twin", "location": "local",
		"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/22"]}, "subnets": [{"name": "machines", "properties": {"addressPrefix": "10.0.2.0/24"}}]}}]}`

// upWith starts `isle up` with files in the folder.
func upWith(t *testing.T, files map[string]string) *workspace {
	t.Helper()
	w := newWorkspace(t)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := w.start("bin/isle up --json --listen 127.0.0.1:0")
	s.expect(s.out, "\n")
	t.Cleanup(func() { s.stop(syscall.SIGTERM) })
	return w
}

// prints checks what a command that succeeds prints, white space counted once.
func (w *workspace) prints(line, want string) {
	w.t.Helper()
	if got := strings.Join(strings.Fields(w.succeed(line)), " "); got != strings.Join(strings.Fields(want), " ") {
		w.t.Errorf("%s prints\n%s\nwant\n%s", line, got, want)
	}
}

// refuses checks what a command that fails says.
func (w *workspace) refuses(line string, texts ...string) {
	w.t.Helper()
	said := w.fail(line)
	for _, text := range texts {
		if !strings.Contains(said, text) {
			w.t.Errorf("%s says\n%s\nwant %q in it", line, said, text)
		}
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	w := upWith(t, map[string]string{"twin.json": twin})
	w.prints("bin/isle port list", "Nothing is attached.")
	w.refuses("bin/isle port add 10.0.2.50 --netns sftp", "10.0.2.50 can be given to a machine only where the kernel holds the networks: start the server with --dataplane kernel")
	w.prints("bin/isle port list", "Nothing is attached.")
	w.refuses("bin/isle port add 10.0.3.50:22 127.0.0.1:2222", "no subnet contains 10.0.3.50", "isle-network/access (10.0.1.0/26)", "isle-network/machines (10.0.2.0/24)")
	w.prints("bin/isle port add 10.0.2.50:22 127.0.0.1:2222", "10.0.2.50:22 is served at 127.0.0.1:2222 (interface port-10-0-2-50, subnet isle-network/machines).")
	w.prints("bin/isle port add 10.0.2.50:80 127.0.0.1:8080", "10.0.2.50:80 is served at 127.0.0.1:8080 (interface port-10-0-2-50, subnet isle-network/machines).")
	w.prints("bin/isle port add 10.0.2.50:80 127.0.0.1:8081", "10.0.2.50:80 is served at 127.0.0.1:8081, no longer at 127.0.0.1:8080 (interface port-10-0-2-50, subnet isle-network/machines).")
	w.refuses("bin/isle port add 10.0.2.50 --tap vm1", "only where the kernel holds the networks") // what is attached stays
	w.prints("bin/isle port add 10.0.2.51 192.168.1.20 --name mainframe", "10.0.2.51 is served at 192.168.1.20 (interface mainframe, subnet isle-network/machines).")
	w.prints("bin/isle port list", `PRIVATE REAL NETWORK/SUBNET NAME
		10.0.2.50:22 127.0.0.1:2222 isle-network/machines port-10-0-2-50
		10.0.2.50:80 127.0.0.1:8081 isle-network/machines port-10-0-2-50
		10.0.2.51 192.168.1.20 isle-network/machines mainframe`)
	var line map[string]string
	if err := json.Unmarshal([]byte(w.succeed("bin/isle port list --json | tail -1")), &line); err != nil || line["private"] != "10.0.2.51" || line["real"] != "192.168.1.20" || line["resourceGroup"] != "isle" {
		t.Errorf("%v %v", line, err)
	}
	checkPortsRefused(w)

	w.prints("bin/isle port remove 10.0.2.50:22", "10.0.2.50:22 is detached; the interface port-10-0-2-50 has 1 more.")
	w.prints("bin/isle port remove 10.0.2.50:80", "10.0.2.50:80 is detached; the interface port-10-0-2-50 is removed.")
	w.prints("bin/isle port remove Mainframe", "Mainframe is detached; the interface mainframe is removed.")
	w.prints("bin/isle port list", "Nothing is attached.")
}

// TestPortsAddedAtOnce: none of several that are added at the same moment is lost.
func TestPortsAddedAtOnce(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	w.succeed("for i in 1 2 3 4 5 6; do bin/isle port add 10.0.2.50:$i 127.0.0.1:200$i & done; wait")
	if list := w.succeed("bin/isle port list --json"); strings.Count(list, "\n") != 6 {
		t.Errorf("6 were added, there are:\n%s", list)
	}
}

func checkPortsRefused(w *workspace) {
	w.t.Helper()
	w.refuses("bin/isle port add 10.0.2.51:1 127.0.0.1:1 --name other", "is the interface mainframe already")
	w.refuses("bin/isle port add 10.0.2.52 127.0.0.2 --name mainframe", "an interface mainframe is there already, with the address 10.0.2.51")
	w.refuses("bin/isle port add 10.0.2.1 127.0.0.2", "10.0.2.1") // the platform's
	w.refuses("bin/isle port remove 10.0.2.50:23", "port 23 of 10.0.2.50 is not attached")
	w.refuses("bin/isle port remove 10.0.2.99", `nothing is attached to "10.0.2.99"`)
	w.succeed("bin/isle deploy twin.json -g elsewhere")
	w.refuses("bin/isle port add 10.0.2.53 127.0.0.2", "2 subnets contain 10.0.2.53", "isle-network/machines in the resource group isle", "twin/machines in the resource group elsewhere")
	w.prints("bin/isle port add 10.0.2.53 127.0.0.2 --network twin", "10.0.2.53 is served at 127.0.0.2 (interface port-10-0-2-53, subnet twin/machines).")
	w.prints("bin/isle port remove 10.0.2.53", "10.0.2.53 is detached; the interface port-10-0-2-53 is removed.")
	w.succeed("bin/isle port list -g elsewhere")
}
